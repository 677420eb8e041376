-- +goose Up

-- Who signs in with a name and a password. The tenant of people of the whole installation is the zero id.
CREATE TABLE users (
    tenant_id    TEXT NOT NULL,
    id           TEXT NOT NULL,
    name         TEXT NOT NULL,
    role         TEXT NOT NULL CHECK (role IN ('viewer', 'finance', 'operator', 'admin')),
    password     TEXT NOT NULL, -- a PHC string
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL DEFAULT 0,
    disabled_at  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id)
) STRICT;

-- A name says who signs in before their tenant is known.
CREATE UNIQUE INDEX users_name ON users (name);

-- Who is signed in. The user of a session that the admin key opened is the zero id.
CREATE TABLE sessions (
    tenant_id  TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    hash       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id, hash)
) STRICT;

CREATE UNIQUE INDEX sessions_hash ON sessions (hash);

-- Who changed or saw what. The tenant of what concerns the whole installation is the zero id.
CREATE TABLE audit (
    tenant_id  TEXT NOT NULL,
    id         TEXT NOT NULL,
    at         INTEGER NOT NULL,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('user', 'key', 'admin_key')),
    actor_id   TEXT NOT NULL,
    actor      TEXT NOT NULL,
    action     TEXT NOT NULL,
    object     TEXT NOT NULL,
    detail     TEXT NOT NULL,
    source     TEXT NOT NULL,
    request_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, id)
) STRICT;

-- The list of the whole installation, newest first.
CREATE UNIQUE INDEX audit_newest ON audit (id);

-- What was written stays: INSERT OR REPLACE would delete without a word.
-- +goose StatementBegin
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'audit rows do not change');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'audit rows do not change');
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = new.id) BEGIN
    SELECT RAISE(ABORT, 'audit rows do not change');
END;
-- +goose StatementEnd
