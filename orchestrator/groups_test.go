package orchestrator_test

import (
	"math"
	"slices"
	"testing"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// counts accepts n messages and tells which account each begins with.
func counts(t *testing.T, r *orchestratortest.Rig, n int) map[string]int {
	t.Helper()
	got := map[string]int{}
	for range n {
		acc, err := r.Engine.Accept(t.Context(), r.Caller, r.Submission("+84912345678"))
		if err != nil {
			t.Fatal(err)
		}
		got[acc.Message.Attempts[0].Account]++
	}
	return got
}

// A weighted step shares its messages out by weight, within five standard deviations; an account of weight 0 gets what the
// others cannot take.
func TestWeightedAccounts(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		c := orchestratortest.Config{}
		r := orchestratortest.New(t, s, c)
		r.AddZalo(c, "oa-b")
		r.AddZalo(c, "oa-spare")
		r.Policy("default", `{"steps":[{"channel":"zns","timeout":"20s","prefer":"weighted","accounts":["oa-spare","oa-main","oa-b"],
			"weights":{"oa-main":3,"oa-b":1,"oa-spare":0}}],"ttl":"10m"}`)
		const n = 400
		got := counts(t, r, n)
		if off := math.Abs(float64(got["oa-b"]) - n/4); off > 5*math.Sqrt(n*0.25*0.75) || got["oa-spare"] > 0 {
			t.Errorf("began with %v, want 300, 100 and none", got)
		}
		off := true
		for _, name := range []string{"oa-main", "oa-b"} {
			if _, err := r.Engine.UpdateAccount(t.Context(), r.Tenant.ID, r.Accounts[name].ID, orchestrator.AccountPatch{Disabled: &off}); err != nil {
				t.Fatal(err)
			}
		}
		if got := counts(t, r, 5); got["oa-spare"] != 5 {
			t.Errorf("with the others off, began with %v", got)
		}
	})
}

// The cheapest account goes first, by the price book.
func TestCheapestAccountFirst(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		c := orchestratortest.Config{}
		r := orchestratortest.New(t, s, c)
		r.AddZalo(c, "oa-b")
		err := s.PutPrices(t.Context(), r.Tenant.ID, []byte(`{"prices":[
			{"channel":"zns","unit":"message","moment":"taken","price":{"amount":"300","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"},
			{"channel":"zns","account":"oa-b","unit":"message","moment":"taken","price":{"amount":"210","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"}]}`), 1)
		if err != nil {
			t.Fatal(err)
		}
		r.Policy("default", `{"steps":[{"channel":"zns","timeout":"20s","prefer":"cheapest","accounts":["oa-main","oa-b"]}],"ttl":"10m"}`)
		if got := counts(t, r, 5); got["oa-b"] != 5 {
			t.Errorf("began with %v", got)
		}
		r.Policy("default", `{"steps":[{"channel":"zns","timeout":"20s","accounts":["oa-main","oa-b"]}],"ttl":"10m"}`)
		if got := counts(t, r, 5); got["oa-main"] != 5 {
			t.Errorf("as listed, began with %v", got)
		}
	})
}

// An account that its provider judges low comes after the others, and alone it is used.
func TestLowQualityComesLast(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		c := orchestratortest.Config{}
		r := orchestratortest.New(t, s, c)
		r.AddZalo(c, "oa-b")
		r.Policy("default", `{"steps":[{"channel":"zns","timeout":"20s","accounts":["oa-main","oa-b"]}],"ttl":"10m"}`)
		judge := func(quality string, names ...string) {
			t.Helper()
			for _, name := range names {
				if err := s.NoteQuality(t.Context(), r.Tenant.ID, r.Accounts[name].ID, quality); err != nil {
					t.Fatal(err)
				}
			}
			r.Engine.Reload()
		}
		judge("LOW", "oa-main")
		if got := counts(t, r, 5); got["oa-b"] != 5 {
			t.Errorf("with a low first account, began with %v", got)
		}
		acc, err := r.Engine.Accept(t.Context(), r.Caller, r.Submission("+84912345678"))
		if err != nil {
			t.Fatal(err)
		}
		started := acc.Message.Timeline[slices.IndexFunc(acc.Message.Timeline, func(e orchestrator.Event) bool { return e.Type == "attempt.started" })]
		if in := started.InsteadOf; in == nil || *in != (orchestrator.InsteadOf{Account: "oa-main", Reason: policy.ReasonAccountQuality}) ||
			started.Detail != "zns by oa-b, instead of oa-main: account_quality_low" {
			t.Errorf("told as %+v", started)
		}
		judge("LOW", "oa-b")
		if got := counts(t, r, 5); got["oa-main"] != 5 {
			t.Errorf("with both low, began with %v", got)
		}
		judge("HIGH", "oa-main")
		if got := counts(t, r, 5); got["oa-main"] != 5 {
			t.Errorf("with the first well again, began with %v", got)
		}
	})
}
