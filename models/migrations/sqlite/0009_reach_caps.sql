-- +goose Up

-- unreachable_for: how long a channel is passed over for a person whom it refused for good, in milliseconds; 0: that is not
-- remembered. cap_day, cap_month: what a tenant may spend, in micros; 0: no cap.
ALTER TABLE tenants ADD COLUMN unreachable_for INTEGER NOT NULL DEFAULT 604800000;
ALTER TABLE tenants ADD COLUMN cap_day INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN cap_month INTEGER NOT NULL DEFAULT 0;

-- People whom a channel refused for good: code says how; the channel is passed over until then.
CREATE TABLE unreachable (
    tenant_id TEXT NOT NULL,
    phone     TEXT NOT NULL,
    channel   TEXT NOT NULL,
    code      TEXT NOT NULL,
    since     INTEGER NOT NULL,
    until     INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, phone, channel)
) STRICT, WITHOUT ROWID;
CREATE INDEX unreachable_until ON unreachable (until);

-- The most that a message may come to cost, in micros, counted against its tenant's caps. NULL: what it cost so far.
ALTER TABLE messages ADD COLUMN exposure INTEGER;

-- What the messages accepted in a period may come to cost, of tenants with a cap. recount_at: replicas that had not heard of
-- the cap may have accepted some until then; 0: all are counted.
CREATE TABLE budgets (
    tenant_id  TEXT NOT NULL,
    period     TEXT NOT NULL,
    starts_at  INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    used       INTEGER NOT NULL,
    recount_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, period)
) STRICT, WITHOUT ROWID;

-- When messages were moved away from an account that did badly, and back. share: of its messages, how many it still gets.
CREATE TABLE account_moves (
    tenant_id  TEXT NOT NULL,
    account_id TEXT NOT NULL,
    id         TEXT NOT NULL,
    at         INTEGER NOT NULL,
    share      REAL NOT NULL,
    reason     TEXT NOT NULL,
    detail     TEXT NOT NULL,
    PRIMARY KEY (tenant_id, account_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_moves_at ON account_moves (at);
