//go:build mutants

package mutanttest

// policyMutants are bugs of the decision, the lattice and the arithmetic.
func policyMutants() []mutant {
	decide := command{pkg: "./policy", run: "^TestDecide$"}
	status := command{pkg: "./policy", run: "^TestStatusesInOrder$"}
	quiet := command{pkg: "./policy", run: "^TestQuietHours"}
	terms := command{pkg: "./policy", run: "^TestTermsDue$"}
	in := func(run string) command { return command{pkg: "./policy", run: "^" + run + "$"} }
	const decideGo = "policy/decide.go"
	return []mutant{
		{
			"timer-a-second-early", "I10 timers never fire early", decideGo,
			"deadline := since.Add(timeout); now.Before", "deadline := since.Add(timeout - time.Second); now.Before", decide,
		},
		{
			"unknown-called-again", "I5 unknown is never blindly resent", decideGo,
			"case AttemptUnknown, AttemptSent:", "case AttemptUnknown:\n\t\treturn Decision{Action: Retry, Reason: ReasonUnknownOutcome}\n\tcase AttemptSent:", decide,
		},
		{
			"unknown-tries-the-other-account", "I5 unknown is not paid twice on its step", decideGo,
			"return next(AttemptTimedOut, end)", "if a.Status == AttemptUnknown {\n\t\treturn start(p, f, now, a.Step, Decision{Reason: end, End: AttemptTimedOut})\n\t}\n\treturn next(AttemptTimedOut, end)", decide,
		},
		{
			"starts-after-the-ttl", "I11 no call after the ttl", decideGo,
			"case !now.Before(f.ExpiresAt):", "case now.After(f.ExpiresAt.Add(time.Minute)):", decide,
		},
		{
			"late-success-after-the-end-is-dropped", "I9 a late success after failed raises it", decideGo,
			"case f.satisfied(p):", "case f.satisfied(p) && f.Ended == \"\":", decide,
		},
		{
			"starts-again-after-the-end", "I1 one final status, once", decideGo,
			`case f.Ended != "":`, `case f.Ended != "" && f.Ended != Failed:`, decide,
		},
		{
			"cancel-waits-for-the-attempt", "I18 a cancel stops the next step", decideGo,
			"case f.Canceled:", "case f.Canceled && !begun:", decide,
		},
		{
			"step-taken-again", "I11 steps in order", decideGo,
			"return start(p, f, now, last.Step+1, ", "return start(p, f, now, last.Step, ", decide,
		},
		{
			"account-tried-twice-on-a-step", "an account is tried once a step", decideGo,
			"case !f.untried(k, acc):", "case len(f.Attempts) > 9:", in("TestDecideChoosesAccountsAndChannels"),
		},
		{
			"poor-account-never-used", "one that does badly is used where no other is", decideGo,
			"return poor, why", "return -1, why", in("TestDecideChoosesAccountsAndChannels"),
		},
		{
			"unreachable-person-gets-nothing", "where no other step is left, the channel is tried", decideGo,
			"if len(f.Unreachable) > 0 && !elsewhere(p, f, k) {", "if false {", in("TestDecideChoosesAccountsAndChannels"),
		},
		{
			"exposure-forgets-what-may-come", "I13 a cap covers what may still be billed", decideGo,
			"if f.Ended != \"\" {\n\t\treturn f.committed(p)", "if f.Ended != \"\" {\n\t\treturn f.Spent", in("TestExposure"),
		},
		{
			"quiet-hours-only-for-the-first-step", "I20 quiet hours at every claim", decideGo,
			"if p.Quiet != nil {", "if p.Quiet != nil && len(f.Attempts) == 0 {", decide,
		},
		{
			"cap-forgets-what-is-pending", "I13 spent and reserved within max_cost", decideGo,
			"f.committed(p)+acc.Terms.Full().Micros <= p.MaxCost", "f.Spent+acc.Terms.Full().Micros <= p.MaxCost", decide,
		},
		{
			"pays-without-asking", "design 4.7: ask before paying", decideGo,
			"case !canAsk || a.Asked ||", "case canAsk || !canAsk ||", decide,
		},
		{
			"request-refused-by-every-account", "design 5: a refused request moves the ladder", decideGo,
			"case ClassAccount, ClassDown, ClassThrottled:\n\t\treturn nextAccount(\"\"", "case ClassAccount, ClassDown, ClassThrottled, ClassRequest:\n\t\treturn nextAccount(\"\"", decide,
		},
		{
			"retries-without-a-budget", "I11 calls within the policy's bounds", decideGo,
			"a.Calls >= maxDownCalls", "a.Calls >= 100*maxDownCalls", decide,
		},
		{
			"throttled-is-called-at-once", "T20 Retry-After is obeyed", decideGo,
			"if now.Before(again) {", "if now.Before(again) && a.Class != ClassThrottled {", decide,
		},
		{
			"failure-outranks-delivery", "I9 a late failure after success is only an event", "policy/status.go",
			"case AttemptFailed:\n\t\treturn 6", "case AttemptFailed:\n\t\treturn 9", status,
		},
		{
			"failed-outranks-sent", "I9 nothing lowers a status", "policy/status.go",
			"case Failed, Expired, Canceled:\n\t\treturn 2\n\tcase Sent:\n\t\treturn 3", "case Sent:\n\t\treturn 2\n\tcase Failed, Expired, Canceled:\n\t\treturn 3", status,
		},
		{
			"read-ranks-as-delivered", "I9 a stronger receipt raises the status", "policy/status.go",
			"case AttemptRead:\n\t\treturn 8", "case AttemptRead:\n\t\treturn 7", status,
		},
		{
			"billed-when-taken", "I12 the price's moment decides", "policy/price.go",
			"case t.Moment == MomentTaken && (taken || delivered):", "case taken || delivered:", terms,
		},
		{
			"billed-after-the-window", "design 4.9: delivered within the window", "policy/price.go",
			"deliveredAt.Sub(takenAt) <= t.Within", "deliveredAt.Sub(takenAt) <= 100*t.Within", terms,
		},
		{
			"price-before-it-is-valid", "design 4.9: validity of a price", "policy/price.go",
			"if !ok || price.ValidFrom.After(at) {", "if !ok {",
			command{pkg: "./policy", run: "^TestPriceBookLookup$"},
		},
		{
			"quiet-hours-end-at-midnight", "I20 a span may cross midnight", "policy/quiet.go",
			"return minute >= s.from || minute < s.to", "return minute >= s.from", quiet,
		},
		{
			"last-quiet-minute-repeated", "I20 quiet hours are exact", "policy/quiet.go",
			"return s.from <= minute && minute < s.to", "return s.from <= minute && minute <= s.to", quiet,
		},
		{
			"long-texts-have-no-header", "I12 units as the provider counts them", "policy/segment.go",
			"gsm7Single, gsm7Part = 160, 153", "gsm7Single, gsm7Part = 160, 160",
			command{pkg: "./policy", run: "^TestSegments$"},
		},
		{
			"landline-is-a-mobile", "API: only a number that can receive messages", "policy/phone.go",
			"case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE:", "case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.FIXED_LINE:",
			command{pkg: "./policy", run: "^TestParsePhone$"},
		},
	}
}
