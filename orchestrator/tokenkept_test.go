package orchestrator_test

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// Once a refresh token is spent, its answer is all there is: the new pair is stored although the database fails around it.
func TestRenewedTokenIsKept(t *testing.T) {
	outage := fmt.Errorf("an outage: %w", io.ErrUnexpectedEOF)
	tests := map[string]struct {
		at    models.FaultPoint
		times int64
	}{
		"the commit's answer is lost":  {models.AfterCommit, 1},
		"the database is away a while": {models.BeforeBegin, 5},
	}
	for _, dialect := range modelstest.Dialects(t) {
		for name, tt := range tests {
			t.Run(dialect+"/"+name, func(t *testing.T) {
				t.Parallel()
				var sim atomic.Pointer[simulator.Simulator]
				var failed atomic.Int64
				store := modelstest.Open(t, dialect).Faulty(func(_ context.Context, at models.FaultPoint) error {
					if s := sim.Load(); s == nil || at != tt.at || s.Refreshes() == 0 || failed.Add(1) > tt.times {
						return nil
					}
					return outage
				})
				r := orchestratortest.New(t, store, orchestratortest.Config{})
				sim.Store(r.Sim)
				r.Sim.ExpireTokens()
				v := r.Await(r.Send("+84912345678"), orchestratortest.Final)
				if v.Channel != policy.ZNS || v.Status != policy.Delivered {
					t.Errorf("ended %s by %s\n%+v", v.Status, v.Channel, v.Timeline)
				}
				if n := r.Sim.Refreshes(); n != 1 {
					t.Errorf("%d refreshes, want one", n)
				}
				if failed.Load() < tt.times {
					t.Errorf("the database failed %d times, want %d", failed.Load(), tt.times)
				}
				if a, err := store.Account(t.Context(), r.Tenant.ID, r.Accounts["oa-main"].ID); err != nil || a.State != models.AccountActive {
					t.Errorf("the account is %s, %v", a.State, err)
				}
			})
		}
	}
}
