-- +goose Up

-- What became of the attempts made in an hour that is over, without tests, so that a delivery report reads the rows of the last
-- hours only. An hour is Unix milliseconds / 3,600,000. to_delivered and to_read count times by their bucket: "60:2 105:1".
CREATE TABLE delivery_hours (
    tenant_id    TEXT NOT NULL,
    hour         INTEGER NOT NULL,
    channel      TEXT NOT NULL,
    account      TEXT NOT NULL,
    step         INTEGER NOT NULL,
    policy_name  TEXT NOT NULL,
    template     TEXT NOT NULL,
    attempts     INTEGER NOT NULL,
    taken        INTEGER NOT NULL,
    delivered    INTEGER NOT NULL,
    was_read     INTEGER NOT NULL,
    failed       INTEGER NOT NULL,
    timed_out    INTEGER NOT NULL,
    unknown      INTEGER NOT NULL,
    skipped      INTEGER NOT NULL,
    reached      INTEGER NOT NULL,
    to_delivered TEXT NOT NULL,
    to_read      TEXT NOT NULL,
    PRIMARY KEY (tenant_id, hour, channel, account, step, policy_name, template)
) STRICT, WITHOUT ROWID;

-- What became of the messages accepted in an hour; there is a row for each policy that has attempts or messages in it. next_at is
-- when the hour is to be summed again; 0: it has come to rest.
CREATE TABLE delivery_ends (
    tenant_id   TEXT NOT NULL,
    hour        INTEGER NOT NULL,
    policy_name TEXT NOT NULL,
    next_at     INTEGER NOT NULL,
    messages    INTEGER NOT NULL,
    reached     INTEGER NOT NULL,
    fallback    INTEGER NOT NULL,
    failed      INTEGER NOT NULL,
    expired     INTEGER NOT NULL,
    to_reach    TEXT NOT NULL,
    PRIMARY KEY (tenant_id, hour, policy_name)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_ends_next ON delivery_ends (next_at) WHERE next_at > 0;
-- An hour is summed again for all tenants at once.
CREATE INDEX delivery_ends_hour ON delivery_ends (hour);
CREATE INDEX delivery_hours_hour ON delivery_hours (hour);
