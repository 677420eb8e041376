-- +goose Up

-- unreachable_for: how long a channel is passed over for a person whom it refused for good, in milliseconds; 0: that is not
-- remembered. cap_day, cap_month: what a tenant may spend, in micros; 0: no cap.
ALTER TABLE tenants ADD COLUMN unreachable_for bigint NOT NULL DEFAULT 604800000;
ALTER TABLE tenants ADD COLUMN cap_day bigint NOT NULL DEFAULT 0;
ALTER TABLE tenants ADD COLUMN cap_month bigint NOT NULL DEFAULT 0;

-- People whom a channel refused for good: code says how; the channel is passed over until then.
CREATE TABLE unreachable (
    tenant_id uuid NOT NULL,
    phone     text NOT NULL,
    channel   text NOT NULL,
    code      text NOT NULL,
    since     bigint NOT NULL,
    until     bigint NOT NULL,
    PRIMARY KEY (tenant_id, phone, channel)
);
CREATE INDEX unreachable_until ON unreachable (until);

-- The most that a message may come to cost, in micros, counted against its tenant's caps. NULL: what it cost so far.
ALTER TABLE messages ADD COLUMN exposure bigint;

-- What the messages accepted in a period may come to cost, of tenants with a cap. recount_at: replicas that had not heard of
-- the cap may have accepted some until then; 0: all are counted.
CREATE TABLE budgets (
    tenant_id  uuid NOT NULL,
    period     text NOT NULL,
    starts_at  bigint NOT NULL,
    ends_at    bigint NOT NULL,
    used       bigint NOT NULL,
    recount_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, period)
);

-- When messages were moved away from an account that did badly, and back. share: of its messages, how many it still gets.
CREATE TABLE account_moves (
    tenant_id  uuid NOT NULL,
    account_id uuid NOT NULL,
    id         uuid NOT NULL,
    at         bigint NOT NULL,
    share      double precision NOT NULL,
    reason     text NOT NULL,
    detail     text NOT NULL,
    PRIMARY KEY (tenant_id, account_id, id)
);
CREATE INDEX account_moves_at ON account_moves (at);
