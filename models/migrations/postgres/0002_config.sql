-- +goose Up

-- Configuration: what operators write and the engine reads. A tenant's id leads every key, and every reference stays
-- inside its tenant. Times are Unix milliseconds, 0 for none. JSON documents are kept byte for byte as they came.

CREATE TABLE tenants (
    id             uuid NOT NULL PRIMARY KEY,
    name           text NOT NULL,
    default_region text NOT NULL,
    timezone       text NOT NULL,
    currency       text NOT NULL,
    created_at     bigint NOT NULL
);

CREATE TABLE api_keys (
    tenant_id    uuid NOT NULL REFERENCES tenants (id),
    id           uuid NOT NULL,
    mode         text NOT NULL CHECK (mode IN ('live', 'test')),
    scopes       text NOT NULL,
    prefix       text NOT NULL,
    hash         text NOT NULL,
    created_at   bigint NOT NULL,
    revoked_at   bigint NOT NULL DEFAULT 0,
    last_used_at bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id)
);

-- A request brings a key before its tenant is known.
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

CREATE TABLE accounts (
    tenant_id    uuid NOT NULL REFERENCES tenants (id),
    id           uuid NOT NULL,
    name         text NOT NULL,
    channel      text NOT NULL,
    adapter      text NOT NULL,
    settings     text NOT NULL,
    secrets      bytea NOT NULL,
    per_second   double precision NOT NULL,
    concurrency  bigint NOT NULL,
    receipts     text NOT NULL,
    state        text NOT NULL CHECK (state IN ('active', 'disabled', 'needs_reauth')),
    state_reason text NOT NULL DEFAULT '',
    paused_until bigint NOT NULL DEFAULT 0,
    version      bigint NOT NULL,
    created_at   bigint NOT NULL,
    updated_at   bigint NOT NULL,
    deleted_at   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id)
);

CREATE UNIQUE INDEX accounts_live_name ON accounts (tenant_id, name) WHERE deleted_at = 0;
-- A provider's webhook names the account alone.
CREATE UNIQUE INDEX accounts_id ON accounts (id);
CREATE INDEX accounts_updated ON accounts (updated_at);

CREATE TABLE account_tokens (
    tenant_id   uuid NOT NULL,
    account_id  uuid NOT NULL,
    sealed      bytea NOT NULL,
    expires_at  bigint NOT NULL,
    state       text NOT NULL CHECK (state IN ('ok', 'refreshing', 'needs_reauth')),
    epoch       bigint NOT NULL,
    lease_until bigint NOT NULL DEFAULT 0,
    updated_at  bigint NOT NULL,
    PRIMARY KEY (tenant_id, account_id),
    FOREIGN KEY (tenant_id, account_id) REFERENCES accounts (tenant_id, id)
);

-- A version is never changed; deleting a policy adds one that says so.
CREATE TABLE policies (
    tenant_id  uuid NOT NULL REFERENCES tenants (id),
    name       text NOT NULL,
    version    bigint NOT NULL,
    body       text NOT NULL,
    created_at bigint NOT NULL,
    deleted    boolean NOT NULL,
    PRIMARY KEY (tenant_id, name, version)
);

CREATE TABLE templates (
    tenant_id  uuid NOT NULL REFERENCES tenants (id),
    name       text NOT NULL,
    category   text NOT NULL,
    params     text NOT NULL,
    content    text NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

CREATE TABLE routes (
    tenant_id  uuid NOT NULL PRIMARY KEY REFERENCES tenants (id),
    body       text NOT NULL,
    updated_at bigint NOT NULL
);

CREATE TABLE prices (
    tenant_id  uuid NOT NULL PRIMARY KEY REFERENCES tenants (id),
    body       text NOT NULL,
    updated_at bigint NOT NULL
);

CREATE TABLE suppressions (
    tenant_id  uuid NOT NULL REFERENCES tenants (id),
    phone      text NOT NULL,
    categories text NOT NULL,
    reason     text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, phone)
);

CREATE TABLE consents (
    tenant_id  uuid NOT NULL REFERENCES tenants (id),
    phone      text NOT NULL,
    categories text NOT NULL,
    source     text NOT NULL,
    at         bigint NOT NULL,
    PRIMARY KEY (tenant_id, phone)
);

CREATE TABLE callbacks (
    tenant_id  uuid NOT NULL REFERENCES tenants (id),
    id         uuid NOT NULL,
    url        text NOT NULL,
    events     text NOT NULL,
    secret     bytea NOT NULL,
    state      text NOT NULL CHECK (state IN ('active', 'disabled')),
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    deleted_at bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, id)
);

-- What belongs to the installation as a whole, such as the id of the key its secrets are sealed under.
CREATE TABLE settings (
    key   text NOT NULL PRIMARY KEY,
    value text NOT NULL
);
