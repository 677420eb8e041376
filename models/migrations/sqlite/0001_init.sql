-- +goose Up
-- Times are Unix milliseconds and 0 for none, money is in micros. NULL stands for 0 and for no id where most
-- rows have none: it takes no room.

-- What was asked never changes and comes first, widest first, so that nothing is padded; what changes at nearly every step
-- comes last, side by side: of an updated row Postgres logs what lies between the first and the last change.
CREATE TABLE messages (
  tenant_id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  plan_id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  created_at INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER NOT NULL DEFAULT 0,
  policy_version INTEGER NOT NULL DEFAULT 0,
  priority INTEGER NOT NULL DEFAULT 0,
  test INTEGER NOT NULL DEFAULT 0,
  to_phone TEXT NOT NULL DEFAULT '',
  country TEXT NOT NULL DEFAULT '',
  operator TEXT NOT NULL DEFAULT '',
  category TEXT NOT NULL DEFAULT '',
  template TEXT NOT NULL DEFAULT '',
  transaction_id TEXT NOT NULL DEFAULT '',
  policy_name TEXT NOT NULL DEFAULT '',
  currency TEXT NOT NULL DEFAULT '',
  content TEXT NOT NULL DEFAULT '',
  metadata TEXT NOT NULL DEFAULT '',
  send_at INTEGER,
  canceled_at INTEGER,
  confirmed_at INTEGER,
  queue_account TEXT,
  queued_at INTEGER,
  completed_at INTEGER,
  cost INTEGER,
  due_at INTEGER NOT NULL DEFAULT 0,
  sequence INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  channel TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  lease_owner TEXT,
  PRIMARY KEY (tenant_id, id)
) STRICT;

-- The resolved ladders that messages were accepted under. A few serve all messages of a policy; a row is named by a hash
-- of what it says and never changes.
CREATE TABLE plans (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (tenant_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
  tenant_id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  message_id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  account_id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  created_at INTEGER NOT NULL DEFAULT 0,
  n INTEGER NOT NULL DEFAULT 0,
  step INTEGER NOT NULL DEFAULT 0,
  segments INTEGER NOT NULL DEFAULT 0,
  channel TEXT NOT NULL DEFAULT '',
  account TEXT NOT NULL DEFAULT '',
  class TEXT NOT NULL DEFAULT '',
  code TEXT NOT NULL DEFAULT '',
  provider_code TEXT NOT NULL DEFAULT '',
  detail TEXT NOT NULL DEFAULT '',
  advice TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  read_at INTEGER,
  failed_at INTEGER,
  ended_at INTEGER,
  asked_at INTEGER,
  retry_at INTEGER,
  called_at INTEGER,
  provider_id TEXT NOT NULL DEFAULT '',
  sent_at INTEGER,
  delivered_at INTEGER,
  cost INTEGER,
  lines INTEGER,
  calls INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL DEFAULT '',
  -- Under way: apart from status, so that on Postgres a status can change without touching an index.
  live INTEGER NOT NULL GENERATED ALWAYS AS (status IN ('pending', 'sending', 'unknown')) VIRTUAL,
  PRIMARY KEY (tenant_id, message_id, n)
) STRICT, WITHOUT ROWID;

-- What a provider reported, kept even if it matches nothing yet.
CREATE TABLE receipts (
  tenant_id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  account_id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  event_key TEXT NOT NULL DEFAULT '',
  received_at INTEGER NOT NULL DEFAULT 0,
  kind TEXT NOT NULL DEFAULT '',
  at INTEGER NOT NULL DEFAULT 0,
  reference TEXT NOT NULL DEFAULT '',
  provider_id TEXT NOT NULL DEFAULT '',
  detail TEXT NOT NULL DEFAULT '',
  raw BLOB NOT NULL DEFAULT x'',
  state TEXT NOT NULL DEFAULT '',
  message_id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  n INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, account_id, event_key)
) STRICT;

-- The ledger: lines are added, never changed.
CREATE TABLE charges (
  tenant_id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  message_id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  n INTEGER NOT NULL DEFAULT 0,
  line INTEGER NOT NULL DEFAULT 0,
  at INTEGER NOT NULL DEFAULT 0,
  channel TEXT NOT NULL DEFAULT '',
  account_id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  units INTEGER NOT NULL DEFAULT 0,
  amount INTEGER NOT NULL DEFAULT 0,
  currency TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  test INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, message_id, n, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE dedupe_keys (
  tenant_id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  message_id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  created_at INTEGER NOT NULL DEFAULT 0,
  status INTEGER NOT NULL DEFAULT 0,
  kind TEXT NOT NULL DEFAULT '',
  key TEXT NOT NULL DEFAULT '',
  request_hash TEXT NOT NULL DEFAULT '',
  response TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, kind, key)
) STRICT, WITHOUT ROWID;

-- The outbox of events to tenants.
CREATE TABLE callback_deliveries (
  tenant_id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  callback_id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  message_id TEXT NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  sequence INTEGER NOT NULL DEFAULT 0,
  type TEXT NOT NULL DEFAULT '',
  payload TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT '',
  tries INTEGER NOT NULL DEFAULT 0,
  next_at INTEGER NOT NULL DEFAULT 0,
  last_status INTEGER NOT NULL DEFAULT 0,
  last_error TEXT NOT NULL DEFAULT '',
  done_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, id)
) STRICT;
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
CREATE TRIGGER charges_no_update BEFORE UPDATE ON charges
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER charges_no_delete BEFORE DELETE ON charges
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER messages_completed_once BEFORE UPDATE OF completed_at ON messages
WHEN OLD.completed_at IS NOT NULL AND NEW.completed_at IS NOT OLD.completed_at
BEGIN SELECT RAISE(ABORT, 'a message completes once'); END;
-- +goose StatementEnd
