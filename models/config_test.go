package models_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/policy"
)

func newTenant(t *testing.T, s *models.Store) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	key, _ := models.NewAPIKey(id, models.ModeLive, []string{"messages:write"}, 5)
	row := models.Tenant{ID: id, Name: "acme", DefaultRegion: "VN", Timezone: "Asia/Ho_Chi_Minh", Currency: "VND", CreatedAt: 5}
	if err := s.CreateTenant(t.Context(), row, key); err != nil {
		t.Fatal(err)
	}
	got, err := s.Tenant(t.Context(), id)
	if err != nil || got != row {
		t.Fatalf("tenant %+v, %v", got, err)
	}
	return id
}

func want(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("error %v, want %v", err, target)
	}
}

func TestSeal(t *testing.T) {
	ring, err := models.NewKeyring([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	other, _ := models.NewKeyring([]byte(strings.Repeat("o", 32)))
	box, err := ring.Seal([]byte("secret"), "tenant", "row", "field")
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := ring.Open(box, "tenant", "row", "field"); err != nil || string(plain) != "secret" {
		t.Errorf("opened %q, %v", plain, err)
	}
	if _, err := ring.Open(box, "tenant", "other row", "field"); err == nil {
		t.Error("a ciphertext moved to another row was opened")
	}
	if _, err := other.Open(box, "tenant", "row", "field"); err == nil || !strings.Contains(err.Error(), ring.ID()) {
		t.Errorf("a wrong key's error names no key: %v", err)
	}
	if _, err := models.ParseMasterKey("c2hvcnQ="); err == nil {
		t.Error("a short master key was taken")
	}
}

func TestKeys(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, tenant := t.Context(), newTenant(t, s)
		key, plain := models.NewAPIKey(tenant, models.ModeTest, nil, 7)
		want(t, s.InsertKey(ctx, key), nil)
		got, err := s.KeyByHash(ctx, models.HashKey(plain))
		if err != nil || got.ID != key.ID || !strings.HasPrefix(plain, "cas_test_") || !strings.HasPrefix(plain, got.Prefix) {
			t.Errorf("key %+v, %v", got, err)
		}
		want(t, s.RevokeKey(ctx, newTenant(t, s), key.ID, 9), models.ErrNotFound)
		want(t, s.RevokeKey(ctx, tenant, key.ID, 9), nil)
		_, err = s.KeyByHash(ctx, key.Hash)
		want(t, err, models.ErrNotFound)
		if keys, err := s.Keys(ctx, tenant); err != nil || len(keys) != 2 {
			t.Errorf("%d keys, %v", len(keys), err)
		}
		page, next, err := s.Tenants(ctx, "", 1)
		if err != nil || len(page) != 1 || next == "" {
			t.Fatalf("page of %d, next %q, %v", len(page), next, err)
		}
		if page, next, err = s.Tenants(ctx, next, 1); err != nil || len(page) != 1 || next != "" || page[0].ID != tenant {
			t.Errorf("second page %+v, next %q, %v", page, next, err)
		}
		_, _, err = s.Tenants(ctx, "?", 1)
		want(t, err, models.ErrCursor)
	})
}

func TestAccounts(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, tenant, other := t.Context(), newTenant(t, s), newTenant(t, s)
		a := models.Account{
			TenantID: tenant, ID: uuid.Must(uuid.NewV7()), Name: "oa", Channel: policy.ZNS, Adapter: "zalo", Settings: []byte(`{"a":1}`),
			PerSecond: 1.5, Concurrency: 4, Receipts: []string{"delivered"}, State: models.AccountActive, Version: 1, CreatedAt: 10, UpdatedAt: 10,
		}
		var err error
		a.Secrets, err = s.SealSecrets(a, []byte("{}"))
		want(t, err, nil)
		want(t, s.InsertAccount(ctx, a), nil)
		got, err := s.Account(ctx, tenant, a.ID)
		if diff := cmp.Diff(a, got); diff != "" || err != nil {
			t.Errorf("account: %v %s", err, diff)
		}
		if plain, err := s.OpenSecrets(got); err != nil || string(plain) != "{}" {
			t.Errorf("secrets %q, %v", plain, err)
		}
		_, err = s.Account(ctx, other, a.ID)
		want(t, err, models.ErrNotFound)
		twin := a
		twin.ID = uuid.Must(uuid.NewV7())
		want(t, s.InsertAccount(ctx, twin), models.ErrDuplicate)

		want(t, s.SetAccountState(ctx, tenant, a.ID, models.AccountNeedsReauth, "token ended", 99, 20), nil)
		_, err = s.UpdateAccount(ctx, a)
		want(t, err, models.ErrStale)
		if since, err := s.AccountsChangedSince(ctx, 20); err != nil || len(since) != 1 || since[0].Version != 2 || since[0].PausedUntil != 99 {
			t.Errorf("changed since: %+v, %v", since, err)
		}
		a.Version, a.UpdatedAt = 2, 30
		if v, err := s.UpdateAccount(ctx, a); err != nil || v != 3 {
			t.Errorf("version %d, %v", v, err)
		}
		want(t, s.DeleteAccount(ctx, other, a.ID, 40), models.ErrNotFound)
		want(t, s.DeleteAccount(ctx, tenant, a.ID, 40), nil)
		want(t, s.InsertAccount(ctx, twin), nil)
		if gone, err := s.AccountByID(ctx, a.ID); err != nil || gone.DeletedAt != 40 || len(gone.Secrets) != 0 {
			t.Errorf("deleted account %+v, %v", gone, err)
		}

		want(t, s.PutToken(ctx, models.AccountToken{TenantID: tenant, AccountID: twin.ID, Sealed: []byte("x"), ExpiresAt: 50, UpdatedAt: 1}), nil)
		claimOnce(ctx, t, s, tenant, twin.ID)
	})
}

// claimOnce lets many claim the same refresh at once; one may spend the token.
func claimOnce(ctx context.Context, t *testing.T, s *models.Store, tenant, account uuid.UUID) {
	t.Helper()
	var wins atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			won, err := s.ClaimRefresh(ctx, tenant, account, 0, 100, 60)
			if err != nil {
				t.Error(err)
			}
			if won {
				wins.Add(1)
			}
		})
	}
	all.Wait()
	if wins.Load() != 1 {
		t.Errorf("%d won the refresh", wins.Load())
	}
	pair := models.AccountToken{TenantID: tenant, AccountID: account, Sealed: []byte("y"), ExpiresAt: 500, Epoch: 1, UpdatedAt: 70}
	want(t, s.FinishRefresh(ctx, pair), nil)
	want(t, s.FinishRefresh(ctx, pair), models.ErrStale)
	if got, err := s.Token(ctx, tenant, account); err != nil || got.State != models.TokenOK || string(got.Sealed) != "y" {
		t.Errorf("token %+v, %v", got, err)
	}
}

func TestDocuments(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, tenant, other := t.Context(), newTenant(t, s), newTenant(t, s)
		for v := range int64(3) {
			if got, err := s.PutPolicy(ctx, tenant, "default", []byte(`{"steps":[]}`), v); err != nil || got != v+1 {
				t.Errorf("version %d, %v", got, err)
			}
		}
		if p, err := s.Policy(ctx, tenant, "default"); err != nil || p.Version != 3 || string(p.Body) != `{"steps":[]}` {
			t.Errorf("policy %+v, %v", p, err)
		}
		_, err := s.Policy(ctx, other, "default")
		want(t, err, models.ErrNotFound)
		want(t, s.DeletePolicy(ctx, tenant, "default", 9), nil)
		want(t, s.DeletePolicy(ctx, tenant, "default", 9), models.ErrNotFound)
		_, err = s.PolicyAt(ctx, tenant, "default", 2)
		want(t, err, nil)
		if v, err := s.PolicyVersions(ctx, tenant, "default"); err != nil || len(v) != 4 {
			t.Errorf("%d versions, %v", len(v), err)
		}

		want(t, s.PutTemplate(ctx, models.Template{TenantID: tenant, Name: "t", Category: policy.OTP, UpdatedAt: 1}), nil)
		want(t, s.PutTemplate(ctx, models.Template{TenantID: tenant, Name: "t", Category: policy.Care, UpdatedAt: 2}), nil)
		if got, err := s.Template(ctx, tenant, "t"); err != nil || got.Category != policy.Care || got.UpdatedAt != 2 {
			t.Errorf("template %+v, %v", got, err)
		}
		want(t, s.DeleteTemplate(ctx, other, "t"), models.ErrNotFound)

		_, err = s.Routes(ctx, tenant)
		want(t, err, models.ErrNotFound)
		want(t, s.PutRoutes(ctx, tenant, []byte(`{"default":"a"}`), 1), nil)
		want(t, s.PutRoutes(ctx, tenant, []byte(`{"default":"b"}`), 2), nil)
		if body, err := s.Routes(ctx, tenant); err != nil || string(body) != `{"default":"b"}` {
			t.Errorf("routes %s, %v", body, err)
		}
		want(t, s.PutPrices(ctx, uuid.Must(uuid.NewV7()), []byte(`{}`), 1), models.ErrNotFound)

		want(t, s.PutSuppression(ctx, models.Suppression{TenantID: tenant, Phone: "+84912345678", Reason: "asked", CreatedAt: 3}), nil)
		commit(t, s, func(ctx context.Context, tx *models.Tx) error {
			person := models.Person{TenantID: tenant, Phone: "+84912345678"}
			off := models.Unreachable{TenantID: tenant, Phone: person.Phone, Channel: policy.ZNS, Code: "no_zalo_account", Since: 1, Until: 9}
			again, elsewhere := off, off
			again.Until, elsewhere.Channel = 19, policy.Viber
			want(t, tx.PutUnreachable(ctx, []*models.Unreachable{&off, &elsewhere}), nil)
			want(t, tx.PutUnreachable(ctx, []*models.Unreachable{&again}), nil)
			got, err := tx.Contacts(ctx, []models.Person{person, {TenantID: tenant, Phone: "+84900000000"}, {TenantID: other, Phone: person.Phone}})
			equal(t, got, map[models.Person]models.Contact{person: {
				Suppression: &models.Suppression{Categories: models.List{}, Reason: "asked"},
				Unreachable: []models.Unreachable{{Channel: policy.Viber, Code: "no_zalo_account", Until: 9}, {Channel: policy.ZNS, Code: "no_zalo_account", Until: 19}},
			}}, cmpopts.SortSlices(func(a, b models.Unreachable) bool { return a.Channel < b.Channel }))
			want(t, tx.ForgetUnreachable(ctx, []*models.Unreachable{&elsewhere}), nil)
			return err
		})
		want(t, s.DeleteSuppression(ctx, other, "+84912345678"), models.ErrNotFound)
		want(t, s.PutConsent(ctx, models.Consent{TenantID: tenant, Phone: "+84912345678", Categories: []string{"promotion"}, At: 3}), nil)
		if got, err := s.Consent(ctx, tenant, "+84912345678"); err != nil || len(got.Categories) != 1 {
			t.Errorf("consent %+v, %v", got, err)
		}
		c := models.Callback{TenantID: tenant, ID: uuid.Must(uuid.NewV7()), URL: "https://example.test", Secret: []byte("s"), State: models.CallbackActive}
		want(t, s.InsertCallback(ctx, c), nil)
		_, err = s.Callback(ctx, other, c.ID)
		want(t, err, models.ErrNotFound)
		want(t, s.ReplayDelivery(ctx, tenant, c.ID, uuid.New(), 1), models.ErrNotFound)
		want(t, s.DeleteCallback(ctx, tenant, c.ID, 2), nil)
		want(t, s.CheckKey(ctx), nil)
	})
}

func plant(t *testing.T, s *models.Store, statement string) {
	t.Helper()
	if _, err := s.Hot().ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestCostsAndVerify(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, tenant, id := t.Context(), newTenant(t, s), models.NewMessageID()
		day := time.Date(2026, 3, 1, 18, 0, 0, 0, time.UTC) // the second of March in Ho Chi Minh City
		at := "1772388000000"
		key := "'" + tenant.String() + "', '" + id.String() + "'"
		plant(t, s, `INSERT INTO plans (tenant_id, id, body) VALUES ('`+tenant.String()+`', '`+uuid.Nil.String()+`', '{}')`)
		plant(t, s, `INSERT INTO messages (tenant_id, id, status, currency, created_at, completed_at, attempts, cost)
			VALUES (`+key+`, 'delivered', 'VND', `+at+`, `+at+`, 2, 500)`)
		plant(t, s, `INSERT INTO attempts (tenant_id, message_id, n, step, channel, status, calls, segments, cost, lines, delivered_at, created_at)
			VALUES (`+key+`, 1, 0, 'zns', 'delivered', 1, 0, 200, 1, 5, `+at+`), (`+key+`, 2, 1, 'sms', 'delivered', 1, 2, 300, 2, 5, `+at+`)`)
		plant(t, s, `INSERT INTO charges (tenant_id, message_id, n, line, amount) VALUES (`+key+`, 1, 1, 200), (`+key+`, 2, 1, 400), (`+key+`, 2, 2, -100)`)
		zone := time.FixedZone("+07", 7*3600)
		got, err := s.CostRows(ctx, models.CostQuery{TenantID: tenant, From: day.UnixMilli(), To: day.UnixMilli() + 1, GroupBy: []string{"channel", "day"}, Location: zone})
		rows := []models.CostRow{
			{Group: map[string]string{"channel": "sms", "day": "2026-03-02"}, Attempts: 1, Billable: 1, Units: 2, Cost: 300, Currency: "VND"},
			{Group: map[string]string{"channel": "zns", "day": "2026-03-02"}, Attempts: 1, Billable: 1, Units: 1, Cost: 200, Currency: "VND"},
		}
		if diff := cmp.Diff(rows, got); diff != "" || err != nil {
			t.Errorf("costs: %v %s", err, diff)
		}
		late, err := s.PaidTwiceLate(ctx, tenant, day.UnixMilli(), day.UnixMilli()+1)
		if err != nil || late["VND"] != 300 {
			t.Errorf("paid twice %v, %v", late, err)
		}
		if found := verify(t, s); len(found) != 0 {
			t.Errorf("sound data breaks %v", found)
		}
		for _, c := range []struct{ invariant, set, undo string }{
			{"final_is_at_rest", "UPDATE messages SET due_at = 9000000000000", "UPDATE messages SET due_at = 0"},
			{"status_covers_attempts", "UPDATE messages SET status = 'failed'", "UPDATE messages SET status = 'delivered'"},
			{"completed_once_final", "UPDATE messages SET status = 'sending'", "UPDATE messages SET status = 'delivered'"},
			{"open_is_due", "UPDATE messages SET status = 'sending'", "UPDATE messages SET status = 'delivered'"},
			{"on_time", "UPDATE messages SET due_at = 1", "UPDATE messages SET due_at = 0"},
			{"plan_kept", "UPDATE plans SET id = tenant_id", "UPDATE plans SET id = '" + uuid.Nil.String() + "'"},
			{"attempts_counted", "UPDATE messages SET attempts = 3", "UPDATE messages SET attempts = 2"},
			{"steps_forward", "UPDATE attempts SET step = 2 WHERE n = 1", "UPDATE attempts SET step = 0 WHERE n = 1"},
			{"cost_is_sum_of_attempts", "UPDATE messages SET cost = 1", "UPDATE messages SET cost = 500"},
			{"cost_is_sum_of_ledger", "UPDATE attempts SET cost = 1 WHERE n = 1", "UPDATE attempts SET cost = 200 WHERE n = 1"},
			{"ledger_has_no_gap", "UPDATE attempts SET lines = 5 WHERE n = 1", "UPDATE attempts SET lines = 1 WHERE n = 1"},
			{"no_live_attempt_after_end", "UPDATE attempts SET status = 'unknown' WHERE n = 1", "UPDATE attempts SET status = 'delivered' WHERE n = 1"},
		} {
			plant(t, s, c.set)
			if found := verify(t, s); !found[c.invariant] {
				t.Errorf("%s is not found: %v", c.invariant, found)
			}
			plant(t, s, c.undo)
		}
		list, next, err := s.Messages(ctx, tenant, models.MessageFilter{Status: policy.Delivered}, "", 10)
		if err != nil || len(list) != 1 || list[0].ID != id || next != "" {
			t.Errorf("messages %+v, %q, %v", list, next, err)
		}
		if lines, err := s.Charges(ctx, tenant, id); err != nil || len(lines) != 3 {
			t.Errorf("charges %+v, %v", lines, err)
		}
		_, err = s.PruneKeys(ctx, 1)
		want(t, err, nil)
		_, err = s.PruneDeliveries(ctx, 1)
		want(t, err, nil)
		_, err = s.PruneReceipts(ctx, 1)
		want(t, err, nil)
		_, err = s.PruneContent(ctx, 1)
		want(t, err, nil)
	})
}

func verify(t *testing.T, s *models.Store) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := s.Verify(t.Context(), func(v models.Violation) error {
		found[v.Invariant] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
