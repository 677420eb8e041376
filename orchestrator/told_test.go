package orchestrator_test

import (
	"testing"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// What the provider says it charged is what a message cost, whatever the price book said before; the ledger shows both.
func TestProviderTellsThePrice(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		err := s.PutPrices(t.Context(), r.Tenant.ID, []byte(`{"prices":[
			{"channel":"sms","unit":"segment","moment":"taken","price":{"amount":"500","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"}]}`), 1)
		if err != nil {
			t.Fatal(err)
		}
		r.Policy("default", `{"steps":[{"channel":"sms","until":"delivered","timeout":"20s"}],"ttl":"10m"}`)
		v := r.Await(r.Send("+84912345678"), orchestratortest.Final)
		if want := (policy.Money{Micros: 820_000_000, Currency: "VND"}); v.Cost != want {
			t.Errorf("the message cost %v, the provider said %v", v.Cost, want)
		}
		lines, err := s.Charges(t.Context(), r.Tenant.ID, v.ID)
		if err != nil {
			t.Fatal(err)
		}
		sum := int64(0)
		for _, l := range lines {
			sum += l.Amount
		}
		if sum != 820_000_000 || lines[0].Reason != "charge" || len(lines) > 2 {
			t.Errorf("the ledger sums to %d: %+v", sum, lines)
		}
		r.Verify()
	})
}

// The order in which a provider names prices must not matter.
func TestToldCostsJoin(t *testing.T) {
	const nothing = models.ToldNothing
	for _, tt := range []struct{ a, b, want int64 }{
		{0, 0, 0}, {0, nothing, nothing}, {nothing, 300, 300}, {0, 300, 300}, {200, 300, 300}, {nothing, nothing, nothing},
	} {
		if got, back := orchestrator.HigherCost(tt.a, tt.b), orchestrator.HigherCost(tt.b, tt.a); got != tt.want || back != tt.want {
			t.Errorf("%d and %d join to %d and %d, want %d", tt.a, tt.b, got, back, tt.want)
		}
	}
}
