-- +goose Up

-- People look for a number by its end. The whole of it comes next: two numbers often end alike.
DROP INDEX messages_phone;
CREATE INDEX messages_phone ON messages (substr(to_phone, -4), to_phone);
CREATE INDEX messages_transaction ON messages (transaction_id) WHERE transaction_id <> '';
-- Unknown outcomes are few: no other attempt has an entry.
CREATE INDEX attempts_unknown ON attempts (message_id) WHERE class = 'unknown';

-- The entries of messages' metadata, as Postgres has them in an index. A message without any costs nothing.
CREATE TABLE message_metadata (
    tenant_id  TEXT NOT NULL,
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    message_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, key, value, message_id)
) STRICT, WITHOUT ROWID;

INSERT OR IGNORE INTO message_metadata (tenant_id, key, value, message_id)
SELECT m.tenant_id, e.key, coalesce(CAST(e.value AS TEXT), ''), m.id
FROM messages m, json_each(CASE WHEN m.metadata <> '{}' AND json_valid(m.metadata) THEN m.metadata ELSE '{}' END) e
WHERE e.key IS NOT NULL;

-- +goose StatementBegin
CREATE TRIGGER messages_metadata AFTER INSERT ON messages WHEN new.metadata <> '{}' AND new.metadata <> '' AND json_valid(new.metadata) BEGIN
    INSERT OR IGNORE INTO message_metadata (tenant_id, key, value, message_id)
    SELECT new.tenant_id, e.key, coalesce(CAST(e.value AS TEXT), ''), new.id FROM json_each(new.metadata) e WHERE e.key IS NOT NULL;
END;
-- +goose StatementEnd

-- All events of a message to an endpoint are found by this, not only those that are pending.
DROP INDEX callback_deliveries_order;
CREATE INDEX callback_deliveries_order ON callback_deliveries (message_id, callback_id, tenant_id, sequence);

-- What went over the wire lately, for people: masked, bounded, and nothing that the engine goes by.
CREATE TABLE provider_calls (
    tenant_id  TEXT NOT NULL,
    id         TEXT NOT NULL,
    message_id TEXT NOT NULL,
    n          INTEGER NOT NULL,
    account_id TEXT NOT NULL,
    at         INTEGER NOT NULL,
    took_ms    INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    method     TEXT NOT NULL,
    url        TEXT NOT NULL,
    request    TEXT NOT NULL,
    status     INTEGER NOT NULL,
    answer     TEXT NOT NULL,
    error      TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;
CREATE INDEX provider_calls_message ON provider_calls (message_id, tenant_id);
CREATE INDEX provider_calls_at ON provider_calls (at);

-- The requests of tenants' keys: never their bodies or the values of their queries. id is what the answer had as X-Request-Id.
CREATE TABLE request_log (
    tenant_id TEXT NOT NULL,
    id        TEXT NOT NULL,
    at        INTEGER NOT NULL,
    method    TEXT NOT NULL,
    route     TEXT NOT NULL,
    status    INTEGER NOT NULL,
    code      TEXT NOT NULL,
    actor     TEXT NOT NULL,
    took_ms   INTEGER NOT NULL,
    detail    TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX request_log_at ON request_log (at);
