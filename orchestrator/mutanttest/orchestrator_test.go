//go:build mutants

package mutanttest

// orchestratorMutants are bugs of the road that every fact takes: load, add, decide, commit, call.
func orchestratorMutants() []mutant {
	in := func(run string) command { return command{pkg: "./orchestrator", run: "^" + run + "$"} }
	hostile := func(run string) command { return command{pkg: "./orchestrator/hostiletest", run: "^" + run + "$"} }
	simulation := command{pkg: "./orchestrator/simtest", run: "^TestSimulation$", args: "-simtest.seeds 300 -simtest.again 1000000"}
	model := command{pkg: "./orchestrator/modeltest", run: "^TestEngineAgreesWithTheModel$", args: "-rapid.checks 200 -rapid.seed 7 -rapid.shrinktime 1s -rapid.nofailfile"}
	orders := in("TestEveryOrderOfReceiptsEndsAlike")
	return []mutant{
		{
			"answered-before-the-commit", "I1, I22 no 2xx without a row", "orchestrator/commit.go",
			"\tif err := e.o.Store.InTx(ctx, w.write(ctx)); err != nil {", "\tfor _, p := range w.pieces {\n\t\tfor _, f := range p.facts {\n\t\t\tf.end(result{state: p.change.state()})\n\t\t}\n\t}\n\tif err := e.o.Store.InTx(ctx, w.write(ctx)); err != nil {", simulation,
		},
		{
			"called-before-the-commit", "I4 no call without a committed claim", "orchestrator/commit.go",
			"\tif err := e.o.Store.InTx(ctx, w.write(ctx)); err != nil {", "\tfor _, p := range w.pieces {\n\t\tif c := p.change; c.call {\n\t\t\tc.call = false\n\t\t\tst := c.state()\n\t\t\te.calls.Go(func() { e.call(c.conf, st, c.content, c.lane) })\n\t\t}\n\t}\n\tif err := e.o.Store.InTx(ctx, w.write(ctx)); err != nil {", simulation,
		},
		{
			"receipt-answered-before-the-commit", "I8 a 2xx'ed webhook is never lost", "orchestrator/receive.go",
			"if res := e.await(ctx, f); res.err != nil {\n\t\t\treturn res.err\n\t\t}", "_ = f", simulation,
		},
		{
			"version-check-ignored", "I2, I17 a stale change is decided again", "orchestrator/writing.go",
			"owner[i].stale = !ok", "owner[i].stale = !ok && len(owner) > 1000", simulation,
		},
		{
			"stale-fact-dropped", "I8 evidence is never lost", "orchestrator/writing.go",
			"\t\t\tp.change.drop()\n\t\t\tw.retry(p)", "\t\t\tp.change.drop()\n\t\t\tfor _, f := range p.facts {\n\t\t\t\tf.end(result{state: p.change.before})\n\t\t\t}", simulation,
		},
		{
			"place-never-given-back", "I21 a lost race costs no capacity", "orchestrator/writing.go",
			"\t\t\tp.change.drop()\n\t\t\tw.retry(p)", "\t\t\tw.retry(p)", simulation,
		},
		{
			"new-messages-before-receipts", "design 4.2: receipts go before sends", "orchestrator/committer.go",
			"range []chan *fact{q.receipts, q.results, q.accepts} {", "range []chan *fact{q.accepts, q.results, q.receipts} {", in("TestReceiptsGoFirst"),
		},
		{
			"suppressed-person-is-sent-to", "I20 suppression is judged in the commit", "orchestrator/heed.go",
			"p.refused = why", "_ = why", in("TestSuppressedPeopleAreNotSentTo"),
		},
		{
			"suppressed-meanwhile-and-called", "I20 suppression is judged at each claim", "orchestrator/heed.go",
			"if p.fresh() || p.change.call {", "if p.fresh() {", in("TestSuppressedMeanwhile"),
		},
		{
			"question-ends-with-a-call", "I5 nothing is paid before the question is answered", "orchestrator/send.go",
			"last.N == called.N && last.AskedAt == 0 {", "last.N == called.N {", in("TestQuestionOutlivesAnswersOfCalls"),
		},
		{
			"renewed-token-is-dropped", "a spent token's successor is kept", "orchestrator/token.go",
			"if err == nil || !away(err) {", "if err == nil || away(err) {", in("TestRenewedTokenIsKept"),
		},
		{
			"suppression-of-any-category", "I20 a suppression is for its categories", "orchestrator/accept.go",
			"if slices.Contains(sup.Categories, string(category)) {", "if !slices.Contains(sup.Categories, string(category)) {", in("TestSuppressedPeopleAreNotSentTo"),
		},
		{
			"key-of-a-refused-message-is-kept", "I6 what is not stored holds no key", "orchestrator/writing.go",
			"\t}\n\treturn tx.DeleteKeys(ctx, back)\n}\n\n// spend", "\t}\n\treturn tx.DeleteKeys(ctx, back[:0])\n}\n\n// spend", in("TestKeysOfARefusedTwinStayFree"),
		},
		{
			"other-body-same-message", "I6 another body is a conflict", "orchestrator/replay.go",
			"if key.RequestHash != s.RequestHash {", "if key.RequestHash == \"\" {", in("TestKeysOfARefusedTwinStayFree"),
		},
		{
			"transaction-happens-twice", "I6 a transaction_id holds", "orchestrator/accept.go",
			"if s.TransactionID != \"\" {", "if s.TransactionID == \"never\" {", in("TestKeysOfARefusedTwinStayFree"),
		},
		{
			"unknown-outcome-paid-again", "I5 unknown is never blindly resent", "orchestrator/send.go",
			"case policy.ClassUnknown:\n\t\ta.Status = policy.AttemptUnknown", "case policy.ClassUnknown:\n\t\ta.Status, a.Class = policy.AttemptPending, policy.ClassDown", hostile("TestPanickedCallIsUnknown"),
		},
		{
			"edited-policy-counts-at-once", "I11 the version is pinned at accept", "orchestrator/change.go",
			"st.Message.ID, err)\n\t}\n\treturn c, nil", "st.Message.ID, err)\n\t}\n\tif now := conf.policies[c.m.PolicyName]; now != nil {\n\t\tc.plan.Steps = append([]policy.PlanStep(nil), c.plan.Steps...)\n\t\tfor i := range min(len(now.Steps), len(c.plan.Steps)) {\n\t\t\tc.plan.Steps[i].Timeout = now.Steps[i].Timeout\n\t\t}\n\t}\n\treturn c, nil", model,
		},
		{
			"timer-vanishes", "I10 timers never vanish", "orchestrator/change.go",
			"c.m.DueAt, c.m.Reason = ms(d.At), string(d.Reason)\n\t\tif len(c.as) == 0 {", "c.m.Reason = string(d.Reason)\n\t\tif len(c.as) == 0 {", model,
		},
		{
			"lost-lease-is-called-again", "I5 a call whose replica died is unknown", "orchestrator/change.go",
			"a.Status, a.Class = policy.AttemptUnknown, policy.ClassUnknown\n\ta.Code", "a.Status, a.Class = policy.AttemptPending, policy.ClassDown\n\ta.Code", simulation,
		},
		{
			"lease-lost-at-once", "I4 a call keeps its lease", "orchestrator/change.go",
			"c.now.Before(fromMS(last.CalledAt).Add(c.e.o.Lease)) {", "c.now.Before(fromMS(last.CalledAt).Add(c.e.o.Lease / 4)) {", simulation,
		},
		{
			"answer-of-an-older-call-counts", "I17 only the latest call's answer moves its attempt", "orchestrator/send.go",
			" || !latest {", " {", in("TestAnswerOfAnOlderCallIsLeft"),
		},
		{
			"claim-known-by-its-count-alone", "I2 a call that may have been taken is not made again", "orchestrator/send.go",
			"a.Calls == called.Calls && a.CalledAt == called.CalledAt", "a.Calls == called.Calls", in("TestAnswerOfAnOlderCallIsLeft"),
		},
		{
			"calls-on-an-old-claim", "I4 no call without a lease", "orchestrator/send.go",
			"late > e.o.Lease/2 {", "late > 100*e.o.Lease {", in("TestOldClaimIsNotCalled"),
		},
		{
			"charged-at-every-change", "I12 one charge for a billable call", "orchestrator/change.go",
			"\t\ta.Cost = due\n", "", in("TestCostsEqualTheProvidersLog"),
		},
		{
			"charge-never-taken-back", "I12 corrections are new lines", "orchestrator/change.go",
			"if due == a.Cost {", "if due <= a.Cost {", in("TestLateEvidenceCorrectsTheLedger"),
		},
		{
			"correction-books-the-whole-price", "I12 cost is the sum of the ledger", "orchestrator/change.go",
			"Amount: due - a.Cost,", "Amount: due,", in("TestLateEvidenceCorrectsTheLedger"),
		},
		{
			"last-receipt-wins", "I7 the order of receipts does not matter", "orchestrator/receive.go",
			"case policy.ReceiptDelivered:\n\t\ta.DeliveredAt = earliest(a.DeliveredAt, at)", "case policy.ReceiptDelivered:\n\t\ta.DeliveredAt = at", orders,
		},
		{
			"receipt-lowers-the-status", "I9 nothing lowers a status", "orchestrator/receive.go",
			"a.Status = a.Status.Raise(policy.AttemptDelivered)", "a.Status = policy.AttemptDelivered", orders,
		},
		{
			"receipt-for-another-account", "I15 a receipt touches its own account's attempts", "orchestrator/receive.go",
			"a == nil || a.AccountID != acc.ID {", "a == nil {", hostile("TestReceiptOfAnotherAccountsMessage"),
		},
		{
			"early-receipt-is-thrown-away", "I8, T25 a receipt may outrun its call's answer", "orchestrator/receive.go",
			"State: models.ReceiptParked, Detail:", "State: models.ReceiptQuarantined, Detail:", simulation,
		},
		{
			"unreadable-receipt-is-thrown-away", "I8 a genuine callback is kept", "orchestrator/receive.go",
			"e.Counters.Quarantined.Add(1)\n\t\treturn answerOf(reader), e.quarantine(ctx, acc, h, err)\n\t}\n\te.heard", "return answerOf(reader), nil\n\t}\n\te.heard", hostile("TestLyingReceipts"),
		},
		{
			"cap-counts-what-is-spent-only", "I13 the worst must fit into the cap", "orchestrator/caps.go",
			"used+counted(m) > c.most", "used >= c.most", in("TestCapsAreExact"),
		},
		{
			"cap-room-never-comes-back", "I13 what a message does not cost is free again", "orchestrator/caps.go",
			"grown -= counted(p.change.before.Message)", "grown = 0", in("TestCapsAreExact"),
		},
		{
			"capped-message-keeps-its-keys", "I6 what is not stored holds no key", "orchestrator/writing.go",
			"back = append(back, p.keys...)", "back = p.keys[:0]", in("TestCapsAreExact"),
		},
		{
			"cap-never-counts-again", "I13 a new cap counts what replicas did not know of", "models/budget.go",
			"b.Used != uncounted && now < b.RecountAt", "b.Used != uncounted", in("TestCapCountsWhatWasBefore"),
		},
		{
			"twin-of-a-capped-message-is-lost", "I6 a key that was given back is free", "orchestrator/accept.go",
			"return errKeyFree", "return err", in("TestCapRefusesTwins"),
		},
		{
			"refusal-for-good-is-forgotten", "a channel that refused a person for good is passed over", "orchestrator/heed.go",
			"case p.change.begins(off):", "case false:", in("TestRefusalsForGoodAreRemembered"),
		},
		{
			"refusal-for-good-is-for-ever", "some messages try a channel again", "orchestrator/heed.go",
			"const triedShare = 0.05", "const triedShare = 0", in("TestRefusalsForGoodAreRemembered"),
		},
		{
			"moved-back-at-once", "messages come back to an account slowly", "orchestrator/health.go",
			"min(1, 2*h.move.share)", "1.0", in("TestHealthMovesAndReturns"),
		},
		{
			"slow-account-is-not-noticed", "messages leave an account whose deliveries are slow", "orchestrator/commit.go",
			"c.measure()", "_ = c.measure",
			command{pkg: "./orchestrator/longtest", run: "^TestMessagesMoveAwayFromASlowAccountAndBack$"},
		},
		{
			"status-ends-lower", "I9 nothing lowers a status", "orchestrator/change.go",
			"c.m.Status = c.m.Status.Raise(d.Final)\n\tc.m.DueAt = 0", "c.m.Status = d.Final\n\tc.m.DueAt = 0", in("TestConfirmedStaysDelivered"),
		},
		{
			"cancel-after-the-end", "I18 a late cancel says too late", "orchestrator/accept.go",
			"if c.m.CanceledAt == 0 && !c.m.Status.Final() {", "if c.m.CanceledAt == 0 {", in("TestCancelAfterTheEndChangesNothing"),
		},
		{
			"end-keeps-its-timer", "design 3: success clears due_at", "orchestrator/change.go",
			"c.m.Status = c.m.Status.Raise(d.Final)\n\tc.m.DueAt = 0", "c.m.Status = c.m.Status.Raise(d.Final)", in("TestUnknownIsWaitedFor"),
		},
		{
			"retry-after-is-not-obeyed", "T20 Retry-After is obeyed", "orchestrator/send.go",
			"if f.RetryAfter > 0 {\n\t\treturn f.RetryAfter\n\t}\n", "", hostile("TestRetryAfterIsObeyed"),
		},
		{
			"breaker-never-opens", "T19 the breaker opens within 20 calls", "orchestrator/lane.go",
			"breakerTrips = 10", "breakerTrips = 1000", hostile("TestBreakerOpensSoon"),
		},
		{
			"adapter-panic-is-retried", "I5 a panic in a call is unknown", "orchestrator/send.go",
			`Class: policy.ClassUnknown, Code: "adapter_panic"`, `Class: policy.ClassDown, Code: "adapter_panic"`, hostile("TestPanickedCallIsUnknown"),
		},
		{
			"cut-refresh-is-tried-again", "I16 a token that may be spent is not sent again", "orchestrator/token.go",
			" || failure.Class == policy.ClassUnknown || failure.Class == policy.ClassRequest {", " || failure.Class == policy.ClassRequest {",
			command{pkg: "./orchestrator", run: "^TestCutRefreshIsNotTriedAgain$"},
		},
		{
			"lost-refresh-is-tried-again", "I16 a crash while renewing asks a person", "orchestrator/token.go",
			"row.Epoch, models.TokenNeedsReauth, ms(t.e.now()))", "row.Epoch, models.TokenOK, ms(t.e.now()))", in("TestLostRefreshIsNotTriedAgain"),
		},
		{
			"redirect-counts-as-delivered", "I19, T40 only 2xx is a delivery", "orchestrator/callback.go",
			"if res.StatusCode < 200 || res.StatusCode > 299 {", "if res.StatusCode < 200 || res.StatusCode > 399 {", in("TestCallbackAnswers"),
		},
		{
			"callback-given-up-at-once", "I19 callbacks are retried for three days", "orchestrator/callback.go",
			"> callbackGiveUp || errors.Is", "> 0 || errors.Is", in("TestCallbackAnswers"),
		},
		{
			"callback-repeated-after-a-2xx", "I19 one event, one delivery", "orchestrator/callback.go",
			"d.State, d.NextAt, d.DoneAt = models.DeliveryDelivered, 0, ms(now)", "d.NextAt = ms(now.Add(time.Second))", in("TestCallbackAnswers"),
		},
		{
			"undecidable-row-blocks-its-page", "I21 a poison row leaves others alone", "orchestrator/undecidable.go",
			"c.m.DueAt = min(ms(now.Add(decideAgain)), c.m.ExpiresAt)", "c.m.DueAt = ms(now)", hostile("TestRowsThatCannotBeDecided"),
		},
	}
}
