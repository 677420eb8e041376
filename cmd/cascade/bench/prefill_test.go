package bench

import (
	"context"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cascade/models"
	"cascade/models/modelstest"
)

// TestCopiesAreTheServicesOwn holds what is stored before a load against what the service wrote itself, and against all
// that must always hold.
func TestCopiesAreTheServicesOwn(t *testing.T) {
	for _, dialect := range modelstest.Dialects(t) {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			s := filled(t, dialect)
			for _, k := range []stock{finishedStock(30), pendingStock(30)} {
				own, copied := written(t, s, storedKey(k.first, 0)), written(t, s, storedKey(k.first, 7))
				if copied.Message.To != "+"+phone(k.first, 7) || copied.Message.ID == own.Message.ID {
					t.Errorf("%s: message 7 is %s to %s", k.name, copied.Message.ID, copied.Message.To)
				}
				later := copied.Message.CreatedAt - own.Message.CreatedAt
				if got := copied.Attempts[0].SentAt - own.Attempts[0].SentAt; got != later || later >= 0 {
					t.Errorf("%s: sent %d ms later than the sample, accepted %d ms later", k.name, got, later)
				}
				if diff := cmp.Diff(own, copied, cmpopts.IgnoreFields(models.Message{}, "ID", "To", "CreatedAt", "ExpiresAt", "DueAt", "CompletedAt"),
					cmpopts.IgnoreFields(models.Attempt{}, "MessageID", "ProviderID", "CreatedAt", "CalledAt", "SentAt", "DeliveredAt", "EndedAt")); diff != "" {
					t.Errorf("%s: the sample and a copy differ (-sample +copy):\n%s", k.name, diff)
				}
			}
			verified(t, s.db.store)
		})
	}
}

// filled is a service over 30 messages of each kind.
func filled(t *testing.T, dialect string) *service {
	t.Helper()
	where := dialect
	if dialect == models.Postgres {
		where = os.Getenv(modelstest.ServerVariable)
	}
	ctx := context.WithoutCancel(t.Context()) // what is stopped in the cleanup outlives it
	db, err := openDatabase(ctx, where, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { expectNil(t, db.close()) })
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c, err := startChild(ctx, []string{self})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { expectNil(t, c.stop()) })
	o := Options{Database: where, Messages: 1, Clients: 1, Pending: 30, Finished: 30}
	expectNil(t, o.check())
	s, err := startService(ctx, o, db, c.simulator)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { expectNil(t, s.stop()) })
	expectNil(t, c.setUp(o, s))
	expectNil(t, s.prepare(ctx))
	return s
}

// written is the message that an Idempotency-Key stands for.
func written(t *testing.T, s *service, key string) *models.State {
	t.Helper()
	found, err := s.db.store.FindKey(t.Context(), s.tenants[0].id, models.DedupeIdempotency, key)
	if err != nil {
		t.Fatal(err)
	}
	ref := models.Ref{TenantID: s.tenants[0].id, ID: found.MessageID}
	states, err := s.db.store.LoadStates(t.Context(), []models.Ref{ref})
	if err != nil || states[ref] == nil {
		t.Fatalf("message of key %s: %v", key, err)
	}
	return states[ref]
}

func expectNil(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func verified(t *testing.T, store *models.Store) {
	t.Helper()
	expectNil(t, store.Verify(t.Context(), func(v models.Violation) error {
		t.Errorf("%s: message %s: %s", v.Invariant, v.MessageID, v.What)
		return nil
	}))
}
