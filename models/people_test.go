package models_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
)

func TestPasswords(t *testing.T) {
	stored := models.HashPassword("đường xa vạn dặm")
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=19456,t=2,p=1$") || stored == models.HashPassword("đường xa vạn dặm") {
		t.Errorf("stored as %s", stored)
	}
	parts := strings.Split(stored, "$")
	for name, tt := range map[string]struct {
		plain, stored string
		want          bool
	}{
		"right":            {"đường xa vạn dặm", stored, true},
		"wrong":            {"đường xa vạn dặM", stored, false},
		"empty":            {"", stored, false},
		"nothing stored":   {"", "", false},
		"another hash":     {"đường xa vạn dặm", strings.Replace(stored, "argon2id", "argon2i", 1), false},
		"another version":  {"đường xa vạn dặm", strings.Replace(stored, "v=19", "v=16", 1), false},
		"no time":          {"đường xa vạn dặm", strings.Replace(stored, "t=2", "t=0", 1), false},
		"endless":          {"đường xa vạn dặm", strings.Replace(stored, "t=2", "t=4000000", 1), false},
		"too much memory":  {"đường xa vạn dặm", strings.Replace(stored, "m=19456", "m=4000000000", 1), false},
		"no threads":       {"đường xa vạn dặm", strings.Replace(stored, "p=1", "p=0", 1), false},
		"a short key":      {"đường xa vạn dặm", strings.Join(append(parts[:5:5], "YQ"), "$"), false},
		"not base64":       {"đường xa vạn dặm", strings.Join(append(parts[:5:5], "%%"), "$"), false},
		"other parameters": {"a", "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$" + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false},
	} {
		if got := models.CheckPassword(tt.plain, tt.stored); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if a, b := models.NewPassword(), models.NewPassword(); len(a) != 20 || a == b {
		t.Errorf("new passwords %q and %q", a, b)
	}
}

func TestUsersAndSessions(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		tenant := newTenant(t, s)
		lan := models.User{TenantID: tenant, ID: uuid.Must(uuid.NewV7()), Name: "lan", Role: "viewer", Password: "x", CreatedAt: 5}
		an := models.User{ID: uuid.Must(uuid.NewV7()), Name: "an", Role: "admin", Password: "y", CreatedAt: 6}
		want(t, s.InsertUser(ctx, lan), nil)
		want(t, s.InsertUser(ctx, an), nil)
		want(t, s.InsertUser(ctx, models.User{ID: uuid.Must(uuid.NewV7()), Name: "lan", Role: "admin"}), models.ErrDuplicate)
		if got, err := s.UserByName(ctx, "lan"); err != nil || got != lan {
			t.Errorf("by name %+v, %v", got, err)
		}
		for _, tt := range []struct {
			of   *uuid.UUID
			want []models.User
		}{{nil, []models.User{an, lan}}, {&tenant, []models.User{lan}}, {&uuid.Nil, []models.User{an}}} {
			rows, _, err := s.Users(ctx, tt.of, "", 10)
			if err != nil || !cmp.Equal(rows, tt.want) {
				t.Errorf("users of %v: %+v, %v", tt.of, rows, err)
			}
		}

		open := func(u models.User, hash string, seen int64) models.Session {
			row := models.Session{TenantID: u.TenantID, UserID: u.ID, Hash: hash, CreatedAt: seen, SeenAt: seen, EndsAt: 1000}
			want(t, s.OpenSession(ctx, row, seen, seen-100), nil)
			return row
		}
		alive := func(hashes ...string) {
			t.Helper()
			for _, hash := range []string{"idle", "here", "there", "ans"} {
				_, err := s.SessionByHash(ctx, hash)
				expected := models.ErrNotFound
				for _, h := range hashes {
					if h == hash {
						expected = nil
					}
				}
				want(t, err, expected)
			}
		}
		open(lan, "idle", 50)
		here := open(lan, "here", 200)
		open(lan, "there", 210)
		ans := open(an, "ans", 220)
		alive("here", "there", "ans")
		want(t, s.TouchSession(ctx, here, 240), nil)
		if got, err := s.SessionByHash(ctx, "here"); err != nil || got.SeenAt != 240 {
			t.Errorf("touched: %+v, %v", got, err)
		}
		if got, err := s.User(ctx, lan.ID); err != nil || got.LastSeenAt != 240 {
			t.Errorf("seen: %+v, %v", got, err)
		}
		password := "z"
		want(t, s.UpdateUser(ctx, tenant, lan.ID, models.UserPatch{Password: &password}, "here"), nil)
		alive("here", "ans")
		want(t, s.UpdateUser(ctx, tenant, an.ID, models.UserPatch{Password: &password}, ""), models.ErrNotFound)
		want(t, s.CloseSession(ctx, ans), nil)
		want(t, s.TouchSession(ctx, ans, 250), nil)
		want(t, s.RenewSession(ctx, ans, "other"), models.ErrNotFound)
		alive("here")
		want(t, s.RenewSession(ctx, here, "there"), nil)
		alive("there")
		want(t, s.DeleteUser(ctx, tenant, lan.ID), nil)
		want(t, s.DeleteUser(ctx, tenant, lan.ID), models.ErrNotFound)
		alive()
	})
}

func TestAuditOnlyGrows(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, tenant := t.Context(), uuid.Must(uuid.NewV7())
		first := models.AuditRow{
			TenantID: tenant, ID: uuid.Must(uuid.NewV7()), At: 10, ActorKind: models.ActorUser, ActorID: uuid.Must(uuid.NewV7()), Actor: "lan",
			Action: "policy.put", Object: "night", Detail: `{"a":1}`, Source: "::1", RequestID: "r",
		}
		second := first
		second.TenantID, second.ID, second.At, second.Action = uuid.Nil, uuid.Must(uuid.NewV7()), 20, "user.create"
		want(t, s.Record(ctx, first), nil)
		want(t, s.Record(ctx, second), nil)
		for _, tt := range []struct {
			of   *uuid.UUID
			f    models.AuditFilter
			want []models.AuditRow
		}{
			{nil, models.AuditFilter{}, []models.AuditRow{second, first}},
			{&tenant, models.AuditFilter{}, []models.AuditRow{first}},
			{nil, models.AuditFilter{Action: "user.create"}, []models.AuditRow{second}},
			{nil, models.AuditFilter{Actor: "lan", Object: "night", Before: 20}, []models.AuditRow{first}},
			{nil, models.AuditFilter{After: 20}, []models.AuditRow{second}},
			{&tenant, models.AuditFilter{After: 20}, nil},
		} {
			rows, _, err := s.Audit(ctx, tt.of, tt.f, "", 10)
			if err != nil || len(rows) != len(tt.want) || len(rows) > 0 && !cmp.Equal(rows, tt.want) {
				t.Errorf("%+v: %+v, %v", tt.f, rows, err)
			}
		}
		page, next, err := s.Audit(ctx, nil, models.AuditFilter{}, "", 1)
		if err != nil || next == "" || page[0].ID != second.ID {
			t.Errorf("first page %+v %q, %v", page, next, err)
		}

		statements := []string{
			"UPDATE audit SET actor = 'somebody'", "DELETE FROM audit", "DELETE FROM audit WHERE action = 'policy.put'",
		}
		if s.Dialect() == models.Postgres {
			statements = append(statements, "TRUNCATE audit")
		} else {
			statements = append(statements, "INSERT OR REPLACE INTO audit SELECT tenant_id, id, at, actor_kind, actor_id, 'somebody', action, object, detail, source, request_id FROM audit")
		}
		for _, statement := range statements {
			if _, err := s.Hot().ExecContext(context.WithoutCancel(ctx), statement); err == nil || !strings.Contains(err.Error(), "audit rows do not change") {
				t.Errorf("%s: %v", statement, err)
			}
		}
		if rows, _, err := s.Audit(ctx, nil, models.AuditFilter{}, "", 10); err != nil || !cmp.Equal(rows, []models.AuditRow{second, first}) {
			t.Errorf("afterwards: %+v, %v", rows, err)
		}
	})
}
