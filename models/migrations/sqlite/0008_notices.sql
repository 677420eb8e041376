-- +goose Up

-- What people answer to messages, as JSON; NULL in every other receipt.
ALTER TABLE receipts ADD COLUMN reply TEXT;
CREATE INDEX receipts_replies ON receipts (message_id, tenant_id) WHERE reply IS NOT NULL;

-- What a provider tells of an account. A quota of quota_total below 1 is not known; quota_at is when it was told, and
-- limits_at when the provider was last asked for it. linked_at is when a person last consented.
ALTER TABLE accounts ADD COLUMN quality TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN quota_left INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN quota_total INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN quota_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN quota_resets_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN limits_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN linked_at INTEGER NOT NULL DEFAULT 0;

-- When the provider last told of a template by itself; 0: what is known was read.
ALTER TABLE provider_templates ADD COLUMN noticed_at INTEGER NOT NULL DEFAULT 0;

-- People whose id at an account the provider told.
CREATE TABLE known_users (
    tenant_id  TEXT NOT NULL,
    account_id TEXT NOT NULL,
    phone      TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, account_id, phone),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_users_user ON known_users (tenant_id, account_id, user_id);

-- A quota is counted every few seconds, and replicas need not read their configuration anew for that: only when it is used
-- up, or is so no longer. What counts it leaves the version alone.
DROP TRIGGER stamp_accounts_update;
-- +goose StatementBegin
CREATE TRIGGER stamp_accounts_update AFTER UPDATE ON accounts
WHEN new.version <> old.version OR (new.quota_at = old.quota_at AND new.limits_at = old.limits_at)
    OR (new.quota_total > 0 AND new.quota_left < 1) OR (old.quota_total > 0 AND old.quota_left < 1 AND new.quota_at <> old.quota_at)
BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (new.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER stamp_provider_templates_insert AFTER INSERT ON provider_templates BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (new.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_provider_templates_update AFTER UPDATE ON provider_templates BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (new.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_provider_templates_delete AFTER DELETE ON provider_templates BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (old.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd

-- Replicas keep whether a tenant knows anybody at all: its first known user is news to them.
-- +goose StatementBegin
CREATE TRIGGER stamp_known_users_insert AFTER INSERT ON known_users
WHEN (SELECT count(*) FROM (SELECT 1 FROM known_users WHERE tenant_id = new.tenant_id LIMIT 2)) < 2
BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (new.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
