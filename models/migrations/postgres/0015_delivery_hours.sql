-- +goose Up

-- What became of the attempts made in an hour that is over, without tests, so that a delivery report reads the rows of the last
-- hours only. An hour is Unix milliseconds / 3,600,000. to_delivered and to_read count times by their bucket: "60:2 105:1".
CREATE TABLE delivery_hours (
    tenant_id    uuid NOT NULL,
    hour         bigint NOT NULL,
    channel      text NOT NULL,
    account      text NOT NULL,
    step         bigint NOT NULL,
    policy_name  text NOT NULL,
    template     text NOT NULL,
    attempts     bigint NOT NULL,
    taken        bigint NOT NULL,
    delivered    bigint NOT NULL,
    was_read     bigint NOT NULL,
    failed       bigint NOT NULL,
    timed_out    bigint NOT NULL,
    unknown      bigint NOT NULL,
    skipped      bigint NOT NULL,
    reached      bigint NOT NULL,
    to_delivered text NOT NULL,
    to_read      text NOT NULL,
    PRIMARY KEY (tenant_id, hour, channel, account, step, policy_name, template)
);

-- What became of the messages accepted in an hour; there is a row for each policy that has attempts or messages in it. next_at is
-- when the hour is to be summed again; 0: it has come to rest.
CREATE TABLE delivery_ends (
    tenant_id   uuid NOT NULL,
    hour        bigint NOT NULL,
    policy_name text NOT NULL,
    next_at     bigint NOT NULL,
    messages    bigint NOT NULL,
    reached     bigint NOT NULL,
    fallback    bigint NOT NULL,
    failed      bigint NOT NULL,
    expired     bigint NOT NULL,
    to_reach    text NOT NULL,
    PRIMARY KEY (tenant_id, hour, policy_name)
);
CREATE INDEX delivery_ends_next ON delivery_ends (next_at) WHERE next_at > 0;
-- An hour is summed again for all tenants at once.
CREATE INDEX delivery_ends_hour ON delivery_ends (hour);
CREATE INDEX delivery_hours_hour ON delivery_hours (hour);
