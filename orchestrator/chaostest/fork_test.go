//go:build chaos

package chaostest

import (
	"database/sql"
	"testing"
	"time"

	"cascade/channels/simulator"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/orchestrator/orchestratortest/faulttest"
)

// What a replica remembers of commits that a failover lost must not go over what another replica has committed since.
func TestRememberedStateOfALostTimeline(t *testing.T) {
	pg := newServer(t)
	r := newRig(t, pg.address())
	r.Policy("default", `{"steps":[{"channel":"zns","until":"delivered","timeout":"60s"},{"channel":"sms","until":"delivered","timeout":"60s"}],"ttl":"10m"}`)
	r.Sim.SetRule("*", simulator.Rule{Channel: simulator.ZNS, Deliver: new(time.Duration(-1))})
	other := r.NewEngine(orchestratortest.Config{Lease: lease}) // a second replica; it need not poll
	if err := other.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer other.Stop(t.Context())
	id := r.Send(faulttest.Number(1))
	faulttest.Until(t, "sent", func() bool { return stateOf(t, r, id).Attempts[0].SentAt != 0 })
	db, err := sql.Open("pgx", pg.address())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	run := func(q string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), q, args...); err != nil {
			t.Fatal(err)
		}
	}
	before := stateOf(t, r, id).Message.Version
	run("CREATE TABLE kept AS SELECT * FROM messages WHERE id = $1", id)
	if _, err := r.Engine.Cancel(t.Context(), r.Tenant.ID, id); err != nil { // the primary dies after this; the standby never heard of it
		t.Fatal(err)
	}
	lostVersion := stateOf(t, r, id).Message.Version
	run("BEGIN; DELETE FROM messages WHERE id = '" + id.String() + "'; INSERT INTO messages SELECT * FROM kept; COMMIT")
	run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'")
	confirm := func(e *orchestrator.Engine) {
		t.Helper()
		faulttest.Until(t, "confirmed", func() bool {
			_, err := e.Confirm(t.Context(), r.Tenant.ID, id)
			return err == nil
		})
	}
	confirm(other)
	told := stateOf(t, r, id).Message
	t.Logf("versions: %d kept, %d lost, %d by the other replica, confirmed at %d", before, lostVersion, told.Version, told.ConfirmedAt)
	confirm(r.Engine)
	now := stateOf(t, r, id).Message
	t.Logf("now: version %d, status %s, confirmed at %d, canceled at %d", now.Version, now.Status, now.ConfirmedAt, now.CanceledAt)
	if now.CanceledAt != 0 {
		t.Error("the cancel that the failover lost is back")
	}
	if now.ConfirmedAt != told.ConfirmedAt {
		t.Error("the confirmation that the other replica answered is overwritten")
	}
	r.Verify()
}
