package orchestrator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// reference is an attempt's id on the wire: 32 lower-case hex digits.
func reference(id uuid.UUID) string { return hex.EncodeToString(id[:]) }

// parseReference is the inverse of reference; false for anything a provider made up.
func parseReference(s string) (uuid.UUID, bool) {
	var id uuid.UUID
	if len(s) != 32 {
		return id, false
	}
	_, err := hex.Decode(id[:], []byte(s))
	return id, err == nil
}

// idMost is the longest id of a provider's that is kept as it is, in bytes. An index of Postgres takes some kilobytes.
const idMost = 512

// shortID makes an id fit for an index; equal ids stay equal.
func shortID(id string) string {
	if len(id) <= idMost {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Hook takes a provider's callback: verified over its raw bytes, and on disk before it is answered. Errors:
// ErrNotFound for no such account, ErrForged, *BusyError when it could not be stored, so that the provider repeats it.
func (e *Engine) Hook(ctx context.Context, adapter string, id uuid.UUID, h channels.Hook) (HookAnswer, error) {
	acc, err := e.hookAccount(ctx, adapter, id)
	if err != nil {
		return HookAnswer{}, err
	}
	got, reader, live, err := acc.read(h)
	switch {
	case errors.Is(err, channels.ErrForged):
		e.Counters.Forged.Add(1)
		return HookAnswer{}, ErrForged
	case err != nil:
		e.Counters.Quarantined.Add(1)
		return answerOf(reader), e.quarantine(ctx, acc, h, err)
	}
	e.heard.note(acc.ID, e.now())
	raw := rawOf(h)
	for i, r := range got {
		if !r.Hint {
			continue
		}
		if got[i], err = e.confirmed(ctx, acc, reader, r); err != nil {
			return HookAnswer{}, &BusyError{RetryAfter: hintAgain, Cause: err}
		}
	}
	if err := e.keep(ctx, acc, got, raw); err != nil {
		return HookAnswer{}, err
	}
	switch err := e.notice(ctx, acc, reader, live, h); {
	case unreadable(err):
		e.Counters.Quarantined.Add(1)
		return answerOf(reader), e.quarantine(ctx, acc, h, err)
	case err != nil:
		return HookAnswer{}, err
	}
	answer := answerOf(reader)
	answer.Receipts = len(got)
	return answer, nil
}

// keep stores what an account's provider reported: it is on disk once it answers nil.
func (e *Engine) keep(ctx context.Context, acc *account, got []channels.Receipt, raw []byte) error {
	received := ms(e.now())
	facts := make([]*fact, 0, len(got))
	for _, r := range got {
		facts = append(facts, e.receiptFact(acc, r, raw, received))
	}
	for _, f := range facts {
		select {
		case e.committer(f.ref).receipts <- f:
		case <-ctx.Done():
			return &BusyError{RetryAfter: time.Second, Cause: ctx.Err()}
		}
	}
	for _, f := range facts {
		if res := e.await(ctx, f); res.err != nil {
			return res.err
		}
	}
	return nil
}

// rawOf is what is kept of a callback: its body, or the query that it came as. An address may hold a secret, so only the
// names and values of what a provider reports are kept of it.
func rawOf(h channels.Hook) []byte {
	if len(h.Body) > 0 {
		return h.Body
	}
	_, query, _ := strings.Cut(h.URL, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return []byte{}
	}
	for _, secret := range []string{"token", "secret", "key"} {
		values.Del(secret)
	}
	return []byte(values.Encode())
}

// hookAccount finds the account that a callback's path names.
func (e *Engine) hookAccount(ctx context.Context, adapter string, id uuid.UUID) (*account, error) {
	row, err := e.dir.accountByID(ctx, id)
	if err != nil {
		return nil, e.storeError(err)
	}
	conf, err := e.dir.tenant(ctx, row.TenantID)
	if err != nil {
		return nil, e.storeError(err)
	}
	acc := conf.accounts[id]
	if acc == nil || acc.Adapter != adapter || acc.adapter == nil {
		return nil, models.ErrNotFound
	}
	return acc, nil
}

// read verifies and reads a callback by the account's own secrets, then by those of its test twin; live: by its own.
func (a *account) read(h channels.Hook) (got []channels.Receipt, by channels.HookReader, live bool, err error) {
	for i, adapter := range []channels.Adapter{a.adapter, a.test} {
		reader, ok := adapter.(channels.HookReader)
		if !ok {
			continue
		}
		if got, err := reader.ReadHook(h); !errors.Is(err, channels.ErrForged) {
			return got, reader, i == 0, err
		}
	}
	return nil, nil, false, channels.ErrForged
}

func answerOf(reader channels.HookReader) HookAnswer {
	if own, ok := reader.(channels.HookAnswerer); ok {
		status, contentType, body := own.HookAnswer()
		return HookAnswer{Status: status, ContentType: contentType, Body: body}
	}
	return HookAnswer{Status: http.StatusOK}
}

// receiptFact makes a fact of a receipt: its row, and what it says of an attempt.
func (e *Engine) receiptFact(acc *account, r channels.Receipt, raw []byte, received int64) *fact {
	e.Counters.Receipts.Add(1)
	r.Key, r.Reference, r.ProviderID = shortID(r.Key), shortID(r.Reference), shortID(r.ProviderID)
	row := &models.Receipt{
		TenantID: acc.TenantID, AccountID: acc.ID, EventKey: r.Key, ReceivedAt: received, Kind: r.Kind, At: ms(r.At),
		Reference: r.Reference, ProviderID: r.ProviderID, State: models.ReceiptParked, Detail: r.Detail, Raw: raw,
		Reply: replyJSON(r.Reply),
	}
	if row.At == 0 {
		row.At = received
	}
	if r.Raw != "" {
		row.Raw = []byte(r.Raw)
	}
	row.ToldCost = toldCost(r.Price, acc.currency)
	f := &fact{receipt: row, done: make(chan result, 1)}
	if r.Kind == "" && r.Reply == nil { // says nothing of a message
		row.State = models.ReceiptQuarantined
		return f
	}
	if id, ok := parseReference(r.Reference); ok {
		message, n := models.SplitAttemptID(id)
		f.ref = models.Ref{TenantID: acc.TenantID, ID: message}
		row.MessageID, row.N, row.State = message, n, models.ReceiptApplied
		row.Reference = "" // it says no more than message and n
	} else {
		f.lookup = models.ProviderRef{TenantID: acc.TenantID, AccountID: acc.ID, ProviderID: r.ProviderID}
	}
	f.add = func(c *change) {
		if a := c.peek(row.N); a == nil || a.AccountID != acc.ID { // a receipt may touch its own account's attempts only
			row.State, row.Detail = models.ReceiptQuarantined, "names an attempt of another account"
			return
		}
		c.reported(row.N, r, row.At)
		c.told(row.N, row.ToldCost)
		if len(row.Reply) > 0 && !f.repeated {
			c.replied(row)
		}
	}
	return f
}

// peek reads attempt n without marking it for writing.
func (c *change) peek(n int64) *models.Attempt {
	if n < 1 || n > int64(len(c.as)) {
		return nil
	}
	return &c.as[n-1]
}

// reported adds what a provider reports of attempt n. The result is a function of the set of reports: each time is
// the earliest told, the status the strongest.
func (c *change) reported(n int64, r channels.Receipt, at int64) {
	a := c.attempt(n)
	if a == nil {
		return
	}
	if t := ms(r.At); t > 0 {
		at = t
	}
	if a.ProviderID == "" {
		a.ProviderID = r.ProviderID
	}
	was := a.Status
	switch r.Kind {
	case policy.ReceiptSent:
		a.SentAt = earliest(a.SentAt, at)
		a.Status = a.Status.Raise(policy.AttemptSent)
	case policy.ReceiptDelivered:
		a.DeliveredAt = earliest(a.DeliveredAt, at)
		a.Status = a.Status.Raise(policy.AttemptDelivered)
	case policy.ReceiptRead:
		a.DeliveredAt, a.ReadAt = earliest(a.DeliveredAt, at), earliest(a.ReadAt, at)
		a.Status = a.Status.Raise(policy.AttemptRead)
	case policy.ReceiptFailed:
		c.reportedFailed(a, r, at)
	}
	if (was == policy.AttemptTimedOut || was == policy.AttemptFailed) && a.Status != was && c.m.Attempts > a.N {
		c.e.Counters.Overlap.Add(1)
	}
}

// reportedFailed keeps the earliest failure that was told, by time and then by code.
func (c *change) reportedFailed(a *models.Attempt, r channels.Receipt, at int64) {
	if first := a.FailedAt == 0 || at < a.FailedAt || at == a.FailedAt && r.Code < a.Code; first {
		a.FailedAt = at
		a.Class, a.Code, a.ProviderCode, a.Detail = r.Class, r.Code, r.ProviderCode, r.Detail
		if !a.Class.Valid() || a.Class == policy.ClassUnknown {
			a.Class = policy.ClassRecipient
		}
	}
	a.Status = a.Status.Raise(policy.AttemptFailed)
}

// quarantine keeps a genuine callback that could not be read.
func (e *Engine) quarantine(ctx context.Context, acc *account, h channels.Hook, why error) error {
	raw := rawOf(h)
	sum := sha256.Sum256(raw)
	now := ms(e.now())
	row := &models.Receipt{
		TenantID: acc.TenantID, AccountID: acc.ID, EventKey: "unreadable:" + hex.EncodeToString(sum[:]), ReceivedAt: now, At: now,
		State: models.ReceiptQuarantined, Detail: why.Error(), Raw: raw,
	}
	f := &fact{receipt: row, done: make(chan result, 1)}
	select {
	case e.committer(f.ref).receipts <- f:
	case <-ctx.Done():
		return &BusyError{RetryAfter: time.Second, Cause: ctx.Err()}
	}
	return e.await(ctx, f).err
}

// orphaned ends a receipt that matched nothing yet, and has it looked at again.
func (e *Engine) orphaned(f *fact) {
	if f.receipt != nil && f.receipt.State == models.ReceiptParked {
		e.Counters.Parked.Add(1)
		e.parked.wake()
	}
	if f.receipt == nil {
		f.end(result{err: models.ErrNotFound})
		return
	}
	f.end(result{})
}

// Parked receipts: when they are looked up again, and how many at a time.
const (
	parkedSoon  = 250 * time.Millisecond // a receipt that outran its send's answer
	parkedIdle  = 5 * time.Second        // what other replicas parked
	parkedYoung = 2 * callTimeout        // by then the answer that it waits for has come
	parkedPage  = 1000
)

// parkedLoop matches receipts that came before their attempt was known: those that came lately soon and often, and a page
// of the older ones now and then. Receipts that will never match, of an account's other traffic, hold nobody up.
func (e *Engine) parkedLoop() {
	older := never
	for e.sleep(e.parked, parkedIdle) {
		for range 40 {
			left, _, err := e.matchParked(never)
			if err != nil {
				e.log.Error("parked receipts", "err", err)
			}
			young := ms(e.now().Add(-parkedYoung))
			if !slices.ContainsFunc(left, func(r models.Receipt) bool { return r.ReceivedAt > young }) || !e.sleep(newWaker(), parkedSoon) {
				break
			}
		}
		var err error
		if _, older, err = e.matchParked(older); err != nil {
			e.log.Error("parked receipts", "err", err)
		}
	}
}

// matchParked looks up again the parked receipts that came at a time or before it, in Unix milliseconds: a page, the latest
// first. It answers those that match nothing, and where the next page begins; never: with the latest again.
func (e *Engine) matchParked(before int64) (left []models.Receipt, next int64, err error) {
	ctx, cancel := e.recording()
	defer cancel()
	rows, err := e.o.Store.Parked(ctx, before, parkedPage)
	if err != nil || len(rows) == 0 {
		return nil, never, err
	}
	next = never
	if len(rows) == parkedPage {
		next = min(rows[parkedPage-1].ReceivedAt, before-1)
	}
	refs := make([]models.ProviderRef, len(rows))
	for i, r := range rows {
		refs[i] = models.ProviderRef{TenantID: r.TenantID, AccountID: r.AccountID, ProviderID: r.ProviderID}
	}
	found, err := e.o.Store.FindAttempts(ctx, refs)
	if err != nil {
		return rows, before, err
	}
	for i, row := range rows {
		at, ok := found[refs[i]]
		if !ok {
			left = append(left, row)
			continue
		}
		matched := row
		matched.Raw, matched.MessageID, matched.N, matched.State = nil, at.ID, at.N, models.ReceiptApplied
		f := &fact{ref: at.Ref, receipt: &matched, matched: true}
		f.add = func(c *change) {
			c.reported(at.N, channels.Receipt{
				Kind: row.Kind, At: fromMS(row.At), ProviderID: row.ProviderID, Detail: row.Detail, Class: policy.ClassRecipient, Code: "reported_failed",
			}, row.At)
			c.told(at.N, row.ToldCost)
			if len(matched.Reply) > 0 && !f.repeated {
				c.replied(&matched)
			}
		}
		e.again(f)
	}
	return left, next, nil
}
