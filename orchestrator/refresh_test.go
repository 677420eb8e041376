package orchestrator_test

import (
	"testing"
	"time"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator/orchestratortest"
)

// A replica died while it renewed a token: the refresh token may be spent. Whoever finds that asks a person, and neither
// a message nor the upkeep sends the old one again.
func TestLostRefreshIsNotTriedAgain(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		r.Await(r.Send("+84900000002"), orchestratortest.Final) // the account's token is on disk
		account := r.Accounts["oa-main"]
		row, err := s.Token(t.Context(), r.Tenant.ID, account.ID)
		if err != nil {
			t.Fatal(err)
		}
		past := time.Now().Add(-time.Minute).UnixMilli()
		if won, err := s.ClaimRefresh(t.Context(), r.Tenant.ID, account.ID, row.Epoch, past, past); !won || err != nil {
			t.Fatalf("claim: %v, %v", won, err)
		}
		for range 3 {
			for _, job := range r.Engine.Upkeep() {
				if job.Name == "tokens" {
					_ = job.Run(t.Context()) // it reports the loss
				}
			}
		}
		if row, err = s.Token(t.Context(), r.Tenant.ID, account.ID); err != nil || row.State != models.TokenNeedsReauth {
			t.Errorf("the pair is %s, %v, want %s", row.State, err, models.TokenNeedsReauth)
		}
		if a, err := s.Account(t.Context(), r.Tenant.ID, account.ID); err != nil || a.State != models.AccountNeedsReauth {
			t.Errorf("the account is %s, %v", a.State, err)
		}
		r.Await(r.Send("+84900000002"), orchestratortest.Final)
		if n := r.Sim.Refreshes(); n != 0 {
			t.Errorf("the refresh token was sent %d times", n)
		}
	})
}
