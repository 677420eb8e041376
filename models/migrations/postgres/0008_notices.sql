-- +goose Up

-- What people answer to messages, as JSON; NULL in every other receipt.
ALTER TABLE receipts ADD COLUMN reply text;
CREATE INDEX receipts_replies ON receipts (message_id, tenant_id) WHERE reply IS NOT NULL;

-- What a provider tells of an account. A quota of quota_total below 1 is not known; quota_at is when it was told, and
-- limits_at when the provider was last asked for it. linked_at is when a person last consented.
ALTER TABLE accounts ADD COLUMN quality text NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN quota_left bigint NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN quota_total bigint NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN quota_at bigint NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN quota_resets_at bigint NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN limits_at bigint NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN linked_at bigint NOT NULL DEFAULT 0;

-- When the provider last told of a template by itself; 0: what is known was read.
ALTER TABLE provider_templates ADD COLUMN noticed_at bigint NOT NULL DEFAULT 0;

-- People whose id at an account the provider told.
CREATE TABLE known_users (
    tenant_id  uuid NOT NULL,
    account_id uuid NOT NULL,
    phone      text NOT NULL,
    user_id    text NOT NULL,
    at         bigint NOT NULL,
    PRIMARY KEY (tenant_id, account_id, phone),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);
CREATE INDEX known_users_user ON known_users (tenant_id, account_id, user_id);

-- A quota is counted every few seconds, and replicas need not read their configuration anew for that: only when it is used
-- up, or is so no longer. What counts it leaves the version alone.
DROP TRIGGER stamp_config ON accounts;
CREATE TRIGGER stamp_config AFTER INSERT OR DELETE ON accounts FOR EACH ROW EXECUTE FUNCTION stamp_config();
CREATE TRIGGER stamp_config_update AFTER UPDATE ON accounts FOR EACH ROW
    WHEN (NEW.version <> OLD.version OR (NEW.quota_at = OLD.quota_at AND NEW.limits_at = OLD.limits_at)
        OR (NEW.quota_total > 0 AND NEW.quota_left < 1) OR (OLD.quota_total > 0 AND OLD.quota_left < 1 AND NEW.quota_at <> OLD.quota_at))
    EXECUTE FUNCTION stamp_config();

-- A provider's set is replaced as a whole: one move for all its rows.
-- +goose StatementBegin
CREATE FUNCTION stamp_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO config_stamps AS c (tenant_id, stamp) SELECT DISTINCT tenant_id, 1 FROM moved ORDER BY tenant_id
    ON CONFLICT (tenant_id) DO UPDATE SET stamp = c.stamp + 1;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER stamp_config_insert AFTER INSERT ON provider_templates REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION stamp_rows();
CREATE TRIGGER stamp_config_update AFTER UPDATE ON provider_templates REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION stamp_rows();
CREATE TRIGGER stamp_config_delete AFTER DELETE ON provider_templates REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION stamp_rows();

-- Replicas keep whether a tenant knows anybody at all: its first known user is news to them.
-- +goose StatementBegin
CREATE FUNCTION stamp_first_known() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM (SELECT 1 FROM known_users WHERE tenant_id = NEW.tenant_id LIMIT 2) AS known) < 2 THEN
        INSERT INTO config_stamps AS c (tenant_id, stamp) VALUES (NEW.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = c.stamp + 1;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER stamp_config AFTER INSERT ON known_users FOR EACH ROW EXECUTE FUNCTION stamp_first_known();
