-- +goose Up

-- What a replica keeps of a tenant's configuration holds as long as its stamp does: reading the number is cheaper than
-- reading the configuration. Whatever changes a row, be it a person with psql, moves it on.
CREATE TABLE config_stamps (
    tenant_id uuid NOT NULL PRIMARY KEY,
    stamp     bigint NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION stamp_config() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'tenants' THEN
        INSERT INTO config_stamps AS c (tenant_id, stamp) VALUES (NEW.id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = c.stamp + 1;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO config_stamps AS c (tenant_id, stamp) VALUES (OLD.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = c.stamp + 1;
    ELSE
        INSERT INTO config_stamps AS c (tenant_id, stamp) VALUES (NEW.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = c.stamp + 1;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

CREATE TRIGGER stamp_config AFTER UPDATE ON tenants FOR EACH ROW EXECUTE FUNCTION stamp_config();
CREATE TRIGGER stamp_config AFTER INSERT OR UPDATE OR DELETE ON accounts FOR EACH ROW EXECUTE FUNCTION stamp_config();
CREATE TRIGGER stamp_config AFTER INSERT OR UPDATE OR DELETE ON policies FOR EACH ROW EXECUTE FUNCTION stamp_config();
CREATE TRIGGER stamp_config AFTER INSERT OR UPDATE OR DELETE ON templates FOR EACH ROW EXECUTE FUNCTION stamp_config();
CREATE TRIGGER stamp_config AFTER INSERT OR UPDATE OR DELETE ON routes FOR EACH ROW EXECUTE FUNCTION stamp_config();
CREATE TRIGGER stamp_config AFTER INSERT OR UPDATE OR DELETE ON prices FOR EACH ROW EXECUTE FUNCTION stamp_config();
CREATE TRIGGER stamp_config AFTER INSERT OR UPDATE OR DELETE ON callbacks FOR EACH ROW EXECUTE FUNCTION stamp_config();
