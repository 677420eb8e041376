package channeltest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/policy"
)

// What a World's message is.
const (
	Reference = "0198c7b2a1f04c6d8e3b5a7c9d1e2f30"
	Recipient = "+84912345678"
)

// patience is how long a callback may take; the simulator's take hundredths of a second.
const patience = 10 * time.Second

// Play is an adapter with its account and its message, before the simulator.
type Play struct {
	Spec    channels.Spec
	Channel policy.Channel
	// Account is what the simulated provider knows.
	Account simulator.Account
	// Wires are the providers that the simulator does not play by itself.
	Wires []simulator.Wire
	// Settings are the account's on our side, as for the function Settings; url is the simulator's.
	Settings func(url string) []string
	Content  channels.Content
}

// World is a Play under way: the adapter on one side, the simulator on the other, and a receiver of the callbacks.
type World struct {
	Sim *simulator.Simulator
	// URL is the simulator's, HookURL where callbacks come in.
	URL, HookURL string
	play         Play
	t            testing.TB
	hooks        chan channels.Hook
}

// NewWorld sets a Play up until the test ends. The simulator's times are hundredths of the documented ones.
func NewWorld(t testing.TB, p Play) *World {
	t.Helper()
	sim, err := simulator.New(simulator.Options{Scale: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	for _, wire := range p.Wires {
		sim.Add(wire)
	}
	w := &World{Sim: sim, play: p, t: t, hooks: make(chan channels.Hook, 20)}
	receiver := httptest.NewServer(http.HandlerFunc(w.receive))
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
		receiver.Close()
	})
	w.URL, w.HookURL = server.URL, receiver.URL+"/hooks/"+p.Spec.Name+"/a1"
	sim.Register(p.Account)
	return w
}

func (w *World) receive(_ http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Error(err)
	}
	w.hooks <- channels.Hook{Method: r.Method, URL: "http://" + r.Host + r.RequestURI, Header: r.Header, Body: raw}
}

// Adapter makes the Play's adapter; more settings are laid over its own.
func (w *World) Adapter(more ...string) channels.Adapter {
	w.t.Helper()
	return Build(w.t, w.play.Spec, channels.Config{Channel: w.play.Channel}, append(w.play.Settings(w.URL), more...)...)
}

// Send sends the Play's message.
func (w *World) Send(a channels.Adapter) (channels.Taken, error) {
	return a.Send(w.t.Context(), channels.Outbound{
		Reference: Reference, To: Recipient, Category: policy.OTP, Content: w.play.Content, ValidFor: time.Minute, CallbackURL: w.HookURL,
	})
}

// Hook waits for a callback.
func (w *World) Hook() channels.Hook {
	w.t.Helper()
	select {
	case h := <-w.hooks:
		return h
	case <-time.After(patience):
		w.t.Fatal("no callback came")
		return channels.Hook{}
	}
}

// Receipt waits for a callback with one receipt, and reads it.
func (w *World) Receipt(a channels.Adapter) channels.Receipt {
	w.t.Helper()
	return w.Read(a, w.Hook())
}

// Read reads a callback with one receipt. Repeated it must read the same, or it would count as another event.
func (w *World) Read(a channels.Adapter, h channels.Hook) channels.Receipt {
	w.t.Helper()
	got, err := read(a, h)
	if err != nil || len(got) != 1 || got[0].Key == "" {
		w.t.Fatalf("%s %s %s is read as %+v, %v", h.Method, h.URL, h.Body, got, err)
	}
	again, err := read(a, h)
	if diff := cmp.Diff(got, again); diff != "" || err != nil {
		w.t.Errorf("repeated: %v (-first +second):\n%s", err, diff)
	}
	return got[0]
}

// read gives the adapter a callback of its own to keep, as it comes off the wire.
func read(a channels.Adapter, h channels.Hook) ([]channels.Receipt, error) {
	h.Header, h.Body = h.Header.Clone(), bytes.Clone(h.Body)
	return a.(channels.HookReader).ReadHook(h)
}

// Forged wants a genuine callback to prove nothing to an account with another secret, made by settings, nor with a
// body that was changed on the way, where there is one.
func (w *World) Forged(settings ...string) {
	w.t.Helper()
	if _, err := w.Send(w.Adapter()); err != nil {
		w.t.Fatal(err)
	}
	h := w.Hook()
	if _, err := read(w.Adapter(settings...), h); !errors.Is(err, channels.ErrForged) {
		w.t.Errorf("another account's secret reads it: %v", err)
	}
	if len(h.Body) > 0 {
		h.Body = append(h.Body, ' ')
		if _, err := read(w.Adapter(), h); !errors.Is(err, channels.ErrForged) {
			w.t.Errorf("a changed body is read: %v", err)
		}
	}
}

// CutAndProven cuts a call after the message was taken, and wants the callback to say whose it is. It answers that
// receipt.
func (w *World) CutAndProven(a channels.Adapter) channels.Receipt {
	w.t.Helper()
	w.Sim.SetRule(Recipient, simulator.Rule{Outcome: simulator.CutTaken})
	if _, err := w.Send(a); err == nil || channels.AsFailure(err).Class != policy.ClassUnknown {
		w.t.Fatalf("got %v, want unknown", err)
	}
	got := w.Receipt(a)
	if got.Reference != Reference {
		w.t.Fatalf("receipt %+v", got)
	}
	return got
}

// Refusal is a send that goes wrong at the simulator, and what the adapter must make of it.
type Refusal struct {
	Rule simulator.Rule
	// Settings are laid over the Play's.
	Settings []string
	Class    policy.Class
	Code     string
}

// spoilt are the refusals that every provider over HTTP has in common.
var spoilt = map[string]Refusal{
	"cut, was taken": {simulator.Rule{Outcome: simulator.CutTaken}, nil, policy.ClassUnknown, "connection_lost"},
	"cut, was not":   {simulator.Rule{Outcome: simulator.CutNotTaken}, nil, policy.ClassUnknown, "connection_lost"},
	"truncated":      {simulator.Rule{Outcome: simulator.Truncated}, nil, policy.ClassUnknown, "answer_cut"},
	"web page":       {simulator.Rule{Outcome: simulator.HTML}, nil, policy.ClassUnknown, "unreadable_answer"},
	"bad gateway":    {simulator.Rule{Outcome: simulator.HTTP502}, nil, policy.ClassUnknown, "provider_error"},
	"throttled":      {simulator.Rule{Outcome: simulator.Throttle}, nil, policy.ClassThrottled, "throttled"},
}

// Refusals plays what goes wrong at every provider, and own, which goes wrong at this one.
func Refusals(t *testing.T, p Play, own map[string]Refusal) {
	t.Helper()
	for _, table := range []map[string]Refusal{spoilt, own} {
		for name, tt := range table {
			t.Run(name, func(t *testing.T) {
				w := NewWorld(t, p)
				w.Sim.SetRule(Recipient, tt.Rule)
				_, err := w.Send(w.Adapter(tt.Settings...))
				if f := channels.AsFailure(err); err == nil || f.Class != tt.Class || f.Code != tt.Code {
					t.Errorf("got %v, want %s %s", err, tt.Class, tt.Code)
				}
			})
		}
	}
}

// AllOK wants a check of the account to find nothing wrong and to send nothing. It answers what was found.
func (w *World) AllOK(a channels.Adapter) []channels.Finding {
	w.t.Helper()
	findings := a.(channels.AccountChecker).Check(w.t.Context())
	for _, f := range findings {
		if f.Level != "ok" {
			w.t.Errorf("%+v", f)
		}
		if f.MessageVI == "" {
			w.t.Errorf("%s is not said in Vietnamese: %s", f.Code, f.Message)
		}
	}
	if calls := w.Sim.Calls(); len(calls) > 0 {
		w.t.Errorf("the check sent %+v", calls)
	}
	return findings
}
