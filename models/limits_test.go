package models_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/policy"
)

// newAccount stores an account of a tenant.
func newAccount(t *testing.T, s *models.Store, tenant uuid.UUID, name string) models.Account {
	t.Helper()
	a := models.Account{TenantID: tenant, ID: uuid.Must(uuid.NewV7()), Name: name, Channel: policy.ZNS, Adapter: "zalo", State: models.AccountActive}
	want(t, s.InsertAccount(t.Context(), a), nil)
	return a
}

// What a provider tells moves a configuration's stamp where routing depends on it, and only there.
func TestNoticesMoveTheStamp(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, tenant := t.Context(), newTenant(t, s)
		a := newAccount(t, s, tenant, "oa")
		stamp := func() int64 {
			n, err := s.ConfigStamp(ctx, tenant)
			want(t, err, nil)
			return n
		}
		quota := func(left, total, at, resets int64) func() error {
			return func() error {
				return s.NoteQuota(ctx, tenant, a.ID, models.Quota{Left: left, Total: total, At: at, ResetsAt: resets})
			}
		}
		template := func(status string, at int64) func() error {
			return func() error {
				return s.NoteTemplate(ctx, models.TemplateNotice{TenantID: tenant, AccountID: a.ID, TemplateID: "1", Status: status, At: at})
			}
		}
		person := func(phone string) func() error {
			return func() error {
				return s.PutKnownUser(ctx, models.KnownUser{TenantID: tenant, AccountID: a.ID, Phone: phone, UserID: "u", At: 1})
			}
		}
		for _, change := range []struct {
			what  string
			moves bool
			do    func() error
		}{
			{"a quota is told", false, quota(500, 500, 10, 0)},
			{"it is counted", false, quota(499, 500, 20, 0)},
			{"it is used up", true, quota(0, 500, 30, 0)},
			{"it is used up on another day", true, quota(0, 500, 40, 0)},
			{"it is full again", true, quota(500, 500, 50, 0)},
			{"it is counted on", false, quota(498, 500, 60, 99)},
			{"an older count comes late", false, quota(0, 500, 55, 0)},
			{"the account's turn is taken", false, func() error { _, err := s.ClaimLimits(ctx, tenant, a.ID, 0, 70); return err }},
			{"quality", true, func() error { return s.NoteQuality(ctx, tenant, a.ID, "LOW") }},
			{"the same quality", false, func() error { return s.NoteQuality(ctx, tenant, a.ID, "LOW") }},
			{"somebody with a shell", true, func() error {
				_, err := s.Hot().ExecContext(ctx, "UPDATE accounts SET name = 'oa-2' WHERE id = $1", a.ID)
				return err
			}},
			{"linked", true, func() error { return s.LinkAccount(ctx, tenant, a.ID, 80) }},
			{"a template", true, template("DISABLE", 10)},
			{"its next word", true, template("ENABLE", 20)},
			{"an older word", false, template("DISABLE", 15)},
			{"the set is read", true, func() error {
				return s.ReplaceProviderTemplates(ctx, models.TemplateSync{TenantID: tenant, AccountID: a.ID, SyncedAt: 90_000},
					[]models.ProviderTemplate{{TemplateID: "1"}, {TemplateID: "2"}})
			}},
			{"a word of before it was read", false, template("DISABLE", 20)},
			{"the set is gone", true, func() error {
				return s.ReplaceProviderTemplates(ctx, models.TemplateSync{TenantID: tenant, AccountID: a.ID, SyncedAt: 91_000}, nil)
			}},
			{"the first person", true, person("+84912345678")},
			{"another person", false, person("+84912345679")},
		} {
			before := stamp()
			want(t, change.do(), nil)
			if moved := stamp() > before; moved != change.moves {
				t.Errorf("%s: the stamp moved: %v, want %v", change.what, moved, change.moves)
			}
		}
		got, err := s.Account(ctx, tenant, a.ID)
		want(t, err, nil)
		if got.QuotaLeft != 498 || got.QuotaTotal != 500 || got.QuotaAt != 60 || got.QuotaResetsAt != 99 || got.Quality != "LOW" || got.LinkedAt != 80 {
			t.Errorf("kept %+v", got)
		}
	})
}

func TestKnownUsers(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, tenant := t.Context(), newTenant(t, s)
		a, b := newAccount(t, s, tenant, "a"), newAccount(t, s, tenant, "b")
		const phone = "+84912345678"
		put := func(account uuid.UUID, id string, at int64) {
			t.Helper()
			want(t, s.PutKnownUser(ctx, models.KnownUser{TenantID: tenant, AccountID: account, Phone: phone, UserID: id, At: at}), nil)
		}
		known := func(account uuid.UUID) string {
			t.Helper()
			u, err := s.KnownUser(ctx, tenant, account, phone, "by-id")
			if err != nil && !errors.Is(err, models.ErrNotFound) {
				t.Fatal(err)
			}
			return u.UserID
		}
		put(a.ID, "u-2", 20)
		put(a.ID, "u-1", 10)
		put(b.ID, "u-b", 10)
		equal(t, known(a.ID), "") // a template that is not known to be sent to ids is sent to numbers
		for _, account := range []uuid.UUID{a.ID, b.ID} {
			want(t, s.ReplaceProviderTemplates(ctx, models.TemplateSync{TenantID: tenant, AccountID: account, SyncedAt: 5}, []models.ProviderTemplate{
				{TemplateID: "by-id", Status: "ENABLE", UserPrice: 1}, {TemplateID: "by-number", Status: "ENABLE"},
			}), nil)
		}
		if u, err := s.KnownUser(ctx, tenant, a.ID, phone, "by-number"); !errors.Is(err, models.ErrNotFound) {
			t.Errorf("sent to %q: %v", u.UserID, err)
		}
		equal(t, known(a.ID), "u-2")
		want(t, s.ForgetKnownUser(ctx, tenant, a.ID, "u-2", 19), nil)
		equal(t, known(a.ID), "u-2")
		want(t, s.ForgetKnownUser(ctx, tenant, a.ID, "u-b", 99), nil)
		equal(t, known(b.ID), "u-b")
		want(t, s.ForgetKnownUser(ctx, tenant, a.ID, "u-2", 20), nil)
		equal(t, known(a.ID), "")
		want(t, s.DeleteAccount(ctx, tenant, b.ID, 99), nil)
		equal(t, known(b.ID), "")
		if other, err := s.KnowsUsers(ctx, newTenant(t, s)); err != nil || other {
			t.Errorf("another tenant knows users: %v, %v", other, err)
		}
	})
}
