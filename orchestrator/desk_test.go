package orchestrator_test

import (
	"encoding/base64"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// deskRig is a rig whose messages go to the desk first and then to SMS, and whose clock the test moves.
type deskRig struct {
	*orchestratortest.Rig
	t     *testing.T
	desk  models.Account
	app   *receiver
	ahead atomic.Int64 // in nanoseconds
}

// firstByDesk is a policy for messages that end as soon as a provider has them.
const firstByDesk = `{"steps":[{"channel":"zns","until":"sent","timeout":"20s","accounts":["desk"]},{"channel":"sms","until":"sent","timeout":"20s"}],"ttl":"10m"}`

func newDeskRig(t *testing.T, s *models.Store) *deskRig {
	t.Helper()
	r := &deskRig{t: t}
	r.Rig = orchestratortest.New(t, s, orchestratortest.Config{Now: r.now, Sim: simulator.Options{Now: r.now}})
	r.desk = r.AddDesk(orchestratortest.Config{}, "desk", map[string]string{"desk_id": "D1", "refresh_token": "rt", "access_token": "at"})
	r.Policy("default", firstByDesk)
	return r
}

func (r *deskRig) now() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) }

// send sends a message to its end.
func (r *deskRig) send(to string, change ...func(*orchestrator.Submission)) orchestrator.MessageView {
	r.t.Helper()
	s := r.Submission(to)
	for _, f := range change {
		f(&s)
	}
	acc, err := r.Engine.Accept(r.t.Context(), r.Caller, s)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.Await(acc.Message.ID, orchestratortest.Final)
}

// wantBy sends a message and needs the channel that carries it, and why the desk's step was skipped.
func (r *deskRig) wantBy(when string, ch policy.Channel, skipped policy.Reason) orchestrator.MessageView {
	r.t.Helper()
	v := r.send("+84912345678")
	reason := policy.Reason("")
	if v.Attempts[0].Status == policy.AttemptSkipped {
		reason = v.Attempts[0].Reason
	}
	if v.Channel != ch || reason != skipped {
		r.t.Errorf("%s: went by %s, its first step skipped for %q; want %s and %q\n%+v", when, v.Channel, reason, ch, skipped, v.Timeline)
	}
	return v
}

// tell has the desk call back.
func (r *deskRig) tell(news orchestratortest.DeskNews) {
	r.t.Helper()
	if _, err := r.DeskHook(r.desk, news); err != nil {
		r.t.Fatal(err)
	}
}

// listen adds an app that hears every event.
func (r *deskRig) listen() {
	r.t.Helper()
	secret := "whsec_" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		r.t.Fatal(err)
	}
	r.app = &receiver{verify: verifier, seen: map[string]bool{}}
	server := httptest.NewServer(r.app)
	r.t.Cleanup(server.Close)
	cb := models.Callback{TenantID: r.Tenant.ID, ID: uuid.Must(uuid.NewV7()), URL: server.URL, State: models.CallbackActive, CreatedAt: time.Now().UnixMilli()}
	if cb.Secret, err = r.Store.SealCallbackSecret(cb, []byte(secret)); err != nil {
		r.t.Fatal(err)
	}
	if err := r.Store.InsertCallback(r.t.Context(), cb); err != nil {
		r.t.Fatal(err)
	}
	r.Engine.Reload()
}

// job runs a piece of upkeep, as the schedule does.
func (r *deskRig) job(e *orchestrator.Engine, name string) {
	r.t.Helper()
	for _, job := range e.Upkeep() {
		if job.Name == name {
			if err := job.Run(r.t.Context()); err != nil {
				r.t.Error(err)
			}
			return
		}
	}
	r.t.Fatalf("there is no job %s", name)
}

// account reads the desk's row.
func (r *deskRig) account() models.Account {
	r.t.Helper()
	a, err := r.Store.Account(r.t.Context(), r.Tenant.ID, r.desk.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}
