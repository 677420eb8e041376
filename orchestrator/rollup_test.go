package orchestrator_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
)

// A delivery that is told hours late costs money in an hour that was rolled, and has the next channel's hour be paid
// twice. The report says so at once, and after the next roll.
func TestLateChargeChangesRolledHours(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		var ahead atomic.Int64
		now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		set := func(at time.Time) { ahead.Store(int64(time.Until(at))) }
		r := orchestratortest.New(t, s, orchestratortest.Config{Now: now, Sim: simulator.Options{Now: now}})
		r.Policy("default", `{"steps":[{"channel":"viber","until":"delivered","timeout":"30m"},{"channel":"sms","until":"delivered","timeout":"30m"}],"ttl":"24h"}`)
		r.Sim.SetRule("*", simulator.Rule{Channel: simulator.Viber, Deliver: new(time.Duration(-1)), DropWebhooks: true})

		base := time.Now().Truncate(time.Hour).Add(-3*time.Hour + 50*time.Minute)
		set(base)
		id := r.Send("+84912345678")
		r.Await(id, func(v orchestrator.MessageView) bool { return len(v.Attempts) == 1 && v.Attempts[0].SentAt != nil })
		set(base.Add(35 * time.Minute)) // the next hour
		v := r.Await(id, orchestratortest.Final)
		set(time.Now())

		costs := func(when string, viber, late int64) {
			t.Helper()
			rows, twice := reportOf(t, s, models.CostQuery{
				TenantID: r.Tenant.ID, From: base.Add(-time.Hour).UnixMilli(), To: time.Now().UnixMilli(), GroupBy: []string{"channel"},
			})
			got := map[string]int64{}
			for _, row := range rows {
				got[row.Group["channel"]] = row.Cost / 1_000_000
			}
			if diff := cmp.Diff(map[string]int64{"viber": viber, "sms": orchestratortest.PriceSMS}, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
			if twice["VND"] != late*1_000_000 {
				t.Errorf("%s: paid twice %v, want %d", when, twice, late)
			}
		}
		costs("before any roll", 0, 0)
		upkeep(t, r.Engine, "rollups")
		costs("rolled", 0, 0)
		if err := bring(t.Context(), r, v.Attempts[0].ID, report{kind: "delivered", at: base.Add(40 * time.Minute)}); err != nil {
			t.Fatal(err)
		}
		costs("delivered late", orchestratortest.PriceViber, orchestratortest.PriceSMS)
		upkeep(t, r.Engine, "rollups")
		costs("rolled again", orchestratortest.PriceViber, orchestratortest.PriceSMS)
		r.Verify()
	})
}

// upkeep runs one of the engine's jobs.
func upkeep(t *testing.T, e *orchestrator.Engine, name string) {
	t.Helper()
	for _, job := range e.Upkeep() {
		if job.Name != name {
			continue
		}
		if err := job.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("there is no job %s", name)
}
