-- +goose Up

-- What became of the messages accepted in a slot of 150 seconds, of every tenant, so that an overview reads no messages but the
-- latest. A slot is Unix milliseconds / 150,000. next_at is when it is to be summed again; 0: it has come to rest.
CREATE TABLE overview_slots (
    tenant_id uuid NOT NULL,
    test      boolean NOT NULL,
    slot      bigint NOT NULL,
    next_at   bigint NOT NULL,
    body      text NOT NULL,
    PRIMARY KEY (tenant_id, test, slot)
);
CREATE INDEX overview_slots_next ON overview_slots (next_at) WHERE next_at > 0;
CREATE INDEX overview_slots_slot ON overview_slots (slot);

-- When an account's provider last called, and last told of a message. Replicas write it down every few seconds.
CREATE TABLE account_seen (
    tenant_id  uuid NOT NULL,
    account_id uuid NOT NULL,
    webhook_at bigint NOT NULL,
    receipt_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, account_id)
);
