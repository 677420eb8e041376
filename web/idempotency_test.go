package web

import (
	"bytes"
	"net/http"
	"testing"
	"time"

	"cascade/models"
	"cascade/models/modelstest"
)

// An Idempotency-Key belongs to the caller that sends it: the answers it stands for can hold a secret.
func TestIdempotencyKeysBelongToTheirCaller(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		const body = `{"url":"http://127.0.0.1:1/cascade"}`
		create := func(key string) reply {
			return a.do("POST", "/v1/callbacks", key, body, "Idempotency-Key", "the same for all")
		}
		row, colleague := models.NewAPIKey(a.rig.Tenant.ID, models.ModeLive, scopes(), time.Now().UnixMilli())
		if err := store.InsertKey(t.Context(), row); err != nil {
			t.Fatal(err)
		}
		var other struct {
			APIKey string `json:"api_key"`
		}
		decodeReply(t, a.wantAs(http.StatusCreated, testAdmin, "POST", "/v1/tenants", `{"name":"other"}`), &other)
		seen := map[string]bool{}
		for name, key := range map[string]string{"the first": a.key, "another key of the tenant": colleague, "another tenant": other.APIKey} {
			first, again := create(key), create(key)
			if first.status != http.StatusCreated || first.header.Get("Idempotent-Replayed") != "" {
				t.Errorf("%s: %d, replayed %q: %s", name, first.status, first.header.Get("Idempotent-Replayed"), first.body)
			}
			if !bytes.Equal(again.body, first.body) || again.header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("%s, again: %d %s", name, again.status, again.body)
			}
			seen[string(first.body)] = true
		}
		if len(seen) != 3 {
			t.Errorf("three callers got %d answers", len(seen))
		}
	})
}
