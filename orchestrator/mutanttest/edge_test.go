//go:build mutants

package mutanttest

// edgeMutants are bugs where the outside comes in: the providers' words and signatures, the API's keys.
func edgeMutants() []mutant {
	calls := func(run string) command { return command{pkg: "./channels", run: "^" + run + "$"} }
	zalo := func(run string) command { return command{pkg: "./channels/zalo", run: "^" + run + "$"} }
	infobip := func(run string) command { return command{pkg: "./channels/infobip", run: "^" + run + "$"} }
	web := func(run string) command { return command{pkg: "./web", run: "^" + run + "$"} }
	const call = "channels/call.go"
	return []mutant{
		{
			"unanswered-call-never-left", "I5 a call without an answer is unknown", call,
			`return unknown("no_answer", detail, err)`, `return &Failure{Class: policy.ClassDown, Code: "no_answer", Detail: detail, Err: err}`, calls("TestCallBroken"),
		},
		{
			"transport-repeats-the-call", "reliability 4: no silent repetition", call,
			"\tunrepeatable(once)\n", "", calls("TestCallNeverRepeats"),
		},
		{
			"server-error-is-retried", "I5 an undocumented 5xx is unknown", call,
			`f.Class, f.Code = policy.ClassUnknown, "provider_error"`, `f.Class, f.Code = policy.ClassThrottled, "provider_error"`, calls("TestStatusFailure"),
		},
		{
			"retry-after-of-years", "T20 Retry-After within five minutes", call,
			"return min(max(time.Duration(n)*time.Second, least), most)", "return max(time.Duration(n)*time.Second, least)", calls("TestRetryAfter"),
		},
		{
			"endless-answer-is-read", "T18 memory stays flat", call,
			"case len(body) > maxAnswer:", "case len(body) > 2*maxAnswer:", calls("TestCallSize"),
		},
		{
			"zalo-unknown-error-is-retried", "I5 Zalo -100 is unknown", "channels/zalo/codes.go",
			`-100: {ambiguous, "provider_error", adviceWatch}`, `-100: {moment, "provider_error", adviceWatch}`, zalo("TestEveryCode"),
		},
		{
			"zalo-without-zalo-blames-the-account", "design 5: a failure of the recipient", "channels/zalo/codes.go",
			`-118:  {recipient, "no_zalo_account", adviceUnreachable}`, `-118:  {account, "no_zalo_account", adviceUnreachable}`, zalo("TestEveryCode"),
		},
		{
			"zalo-signature-of-any-value", "SECURITY: callbacks are verified", "channels/zalo/hooks.go",
			"return subtle.ConstantTimeCompare(got, sum.Sum(nil)) == 1", "return subtle.ConstantTimeEq(int32(len(got)), int32(sum.Size())) == 1", zalo("TestReadHook"),
		},
		{
			"zalo-receipt-keyed-by-arrival", "I7 a repeated receipt counts once", "channels/zalo/hooks.go",
			"Key: eventKey(e.Name, cmp.Or(m.ID, m.TrackingID), at),", "Key: eventKey(e.Name, cmp.Or(m.ID, m.TrackingID), e.Timestamp),", zalo("TestReadHook"),
		},
		{
			"zalo-renews-for-ever", "I16 never a loop of renewals", "channels/zalo/call.go",
			"token, err = a.tokens.Renew(ctx, token)", "token, err = a.tokens.Token(ctx)", zalo("TestTokenRenewedOnce"),
		},
		{
			"infobip-without-a-secret-is-open", "SECURITY: no secret, nothing is genuine", "channels/infobip/hooks.go",
			"if a.secret == \"\" {\n\t\treturn false\n\t}\n", "", infobip("TestReadHookAuthenticity"),
		},
		{
			"infobip-duplicate-is-a-failure", "I5 a refused repetition says nothing of the first", "channels/infobip/hooks.go",
			"r.Status.ID == duplicateMessageID || r.Status.ID == expiredDLRUnknown", "r.Status.ID == expiredDLRUnknown", infobip("TestReadHook"),
		},
		{
			"outage-is-an-error-of-ours", "I22 storage failing is a 503", "web/problem.go",
			"p := newProblem(http.StatusServiceUnavailable, \"unavailable\",", "p := newProblem(http.StatusInternalServerError, \"unavailable\",", web("TestOutage"),
		},
		{
			"scope-not-asked", "SECURITY: a key may do what its scopes say", "web/auth.go",
			"case !slices.Contains(key.scopes, access):", "case len(access) > 100 && !slices.Contains(key.scopes, access):", web("TestRequests"),
		},
		{
			"tenant-key-is-admin", "I15 tenants are made by the admin", "web/auth.go",
			"case access == accessAdmin || access == accessPeople:\n\t\t\tfail(c, forbidden(\"This needs the admin key.\"))", "case access == accessAdmin || access == accessPeople:\n\t\t\tc.Set(keyCaller, key.caller)", web("(TestRequests|TestTenancy)"),
		},
		{
			"people-see-whole-numbers", "SECURITY: people see masked numbers", "web/mask.go",
			"v.To = policy.MaskPhone(v.To)", "_ = policy.MaskPhone(v.To)", web("TestPeopleSeeMasked"),
		},
		{
			"live-answers-are-not-masked", "SECURITY: people see masked numbers", "web/live.go",
			"w.begin()\n\tw.state(shown(w.c, v))", "w.begin()\n\tw.state(v)", web("TestPeopleSeeMasked"),
		},
		{
			"person-looks-at-another-tenant", "I15 a tenant's people see their tenant", "web/sessions.go",
			"if err != nil || !p.whole() && id != p.user.TenantID {", "if err != nil {", web("TestTenantOfPeople"),
		},
		{
			"other-sites-act-for-people", "SECURITY: no site acts for a person", "web/sessions.go",
			"if s.cross.Check(c.Request) != nil {", "if s.cross == nil {", web("TestRoles"),
		},
		{
			"idle-session-goes-on", "SECURITY: a session ends after thirty idle minutes", "web/sessions.go",
			"min(row.EndsAt, row.SeenAt+sessionIdle.Milliseconds())", "row.EndsAt", web("TestSessionsEnd"),
		},
		{
			"revoked-key-works-on", "SECURITY: a revoked key ends within seconds", "web/auth.go",
			"ok && now.Before(key.until) {", "ok && !now.IsZero() {", web("TestRevokedKey"),
		},
		{
			"other-body-same-answer", "I6 another body is a conflict", "web/idempotency.go",
			"case err == nil && row.RequestHash != hash:", "case err == nil && row.RequestHash == \"\" && hash != \"\":", web("TestOnce"),
		},
		{
			"answer-of-another-caller", "I6, I15 a key is its caller's", "web/idempotency.go",
			"c.Request.URL.Path, c.GetString(keyToken), key}", "c.Request.URL.Path, key}", web("TestIdempotencyKeysBelongToTheirCaller"),
		},
		{
			"suppression-read-by-another-tenant", "I15 no tenant sees another's rows", "models/suppression.go",
			`one[Suppression](ctx, s.read.Where("tenant_id = ? AND phone = ?", tenant, phone))`, `one[Suppression](ctx, s.read.Where("(tenant_id = ? OR true) AND phone = ?", tenant, phone))`, web("TestTenancy"),
		},
	}
}
