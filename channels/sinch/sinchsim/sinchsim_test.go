package sinchsim

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cascade/channels/simulator"
)

// start runs the simulator with one account, and answers how to call it.
func start(t *testing.T, account simulator.Account) (*simulator.Simulator, func(method, path, body string, header ...string) (int, string)) {
	t.Helper()
	sim, err := simulator.New(simulator.Options{Scale: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	sim.Add(Wire())
	account.Provider, account.ID, account.AppSecret = Provider, "plan1", "token"
	sim.Register(account)
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return sim, func(method, path, body string, header ...string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(method, server.URL+"/sinch/xms/v1"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		header = append([]string{"Authorization", "Bearer token", "Content-Type", "application/json"}, header...)
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(raw)
	}
}

const good = `{"from":"MyBrand","to":["84912345678"],"body":"hi"}`

func TestWhatIsRefused(t *testing.T) {
	with := func(old, replacement string) string { return strings.Replace(good, old, replacement, 1) }
	tests := map[string]struct {
		body   string
		header []string
		status int
		want   string
	}{
		"good":             {good, nil, 201, `"id":"01`},
		"no JSON":          {`{`, nil, 400, invalidJSON},
		"two recipients":   {with(`"84912345678"`, `"84912345678","84912345679"`), nil, 400, violated},
		"no text":          {with("hi", ""), nil, 400, violated},
		"long text":        {with("hi", strings.Repeat("x", 1601)), nil, 400, violated},
		"binary":           {with("{", `{"type":"mt_binary",`), nil, 400, violated},
		"national number":  {with("84912345678", "0912345678"), nil, 400, invalidFormat},
		"no sender":        {with("MyBrand", ""), nil, 400, invalidFormat},
		"address":          {with("{", `{"callback_url":"here",`), nil, 400, invalidFormat},
		"time":             {with("{", `{"expire_at":"soon",`), nil, 400, invalidFormat},
		"expired":          {with("{", `{"expire_at":"2020-01-01T00:00:00Z",`), nil, 400, violated},
		"report":           {with("{", `{"delivery_report":"daily",`), nil, 400, violated},
		"report to nobody": {with("{", `{"delivery_report":"full",`), nil, 403, noCallback},
		"form":             {good, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, ""},
		"another's token":  {good, []string{"Authorization", "Bearer no"}, 401, ""},
		"basic":            {good, []string{"Authorization", "Basic dG9rZW46"}, 401, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			sim, call := start(t, simulator.Account{})
			if status, text := call(http.MethodPost, "/plan1/batches", tt.body, tt.header...); status != tt.status || !strings.Contains(text, tt.want) {
				t.Errorf("got %d %s", status, text)
			}
			if calls := sim.Calls(); len(calls) != 1 || calls[0].Taken() != (tt.status == 201) {
				t.Errorf("calls %+v", calls)
			}
		})
	}
}

func TestNoMoney(t *testing.T) {
	_, call := start(t, simulator.Account{NoBalance: true})
	if status, text := call(http.MethodPost, "/plan1/batches", good); status != 403 || !strings.Contains(text, blocked) {
		t.Errorf("got %d %s", status, text)
	}
}

func TestUnknownPaths(t *testing.T) {
	_, call := start(t, simulator.Account{})
	for _, path := range []string{"/plan1/batches/1/delivery_report", "/plan1/batches/1/delivery_report/84912345678", "/plan1/inbounds"} {
		if status, text := call(http.MethodGet, path, ""); status != 404 {
			t.Errorf("%s: got %d %s", path, status, text)
		}
	}
}

// A message that could not be brought in time is reported as expired at Sinch.
func TestExpires(t *testing.T) {
	sim, call := start(t, simulator.Account{})
	sim.SetRule("84912345678", simulator.Rule{Deliver: new(time.Duration(-1))})
	expires := time.Now().Add(300 * time.Millisecond).UTC().Format(time.RFC3339Nano)
	if status, text := call(http.MethodPost, "/plan1/batches", strings.Replace(good, "{", `{"expire_at":"`+expires+`",`, 1)); status != 201 {
		t.Fatalf("got %d %s", status, text)
	}
	id := sim.Calls()[0].ProviderID
	for end := time.Now().Add(10 * time.Second); ; {
		_, text := call(http.MethodGet, "/plan1/batches/"+id+"/delivery_report?type=full", "")
		if strings.Contains(text, `"code":406`) && strings.Contains(text, `"Aborted"`) && strings.Contains(text, `"84912345678"`) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("still %s", text)
		}
	}
}

func TestRetriesForADay(t *testing.T) {
	if first, _ := pause(1); first != 5*time.Second {
		t.Errorf("the first retry comes after %s", first)
	}
	if last, again := pause(15); last != 81_920*time.Second || !again {
		t.Errorf("the last retry comes after %s, %v", last, again)
	}
	if _, again := pause(16); again {
		t.Error("it is tried once more")
	}
}
