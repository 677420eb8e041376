package models_test

import (
	"testing"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/policy"
)

// Whatever a replica keeps of a configuration is worth as much as this: no change may leave the stamp where it was.
func TestEveryChangeOfConfigurationMovesItsStamp(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, tenant, other := t.Context(), newTenant(t, s), newTenant(t, s)
		stamp := func(tenant uuid.UUID) int64 {
			n, err := s.ConfigStamp(ctx, tenant)
			want(t, err, nil)
			return n
		}
		a := models.Account{TenantID: tenant, ID: uuid.Must(uuid.NewV7()), Name: "oa", Channel: policy.ZNS, Adapter: "zalo", State: models.AccountActive}
		c := models.Callback{TenantID: tenant, ID: uuid.Must(uuid.NewV7()), URL: "https://example.test", Secret: []byte("s"), State: models.CallbackActive}
		changes := []struct {
			what string
			do   func() error
		}{
			{"new account", func() error { return s.InsertAccount(ctx, a) }},
			{"account paused", func() error {
				return s.SetAccountState(ctx, tenant, a.ID, models.AccountActive, "", 99, 1)
			}},
			{"account deleted", func() error { return s.DeleteAccount(ctx, tenant, a.ID, 2) }},
			{"policy", func() error { _, err := s.PutPolicy(ctx, tenant, "p", []byte(`{}`), 1); return err }},
			{"policy's next version", func() error { _, err := s.PutPolicy(ctx, tenant, "p", []byte(`{"a":1}`), 2); return err }},
			{"policy deleted", func() error { return s.DeletePolicy(ctx, tenant, "p", 3) }},
			{"template", func() error {
				return s.PutTemplate(ctx, models.Template{TenantID: tenant, Name: "t", Category: policy.OTP})
			}},
			{"template deleted", func() error { return s.DeleteTemplate(ctx, tenant, "t") }},
			{"routes", func() error { return s.PutRoutes(ctx, tenant, []byte(`{}`), 1) }},
			{"routes replaced", func() error { return s.PutRoutes(ctx, tenant, []byte(`{"a":1}`), 2) }},
			{"prices", func() error { return s.PutPrices(ctx, tenant, []byte(`{}`), 1) }},
			{"callback", func() error { return s.InsertCallback(ctx, c) }},
			{"callback deleted", func() error { return s.DeleteCallback(ctx, tenant, c.ID, 2) }},
			{"tenant", func() error {
				_, err := s.Hot().ExecContext(ctx, "UPDATE tenants SET timezone = 'UTC' WHERE id = $1", tenant)
				return err
			}},
		}
		others := stamp(other)
		for _, change := range changes {
			before := stamp(tenant)
			want(t, change.do(), nil)
			if after := stamp(tenant); after <= before {
				t.Errorf("%s: the stamp was %d and is %d", change.what, before, after)
			}
		}
		if now := stamp(other); now != others {
			t.Errorf("another tenant's stamp went from %d to %d", others, now)
		}
	})
}
