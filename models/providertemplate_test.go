package models_test

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/policy"
)

func newTemplateAccount(t *testing.T, s *models.Store, tenant uuid.UUID, name string) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	want(t, s.InsertAccount(t.Context(), models.Account{
		TenantID: tenant, ID: id, Name: name, Channel: policy.ZNS, Adapter: "zalo", State: models.AccountActive, CreatedAt: 1, UpdatedAt: 1,
	}), nil)
	return id
}

func TestProviderTemplates(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, tenant := t.Context(), newTenant(t, s)
		first, second := newTemplateAccount(t, s, tenant, "oa-1"), newTemplateAccount(t, s, tenant, "oa-2")
		put := func(account uuid.UUID, at int64, rows ...models.ProviderTemplate) {
			t.Helper()
			want(t, s.ReplaceProviderTemplates(ctx, models.TemplateSync{TenantID: tenant, AccountID: account, SyncedAt: at, NextAt: at + 10}, rows), nil)
		}
		put(first, 100, models.ProviderTemplate{TemplateID: "3"}, models.ProviderTemplate{TemplateID: "2"})
		put(second, 100, models.ProviderTemplate{TemplateID: "2", Status: "DISABLE"})
		full := models.ProviderTemplate{
			TemplateID: "1", Name: "Đơn hàng", Status: "REJECT", Quality: "LOW", Price: 200_000_000, Params: []byte(`[{"name":"order"}]`), Reason: "a typing error",
		}
		many := []models.ProviderTemplate{full}
		for i := range 450 { // more than one INSERT
			many = append(many, models.ProviderTemplate{TemplateID: "9" + uuid.NewString()[:6] + string(rune('a'+i%26))})
		}
		put(first, 200, many...)

		got, err := s.ProviderTemplates(ctx, tenant, first)
		want(t, err, nil)
		if len(got) != len(many) || !slices.IsSortedFunc(got, func(a, b models.ProviderTemplate) int { return len(a.TemplateID) - len(b.TemplateID) }) {
			t.Fatalf("%d templates, want %d with the shortest id first", len(got), len(many))
		}
		full.TenantID, full.AccountID, full.SyncedAt = tenant, first, 200
		equal(t, got[0], full)

		of := func(tenant uuid.UUID, id string) []uuid.UUID {
			t.Helper()
			rows, err := s.TenantTemplates(ctx, tenant, id)
			want(t, err, nil)
			var accounts []uuid.UUID
			for _, r := range rows {
				accounts = append(accounts, r.AccountID)
			}
			return accounts
		}
		equal(t, of(tenant, "2"), []uuid.UUID{second}) // gone from the first account with its new set
		equal(t, len(of(tenant, "")), len(many)+1)
		equal(t, of(newTenant(t, s), "2"), []uuid.UUID(nil))
		want(t, s.DeleteAccount(ctx, tenant, second, 300), nil)
		equal(t, of(tenant, "2"), []uuid.UUID(nil))

		put(first, 300)
		equal(t, len(of(tenant, "")), 0)
		sync := models.TemplateSync{TenantID: tenant, AccountID: uuid.New(), SyncedAt: 1}
		want(t, s.ReplaceProviderTemplates(ctx, sync, nil), models.ErrNotFound)
		sync.TenantID, sync.AccountID = newTenant(t, s), first
		want(t, s.ReplaceProviderTemplates(ctx, sync, nil), models.ErrNotFound)
	})
}

func TestTemplateSyncsHaveOneOwner(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, tenant := t.Context(), newTenant(t, s)
		fresh, late := newTemplateAccount(t, s, tenant, "fresh"), newTemplateAccount(t, s, tenant, "late")
		for name, change := range map[string]func(id uuid.UUID) error{
			"disabled": func(id uuid.UUID) error {
				return s.SetAccountState(ctx, tenant, id, models.AccountDisabled, "", 0, 2)
			},
			"paused":  func(id uuid.UUID) error { return s.SetAccountState(ctx, tenant, id, models.AccountActive, "", 1000, 2) },
			"deleted": func(id uuid.UUID) error { return s.DeleteAccount(ctx, tenant, id, 2) },
		} {
			want(t, change(newTemplateAccount(t, s, tenant, name)), nil)
		}
		due := func(now int64) []uuid.UUID {
			t.Helper()
			rows, err := s.DueTemplateSyncs(ctx, now, 10)
			want(t, err, nil)
			var ids []uuid.UUID
			for _, r := range rows {
				ids = append(ids, r.AccountID)
			}
			return ids
		}
		want(t, s.ReplaceProviderTemplates(ctx, models.TemplateSync{TenantID: tenant, AccountID: late, SyncedAt: 50, NextAt: 90}, nil), nil)
		equal(t, due(89), []uuid.UUID{fresh})
		equal(t, due(100), []uuid.UUID{fresh, late})

		var wg sync.WaitGroup
		var won atomic.Int64
		for range 8 {
			wg.Go(func() {
				ok, err := s.ClaimTemplateSync(context.WithoutCancel(ctx), tenant, fresh, 100, 150)
				want(t, err, nil)
				if ok {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		equal(t, won.Load(), int64(1))
		equal(t, due(149), []uuid.UUID{late})

		for i, isFirst := range []bool{true, false} {
			first, err := s.FailTemplateSync(ctx, tenant, fresh, "down")
			want(t, err, nil)
			if first != isFirst {
				t.Errorf("failure %d: first is %t", i+1, first)
			}
		}
		want(t, s.ReplaceProviderTemplates(ctx, models.TemplateSync{TenantID: tenant, AccountID: fresh, SyncedAt: 160, NextAt: 400}, nil), nil)
		first, err := s.FailTemplateSync(ctx, tenant, fresh, "down again")
		want(t, err, nil)
		equal(t, first, true)
	})
}
