package orchestrator_test

import (
	"testing"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// A cancel that comes after the end says so by the status that it answers, and leaves no trace.
func TestCancelAfterTheEndChangesNothing(t *testing.T) {
	ends := map[policy.MessageStatus]string{policy.Delivered: "+84900000002", policy.Failed: "+84900000009"}
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		for status, to := range ends {
			id := r.Send(to)
			before := r.Await(id, orchestratortest.Final)
			after, err := r.Engine.Cancel(t.Context(), r.Tenant.ID, id)
			if err != nil || after.Status != status || after.Reason != before.Reason {
				t.Errorf("%s: the cancel answers %s (%s), %v", status, after.Status, after.Reason, err)
			}
			ref := models.Ref{TenantID: r.Tenant.ID, ID: id}
			states, err := s.LoadStates(t.Context(), []models.Ref{ref})
			if err != nil {
				t.Fatal(err)
			}
			if m := states[ref].Message; m.CanceledAt != 0 || orchestrator.Time(m.CompletedAt) != *before.CompletedAt {
				t.Errorf("%s: canceled at %d, completed at %d", status, m.CanceledAt, m.CompletedAt)
			}
		}
		r.Verify()
	})
}
