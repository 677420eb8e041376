-- +goose Up

-- What a replica keeps of a tenant's configuration holds as long as its stamp does: reading the number is cheaper than
-- reading the configuration. Whatever changes a row, be it a person with the sqlite3 shell, moves it on.
CREATE TABLE config_stamps (
    tenant_id TEXT NOT NULL PRIMARY KEY,
    stamp     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER stamp_tenants_update AFTER UPDATE ON tenants BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (new.id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_accounts_insert AFTER INSERT ON accounts BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (new.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_accounts_update AFTER UPDATE ON accounts BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (new.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_accounts_delete AFTER DELETE ON accounts BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (old.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_policies_insert AFTER INSERT ON policies BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (new.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_policies_update AFTER UPDATE ON policies BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (new.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_policies_delete AFTER DELETE ON policies BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (old.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_templates_insert AFTER INSERT ON templates BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (new.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_templates_update AFTER UPDATE ON templates BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (new.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_templates_delete AFTER DELETE ON templates BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (old.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_routes_insert AFTER INSERT ON routes BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (new.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_routes_update AFTER UPDATE ON routes BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (new.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_routes_delete AFTER DELETE ON routes BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (old.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_prices_insert AFTER INSERT ON prices BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (new.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_prices_update AFTER UPDATE ON prices BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (new.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_prices_delete AFTER DELETE ON prices BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (old.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_callbacks_insert AFTER INSERT ON callbacks BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (new.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_callbacks_update AFTER UPDATE ON callbacks BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (new.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER stamp_callbacks_delete AFTER DELETE ON callbacks BEGIN
    INSERT INTO config_stamps (tenant_id, stamp) VALUES (old.tenant_id, 1) ON CONFLICT (tenant_id) DO UPDATE SET stamp = stamp + 1;
END;
-- +goose StatementEnd
