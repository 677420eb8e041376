package web

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
)

// A revoked key ends at once on the replica that revoked it, and within seconds where it is still remembered.
func TestRevokedKey(t *testing.T) {
	for name, tt := range map[string]struct {
		elsewhere bool // revoked by another replica
		after     time.Duration
		status    int
	}{
		"here":                             {false, 0, http.StatusUnauthorized},
		"elsewhere, and still remembered":  {true, keyLifetime - time.Millisecond, http.StatusOK},
		"elsewhere, and no longer":         {true, keyLifetime, http.StatusUnauthorized},
		"elsewhere, a day after it was so": {true, 24 * time.Hour, http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			store := modelstest.Open(t, models.SQLite)
			var clock atomic.Int64
			clock.Store(time.Now().UnixNano())
			now := func() time.Time { return time.Unix(0, clock.Load()) }
			tenant := models.Tenant{ID: uuid.Must(uuid.NewV7()), Name: "acme", DefaultRegion: "VN", Timezone: "Asia/Ho_Chi_Minh", Currency: "VND"}
			row, key := models.NewAPIKey(tenant.ID, models.ModeLive, scopes(), now().UnixMilli())
			if err := store.CreateTenant(t.Context(), tenant, row); err != nil {
				t.Fatal(err)
			}
			r := New(Deps{Engine: &fakeEngine{}, Store: store, AdminKey: testAdmin, PublicURL: "http://127.0.0.1:8080", Now: now})
			if w := call(r, "GET", "/v1/templates", key, ""); w.Code != http.StatusOK {
				t.Fatalf("before: %d %s", w.Code, w.Body)
			}
			if tt.elsewhere {
				if err := store.RevokeKey(t.Context(), tenant.ID, row.ID, now().UnixMilli()); err != nil {
					t.Fatal(err)
				}
			} else if w := call(r, "DELETE", "/v1/tenants/"+tenant.ID.String()+"/keys/"+row.ID.String(), testAdmin, ""); w.Code != http.StatusNoContent {
				t.Fatalf("revoke: %d %s", w.Code, w.Body)
			}
			clock.Add(int64(tt.after))
			if w := call(r, "GET", "/v1/templates", key, ""); w.Code != tt.status {
				t.Errorf("answered %d, want %d: %s", w.Code, tt.status, w.Body)
			}
		})
	}
}
