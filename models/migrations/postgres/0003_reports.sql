-- +goose Up

-- Reports ask for a span of time. Rows come in the order of time, so an index of a few bytes for each megabyte finds a
-- span, and an insert pays next to nothing for it. SQLite has no such index; there a report reads the tenant's rows.
CREATE INDEX messages_created ON messages USING brin (created_at);
CREATE INDEX attempts_created ON attempts USING brin (created_at);
