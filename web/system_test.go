package web

import (
	"net/http"
	"testing"
	"time"

	"cascade/models"
	"cascade/models/modelstest"
)

func TestSystem(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		started := time.Now()
		a := newAPI(t, store, func(d *Deps) {
			d.live = unhurried
			d.System = System{Version: "1.2.3", Replica: "one", StartedAt: started, Jobs: func() []JobState {
				return []JobState{{Name: "clock", Schedule: "@every 10s", LastRunAt: started, LastError: "disk full", Running: true}}
			}}
		})
		for _, to := range []string{"0912345678", "0912345679"} {
			a.want(http.StatusAccepted, "POST", "/v1/messages", messageBody(to, scheduled()))
		}
		openStream(t, a.url+"/v1/channels", a.key, "").next("state")
		var got systemView
		decodeReply(t, a.wantAs(200, testAdmin, "GET", "/v1/system", ""), &got)
		if got.Version != "1.2.3" || got.Replica != "one" || got.Database.Dialect != store.Dialect() || got.Database.Version == "" || got.Database.SizeBytes < 1 {
			t.Errorf("about itself %+v", got)
		}
		if got.Queue.Pending != (models.Count{N: 2}) || got.Queue.DueNow.N != 0 || got.Queue.Claimed.N != 0 || got.Queue.OldestDueAt == nil {
			t.Errorf("what waits %+v", got.Queue)
		}
		if got.Streams != 1 || got.MemoryBytes == 0 {
			t.Errorf("%d streams, %d bytes", got.Streams, got.MemoryBytes)
		}
		if len(got.Jobs) != 1 || got.Jobs[0].LastError == nil || !got.Jobs[0].Running || got.Jobs[0].NextRunAt != nil {
			t.Errorf("jobs %+v", got.Jobs)
		}
		if r := a.do("GET", "/v1/system", a.key, ""); r.status != http.StatusForbidden {
			t.Errorf("a tenant's key: %d %s", r.status, r.body)
		}
	})
}
