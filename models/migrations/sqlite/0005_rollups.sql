-- +goose Up

-- Reports read months of hours that are over: what they count is kept an hour a row. An hour is Unix milliseconds
-- / 3,600,000; money is in micros. Tests are left out.

-- What the attempts made in an hour cost. late is what of it was paid although an earlier, paid channel had delivered.
CREATE TABLE cost_hours (
    tenant_id   TEXT NOT NULL,
    hour        INTEGER NOT NULL,
    channel     TEXT NOT NULL,
    account     TEXT NOT NULL,
    template    TEXT NOT NULL,
    category    TEXT NOT NULL,
    policy_name TEXT NOT NULL,
    operator    TEXT NOT NULL,
    currency    TEXT NOT NULL,
    attempts    INTEGER NOT NULL,
    billable    INTEGER NOT NULL,
    units       INTEGER NOT NULL,
    cost        INTEGER NOT NULL,
    late        INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hour, channel, account, template, category, policy_name, operator, currency)
) STRICT, WITHOUT ROWID;

-- The messages accepted in an hour, by what their price as SMS depends on.
CREATE TABLE message_hours (
    tenant_id TEXT NOT NULL,
    hour      INTEGER NOT NULL,
    template  TEXT NOT NULL,
    operator  TEXT NOT NULL,
    country   TEXT NOT NULL,
    category  TEXT NOT NULL,
    segments  INTEGER NOT NULL,
    messages  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hour, template, operator, country, category, segments)
) STRICT, WITHOUT ROWID;

-- How far a tenant's hours are rolled: those before until_hour are, or have no rows. Whoever writes moves version on.
CREATE TABLE rollup_state (
    tenant_id  TEXT NOT NULL PRIMARY KEY,
    until_hour INTEGER NOT NULL,
    version    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Hours in which something changed after they may have been rolled; messages: a message came, and not only evidence.
-- A commit adds rows of its own, so that no two wait for one another.
CREATE TABLE rollup_marks (
    tenant_id TEXT NOT NULL,
    hour      INTEGER NOT NULL,
    mark      TEXT NOT NULL,
    messages  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, hour, mark)
) STRICT, WITHOUT ROWID;

-- A span of time is found by these; Postgres has smaller ones for it. Tenant id does not lead them: without statistics
-- a statement of the hot road could be given such an index.
CREATE INDEX messages_created ON messages (created_at);
CREATE INDEX attempts_created ON attempts (created_at);
