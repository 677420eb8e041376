package channeltest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"cascade/channels"
)

// Settings are an account's settings as text, name and value by turns; of a name given twice the later value counts.
func Settings(pairs ...string) map[string]json.RawMessage {
	all := make(map[string]json.RawMessage, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		all[pairs[i]], _ = json.Marshal(pairs[i+1]) // a text always marshals
	}
	return all
}

// Build makes an adapter as the engine does, by way of a registry. Pairs are its settings, laid over those of c; without
// a client it gets one that may go everywhere, without a clock the machine's.
func Build(t testing.TB, spec channels.Spec, c channels.Config, pairs ...string) channels.Adapter {
	t.Helper()
	registry, err := channels.NewRegistry(spec)
	if err != nil {
		t.Fatal(err)
	}
	all := Settings(pairs...)
	for name, value := range c.Settings {
		if _, given := all[name]; !given {
			all[name] = value
		}
	}
	c.Settings = all
	if c.HTTP == nil {
		c.HTTP = channels.NewHTTPClient(nil)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	a, err := registry.Build(spec.Name, c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Provider serves until the test ends what answer writes; it is given each request with its body, one at a time.
func Provider(t testing.TB, answer func(w http.ResponseWriter, r *http.Request, body string)) (url string) {
	t.Helper()
	var one sync.Mutex
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		one.Lock()
		defer one.Unlock()
		answer(w, r, string(raw))
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}
