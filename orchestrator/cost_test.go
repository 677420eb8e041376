package orchestrator_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// What the report says was spent equals what the providers' own log says, to the đồng: with fallbacks, late receipts
// and messages of several segments among them.
func TestCostsEqualTheProvidersLog(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		long := "Don hang cua ban da duoc giao. "
		for len(long) < 400 {
			long += long
		}
		var wg sync.WaitGroup
		ids := make(chan uuid.UUID, 200)
		for i := range 120 {
			wg.Go(func() {
				sub := r.Submission(fmt.Sprintf("+849000000%02d", 1+i%9))
				if i%3 == 0 {
					sub.Content[policy.SMS] = channels.Content{Text: long[:200+i]}
				}
				acc, err := r.Engine.Accept(t.Context(), r.Caller, sub)
				if err != nil {
					t.Error(err)
					return
				}
				ids <- acc.Message.ID
			})
		}
		wg.Wait()
		close(ids)
		for id := range ids {
			r.Await(id, orchestratortest.Final)
		}
		settle(t, r)

		want := map[string]int64{}
		for _, c := range r.Sim.Calls() {
			var dong int64
			if _, err := fmt.Sscan(c.Price, &dong); err != nil {
				t.Fatalf("price %q: %v", c.Price, err)
			}
			want[c.Channel] += dong
		}
		zone, err := time.LoadLocation("Asia/Ho_Chi_Minh")
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		rows, _ := reportOf(t, s, models.CostQuery{
			TenantID: r.Tenant.ID, From: now.Add(-time.Hour).UnixMilli(), To: now.Add(time.Hour).UnixMilli(), GroupBy: []string{"channel"}, Location: zone,
		})
		got := map[string]int64{}
		for _, row := range rows {
			got[row.Group["channel"]] += row.Cost / 1_000_000
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("report differs from the providers' log (-log +report):\n%s", diff)
		}
		r.Verify()
	})
}

// settle waits until every receipt that the simulator has sent is booked: late ones come after the end.
func settle(t *testing.T, r *orchestratortest.Rig) {
	t.Helper()
	delivered := func() (n int) {
		for _, c := range r.Sim.Calls() {
			if c.DeliveredAt != nil || c.ReadAt != nil {
				n++
			}
		}
		return n
	}
	booked := func() (n int) {
		page, _, err := r.Store.Messages(t.Context(), r.Tenant.ID, models.MessageFilter{}, "", 200)
		if err != nil {
			t.Fatal(err)
		}
		views, err := r.Engine.Views(t.Context(), r.Tenant.ID, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range views {
			for _, a := range v.Attempts {
				if a.DeliveredAt != nil {
					n++
				}
			}
		}
		return n
	}
	deadline := time.Now().Add(30 * time.Second)
	for calm := 0; calm < 20; time.Sleep(25 * time.Millisecond) {
		if delivered() == booked() {
			calm++
		} else {
			calm = 0
		}
		if time.Now().After(deadline) {
			t.Fatalf("the simulator delivered %d, %d are booked", delivered(), booked())
		}
	}
}

// reportOf is a cost report: its rows, and what was paid twice.
func reportOf(t *testing.T, s *models.Store, q models.CostQuery) (rows []models.CostRow, late map[string]int64) {
	t.Helper()
	err := s.Report(t.Context(), func(r *models.Report) (err error) {
		rows, late, err = r.Costs(q)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows, late
}
