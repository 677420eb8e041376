package orchestrator_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator/orchestratortest"
)

// What an app answers decides whether its event comes again: only a 2xx takes it, 410 ends it, a redirect is not followed.
func TestCallbackAnswers(t *testing.T) {
	tests := map[int]models.DeliveryState{
		http.StatusOK:                  models.DeliveryDelivered,
		http.StatusNoContent:           models.DeliveryDelivered,
		http.StatusFound:               models.DeliveryPending,
		http.StatusPermanentRedirect:   models.DeliveryPending,
		http.StatusBadRequest:          models.DeliveryPending,
		http.StatusGone:                models.DeliveryFailed,
		http.StatusServiceUnavailable:  models.DeliveryPending,
		http.StatusInternalServerError: models.DeliveryPending,
	}
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		var followed atomic.Int64
		elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
		t.Cleanup(elsewhere.Close)
		endpoints := map[int]uuid.UUID{}
		for status := range tests {
			app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", elsewhere.URL)
				w.WriteHeader(status)
			}))
			t.Cleanup(app.Close)
			cb := models.Callback{
				TenantID: r.Tenant.ID, ID: uuid.Must(uuid.NewV7()), URL: app.URL, State: models.CallbackActive, Events: models.List{"message.delivered"},
				CreatedAt: time.Now().UnixMilli(),
			}
			var err error
			if cb.Secret, err = s.SealCallbackSecret(cb, []byte("whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 32)))); err != nil {
				t.Fatal(err)
			}
			if err := s.InsertCallback(t.Context(), cb); err != nil {
				t.Fatal(err)
			}
			endpoints[status] = cb.ID
		}
		r.Engine.Reload()
		r.Await(r.Send("+84900000002"), orchestratortest.Final)
		for status, want := range tests {
			d := answeredDelivery(t, r, endpoints[status])
			if d.State != want || d.LastStatus != int64(status) || (d.NextAt != 0) != (want == models.DeliveryPending) {
				t.Errorf("%d leaves the delivery %s (last answer %d, next try at %d), want %s", status, d.State, d.LastStatus, d.NextAt, want)
			}
		}
		if n := followed.Load(); n != 0 {
			t.Errorf("redirects were followed %d times", n)
		}
	})
}

// answeredDelivery waits until the one event of an endpoint was tried, and answers it.
func answeredDelivery(t *testing.T, r *orchestratortest.Rig, endpoint uuid.UUID) models.Delivery {
	t.Helper()
	for limit := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		rows, _, err := r.Store.Deliveries(t.Context(), r.Tenant.ID, endpoint, "", "", 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) == 1 && rows[0].LastStatus != 0 {
			return rows[0]
		}
		if time.Now().After(limit) {
			t.Fatalf("%d deliveries, none answered: %+v", len(rows), rows)
		}
	}
}
