package simulator

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

// acme is a provider as small as one can be: the address names the recipient, and a webhook's body is what happened.
func acme(hook string, verdicts chan<- Verdict) Wire {
	return Wire{Provider: "acme", Routes: func(mux *http.ServeMux, d *Desk) {
		mux.HandleFunc("POST /acme/{to}", func(w http.ResponseWriter, r *http.Request) {
			v := d.Place(r.Context(), Message{
				Account: "a", Channel: Viber, Reference: "ref", To: r.PathValue("to"), Text: "hi",
				Refusal: func(reason string) string { return "no " + reason },
				Tell: func(c Call, e Event) (Webhook, bool) {
					return Webhook{
						URL: hook, Body: []byte(c.ProviderID + " " + e.Kind), Budget: time.Second,
						Pause: func(int) (time.Duration, bool) { return 0, false },
					}, true
				},
			})
			verdicts <- v
			status := http.StatusOK
			if v.Refused() {
				status = http.StatusTeapot
			}
			d.Answer(w, r, v, status, v.Call.Code)
		})
		mux.HandleFunc("GET /acme/{id}", func(w http.ResponseWriter, r *http.Request) {
			if _, ok := d.Account("a"); ok && d.Broken(w, r, "a") {
				return
			}
			c, ok := d.Find("a", r.PathValue("id"))
			if !ok {
				d.Refuse("a", Viber, "unknown")
			}
			d.Answer(w, r, Verdict{}, http.StatusOK, c.Last().Kind)
		})
	}}
}

func TestWire(t *testing.T) {
	b := start(t, Options{})
	verdicts := make(chan Verdict, 3)
	b.sim.Add(acme(b.hook, verdicts))
	b.sim.Register(Account{Provider: "acme", ID: "a"})
	b.sim.SetRule("*9", Rule{Outcome: Throttle})

	if r := b.call(http.MethodPost, "/acme/84912345678", "", nil); r.status != http.StatusOK {
		t.Fatalf("got %+v", r)
	}
	v := <-verdicts
	var told []string
	for range 3 {
		told = append(told, string(b.next().body))
	}
	slices.Sort(told)
	if id := v.Call.ProviderID; !slices.Equal(told, []string{id + " " + EventAccepted, id + " " + EventDelivered, id + " " + EventRead}) {
		t.Errorf("told %q of %+v", told, v.Call)
	}
	if r := b.call(http.MethodGet, "/acme/ref", "", nil); r.text != `"delivered"` || b.sim.Queries() != 1 {
		t.Errorf("asked: %+v, %d queries", r, b.sim.Queries())
	}
	if r := b.call(http.MethodPost, "/acme/84912345679", "", nil); r.status != http.StatusTeapot || r.header.Get("Retry-After") == "" || r.text != `"no throttle"` {
		t.Errorf("throttled: %+v", r)
	}
	b.sim.SetAccountFault("acme", "a", FaultDown)
	if r := b.call(http.MethodGet, "/acme/ref", "", nil); r.status != http.StatusBadGateway {
		t.Errorf("of an account that is down: %+v", r)
	}
	b.sim.SetAccountFault("acme", "a", FaultReauth)
	b.call(http.MethodGet, "/acme/nothing", "", nil)
	calls := b.sim.Calls()
	if got := calls[len(calls)-1]; len(calls) != 3 || got.Code != "unknown" || got.Taken() || calls[0].Price != "470" {
		t.Errorf("calls %+v", calls)
	}
}
