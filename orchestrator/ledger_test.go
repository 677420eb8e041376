package orchestrator_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// Late evidence changes what is owed in either direction: the ledger gets another line each time, and none is touched.
// The call's end is unknown, so until the provider tells when it took the message, a delivery counts as within the
// two hours that are billed.
func TestLateEvidenceCorrectsTheLedger(t *testing.T) {
	const price = 470_000_000
	taken := time.Now().Add(-12 * time.Hour).Truncate(time.Second)
	late, inTime := report{"delivered", taken.Add(3 * time.Hour)}, report{"delivered", taken.Add(time.Hour)}
	sent := report{"sent", taken}
	tests := map[string]struct {
		reports []report
		want    []int64 // the lines, in order
	}{
		"delivered late, as it turns out":           {[]report{late, sent}, []int64{price, -price}},
		"and then in time after all":                {[]report{late, sent, inTime}, []int64{price, -price, price}},
		"delivered late, as was known":              {[]report{sent, late}, nil},
		"in time, whatever was told first":          {[]report{sent, late, inTime}, []int64{price}},
		"in time, whatever is told later":           {[]report{inTime, sent, late}, []int64{price}},
		"repeated reports are not billed again":     {[]report{inTime, inTime, sent, sent, inTime}, []int64{price}},
		"a correction is not made again":            {[]report{late, sent, late, sent}, []int64{price, -price}},
		"failed is not billed, delivered after all": {[]report{{"failed", taken}, inTime}, []int64{price}},
	}
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		if err := s.PutPrices(t.Context(), r.Tenant.ID, []byte(`{"prices":[{"channel":"viber","unit":"message","moment":"delivered","within":"2h",
			"price":{"amount":"470","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"}]}`), time.Now().UnixMilli()); err != nil {
			t.Fatal(err)
		}
		r.Engine.Reload()
		r.Policy("default", `{"steps":[{"channel":"viber","until":"delivered","timeout":"2h"}],"ttl":"24h"}`)
		r.Sim.SetRule("*", simulator.Rule{Outcome: simulator.CutTaken, Deliver: new(time.Duration(-1)), DropWebhooks: true})
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				v, ok := see(t, r, r.Send("+84912345678"), func(v orchestrator.MessageView) bool {
					return len(v.Attempts) == 1 && v.Attempts[0].Status == policy.AttemptUnknown
				})
				if !ok {
					return
				}
				for _, rep := range tt.reports {
					if err := bring(t.Context(), r, v.Attempts[0].ID, rep); err != nil {
						t.Fatal(err)
					}
				}
				lines, err := s.Charges(t.Context(), r.Tenant.ID, v.ID)
				if err != nil {
					t.Fatal(err)
				}
				var got []int64
				sum := int64(0)
				for i, l := range lines {
					got = append(got, l.Amount)
					sum += l.Amount
					if first := i == 0; (l.Reason == "charge") != first {
						t.Errorf("line %d is called %s", i+1, l.Reason)
					}
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("the ledger (-want +got):\n%s", diff)
				}
				v, err = r.Engine.Message(t.Context(), r.Tenant.ID, v.ID)
				if err != nil || v.Cost.Micros != sum || v.Attempts[0].Cost.Micros != sum {
					t.Errorf("the message cost %s, its attempt %s, the lines sum to %d, %v", v.Cost, v.Attempts[0].Cost, sum, err)
				}
			})
		}
		r.Verify()
	})
}
