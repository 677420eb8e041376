-- +goose Up

-- Configuration: what operators write and the engine reads. A tenant's id leads every key, and every reference stays
-- inside its tenant. Times are Unix milliseconds, 0 for none. JSON documents are kept byte for byte as they came.

CREATE TABLE tenants (
    id             TEXT NOT NULL PRIMARY KEY,
    name           TEXT NOT NULL,
    default_region TEXT NOT NULL,
    timezone       TEXT NOT NULL,
    currency       TEXT NOT NULL,
    created_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
    tenant_id    TEXT NOT NULL REFERENCES tenants (id),
    id           TEXT NOT NULL,
    mode         TEXT NOT NULL CHECK (mode IN ('live', 'test')),
    scopes       TEXT NOT NULL,
    prefix       TEXT NOT NULL,
    hash         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    revoked_at   INTEGER NOT NULL DEFAULT 0,
    last_used_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id)
) STRICT;

-- A request brings a key before its tenant is known.
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

CREATE TABLE accounts (
    tenant_id    TEXT NOT NULL REFERENCES tenants (id),
    id           TEXT NOT NULL,
    name         TEXT NOT NULL,
    channel      TEXT NOT NULL,
    adapter      TEXT NOT NULL,
    settings     BLOB NOT NULL,
    secrets      BLOB NOT NULL,
    per_second   REAL NOT NULL,
    concurrency  INTEGER NOT NULL,
    receipts     TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('active', 'disabled', 'needs_reauth')),
    state_reason TEXT NOT NULL DEFAULT '',
    paused_until INTEGER NOT NULL DEFAULT 0,
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    deleted_at   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id)
) STRICT;

CREATE UNIQUE INDEX accounts_live_name ON accounts (tenant_id, name) WHERE deleted_at = 0;
-- A provider's webhook names the account alone.
CREATE UNIQUE INDEX accounts_id ON accounts (id);
CREATE INDEX accounts_updated ON accounts (updated_at);

CREATE TABLE account_tokens (
    tenant_id   TEXT NOT NULL,
    account_id  TEXT NOT NULL,
    sealed      BLOB NOT NULL,
    expires_at  INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('ok', 'refreshing', 'needs_reauth')),
    epoch       INTEGER NOT NULL,
    lease_until INTEGER NOT NULL DEFAULT 0,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, account_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
) STRICT;

-- A version is never changed; deleting a policy adds one that says so.
CREATE TABLE policies (
    tenant_id  TEXT NOT NULL REFERENCES tenants (id),
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    body       BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    deleted    INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name, version)
) STRICT;

CREATE TABLE templates (
    tenant_id  TEXT NOT NULL REFERENCES tenants (id),
    name       TEXT NOT NULL,
    category   TEXT NOT NULL,
    params     BLOB NOT NULL,
    content    BLOB NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT;

CREATE TABLE routes (
    tenant_id  TEXT NOT NULL PRIMARY KEY REFERENCES tenants (id),
    body       BLOB NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE prices (
    tenant_id  TEXT NOT NULL PRIMARY KEY REFERENCES tenants (id),
    body       BLOB NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE suppressions (
    tenant_id  TEXT NOT NULL REFERENCES tenants (id),
    phone      TEXT NOT NULL,
    categories TEXT NOT NULL,
    reason     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, phone)
) STRICT;

CREATE TABLE consents (
    tenant_id  TEXT NOT NULL REFERENCES tenants (id),
    phone      TEXT NOT NULL,
    categories TEXT NOT NULL,
    source     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, phone)
) STRICT;

CREATE TABLE callbacks (
    tenant_id  TEXT NOT NULL REFERENCES tenants (id),
    id         TEXT NOT NULL,
    url        TEXT NOT NULL,
    events     TEXT NOT NULL,
    secret     BLOB NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('active', 'disabled')),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id)
) STRICT;

-- What belongs to the installation as a whole, such as the id of the key its secrets are sealed under.
CREATE TABLE settings (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
