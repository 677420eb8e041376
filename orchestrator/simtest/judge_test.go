package simtest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// judge watches a run from outside: what was committed, what was called, what was answered.
type judge struct {
	w *world

	mu     sync.Mutex
	broken []string
	// states are the committed states of each message by version.
	states  map[uuid.UUID]map[int64]seen
	claims  []claim
	calls   map[string]*calls // by an attempt's reference
	tokens  map[string]int    // refresh tokens that were sent
	acks    []ack
	learned []learned
	ends    map[uuid.UUID]time.Time // since when no step may start: a cancel or a confirmation was answered
	ids     map[uuid.UUID]bool      // accepted
	totals  totals
}

// seen is a committed state and when it was seen first.
type seen struct {
	at time.Time
	st models.State
}

// claim is a commit that allowed a call.
type claim struct {
	by      *replica
	message uuid.UUID
	n       int64
	at      time.Time
}

// calls are the sends of one attempt as its replica saw them.
type calls struct {
	ambiguous bool
	lostLease bool
	clear     *replica // who had a documented answer to the last call
}

// learned is the answer to a question, and who has it.
type learned struct {
	report
	by *replica
}

// report is what a webhook says of an attempt.
type report struct {
	key, reference, providerID string
	kind                       policy.Receipt
}

// ack is a report that was answered 200.
type ack struct {
	report
	at time.Time
}

// totals are the counters of every replica that lived.
type totals struct{ parked, stale, forged, asked, overlap int64 }

func newJudge(w *world) *judge {
	return &judge{
		w: w, states: map[uuid.UUID]map[int64]seen{}, calls: map[string]*calls{}, tokens: map[string]int{}, ends: map[uuid.UUID]time.Time{}, ids: map[uuid.UUID]bool{},
	}
}

// blame writes down a broken promise.
func (j *judge) blame(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.blameLocked(format, args...)
}

func (j *judge) blameLocked(format string, args ...any) {
	at := time.Since(j.w.start).Round(time.Millisecond)
	j.broken = append(j.broken, fmt.Sprintf("at %v: ", at)+fmt.Sprintf(format, args...))
}

// watch is told of every commit that a replica knows of.
func (j *judge) watch(r *replica, st models.State) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now, m := time.Now(), st.Message
	known := j.states[m.ID]
	if known == nil {
		known = map[int64]seen{}
		j.states[m.ID] = known
	}
	if _, twice := known[m.Version]; twice {
		j.blameLocked("%s: version %d was committed twice", m.ID, m.Version)
	}
	known[m.Version] = seen{now, st}
	// A version whose commit's answer was lost is known to nobody: what it did shows in the next that is known, and may be
	// as old as the one before, or the message.
	var before []models.Attempt
	at := now
	for v := m.Version - 1; v > 0; v-- {
		last, ok := known[v]
		if !ok {
			at = time.Time{}
			continue
		}
		if before = last.st.Attempts; at != now {
			at = last.at
		}
		break
	}
	for i, a := range st.Attempts {
		had := models.Attempt{}
		if i < len(before) {
			had = before[i]
		}
		if a.Status == policy.AttemptSending && (had.Status != policy.AttemptSending || had.Calls != a.Calls) {
			j.claims = append(j.claims, claim{r, m.ID, a.N, at})
			j.callsOf(referenceOf(m.ID, a.N))
		}
		if a.Code == "lease_lost" {
			j.callsOf(referenceOf(m.ID, a.N)).lostLease = true
		}
	}
}

func (j *judge) callsOf(reference string) *calls {
	c := j.calls[reference]
	if c == nil {
		c = &calls{}
		j.calls[reference] = c
	}
	return c
}

// called is told before a request reaches the provider.
func (j *judge) called(c carried) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if c.kind == kindToken {
		if j.tokens[c.reference]++; j.tokens[c.reference] > 1 {
			j.blameLocked("a refresh token was sent twice")
		}
	}
	if c.kind != kindSend || c.reference == "" {
		return
	}
	known := j.calls[c.reference]
	switch {
	case known == nil:
		j.blameLocked("%s was called without a committed claim", c.reference)
	case known.ambiguous:
		j.blameLocked("%s was called again after a call whose end nobody knows", c.reference)
	default:
		known.clear = nil
	}
}

// answered is told what the replica learned: plain is an answer that the provider means.
func (j *judge) answered(r *replica, c carried, plain bool) {
	if c.kind != kindSend || c.reference == "" {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	known := j.callsOf(c.reference)
	if plain {
		known.clear = r
	} else {
		known.ambiguous = true
	}
	if known.lostLease {
		j.w.reach("lease_lost_mid_call")
	}
}

// asked is told of the documented answer to a question.
func (j *judge) asked(r *replica, c carried, raw []byte) {
	var zalo struct{ Data struct{ Status int } }
	told := readReport(raw)
	if told.reference == "" && json.Unmarshal(raw, &zalo) == nil && zalo.Data.Status == 1 {
		told = report{kind: policy.ReceiptDelivered, providerID: c.reference}
	}
	if told.kind != policy.ReceiptDelivered {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.learned = append(j.learned, learned{told, r})
}

// probed is told of a message that a replica has had for some seconds.
func (j *judge) probed(r *replica, id uuid.UUID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := slices.IndexFunc(j.claims, func(c claim) bool { return c.message == id })
	switch {
	case i < 0:
		j.blameLocked("%s waits for ever: replica %d has no place for a call left", id, r.slot)
	case j.claims[i].by != r:
		j.blameLocked("%s was called by another replica: replica %d has no place for a call left", id, r.slot)
	}
}

// acknowledged is told of a webhook that was answered 200.
func (j *judge) acknowledged(r report) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if slices.ContainsFunc(j.acks, func(a ack) bool { return a.report == r }) {
		j.w.reach("receipt_repeated")
		return
	}
	j.acks = append(j.acks, ack{r, time.Now()})
}

// accepted is told of a message that an app has a 2xx for.
func (j *judge) accepted(_ int, got orchestrator.Accepted) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ids[got.Message.ID] = true
	if got.Replayed {
		j.w.reach("accept_replayed")
	}
}

// told is told of a cancel or a confirmation that was answered.
func (j *judge) told(what string, id uuid.UUID, view orchestrator.MessageView) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ends[id] = time.Now()
	if what == "confirm" {
		j.w.reach("confirmed")
		return
	}
	if view.Status == policy.Canceled {
		j.w.reach("cancel_won")
	} else {
		j.w.reach("cancel_too_late")
	}
}

// count adds the counters of a replica that ends.
func (j *judge) count(r *replica) {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := &r.engine.Counters
	j.totals.parked += c.Parked.Load()
	j.totals.stale += c.Stale.Load()
	j.totals.forged += c.Forged.Load()
	j.totals.asked += c.Asked.Load()
	j.totals.overlap += c.Overlap.Load()
}

// inspect runs the checker over the database.
func (j *judge) inspect() {
	err := j.w.store.Verify(context.Background(), func(v models.Violation) error {
		j.blame("%s: %s: %s", v.MessageID, v.Invariant, v.What)
		return nil
	})
	if err != nil {
		j.blame("verify: %v", err)
	}
	if j.w.s.cap == 0 {
		return
	}
	spent := int64(0)
	for _, m := range j.w.messages() {
		spent += m.Cost
	}
	if spent > j.w.s.cap {
		j.blame("spent %d of a cap of %d", spent, j.w.s.cap)
	}
}

// announced is when event n of a message was committed, as far as is known.
func (j *judge) announced(id uuid.UUID, n int64) time.Time {
	j.mu.Lock()
	defer j.mu.Unlock()
	first := time.Time{}
	for _, s := range j.states[id] {
		if s.st.Message.Sequence >= n && (first.IsZero() || s.at.Before(first)) {
			first = s.at
		}
	}
	return first
}

// alive is told whether everything ended once the faults had.
func (j *judge) alive(is bool) {
	if is {
		return
	}
	if j.w.app.waits() {
		j.blame("the app still waits for events")
	}
	for _, m := range j.w.messages() {
		if !m.Status.Final() || m.DueAt != 0 {
			j.blame("%s to %s does not end: %s (%s), due %v", m.ID, m.To, m.Status, m.Reason, time.UnixMilli(m.DueAt).Sub(j.w.start))
		}
	}
}

// verdict judges the whole run, when everything stands still.
func (j *judge) verdict() (digest string) {
	j.inspect()
	states := j.load()
	for id := range j.ids {
		if states[id] == nil {
			j.blame("%s was accepted and is not stored", id)
		}
	}
	for id := range states {
		j.history(id)
	}
	j.provider(states)
	j.evidence(states)
	j.silence(states)
	if j.w.app != nil {
		j.w.app.judge(states)
	}
	if *trace {
		j.w.t.Log(j.story())
	}
	j.marks(states)
	return digestOf(states)
}

// load reads what is stored.
func (j *judge) load() map[uuid.UUID]*models.State {
	var refs []models.Ref
	for _, m := range j.w.messages() {
		refs = append(refs, models.Ref{TenantID: m.TenantID, ID: m.ID})
	}
	loaded, err := j.w.store.LoadStates(context.Background(), refs)
	j.w.must(err)
	states := map[uuid.UUID]*models.State{}
	for ref, st := range loaded {
		states[ref.ID] = st
	}
	return states
}

// history checks that a message's states only rise, and that no timer ended early.
func (j *judge) history(id uuid.UUID) {
	known := j.states[id]
	versions := make([]int64, 0, len(known))
	for v := range known {
		versions = append(versions, v)
	}
	slices.Sort(versions)
	for i := 1; i < len(versions); i++ {
		was, is := known[versions[i-1]], known[versions[i]]
		a, b := was.st.Message, is.st.Message
		if a.Status.Final() && a.Status != b.Status && a.Status.Raise(b.Status) != b.Status {
			j.blame("%s: status went from %s to %s", id, a.Status, b.Status)
		}
		if a.CompletedAt != 0 && a.CompletedAt != b.CompletedAt {
			j.blame("%s: completed_at changed", id)
		}
		if len(b.Plan) > 0 {
			j.early(was, is)
		}
	}
}

// early checks that no attempt was given up before its time.
func (j *judge) early(was, is seen) {
	if len(j.w.s.steps) > 0 {
		return // by whose clock?
	}
	for n, a := range is.st.Attempts {
		over := time.UnixMilli(a.CalledAt).Add(lease)
		if lost := a.Code == "lease_lost" && a.Status == policy.AttemptUnknown; lost && is.at.Before(over) {
			j.blame("%s: the lease of attempt %d was taken for lost %v early", a.MessageID, a.N, over.Sub(is.at))
		}
		if a.Status != policy.AttemptTimedOut || n < len(was.st.Attempts) && was.st.Attempts[n].Status == a.Status {
			continue
		}
		if why := policy.Reason(a.Reason); why != policy.ReasonTimedOut && why != policy.ReasonUnknownOutcome {
			continue
		}
		due := time.UnixMilli(a.CalledAt).Add(planOf(is.st).Steps[a.Step].Timeout.Std())
		if is.at.Before(due) {
			j.blame("%s: attempt %d was given up %v early", a.MessageID, a.N, due.Sub(is.at))
		}
	}
}

// provider compares what is stored with the providers' own log.
func (j *judge) provider(states map[uuid.UUID]*models.State) {
	type sum struct {
		made, taken int64
		price       int64
		delivered   bool
		clear       bool // taken, and said so
	}
	sums := map[string]*sum{}
	for _, c := range j.w.sim.Calls() {
		if c.Reference == "" {
			continue
		}
		s := sums[c.Reference]
		if s == nil {
			s = &sum{}
			sums[c.Reference] = s
		}
		s.made++
		if c.Taken() {
			s.taken++
		}
		s.clear = s.clear || c.Outcome == simulator.OutcomeTaken
		s.delivered = s.delivered || c.DeliveredAt != nil
		s.price += micros(c.Price)
	}
	for reference, s := range sums {
		a := attemptOf(states, reference)
		switch {
		case a == nil:
			j.blame("the provider was called for %s, which is not stored", reference)
		case s.taken > 1:
			j.blame("%s was taken %d times", reference, s.taken)
		case s.made > a.Calls:
			j.blame("%s was called %d times, %d are stored", reference, s.made, a.Calls)
		case a.Calls > 30:
			j.blame("%s was called %d times: it spins", reference, a.Calls)
		case s.clear && a.SentAt == 0 && j.knows(reference):
			j.blame("%s was taken, its replica knows and lives, and it is not stored", reference)
		case a.Cost > s.price:
			j.blame("%s costs %d, the provider bills %d", reference, a.Cost, s.price)
		}
	}
	for _, st := range states {
		for _, a := range st.Attempts {
			s := sums[referenceOf(a.MessageID, a.N)]
			if (s == nil || !s.delivered) && a.DeliveredAt > 0 {
				j.blame("%s: attempt %d is stored as delivered, and was not", a.MessageID, a.N)
			}
			if (s == nil || s.taken == 0) && (a.SentAt > 0 || a.Cost > 0) {
				j.blame("%s: attempt %d is stored as taken, and was not", a.MessageID, a.N)
			}
			if want := owed(a); a.Cost != want {
				j.blame("%s: attempt %d costs %d, its evidence says %d", a.MessageID, a.N, a.Cost, want)
			}
		}
	}
}

// knows reports whether a replica that lives had a documented answer about an attempt.
func (j *judge) knows(reference string) bool {
	c := j.calls[reference]
	return c != nil && c.clear != nil && c.clear.remembers()
}

// owed is what the evidence of an attempt costs, by the price book of furnish.
func owed(a models.Attempt) int64 {
	const vnd = 1_000_000
	delivered := a.DeliveredAt > 0
	switch {
	case a.Channel == policy.ZNS && delivered:
		return 200 * vnd
	case a.Channel == policy.Viber && delivered:
		return 470 * vnd
	case a.Channel == policy.SMS && (delivered || a.SentAt > 0):
		return 820 * vnd
	}
	return 0
}

func micros(price string) int64 {
	var n int64
	if _, err := fmt.Sscan(price, &n); err != nil {
		return -1
	}
	return n * 1_000_000
}

// evidence checks that every report that was answered 200 shows in its attempt.
func (j *judge) evidence(states map[uuid.UUID]*models.State) {
	byProvider := map[string]string{}
	for _, c := range j.w.sim.Calls() {
		if c.Taken() {
			byProvider[c.ProviderID] = c.Reference
		}
	}
	heard := slices.Clone(j.acks)
	for _, k := range j.learned {
		if k.by.remembers() {
			heard = append(heard, ack{k.report, time.Time{}})
		}
	}
	for _, k := range heard {
		named := k.reference != ""
		a := attemptOf(states, cmp.Or(k.reference, byProvider[k.providerID]))
		if a == nil || !named && a.ProviderID != k.providerID {
			if named {
				j.blame("a report of %s was taken, and nothing of it is stored", k.reference)
			}
			continue // it waits for an attempt with this id, which its replica never learned
		}
		shows := false
		switch k.kind {
		case policy.ReceiptSent:
			shows = a.SentAt > 0
		case policy.ReceiptDelivered:
			shows = a.DeliveredAt > 0 && (a.Status == policy.AttemptDelivered || a.Status == policy.AttemptRead)
		case policy.ReceiptRead:
			shows = a.ReadAt > 0 && a.Status == policy.AttemptRead
		case policy.ReceiptFailed:
			shows = a.FailedAt > 0
		}
		if !shows {
			j.blame("%s: attempt %d is %s, but %s was reported and taken", a.MessageID, a.N, a.Status, k.kind)
		}
	}
}

// silence checks that no call was claimed once the message was known to need none.
func (j *judge) silence(states map[uuid.UUID]*models.State) {
	since := map[uuid.UUID]time.Time{}
	end := func(id uuid.UUID, at time.Time) {
		if known, ok := since[id]; !ok || at.Before(known) {
			since[id] = at
		}
	}
	for id, at := range j.ends {
		end(id, at)
	}
	for _, k := range j.acks {
		a := attemptOf(states, k.reference)
		if a == nil || k.kind == policy.ReceiptFailed {
			continue
		}
		acc, _ := planOf(*states[a.MessageID]).AccountAt(int(a.Step), a.AccountID.String())
		if k.kind.Rank() >= acc.Until.Rank() {
			end(a.MessageID, k.at)
		}
	}
	for _, c := range j.claims {
		if at, ended := since[c.message]; ended && c.at.After(at) {
			j.blame("%s: attempt %d was claimed %v after the message needed none", c.message, c.n, c.at.Sub(at))
		}
	}
}

func planOf(st models.State) policy.Plan {
	var p policy.Plan
	_ = json.Unmarshal(st.Message.Plan, &p) // stored by the engine, which reads it too
	return p
}

func referenceOf(message uuid.UUID, n int64) string {
	id := models.AttemptID(message, n)
	return hex.EncodeToString(id[:])
}

// attemptOf finds a stored attempt by its reference.
func attemptOf(states map[uuid.UUID]*models.State, reference string) *models.Attempt {
	var id uuid.UUID
	if n, err := hex.Decode(id[:], []byte(reference)); err != nil || n != len(id) {
		return nil
	}
	message, n := models.SplitAttemptID(id)
	st := states[message]
	if st == nil || n < 1 || n > int64(len(st.Attempts)) {
		return nil
	}
	return &st.Attempts[n-1]
}

// digestOf sums up how a run ended, by phone number and without the ids that chance made.
func digestOf(states map[uuid.UUID]*models.State) string {
	lines := make([]string, 0, len(states))
	for _, st := range states {
		m := st.Message
		var b strings.Builder
		fmt.Fprintf(&b, "%s %s %s %d", m.To, m.Status, m.Channel, m.Cost)
		for _, a := range st.Attempts {
			fmt.Fprintf(&b, " [%d %s %s %d %d]", a.Step, a.Channel, a.Status, a.Calls, a.Cost)
		}
		lines = append(lines, b.String())
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:8])
}

// readReport reads a webhook of either provider.
func readReport(body []byte) report {
	var zalo struct {
		Event   string `json:"event_name"`
		Message struct {
			Tracking string   `json:"tracking_id"`
			ID       string   `json:"msg_id"`
			IDs      []string `json:"msg_ids"`
		} `json:"message"`
	}
	var infobip struct {
		Results []struct {
			ID     string `json:"messageId"`
			SeenAt string `json:"seenAt"`
			Status struct {
				Group string `json:"groupName"`
				ID    int    `json:"id"`
			} `json:"status"`
		} `json:"results"`
	}
	r := report{}
	phone := string(phonePattern.Find(body))
	switch {
	case json.Unmarshal(body, &zalo) == nil && zalo.Event == "user_received_message":
		r.kind, r.reference, r.providerID = policy.ReceiptDelivered, zalo.Message.Tracking, zalo.Message.ID
	case zalo.Event == "user_seen_message" && len(zalo.Message.IDs) == 1:
		r.kind, r.providerID = policy.ReceiptRead, zalo.Message.IDs[0]
	case json.Unmarshal(body, &infobip) == nil && len(infobip.Results) == 1:
		row := infobip.Results[0]
		r.reference = row.ID
		switch {
		case row.SeenAt != "":
			r.kind = policy.ReceiptRead
		case row.Status.Group == "DELIVERED" && row.Status.ID == 5:
			r.kind = policy.ReceiptDelivered
		case row.Status.Group == "DELIVERED":
			r.kind = policy.ReceiptSent
		default:
			r.kind = policy.ReceiptFailed
		}
	}
	r.key = fmt.Sprint(zalo.Event, phone, r.kind)
	if id, err := uuid.Parse(r.reference); err == nil { // a number is called on several channels
		_, n := models.SplitAttemptID(id)
		r.key += fmt.Sprint(n)
	}
	return r
}

// marks notes which rare states the run reached.
func (j *judge) marks(states map[uuid.UUID]*models.State) {
	j.counted()
	for id, st := range states {
		m := st.Message
		if !j.ids[id] {
			j.w.reach("accept_commit_unknown")
		}
		switch m.Status {
		case policy.Expired:
			j.w.reach("message_expired")
		case policy.Failed:
			j.w.reach("message_failed")
		case policy.Sent:
			j.w.reach("message_only_sent")
		}
		if m.CanceledAt > 0 && m.Status.Reached() {
			j.w.reach("cancel_lost_race")
		}
		j.attemptMarks(m, st.Attempts)
		j.historyMarks(id)
	}
	for _, c := range j.w.sim.Calls() {
		if c.Outcome == simulator.OutcomeRefused && c.Reference == "" {
			j.w.reach("refused_at_the_door")
		}
	}
	if j.w.sim.Refreshes() > 0 {
		j.w.reach("token_refreshed")
	}
}

func (j *judge) counted() {
	for name, n := range map[string]int64{
		"receipt_parked": j.totals.parked, "stale_retry": j.totals.stale, "asked": j.totals.asked, "overlap": j.totals.overlap,
	} {
		if n > 0 {
			j.w.reach(name)
		}
	}
}

func (j *judge) attemptMarks(m models.Message, attempts []models.Attempt) {
	for i, a := range attempts {
		later := slices.ContainsFunc(attempts[i+1:], func(b models.Attempt) bool { return b.Calls > 0 })
		switch {
		case a.Status == policy.AttemptRead && later:
			j.w.reach("late_read_after_fallback")
		case a.Status == policy.AttemptDelivered && later:
			j.w.reach("late_delivery_after_fallback")
		}
		if a.AskedAt > 0 && a.DeliveredAt > 0 && a.EndedAt == 0 && !later {
			j.w.reach("ask_says_delivered")
		}
		if a.Calls > 1 {
			j.w.reach("called_again")
		}
		switch a.Reason {
		case string(policy.ReasonSkippedUnreachable):
			j.w.reach("skipped_not_reachable")
		case string(policy.ReasonTriedAgain):
			j.w.reach("tried_again")
		}
		if a.Lines > 1 {
			j.w.reach("ledger_corrected")
		}
		if a.Reason == string(policy.ReasonNeedsReauth) || a.Code == "needs_reauth" {
			j.w.reach("needs_reauth")
		}
		if m.CanceledAt > 0 && a.Status == policy.AttemptCanceled {
			j.w.reach("canceled_before_call")
		}
	}
}

func (j *judge) historyMarks(id uuid.UUID) {
	known := j.states[id]
	for v, is := range known {
		was := known[v-1].st
		m := is.st.Message
		if m.Reason == string(policy.ReasonAccountPaused) && !m.Status.Final() {
			j.w.reach("account_paused_hold")
		}
		if m.QueueAccount != uuid.Nil {
			j.w.reach("queued_for_capacity")
		}
		if was.Message.Status.Final() && was.Message.Status != m.Status {
			j.w.reach("final_status_raised")
		}
		for n, a := range is.st.Attempts {
			if a.Code == "lease_lost" && a.Status == policy.AttemptUnknown {
				j.w.reach("lease_lost")
			}
			if n >= len(was.Attempts) {
				continue
			}
			switch from := was.Attempts[n].Status; {
			case from == policy.AttemptUnknown && a.DeliveredAt > 0:
				j.w.reach("unknown_to_delivered")
			case from == policy.AttemptUnknown && a.Status == policy.AttemptSent:
				j.w.reach("unknown_to_sent")
			case from == policy.AttemptFailed && a.DeliveredAt > 0:
				j.w.reach("failed_to_delivered")
			case from == policy.AttemptSending && a.DeliveredAt > 0:
				j.w.reach("receipt_before_answer")
			}
		}
	}
}
