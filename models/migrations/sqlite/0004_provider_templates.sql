-- +goose Up

-- The templates that providers keep for an account, as they were seen last. What a provider says is kept, never judged:
-- a set may be hours old.
CREATE TABLE provider_templates (
    tenant_id   TEXT NOT NULL,
    account_id  TEXT NOT NULL,
    template_id TEXT NOT NULL,
    name        TEXT NOT NULL,
    status      TEXT NOT NULL,
    quality     TEXT NOT NULL,
    price       INTEGER NOT NULL,
    params      BLOB NOT NULL,
    reason      TEXT NOT NULL,
    synced_at   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, account_id, template_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
) STRICT;

-- When an account's templates are asked for next. Whoever moves next_at on has claimed the turn.
CREATE TABLE template_syncs (
    tenant_id  TEXT NOT NULL,
    account_id TEXT NOT NULL,
    next_at    INTEGER NOT NULL,
    synced_at  INTEGER NOT NULL DEFAULT 0,
    failure    TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, account_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
) STRICT;
