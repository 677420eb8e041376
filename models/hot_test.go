package models_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/policy"
)

var (
	tenant  = uuid.MustParse("0190d3a4-0000-7000-8000-000000000001")
	account = uuid.MustParse("0190d3a4-0000-7000-8000-0000000000a1")
)

func newMessage() *models.Message {
	return &models.Message{
		TenantID: tenant, ID: models.NewMessageID(), To: "+84901234567", Country: "VN", Operator: "viettel",
		Category: policy.OTP, Template: "otp", TransactionID: "đơn hàng 7 🎉", PolicyName: "default", PolicyVersion: 3,
		Plan: []byte(`{"steps":[]}`), Content: []byte(`{"sms":{"text":"Mã của bạn là “1”"}}`), Metadata: []byte(`{}`),
		Currency: "VND", Test: true, Priority: 1, CreatedAt: 1000, ExpiresAt: 9000, SendAt: 500,
		Status: policy.Accepted, Reason: "why", Channel: policy.ZNS, Attempts: 1, Cost: 300_000_000, CanceledAt: 5,
		ConfirmedAt: 6, DueAt: 2000, QueuedAt: 7, Sequence: 2, LeaseOwner: uuid.New(), Version: 1,
	}
}

func newAttempt(m *models.Message, n int64) *models.Attempt {
	return &models.Attempt{
		TenantID: m.TenantID, MessageID: m.ID, N: n, Step: n - 1, AccountID: account, Account: "oa", Channel: policy.ZNS,
		Status: policy.AttemptSending, Class: policy.ClassDown, Code: "c", ProviderCode: "-118", Detail: "chi tiết",
		Advice: "a", Reason: "r", ProviderID: fmt.Sprintf("%s-%d", m.ID, n), Segments: 2, Cost: 3, Lines: 4, Calls: 5,
		CreatedAt: 6, CalledAt: 7, SentAt: 8, DeliveredAt: 9, ReadAt: 10, FailedAt: 11, EndedAt: 12, AskedAt: 13, RetryAt: 14,
	}
}

func ref(m *models.Message) models.Ref { return models.Ref{TenantID: m.TenantID, ID: m.ID} }

// commit runs fn in a transaction that must succeed.
func commit(t *testing.T, s *models.Store, fn func(ctx context.Context, tx *models.Tx) error) {
	t.Helper()
	if err := s.InTx(t.Context(), func(tx *models.Tx) error { return fn(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func insert(t *testing.T, s *models.Store, messages ...*models.Message) {
	t.Helper()
	commit(t, s, func(ctx context.Context, tx *models.Tx) error { return tx.InsertMessages(ctx, messages) })
}

func equal(t *testing.T, got, want any, opts ...cmp.Option) {
	t.Helper()
	if diff := cmp.Diff(want, got, opts...); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestStateComesBackAsItWasWritten(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		m := newMessage()
		first, second := newAttempt(m, 1), newAttempt(m, 2)
		first.Status = policy.AttemptTimedOut
		commit(t, s, func(ctx context.Context, tx *models.Tx) error {
			return errors.Join(tx.InsertMessages(ctx, []*models.Message{m}),
				tx.InsertAttempts(ctx, []*models.Attempt{second, first}))
		})
		want := &models.State{Message: *m, Attempts: []models.Attempt{*first, *second}}
		missing := models.Ref{TenantID: tenant, ID: uuid.New()}
		got, err := s.LoadStates(t.Context(), []models.Ref{ref(m), missing, ref(m)})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, map[models.Ref]*models.State{ref(m): want})

		commit(t, s, func(ctx context.Context, tx *models.Tx) error {
			attempts, err := tx.Attempts(ctx, []models.Ref{ref(m)})
			equal(t, attempts, map[models.Ref][]models.Attempt{ref(m): want.Attempts})
			return err
		})
	})
}

// A message and its attempts change in one commit: who looks must see both from before it, or both from after it.
func TestSnapshotIsOfOneInstant(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		m := newMessage()
		a := newAttempt(m, 1)
		m.Cost, a.Cost = 0, 0
		commit(t, s, func(ctx context.Context, tx *models.Tx) error {
			return errors.Join(tx.InsertMessages(ctx, []*models.Message{m}), tx.InsertAttempts(ctx, []*models.Attempt{a}))
		})
		key, done := ref(m), make(chan struct{})
		go func() {
			defer close(done)
			for range 300 {
				m.Version++
				m.Cost++
				a.Cost++
				err := s.InTx(t.Context(), func(tx *models.Tx) error {
					_, err := tx.UpdateMessages(t.Context(), []*models.Message{m})
					return errors.Join(err, tx.UpdateAttempts(t.Context(), []*models.Attempt{a}))
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		}()
		defer func() { <-done }()
		for written := false; !written; {
			select {
			case <-done:
				written = true
			default:
			}
			states, err := s.Snapshot(t.Context(), []models.Ref{key})
			if err != nil {
				t.Fatal(err)
			}
			st := states[key]
			if st.Message.Cost != st.Attempts[0].Cost {
				t.Fatalf("the message is of change %d, its attempt of %d", st.Message.Cost, st.Attempts[0].Cost)
			}
		}
	})
}

func TestUpdateMessagesRefusesStaleRows(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		fresh, stale, absent := newMessage(), newMessage(), newMessage()
		insert(t, s, fresh, stale)
		changed := *fresh
		changed.Status, changed.Reason, changed.Channel, changed.Attempts = policy.Delivered, "xong", policy.SMS, 2
		changed.Cost, changed.CompletedAt, changed.CanceledAt, changed.ConfirmedAt = 9, 10, 11, 12
		changed.DueAt, changed.QueueAccount, changed.QueuedAt, changed.Sequence = 0, account, 13, 14
		changed.LeaseOwner, changed.Version = uuid.New(), 2
		late := *stale
		late.Status, late.Version = policy.Failed, 3
		absent.Version = 2
		commit(t, s, func(ctx context.Context, tx *models.Tx) error {
			applied, err := tx.UpdateMessages(ctx, []*models.Message{&late, &changed, absent})
			equal(t, applied, []bool{false, true, false})
			return err
		})
		got, err := s.LoadStates(t.Context(), []models.Ref{ref(fresh), ref(stale)})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got[ref(fresh)].Message, changed)
		equal(t, got[ref(stale)].Message, *stale)
	})
}

func TestUpdateMessagesHasOneWinner(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		messages := []*models.Message{newMessage(), newMessage(), newMessage()}
		insert(t, s, messages...)
		var won atomic.Int64
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				rows := make([]*models.Message, len(messages))
				for j, m := range messages {
					next := *m
					next.Version = 2
					rows[(i+j)%len(rows)] = &next // each writer in another order
				}
				err := s.InTx(t.Context(), func(tx *models.Tx) error {
					applied, err := tx.UpdateMessages(t.Context(), rows)
					for _, ok := range applied {
						if ok {
							won.Add(1)
						}
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		equal(t, won.Load(), int64(len(messages)))
	})
}

func TestMessageCompletesOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		m := newMessage()
		insert(t, s, m)
		complete := func(at int64) error {
			m.CompletedAt = at
			m.Version++
			return s.InTx(t.Context(), func(tx *models.Tx) error {
				_, err := tx.UpdateMessages(t.Context(), []*models.Message{m})
				return err
			})
		}
		if err := complete(10); err != nil {
			t.Fatal(err)
		}
		if err := complete(10); err != nil {
			t.Errorf("other changes after completion: %v", err)
		}
		for _, at := range []int64{11, 0} {
			if err := complete(at); err == nil {
				t.Errorf("completed_at changed from 10 to %d", at)
			}
			m.Version--
		}
	})
}

func TestOneLiveAttempt(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		for _, live := range []policy.AttemptStatus{policy.AttemptPending, policy.AttemptSending, policy.AttemptUnknown} {
			m := newMessage()
			first, second := newAttempt(m, 1), newAttempt(m, 2)
			first.Status, second.Status = live, policy.AttemptPending
			move := func(rows []*models.Attempt, begun ...*models.Attempt) error {
				return s.InTx(t.Context(), func(tx *models.Tx) error {
					return errors.Join(tx.UpdateAttempts(t.Context(), rows), tx.InsertAttempts(t.Context(), begun))
				})
			}
			insert(t, s, m)
			if err := move(nil, first); err != nil {
				t.Fatal(err)
			}
			if err := move(nil, second); !errors.Is(err, models.ErrDuplicate) {
				t.Errorf("beside a %s attempt: got %v, want ErrDuplicate", live, err)
			}
			first.Status = policy.AttemptTimedOut
			if err := move([]*models.Attempt{first}, second); err != nil {
				t.Errorf("end the first and begin the second: %v", err)
			}
			first.Status = policy.AttemptDelivered
			if err := move([]*models.Attempt{first}); err != nil {
				t.Errorf("late receipt: %v", err)
			}
		}
	})
}

func TestInsertKeysHasOneWinner(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		key := func(i int, name string) models.DedupeKey {
			return models.DedupeKey{
				TenantID: tenant, Kind: models.DedupeIdempotency, Key: name, RequestHash: fmt.Sprint(i),
				MessageID: uuid.New(), Response: []byte(`{"tên":1}`), Status: 202, CreatedAt: 5,
			}
		}
		var wg sync.WaitGroup
		winners := make([]models.DedupeKey, 50)
		var wins atomic.Int64
		for i := range winners {
			wg.Go(func() {
				rows := []models.DedupeKey{key(i, "chung"), key(i, fmt.Sprint("own ", i)), key(i, "chung")}
				err := s.InTx(t.Context(), func(tx *models.Tx) error {
					won, err := tx.InsertKeys(t.Context(), rows)
					if err == nil && (!won[1] || won[2]) {
						t.Errorf("won %v: want the own key, and not the repeated one", won)
					}
					if err == nil && won[0] {
						wins.Add(1)
						winners[i] = rows[0]
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		equal(t, wins.Load(), int64(1))
		got, err := s.FindKey(t.Context(), tenant, models.DedupeIdempotency, "chung")
		if err != nil || !slices.ContainsFunc(winners, func(k models.DedupeKey) bool { return cmp.Equal(k, got) }) {
			t.Errorf("stored %+v, %v: not the winner's", got, err)
		}
		for _, miss := range []struct {
			tenant uuid.UUID
			kind   models.DedupeKind
		}{{uuid.New(), models.DedupeIdempotency}, {tenant, models.DedupeTransaction}} {
			if _, err := s.FindKey(t.Context(), miss.tenant, miss.kind, "chung"); !errors.Is(err, models.ErrNotFound) {
				t.Errorf("another tenant's or kind's key: %v, want ErrNotFound", err)
			}
		}
	})
}

func TestReceiptsParkAndMatch(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		receipt := func(event string, at int64) *models.Receipt {
			return &models.Receipt{
				TenantID: tenant, AccountID: account, EventKey: event, ReceivedAt: at, Kind: policy.ReceiptDelivered, At: at - 1,
				Reference: "ref", ProviderID: "p-" + event, State: models.ReceiptParked, Detail: "đã nhận",
				Raw: []byte{0, 0xff, '{'},
			}
		}
		late, early := receipt("b", 20), receipt("a", 10)
		commit(t, s, func(ctx context.Context, tx *models.Tx) error {
			fresh, err := tx.InsertReceipts(ctx, []*models.Receipt{late, early, early})
			equal(t, fresh, []bool{true, true, false})
			return err
		})
		commit(t, s, func(ctx context.Context, tx *models.Tx) error {
			fresh, err := tx.InsertReceipts(ctx, []*models.Receipt{early})
			equal(t, fresh, []bool{false})
			return err
		})
		parked := func(want ...models.Receipt) {
			t.Helper()
			got, err := s.Parked(t.Context(), 1<<62, 10)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, got, want)
		}
		parked(*late, *early)
		if got, err := s.Parked(t.Context(), 10, 10); err != nil || len(got) != 1 || got[0].EventKey != "a" {
			t.Errorf("until 10 wait %v, %v", got, err)
		}
		matched := *late
		matched.State, matched.MessageID, matched.N = models.ReceiptApplied, uuid.New(), 1
		other := matched
		other.N = 2
		commit(t, s, func(ctx context.Context, tx *models.Tx) error {
			return errors.Join(tx.MatchReceipts(ctx, []*models.Receipt{&matched}),
				tx.MatchReceipts(ctx, []*models.Receipt{&other})) // no longer parked: left as it is
		})
		parked(*early)
	})
}

func TestLedgerIsAppendOnly(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		charge := models.Charge{
			TenantID: tenant, MessageID: uuid.New(), N: 1, Line: 1, At: 1, Channel: policy.SMS,
			AccountID: account, Units: 2, Amount: -5, Currency: "VND", Reason: "correction", Test: true,
		}
		add := func() error {
			return s.InTx(t.Context(), func(tx *models.Tx) error {
				return tx.InsertCharges(t.Context(), []*models.Charge{&charge})
			})
		}
		if err := add(); err != nil {
			t.Fatal(err)
		}
		if err := add(); !errors.Is(err, models.ErrDuplicate) {
			t.Errorf("the same line again: %v, want ErrDuplicate", err)
		}
		for _, statement := range []string{"UPDATE charges SET amount = 0", "DELETE FROM charges"} {
			if _, err := s.Hot().ExecContext(t.Context(), statement); err == nil {
				t.Errorf("%s went through", statement)
			}
		}
		var amount int64
		if err := s.Hot().QueryRowContext(t.Context(), "SELECT amount FROM charges").Scan(&amount); err != nil || amount != -5 {
			t.Errorf("amount %d, %v", amount, err)
		}
	})
}

func TestFindAttempts(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		m := newMessage()
		a, silent := newAttempt(m, 1), newAttempt(m, 2)
		a.Status, silent.ProviderID = policy.AttemptSent, ""
		insert(t, s, m)
		commit(t, s, func(ctx context.Context, tx *models.Tx) error {
			return tx.InsertAttempts(ctx, []*models.Attempt{a, silent})
		})
		known := models.ProviderRef{TenantID: tenant, AccountID: account, ProviderID: a.ProviderID}
		got, err := s.FindAttempts(t.Context(), []models.ProviderRef{
			known,
			{TenantID: tenant, AccountID: account},
			{TenantID: tenant, AccountID: uuid.New(), ProviderID: a.ProviderID},
			{TenantID: uuid.New(), AccountID: account, ProviderID: a.ProviderID},
		})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, map[models.ProviderRef]models.AttemptRef{known: {Ref: ref(m), N: 1}})
	})
}

func TestDueAndQueued(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		if next, err := s.NextDue(t.Context()); next != 0 || err != nil {
			t.Errorf("nothing due: got %d, %v", next, err)
		}
		var messages []*models.Message
		for i, due := range []int64{300, 100, 0, 200, 400} {
			m := newMessage()
			m.DueAt, m.Priority, m.QueuedAt = due, int64(i%2), int64(10-i)
			if i != 0 {
				m.QueueAccount = account
			}
			messages = append(messages, m)
		}
		elsewhere := newMessage()
		elsewhere.DueAt, elsewhere.QueueAccount = 0, uuid.New()
		insert(t, s, append(messages, elsewhere)...)

		next, err := s.NextDue(t.Context())
		if next != 100 || err != nil {
			t.Errorf("next due: got %d, %v", next, err)
		}
		accounts, err := s.QueuedAccounts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := []uuid.UUID{account, elsewhere.QueueAccount}
		slices.SortFunc(want, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
		equal(t, accounts, want)
		commit(t, s, func(ctx context.Context, tx *models.Tx) error {
			due, err := tx.LockDue(ctx, 300, 2)
			equal(t, due, []models.Message{*messages[1], *messages[3]})
			queued, err2 := tx.LockQueued(ctx, account, 3)
			equal(t, queued, []models.Message{*messages[4], *messages[2], *messages[3]})
			return errors.Join(err, err2)
		})
	})
}

func TestTwoReplicasLockDifferentRows(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		if s.Dialect() == models.SQLite {
			return // one writer at a time
		}
		for i := range 10 {
			m := newMessage()
			m.DueAt = int64(i + 1)
			insert(t, s, m)
		}
		seen := map[uuid.UUID]int{}
		commit(t, s, func(ctx context.Context, first *models.Tx) error {
			a, err := first.LockDue(ctx, 100, 5)
			return errors.Join(err, s.InTx(ctx, func(second *models.Tx) error {
				b, err := second.LockDue(ctx, 100, 10)
				for _, m := range append(a, b...) {
					seen[m.ID]++
				}
				return err
			}))
		})
		if len(seen) != 10 {
			t.Errorf("%d rows locked, want 10", len(seen))
		}
		for id, n := range seen {
			if n != 1 {
				t.Errorf("message %s was locked %d times", id, n)
			}
		}
	})
}

func TestEmptyBatches(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		commit(t, s, func(ctx context.Context, tx *models.Tx) error {
			_, err1 := tx.InsertKeys(ctx, nil)
			_, err2 := tx.UpdateMessages(ctx, nil)
			_, err3 := tx.InsertReceipts(ctx, nil)
			_, err4 := tx.Attempts(ctx, nil)
			_, err5 := tx.Contacts(ctx, nil)
			return errors.Join(err1, err2, err3, err4, err5, tx.InsertMessages(ctx, nil), tx.InsertAttempts(ctx, nil), tx.UpdateAttempts(ctx, nil),
				tx.MatchReceipts(ctx, nil), tx.InsertCharges(ctx, nil), tx.InsertDeliveries(ctx, nil))
		})
		states, err := s.LoadStates(t.Context(), nil)
		if len(states) != 0 || err != nil {
			t.Errorf("states of nothing: %v, %v", states, err)
		}
		if n := s.Stats().Statements; n != 0 {
			t.Errorf("%d statements for nothing", n)
		}
	})
}

func TestInTxKeepsNothingOfAFailure(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		m, fault := newMessage(), errors.New("fault")
		err := s.InTx(t.Context(), func(tx *models.Tx) error {
			return errors.Join(tx.InsertMessages(t.Context(), []*models.Message{m}), fault)
		})
		if !errors.Is(err, fault) {
			t.Errorf("got %v", err)
		}
		states, err := s.LoadStates(t.Context(), []models.Ref{ref(m)})
		if len(states) != 0 || err != nil {
			t.Errorf("kept %v, %v", states, err)
		}
		stats := s.Stats()
		if stats.Transactions != 1 || stats.Rows["insert messages"] != 1 {
			t.Errorf("stats %+v", stats)
		}
	})
}

// Providers' words are stored whatever bytes they hold.
func TestOddBytesAreStored(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		m := newMessage()
		a := newAttempt(m, 1)
		a.Code, a.Detail, a.ProviderID = "a\x00b", "đ\xff", "p\x00"
		insert(t, s, m)
		commit(t, s, func(ctx context.Context, tx *models.Tx) error { return tx.InsertAttempts(ctx, []*models.Attempt{a}) })
		got, err := s.LoadStates(t.Context(), []models.Ref{ref(m)})
		if err != nil {
			t.Fatal(err)
		}
		if b := got[ref(m)].Attempts[0]; b.Code != "ab" || b.Detail != "đ\uFFFD" || b.ProviderID != "p" {
			t.Errorf("stored %q, %q, %q", b.Code, b.Detail, b.ProviderID)
		}
	})
}
