package orchestrator_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"cascade/channels"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
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

// cutRefresh loses the answers of the provider's OAuth server: the refresh token is spent, and the new pair is lost.
type cutRefresh struct{ http.RoundTripper }

func (c cutRefresh) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.RoundTripper.RoundTrip(r)
	if err != nil || !strings.HasPrefix(r.URL.Path, "/zalo/oauth/") {
		return resp, err
	}
	resp.Body.Close()
	return nil, io.ErrUnexpectedEOF
}

// The answer to a refresh was lost: the token may be spent, so it is not sent again, and a person is asked.
func TestCutRefreshIsNotTriedAgain(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		client := channels.NewHTTPClient(nil)
		client.Transport = cutRefresh{client.Transport}
		r := orchestratortest.New(t, s, orchestratortest.Config{HTTP: client})
		r.Sim.ExpireTokens()
		for range 3 {
			if v := r.Await(r.Send("+84912345678"), orchestratortest.Final); v.Channel == policy.ZNS {
				t.Errorf("ended by %s without a token", v.Channel)
			}
		}
		if n := r.Sim.Refreshes(); n != 1 {
			t.Errorf("the refresh token was sent %d times", n)
		}
		account := r.Accounts["oa-main"]
		if a, err := s.Account(t.Context(), r.Tenant.ID, account.ID); err != nil || a.State != models.AccountNeedsReauth {
			t.Errorf("the account is %s, %v", a.State, err)
		}
	})
}
