-- +goose Up

-- People look for a number by its end. The whole of it comes next: two numbers often end alike.
DROP INDEX messages_phone;
CREATE INDEX messages_phone ON messages ((right(to_phone, 4)), to_phone);
CREATE INDEX messages_transaction ON messages (transaction_id) WHERE transaction_id <> '';
-- Unknown outcomes are few: no other attempt has an entry.
CREATE INDEX attempts_unknown ON attempts (message_id) WHERE class = 'unknown';

-- A message without metadata has no entry and costs nothing. SQLite has a table for this.
CREATE INDEX messages_metadata ON messages USING gin ((metadata::jsonb) jsonb_path_ops) WHERE metadata <> '' AND metadata <> '{}';

-- All events of a message to an endpoint are found by this, not only those that are pending.
DROP INDEX callback_deliveries_order;
CREATE INDEX callback_deliveries_order ON callback_deliveries (message_id, callback_id, tenant_id, sequence);

-- What went over the wire lately, for people: masked, bounded, and nothing that the engine goes by.
CREATE TABLE provider_calls (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    message_id uuid NOT NULL,
    n          bigint NOT NULL,
    account_id uuid NOT NULL,
    at         bigint NOT NULL,
    took_ms    bigint NOT NULL,
    kind       text NOT NULL,
    method     text NOT NULL,
    url        text NOT NULL,
    request    text NOT NULL,
    status     bigint NOT NULL,
    answer     text NOT NULL,
    error      text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX provider_calls_message ON provider_calls (message_id, tenant_id);
CREATE INDEX provider_calls_at ON provider_calls (at);

-- The requests of tenants' keys: never their bodies or the values of their queries. id is what the answer had as X-Request-Id.
CREATE TABLE request_log (
    tenant_id uuid NOT NULL,
    id        uuid NOT NULL,
    at        bigint NOT NULL,
    method    text NOT NULL,
    route     text NOT NULL,
    status    bigint NOT NULL,
    code      text NOT NULL,
    actor     text NOT NULL,
    took_ms   bigint NOT NULL,
    detail    text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX request_log_at ON request_log (at);
