-- +goose Up

-- The templates that providers keep for an account, as they were seen last. What a provider says is kept, never judged:
-- a set may be hours old.
CREATE TABLE provider_templates (
    tenant_id   uuid NOT NULL,
    account_id  uuid NOT NULL,
    template_id text NOT NULL,
    name        text NOT NULL,
    status      text NOT NULL,
    quality     text NOT NULL,
    price       bigint NOT NULL,
    params      text NOT NULL,
    reason      text NOT NULL,
    synced_at   bigint NOT NULL,
    PRIMARY KEY (tenant_id, account_id, template_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);

-- When an account's templates are asked for next. Whoever moves next_at on has claimed the turn.
CREATE TABLE template_syncs (
    tenant_id  uuid NOT NULL,
    account_id uuid NOT NULL,
    next_at    bigint NOT NULL,
    synced_at  bigint NOT NULL DEFAULT 0,
    failure    text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, account_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);
