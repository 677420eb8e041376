-- +goose Up

-- Reports read months of hours that are over: what they count is kept an hour a row. An hour is Unix milliseconds
-- / 3,600,000; money is in micros. Tests are left out.

-- What the attempts made in an hour cost. late is what of it was paid although an earlier, paid channel had delivered.
CREATE TABLE cost_hours (
    tenant_id   uuid NOT NULL,
    hour        bigint NOT NULL,
    channel     text NOT NULL,
    account     text NOT NULL,
    template    text NOT NULL,
    category    text NOT NULL,
    policy_name text NOT NULL,
    operator    text NOT NULL,
    currency    text NOT NULL,
    attempts    bigint NOT NULL,
    billable    bigint NOT NULL,
    units       bigint NOT NULL,
    cost        bigint NOT NULL,
    late        bigint NOT NULL,
    PRIMARY KEY (tenant_id, hour, channel, account, template, category, policy_name, operator, currency)
);

-- The messages accepted in an hour, by what their price as SMS depends on.
CREATE TABLE message_hours (
    tenant_id uuid NOT NULL,
    hour      bigint NOT NULL,
    template  text NOT NULL,
    operator  text NOT NULL,
    country   text NOT NULL,
    category  text NOT NULL,
    segments  bigint NOT NULL,
    messages  bigint NOT NULL,
    PRIMARY KEY (tenant_id, hour, template, operator, country, category, segments)
);

-- How far a tenant's hours are rolled: those before until_hour are, or have no rows. Whoever writes moves version on.
CREATE TABLE rollup_state (
    tenant_id  uuid NOT NULL PRIMARY KEY,
    until_hour bigint NOT NULL,
    version    bigint NOT NULL
);

-- Hours in which something changed after they may have been rolled; messages: a message came, and not only evidence.
-- A commit adds rows of its own, so that no two wait for one another.
CREATE TABLE rollup_marks (
    tenant_id uuid NOT NULL,
    hour      bigint NOT NULL,
    mark      uuid NOT NULL,
    messages  boolean NOT NULL,
    PRIMARY KEY (tenant_id, hour, mark)
);
