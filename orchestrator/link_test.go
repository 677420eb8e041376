package orchestrator_test

import (
	"errors"
	"net/url"
	"testing"
	"time"

	"cascade/channels"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// unlinkedRig is a rig whose desk nobody linked yet.
func unlinkedRig(t *testing.T, s *models.Store) *deskRig {
	t.Helper()
	r := &deskRig{t: t}
	r.Rig = orchestratortest.New(t, s, orchestratortest.Config{Now: r.now})
	r.desk = r.AddDesk(orchestratortest.Config{}, "desk", map[string]string{"desk_id": "D1"})
	r.Policy("default", firstByDesk)
	return r
}

// consent makes a link and has the person agree to it.
func (r *deskRig) consent() url.Values {
	r.t.Helper()
	link, err := r.Engine.StartLink(r.t.Context(), r.Tenant.ID, r.desk.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	if life := link.ExpiresAt.Sub(r.now()); life < 14*time.Minute || life > 16*time.Minute {
		r.t.Errorf("the link lives %s", life)
	}
	return r.Desk.Consent(r.t, link.URL).Query()
}

// An account without a token waits for a person, sends once they agreed, and loses nothing when the link is used again.
func TestAccountIsLinked(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := unlinkedRig(t, s)
		if a := r.account(); a.State != models.AccountNeedsReauth || a.StateReason == "" || a.LinkedAt != 0 {
			t.Errorf("a new account is %s: %q", a.State, a.StateReason)
		}
		r.wantBy("before", policy.SMS, policy.ReasonNeedsReauth)
		r.job(r.Engine, "tokens")
		if n := r.Desk.Refreshes(); n != 0 {
			t.Errorf("%d refreshes without a token", n)
		}

		back := r.consent()
		done, err := r.Engine.FinishLink(t.Context(), "desk", back)
		if err != nil || done.Name != "desk" {
			t.Fatalf("%+v, %v", done, err)
		}
		linked := r.account()
		if linked.State != models.AccountActive || linked.StateReason != "" || linked.LinkedAt == 0 {
			t.Errorf("linked, it is %s: %q", linked.State, linked.StateReason)
		}
		r.wantBy("linked", policy.ZNS, "")

		_, err = r.Engine.FinishLink(t.Context(), "desk", back)
		if failure, is := errors.AsType[*channels.Failure](err); !is || failure.Class != policy.ClassAccount {
			t.Errorf("the same link again: %v", err)
		}
		r.wantBy("after it was used again", policy.ZNS, "")
		before, err := s.Token(t.Context(), r.Tenant.ID, r.desk.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Engine.FinishLink(t.Context(), "desk", r.consent()); err != nil {
			t.Fatal(err)
		}
		after, err := s.Token(t.Context(), r.Tenant.ID, r.desk.ID)
		if err != nil || after.Epoch != before.Epoch+1 || after.State != models.TokenOK {
			t.Errorf("linked anew: epoch %d after %d, %s, %v", after.Epoch, before.Epoch, after.State, err)
		}
		r.wantBy("linked anew", policy.ZNS, "")
		r.Verify()
	})
}

// A pair that a person brings ends a refresh whose replica died, and one that is under way comes too late.
func TestLinkEndsALostRefresh(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := newDeskRig(t, s)
		r.wantBy("at first", policy.ZNS, "")
		row, err := s.Token(t.Context(), r.Tenant.ID, r.desk.ID)
		if err != nil {
			t.Fatal(err)
		}
		past := time.Now().Add(-time.Minute).UnixMilli()
		if won, err := s.ClaimRefresh(t.Context(), r.Tenant.ID, r.desk.ID, row.Epoch, past, past); !won || err != nil {
			t.Fatalf("claim: %v, %v", won, err)
		}
		for _, job := range r.Engine.Upkeep() {
			if job.Name == "tokens" {
				_ = job.Run(t.Context()) // it reports the loss
			}
		}
		if a := r.account(); a.State != models.AccountNeedsReauth {
			t.Fatalf("the account is %s", a.State)
		}
		if _, err := r.Engine.FinishLink(t.Context(), "desk", r.consent()); err != nil {
			t.Fatal(err)
		}
		r.wantBy("linked", policy.ZNS, "")
		late := models.AccountToken{TenantID: r.Tenant.ID, AccountID: r.desk.ID, Epoch: row.Epoch + 1, Sealed: []byte("late")}
		if err := s.FinishRefresh(t.Context(), late); !errors.Is(err, models.ErrStale) {
			t.Errorf("the older refresh ends in %v", err)
		}
	})
}

// While a token is renewed a person brings another pair: however the renewal ends, the message goes out with theirs.
func TestLinkOvertakesARefresh(t *testing.T) {
	for name, end := range map[string]error{
		"renewed": nil,
		"refused": &channels.Failure{Class: policy.ClassAccount, Code: "spent", Detail: "the refresh token is spent"},
		"cut off": &channels.Failure{Class: policy.ClassUnknown, Code: "cut", Detail: "no answer"},
	} {
		for _, dialect := range modelstest.Dialects(t) {
			t.Run(dialect+"/"+name, func(t *testing.T) {
				t.Parallel()
				r := &deskRig{t: t}
				r.Rig = orchestratortest.New(t, modelstest.Open(t, dialect), orchestratortest.Config{Now: r.now})
				r.desk = r.AddDesk(orchestratortest.Config{}, "desk", map[string]string{"desk_id": "D1", "refresh_token": "rt"})
				r.Policy("default", firstByDesk)
				back := r.consent()
				r.Desk.OnRefresh(func() error {
					if _, err := r.Engine.FinishLink(t.Context(), "desk", back); err != nil {
						t.Error(err)
					}
					return end
				})
				r.wantBy("linked meanwhile", policy.ZNS, "")
				row, err := r.Store.Token(t.Context(), r.Tenant.ID, r.desk.ID)
				if a := r.account(); err != nil || row.State != models.TokenOK || a.State != models.AccountActive || a.LinkedAt == 0 {
					t.Errorf("the pair is %s, the account %s: %q, %v", row.State, a.State, a.StateReason, err)
				}
				r.wantBy("after it", policy.ZNS, "")
				if n := r.Desk.Refreshes(); n != 1 {
					t.Errorf("%d refreshes, want 1", n)
				}
			})
		}
	}
}

func TestLinkIsRefused(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := unlinkedRig(t, s)
		with := func(name, value string) url.Values {
			back := r.consent()
			back.Set(name, value)
			return back
		}
		good := r.consent()
		for name, tt := range map[string]struct {
			adapter string
			query   url.Values
			want    error
		}{
			"no state":              {"desk", with("state", ""), orchestrator.ErrLinkState},
			"a state of nobody's":   {"desk", with("state", "AQIDBA"), orchestrator.ErrLinkState},
			"a state that was bent": {"desk", with("state", good.Get("state")[1:]), orchestrator.ErrLinkState},
			"another adapter":       {"zalo", good, models.ErrNotFound},
			"another account":       {"desk", with("desk_id", "D2"), orchestrator.ErrOtherAccount},
		} {
			if _, err := r.Engine.FinishLink(t.Context(), tt.adapter, tt.query); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", name, err, tt.want)
			}
		}
		late := r.consent()
		r.ahead.Store(int64(16 * time.Minute))
		if _, err := r.Engine.FinishLink(t.Context(), "desk", late); !errors.Is(err, orchestrator.ErrLinkExpired) {
			t.Errorf("too late: %v", err)
		}
		if a := r.account(); a.State != models.AccountNeedsReauth || a.LinkedAt != 0 {
			t.Errorf("after all that the account is %s", a.State)
		}

		if _, err := r.Engine.StartLink(t.Context(), r.Tenant.ID, r.Accounts["sms-main"].ID); !errors.Is(err, orchestrator.ErrNotLinkable) {
			t.Errorf("an adapter without consent: %v", err)
		}
		disabled := true
		if _, err := r.Engine.UpdateAccount(t.Context(), r.Tenant.ID, r.desk.ID, orchestrator.AccountPatch{Disabled: &disabled}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Engine.FinishLink(t.Context(), "desk", with("desk_id", "D1")); err != nil {
			t.Fatal(err)
		}
		if a := r.account(); a.State != models.AccountDisabled || a.LinkedAt == 0 {
			t.Errorf("linked while it is disabled: %s", a.State)
		}
	})
}
