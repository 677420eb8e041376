package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// buildTwin builds the test adapter of an account, and fails if anything of the real account's is left in it.
func buildTwin(mode *testMode, registry *channels.Registry, adapter string, ch policy.Channel) error {
	settings := map[string]json.RawMessage{}
	if adapter == "infobip" {
		settings["sender"] = json.RawMessage(`"ACME"`) // the one setting of its own that a test account keeps
	}
	twin, own := mode.twin(models.Account{ID: uuid.New(), Adapter: adapter, Channel: ch})
	for name, value := range own {
		settings[name] = value
	}
	_, err := registry.Build(twin, channels.Config{Channel: ch, Settings: settings, HTTP: http.DefaultClient, Now: time.Now})
	return err
}

// The numbers of test mode mean the same whatever adapter an account has: where the simulator's plain gateway stands in for
// its provider, that plays the account's channel.
func TestStandInPlaysTheAccountsChannel(t *testing.T) {
	mode, err := startTestMode("http://127.0.0.1:1", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := mode.stop(ctx); err != nil {
			t.Error(err)
		}
	})
	registry, err := adapters(mode)
	if err != nil {
		t.Fatal(err)
	}
	for ch, refused := range map[policy.Channel]bool{policy.ZNS: true, policy.Viber: false} {
		twin, settings := mode.twin(models.Account{ID: uuid.New(), Adapter: "esms", Channel: ch})
		raw := map[string]json.RawMessage{}
		for name, value := range settings {
			raw[name] = value
		}
		a, err := registry.Build(twin, channels.Config{Channel: ch, Settings: raw, HTTP: http.DefaultClient, Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		_, err = a.Send(t.Context(), channels.Outbound{ // a number without a Zalo account
			Reference: "0198c7b2a1f04c6d8e3b5a7c9d1e2f30", To: "+84900000003", Content: channels.Content{Text: "Ma 4821", TemplateID: "1"},
		})
		if f, ok := errors.AsType[*channels.Failure](err); (err != nil) != refused || ok && f.Class != policy.ClassRecipient {
			t.Errorf("on %s the number is answered %v", ch, err)
		}
	}
}

// refusing is a transport that nothing passes.
type refusing struct{ asked int }

func (r *refusing) RoundTrip(*http.Request) (*http.Response, error) {
	r.asked++
	return nil, http.ErrServerClosed
}

func TestOnlyTestAccountsReachTheSimulator(t *testing.T) {
	inside, outside := &refusing{}, &refusing{}
	s := &shunt{host: "127.0.0.1:9", inside: inside, outside: outside, owns: (&testMode{secret: "test-x"}).owns}
	for _, tt := range []struct {
		url, header, value string
		inside             int
	}{
		{"http://127.0.0.1:9/zalo/api", "access_token", "test-x-1", 1},
		{"http://127.0.0.1:9/infobip", "Authorization", "App test-x-1", 1},
		{"http://127.0.0.1:9/script", "Authorization", "App other", 0},
		{"http://127.0.0.1:9/script", "X", "y", 0},
		{"http://provider.example/", "access_token", "test-x-1", 0},
	} {
		inside.asked, outside.asked = 0, 0
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, tt.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header[tt.header] = []string{tt.value} // adapters write some names as their providers do
		if resp, err := s.RoundTrip(req); err == nil {
			resp.Body.Close()
		}
		if inside.asked != tt.inside || outside.asked != 1-tt.inside {
			t.Errorf("%s with %s: %d inside, %d outside", tt.url, tt.header, inside.asked, outside.asked)
		}
	}
}

// A test message stays at the simulator also where it names the person by the provider's id, which has an address of its own.
func TestTestMessagesToIDsStayInside(t *testing.T) {
	mode, err := startTestMode("http://127.0.0.1:1", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := mode.stop(ctx); err != nil {
			t.Error(err)
		}
	})
	registry, err := adapters(mode)
	if err != nil {
		t.Fatal(err)
	}
	_, settings := mode.twin(models.Account{ID: uuid.New(), Adapter: "zalo", Channel: policy.ZNS})
	raw := map[string]json.RawMessage{}
	for name, value := range settings {
		raw[name] = value
	}
	world := &refusing{}
	client := &http.Client{Transport: mode.transport(world)}
	a, err := registry.Build("zalo", channels.Config{Channel: policy.ZNS, Settings: raw, HTTP: client, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Send(t.Context(), channels.Outbound{
		Reference: "0198c7b2a1f04c6d8e3b5a7c9d1e2f30", To: "+84912345678", Content: channels.Content{TemplateID: "412345", UserID: "u-1"},
	})
	if f, ok := errors.AsType[*channels.Failure](err); world.asked != 0 || ok && f.Class == policy.ClassDown {
		t.Errorf("%d calls left for the world: %v", world.asked, err)
	}
}
