-- +goose Up

-- Who signs in with a name and a password. The tenant of people of the whole installation is the zero id.
CREATE TABLE users (
    tenant_id    uuid NOT NULL,
    id           uuid NOT NULL,
    name         text NOT NULL,
    role         text NOT NULL CHECK (role IN ('viewer', 'finance', 'operator', 'admin')),
    password     text NOT NULL, -- a PHC string
    created_at   bigint NOT NULL,
    last_seen_at bigint NOT NULL DEFAULT 0,
    disabled_at  bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id)
);

-- A name says who signs in before their tenant is known.
CREATE UNIQUE INDEX users_name ON users (name);

-- Who is signed in. The user of a session that the admin key opened is the zero id.
CREATE TABLE sessions (
    tenant_id  uuid NOT NULL,
    user_id    uuid NOT NULL,
    hash       text NOT NULL,
    created_at bigint NOT NULL,
    seen_at    bigint NOT NULL,
    ends_at    bigint NOT NULL,
    PRIMARY KEY (tenant_id, user_id, hash)
);

CREATE UNIQUE INDEX sessions_hash ON sessions (hash);

-- Who changed or saw what. The tenant of what concerns the whole installation is the zero id.
CREATE TABLE audit (
    tenant_id  uuid NOT NULL,
    id         uuid NOT NULL,
    at         bigint NOT NULL,
    actor_kind text NOT NULL CHECK (actor_kind IN ('user', 'key', 'admin_key')),
    actor_id   uuid NOT NULL,
    actor      text NOT NULL,
    action     text NOT NULL,
    object     text NOT NULL,
    detail     text NOT NULL,
    source     text NOT NULL,
    request_id text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- The list of the whole installation, newest first.
CREATE UNIQUE INDEX audit_newest ON audit (id);

-- +goose StatementBegin
CREATE FUNCTION keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit rows do not change';
END $$;
-- +goose StatementEnd

CREATE TRIGGER keep_audit BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION keep_audit();
CREATE TRIGGER keep_audit_whole BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION keep_audit();
