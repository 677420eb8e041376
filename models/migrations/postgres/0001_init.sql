-- +goose Up
-- Times are Unix milliseconds and 0 for none, money is in micros. NULL stands for 0 and for no id where most
-- rows have none: it takes no room.

-- What was asked never changes and comes first, widest first, so that nothing is padded; what changes at nearly every step
-- comes last, side by side: of an updated row Postgres logs what lies between the first and the last change.
CREATE TABLE messages (
  tenant_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  plan_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  created_at bigint NOT NULL DEFAULT 0,
  expires_at bigint NOT NULL DEFAULT 0,
  policy_version integer NOT NULL DEFAULT 0,
  priority smallint NOT NULL DEFAULT 0,
  test boolean NOT NULL DEFAULT false,
  to_phone text NOT NULL DEFAULT '',
  country text NOT NULL DEFAULT '',
  operator text NOT NULL DEFAULT '',
  category text NOT NULL DEFAULT '',
  template text NOT NULL DEFAULT '',
  transaction_id text NOT NULL DEFAULT '',
  policy_name text NOT NULL DEFAULT '',
  currency text NOT NULL DEFAULT '',
  content text NOT NULL DEFAULT '',
  metadata text NOT NULL DEFAULT '',
  send_at bigint,
  canceled_at bigint,
  confirmed_at bigint,
  queue_account uuid,
  queued_at bigint,
  completed_at bigint,
  cost bigint,
  due_at bigint NOT NULL DEFAULT 0,
  sequence integer NOT NULL DEFAULT 0,
  version integer NOT NULL DEFAULT 0,
  attempts smallint NOT NULL DEFAULT 0,
  channel text NOT NULL DEFAULT '',
  status text NOT NULL DEFAULT '',
  reason text NOT NULL DEFAULT '',
  lease_owner uuid,
  PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05);

-- The resolved ladders that messages were accepted under. A few serve all messages of a policy; a row is named by a hash
-- of what it says and never changes.
CREATE TABLE plans (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL,
  body text NOT NULL,
  PRIMARY KEY (tenant_id, id)
);

CREATE TABLE attempts (
  tenant_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  message_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  account_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  created_at bigint NOT NULL DEFAULT 0,
  n smallint NOT NULL DEFAULT 0,
  step smallint NOT NULL DEFAULT 0,
  segments integer NOT NULL DEFAULT 0,
  channel text NOT NULL DEFAULT '',
  account text NOT NULL DEFAULT '',
  class text NOT NULL DEFAULT '',
  code text NOT NULL DEFAULT '',
  provider_code text NOT NULL DEFAULT '',
  detail text NOT NULL DEFAULT '',
  advice text NOT NULL DEFAULT '',
  reason text NOT NULL DEFAULT '',
  read_at bigint,
  failed_at bigint,
  ended_at bigint,
  asked_at bigint,
  retry_at bigint,
  called_at bigint,
  provider_id text NOT NULL DEFAULT '',
  sent_at bigint,
  delivered_at bigint,
  cost bigint,
  lines smallint,
  calls smallint NOT NULL DEFAULT 0,
  status text NOT NULL DEFAULT '',
  -- Under way: apart from status, so that on Postgres a status can change without touching an index.
  live boolean NOT NULL GENERATED ALWAYS AS (status IN ('pending', 'sending', 'unknown')) STORED,
  PRIMARY KEY (tenant_id, message_id, n)
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0.05);

-- What a provider reported, kept even if it matches nothing yet.
CREATE TABLE receipts (
  tenant_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  account_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  event_key text NOT NULL DEFAULT '',
  received_at bigint NOT NULL DEFAULT 0,
  kind text NOT NULL DEFAULT '',
  at bigint NOT NULL DEFAULT 0,
  reference text NOT NULL DEFAULT '',
  provider_id text NOT NULL DEFAULT '',
  detail text NOT NULL DEFAULT '',
  raw bytea NOT NULL DEFAULT '',
  state text NOT NULL DEFAULT '',
  message_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  n smallint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, account_id, event_key)
);

-- The ledger: lines are added, never changed.
CREATE TABLE charges (
  tenant_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  message_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  n smallint NOT NULL DEFAULT 0,
  line smallint NOT NULL DEFAULT 0,
  at bigint NOT NULL DEFAULT 0,
  channel text NOT NULL DEFAULT '',
  account_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  units integer NOT NULL DEFAULT 0,
  amount bigint NOT NULL DEFAULT 0,
  currency text NOT NULL DEFAULT '',
  reason text NOT NULL DEFAULT '',
  test boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant_id, message_id, n, line)
);

CREATE TABLE dedupe_keys (
  tenant_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  message_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  created_at bigint NOT NULL DEFAULT 0,
  status smallint NOT NULL DEFAULT 0,
  kind text NOT NULL DEFAULT '',
  key text NOT NULL DEFAULT '',
  request_hash text NOT NULL DEFAULT '',
  response text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, kind, key)
);

-- The outbox of events to tenants.
CREATE TABLE callback_deliveries (
  tenant_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  callback_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  message_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  sequence bigint NOT NULL DEFAULT 0,
  type text NOT NULL DEFAULT '',
  payload text NOT NULL DEFAULT '',
  created_at bigint NOT NULL DEFAULT 0,
  state text NOT NULL DEFAULT '',
  tries bigint NOT NULL DEFAULT 0,
  next_at bigint NOT NULL DEFAULT 0,
  last_status bigint NOT NULL DEFAULT 0,
  last_error text NOT NULL DEFAULT '',
  done_at bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 75, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000);
-- The only schedule: rows that somebody has to look at again.
CREATE INDEX messages_due ON messages (due_at) WHERE due_at > 0;
-- The backlog of each account, most urgent first.
CREATE INDEX messages_queue ON messages (queue_account, priority, queued_at) WHERE queue_account IS NOT NULL;
-- Tenant id does not lead this and some others: while a table is empty, the planner could take such an index for the
-- primary key, and keep that plan as the table grows.
CREATE INDEX messages_phone ON messages (to_phone);
CREATE INDEX attempts_provider ON attempts (provider_id) WHERE provider_id <> '';
-- A message has one attempt under way at most: the next one starts only when the ladder has moved on.
CREATE UNIQUE INDEX attempts_live ON attempts (tenant_id, message_id) WHERE live;
CREATE INDEX receipts_parked_at ON receipts (received_at) WHERE state = 'parked';
CREATE INDEX receipts_message ON receipts (message_id, tenant_id);
CREATE INDEX callback_deliveries_next ON callback_deliveries (next_at) WHERE state = 'pending';
-- What holds back the later events of a message to the same endpoint.
CREATE INDEX callback_deliveries_order ON callback_deliveries (message_id, callback_id, tenant_id, sequence) WHERE state = 'pending';
CREATE INDEX callback_deliveries_callback ON callback_deliveries (callback_id, tenant_id, id);

-- +goose StatementBegin
CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the ledger is append-only' USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd
CREATE TRIGGER charges_append_only BEFORE UPDATE OR DELETE ON charges
  FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
CREATE TRIGGER charges_no_truncate BEFORE TRUNCATE ON charges
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();

-- +goose StatementBegin
CREATE FUNCTION refuse_second_completion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a message completes once' USING ERRCODE = 'restrict_violation';
END $$;
-- +goose StatementEnd
CREATE TRIGGER messages_completed_once BEFORE UPDATE OF completed_at ON messages
  FOR EACH ROW WHEN (OLD.completed_at IS NOT NULL AND NEW.completed_at IS DISTINCT FROM OLD.completed_at)
  EXECUTE FUNCTION refuse_second_completion();
