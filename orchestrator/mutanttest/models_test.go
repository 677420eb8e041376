//go:build mutants

package mutanttest

// modelsMutants are bugs of the store: what orders writers, what happens once, whose rows are whose.
func modelsMutants() []mutant {
	in := func(run string) command { return command{pkg: "./models", run: "^" + run + "$"} }
	const hot, schema = "models/hot.go", "models/migrations/sqlite/0001_init.sql"
	return []mutant{
		{
			"no-version-check", "I2, I17 every change is compared and set", hot,
			" AND messages.version = r.version - 1 ", " ", in("TestUpdateMessagesRefusesStaleRows"),
		},
		{
			"due-a-second-early", "I10 timers never fire early", hot,
			"WHERE due_at > 0 AND due_at <= $1 ", "WHERE due_at > 0 AND due_at - 1000 <= $1 ", in("TestNothingIsDueEarly"),
		},
		{
			"oldest-before-most-urgent", "design 4.5: the most urgent first", hot,
			"ORDER BY priority, queued_at LIMIT $2", "ORDER BY queued_at LIMIT $2", in("TestDueAndQueued"),
		},
		{
			"dedupe-key-of-any-tenant", "I6, I15 keys belong to a tenant", hot,
			"FROM dedupe_keys WHERE tenant_id = $1 AND kind = $2", "FROM dedupe_keys WHERE (tenant_id = $1 OR true) AND kind = $2", in("TestInsertKeysHasOneWinner"),
		},
		{
			"receipt-matched-twice", "I8 a parked receipt is applied once", hot,
			" AND receipts.state || '' = 'parked'", "", in("TestReceiptIsMatchedOnce"),
		},
		{
			"two-live-attempts", "I3 one live attempt for a message", schema,
			"CREATE UNIQUE INDEX attempts_live", "CREATE INDEX attempts_live", in("TestOneLiveAttempt"),
		},
		{
			"ledger-can-be-edited", "I12 the ledger is append-only", schema,
			"SELECT RAISE(ABORT, 'the ledger is append-only'); END;\n-- +goose StatementEnd\n-- +goose StatementBegin\nCREATE TRIGGER charges_no_delete", "SELECT 1; END;\n-- +goose StatementEnd\n-- +goose StatementBegin\nCREATE TRIGGER charges_no_delete", in("TestLedgerIsAppendOnly"),
		},
		{
			"completes-again", "I1 completed_at is set once", schema,
			"SELECT RAISE(ABORT, 'a message completes once');", "SELECT 1;", in("TestMessageCompletesOnce"),
		},
		{
			"secret-opens-in-another-row", "SECURITY: a sealed secret is bound to its row", "models/seal.go",
			`return []byte(strings.Join(aad, "\x00"))`, "return []byte(aad[0])", in("TestSeal"),
		},
		{
			"refresh-claimed-by-everybody", "I16 one spend of a refresh token", "models/token.go",
			"s.tokenAt(ctx, tenant, account, epoch, TokenOK).Updates", "s.write.WithContext(ctx).Model(&AccountToken{}).Where(\"tenant_id = ? AND account_id = ?\", tenant, account).Updates", in("TestAccounts"),
		},
		{
			"refresh-finished-under-any-epoch", "I17 no write without its epoch", "models/token.go",
			`Where("tenant_id = ? AND account_id = ? AND epoch = ? AND state = ?", tenant, account, epoch, state)`,
			`Where("tenant_id = ? AND account_id = ? AND epoch >= ? AND state = ?", tenant, account, epoch, state)`, in("TestAccountTokenEpochs"),
		},
		{
			"account-of-any-tenant", "I15 no tenant sees another's rows", "models/account.go",
			`s.read.Where("tenant_id = ? AND id = ? AND deleted_at = 0", tenant, id)`, `s.read.Where("(tenant_id = ? OR true) AND id = ? AND deleted_at = 0", tenant, id)`, in("TestAccounts"),
		},
		{
			"delivery-of-any-tenant", "I15 no tenant changes another's rows", "models/callback.go",
			`Where("tenant_id = ? AND callback_id = ? AND id = ?", tenant, callback, id)`, `Where("(tenant_id = ? OR true) AND callback_id = ? AND id = ?", tenant, callback, id)`, in("TestDeliveryIsItsTenants"),
		},
		{
			"callbacks-out-of-order", "I19 events of a message in order", "models/outbox.go",
			"AND e.sequence < d.sequence AND e.state = 'pending')", "AND e.sequence < d.sequence AND e.state = 'nobody')", in("TestDeliveriesKeepTheirMessagesOrder"),
		},
		{
			"callback-finished-after-its-lease", "I17, I19 an expired lease changes nothing", "models/outbox.go",
			"WHERE tenant_id = $1 AND id = $2 AND tries = $3 AND state || '' = 'pending' RETURNING", "WHERE tenant_id = $1 AND id = $2 AND tries >= $3 AND state || '' = 'pending' RETURNING", in("TestDeliveriesKeepTheirMessagesOrder"),
		},
	}
}
