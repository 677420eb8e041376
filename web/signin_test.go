package web

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
)

// movedClock is a Now that a test moves.
type movedClock struct{ at atomic.Int64 }

func newMovedClock() *movedClock {
	c := new(movedClock)
	c.at.Store(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *movedClock) now() time.Time       { return time.Unix(0, c.at.Load()).UTC() }
func (c *movedClock) pass(d time.Duration) { c.at.Add(int64(d)) }

// addUser adds somebody with testPassword.
func addUser(t *testing.T, d Deps, tenant uuid.UUID, name, role string) models.User {
	t.Helper()
	u := models.User{TenantID: tenant, ID: uuid.Must(uuid.NewV7()), Name: name, Role: role, Password: models.HashPassword(testPassword), CreatedAt: 1}
	if err := d.Store.InsertUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	return u
}

func signInAs(t *testing.T, r http.Handler, body string, headers ...string) *http.Cookie {
	t.Helper()
	w := call(r, "POST", "/v1/session", "", body, headers...)
	if w.Code != http.StatusOK {
		t.Fatalf("sign-in: %d %s", w.Code, w.Body)
	}
	return setCookie(t, w)
}

func setCookie(t *testing.T, w *httptest.ResponseRecorder) *http.Cookie {
	t.Helper()
	cookies := w.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies: %v", len(cookies), w.Header())
	}
	return cookies[0]
}

const lanSignsIn = `{"name":"Lan@shop.vn ","password":"` + testPassword + `"}`

func TestSignIn(t *testing.T) {
	for name, tt := range map[string]struct {
		public, cookie string
		secure         bool
	}{
		"https": {"https://msg.shop.vn", "__Host-cascade", true},
		"http":  {"http://127.0.0.1:8080", "cascade_session", false},
	} {
		t.Run(name, func(t *testing.T) {
			r, d, tenants := consoleRig(t, newMovedClock().now, func(d *Deps) { d.PublicURL = tt.public })
			lan := addUser(t, d, tenants[0], "lan@shop.vn", roleOperator)
			w := call(r, "POST", "/v1/session", "", lanSignsIn, "Sec-Fetch-Site", "cross-site", "Origin", tt.public)
			if w.Code != http.StatusOK {
				t.Fatalf("from the public URL, by a proxy of another name: %d %s", w.Code, w.Body)
			}
			want := `{"user":{"id":"` + lan.ID.String() + `","name":"lan@shop.vn","role":"operator"},"tenant":{"id":"` + tenants[0].String() +
				`","name":"acme","timezone":"Asia/Ho_Chi_Minh","currency":"VND","default_region":"VN"},"tenants":[],"permissions":["messages:read",` +
				`"messages:write","config:read","config:write","reports:read","messages:reveal"],"expires_at":"2026-03-02T08:30:00.000Z","version":"v1.2.3"}`
			if w.Body.String() != want {
				t.Errorf("got  %s\nwant %s", w.Body, want)
			}
			cookie := setCookie(t, w)
			if cookie.Name != tt.cookie || cookie.Secure != tt.secure || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode ||
				cookie.Path != "/" || cookie.Domain != "" {
				t.Errorf("cookie %v", cookie)
			}
			if _, err := d.Store.SessionByHash(t.Context(), cookie.Value); err == nil {
				t.Error("the token itself is stored")
			}
			again := signInAs(t, r, lanSignsIn, "Cookie", cookie.Name+"="+cookie.Value)
			if again.Value == cookie.Value {
				t.Error("a sign-in kept the id of the session")
			}
			if w := call(r, "GET", "/v1/session", "", "", "Cookie", cookie.Name+"="+cookie.Value); !isNobodys(w) {
				t.Errorf("the session of before: %d %s", w.Code, w.Body)
			}
			for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
				if w := call(r, "POST", "/v1/session", "", lanSignsIn, header...); w.Code != 403 || !strings.Contains(w.Body.String(), "cross_site") {
					t.Errorf("sign-in with %v: %d %s", header, w.Code, w.Body)
				}
			}
		})
	}
}

// isNobodys reports whether an answer of GET /v1/session says that nobody is signed in.
func isNobodys(w *httptest.ResponseRecorder) bool {
	return w.Code == http.StatusOK && w.Body.String() == `{"user":null}`
}

func TestAdminKeySignsIn(t *testing.T) {
	r, d, tenants := consoleRig(t, newMovedClock().now)
	cookie := signInAs(t, r, `{"admin_key":"`+testAdmin+`"}`)
	header := cookie.Name + "=" + cookie.Value
	w := call(r, "GET", "/v1/session", "", "", "Cookie", header)
	if want := `{"user":{"id":null,"name":"admin key","role":"admin"},"tenant":null,"tenants":[{"id":"` + tenants[1].String(); !strings.HasPrefix(w.Body.String(), want) {
		t.Errorf("session %s", w.Body)
	}
	if w := call(r, "PUT", "/v1/session/password", "", `{"old":"a","new":"ten letters"}`, "Cookie", header); w.Code != 403 {
		t.Errorf("its password: %d %s", w.Code, w.Body)
	}
	stale := call(r, "POST", "/v1/session", "", `{"admin_key":"`+testAdmin+`"}`, headerTenant, uuid.NewString())
	if stale.Code != 200 || !strings.Contains(stale.Body.String(), `"tenant":null`) {
		t.Errorf("with a tenant that is no more: %d %s", stale.Code, stale.Body)
	}
	d.AdminKey = "another"
	if w := call(New(d), "GET", "/v1/session", "", "", "Cookie", header); !isNobodys(w) {
		t.Errorf("after the key was changed: %d %s", w.Code, w.Body)
	}
	d.AdminKey = ""
	closed := New(d)
	if w := call(closed, "GET", "/v1/session", "", "", "Cookie", header); !isNobodys(w) {
		t.Errorf("without an admin key: %d %s", w.Code, w.Body)
	}
	if w := call(closed, "POST", "/v1/session", "", `{"admin_key":"x"}`); w.Code != 401 {
		t.Errorf("without an admin key: %d %s", w.Code, w.Body)
	}
}

// Where there is one tenant, nobody has to choose it.
func TestOnlyTenant(t *testing.T) {
	r, _, _ := testAPI(t, &fakeEngine{})
	if w := call(r, "POST", "/v1/session", "", `{"admin_key":"`+testAdmin+`"}`); !strings.Contains(w.Body.String(), `"name":"acme","timezone":"Asia/Ho_Chi_Minh"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestWrongSignIns(t *testing.T) {
	clock := newMovedClock()
	r, d, tenants := consoleRig(t, clock.now)
	lan := addUser(t, d, tenants[0], "lan@shop.vn", roleOperator)
	an := addUser(t, d, tenants[0], "an@shop.vn", roleOperator)
	gone := clock.now().UnixMilli()
	if err := d.Store.UpdateUser(t.Context(), an.TenantID, an.ID, models.UserPatch{DisabledAt: &gone}, ""); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		body   string
		status int
		want   string
	}{
		"wrong password":  {`{"name":"lan@shop.vn","password":"wrong"}`, 401, "wrong_credentials"},
		"unknown name":    {`{"name":"nobody","password":"` + testPassword + `"}`, 401, "wrong_credentials"},
		"disabled":        {`{"name":"an@shop.vn","password":"` + testPassword + `"}`, 401, "wrong_credentials"},
		"wrong admin key": {`{"admin_key":"wrong"}`, 401, "wrong_credentials"},
		"the key's name":  {`{"name":"admin key","password":"` + testPassword + `"}`, 401, "wrong_credentials"},
		"no password":     {`{"name":"lan@shop.vn"}`, 422, "name and password, or admin_key"},
		"nothing":         {`{}`, 422, "name and password, or admin_key"},
		"both":            {`{"name":"lan@shop.vn","password":"` + testPassword + `","admin_key":"x"}`, 422, "admin_key"},
	} {
		w := call(r, "POST", "/v1/session", "", tt.body)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.want) || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}

	clock.pass(wrongWindow) // what was tried above is forgotten
	for _, body := range []string{`{"name":"LAN@shop.vn","password":"wrong"}`, `{"admin_key":"wrong"}`} {
		statuses := map[int]int{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range wrongPerName + 5 {
			wg.Go(func() {
				w := call(r, "POST", "/v1/session", "", body)
				mu.Lock()
				defer mu.Unlock()
				statuses[w.Code]++
			})
		}
		wg.Wait()
		if statuses[401] != wrongPerName || statuses[429] != 5 {
			t.Errorf("%s at once: %v", body, statuses)
		}
	}
	for _, body := range []string{lanSignsIn, `{"admin_key":"` + testAdmin + `"}`} {
		clock.pass(time.Minute)
		w := call(r, "POST", "/v1/session", "", body)
		if wait, err := strconv.Atoi(w.Header().Get("Retry-After")); w.Code != 429 || err != nil || wait > 14*60 || wait < 13*60 {
			t.Errorf("right, after too many wrong: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
		}
	}
	req := httptest.NewRequest("POST", "/v1/session", strings.NewReader(lanSignsIn))
	req.RemoteAddr = "203.0.113.9:1"
	elsewhere := httptest.NewRecorder()
	r.ServeHTTP(elsewhere, req)
	if elsewhere.Code != 200 {
		t.Errorf("from elsewhere: %d %s", elsewhere.Code, elsewhere.Body)
	}
	clock.pass(wrongWindow)
	signInAs(t, r, lanSignsIn)

	rows, _, err := d.Store.Audit(t.Context(), nil, models.AuditFilter{Action: actionRefused}, "", 100)
	if err != nil || len(rows) != 5+2*wrongPerName {
		t.Errorf("%d refused sign-ins are written down, %v", len(rows), err)
	}
	for _, row := range rows {
		if row.ActorID == lan.ID && (row.Actor != "lan@shop.vn" || row.TenantID != tenants[0]) || row.Actor == "nobody" {
			t.Errorf("written down: %+v", row)
		}
	}
}

// A name that is not known costs a hash as one that is does: both take a place of those that bound them.
func TestUnknownNamesCostTheSame(t *testing.T) {
	h := &signIn{store: modelstest.Open(t, models.SQLite), hashing: newHashing()}
	for range hashingPlaces {
		h.hashing.places <- struct{}{}
	}
	ended := make(chan error, 1)
	go func() {
		_, err := h.userOf(t.Context(), "nobody", signInBody{Name: "nobody", Password: testPassword})
		ended <- err
	}()
	select {
	case err := <-ended:
		t.Errorf("no hash was made: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	<-h.hashing.places
	if err := <-ended; problemOf(err).Code != codeWrongCredentials {
		t.Error(err)
	}
}

func TestSessionsEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		wait    time.Duration
		times   int // that it is waited, with a request after each
		headers []string
		stands  bool
	}{
		"used":                    {29 * time.Minute, 20, nil, true},
		"idle":                    {30 * time.Minute, 1, nil, false},
		"used for too long":       {29 * time.Minute, 25, nil, false},
		"only in the background":  {10 * time.Minute, 3, []string{headerBackground, "true"}, false},
		"background, not too old": {14 * time.Minute, 2, []string{headerBackground, "true"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			clock := newMovedClock()
			r, d, tenants := consoleRig(t, clock.now)
			header := signedIn(t, d, tenants[0], roleViewer)
			var w *httptest.ResponseRecorder
			for range tt.times {
				clock.pass(tt.wait)
				w = call(r, "GET", "/v1/session", "", "", append([]string{"Cookie", header}, tt.headers...)...)
				var view struct {
					ExpiresAt time.Time `json:"expires_at"`
				}
				if !isNobodys(w) && (json.Unmarshal(w.Body.Bytes(), &view) != nil || !view.ExpiresAt.After(clock.now()) || view.ExpiresAt.After(clock.now().Add(sessionIdle))) {
					t.Errorf("it is %s, and the session says %s", clock.now(), w.Body)
				}
			}
			if w.Code != 200 || isNobodys(w) == tt.stands {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}

// A stream that goes on by itself keeps nobody signed in.
func TestStreamsKeepNoSession(t *testing.T) {
	clock := newMovedClock()
	_, d, tenants := consoleRig(t, clock.now)
	header := signedIn(t, d, tenants[0], roleViewer)
	s := newSessions(d)
	for kind, kept := range map[string]bool{"text/event-stream": false, "text/event-stream; charset=utf-8": false, "application/json": true} {
		clock.pass(5 * time.Minute)
		before := sessionOf(t, d, s, header)
		r := newRouterWith(d, kind)
		if w := call(r, "GET", "/stream", "", "", "Cookie", header); w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if touched := sessionOf(t, d, s, header).SeenAt != before.SeenAt; touched != kept {
			t.Errorf("%s: touched %v", kind, touched)
		}
	}
}

func sessionOf(t *testing.T, d Deps, s *sessions, header string) models.Session {
	t.Helper()
	_, token, _ := strings.Cut(header, "=")
	row, err := d.Store.SessionByHash(t.Context(), s.hash(token))
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func TestRevocation(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		for name, tt := range map[string]struct {
			method, path, body string // by an admin, unless it is the person's own
			own                bool
			here, there        bool // whether two sessions of the person stand afterwards
		}{
			"signed out":        {"DELETE", "/v1/session", "", true, false, true},
			"password changed":  {"PUT", "/v1/session/password", `{"old":"` + testPassword + `","new":"ten letters"}`, true, false, false},
			"password set":      {"PATCH", "/v1/users/", `{"password":"ten letters"}`, false, false, false},
			"another role":      {"PATCH", "/v1/users/", `{"role":"viewer"}`, false, false, false},
			"shut out":          {"PATCH", "/v1/users/", `{"disabled":true}`, false, false, false},
			"removed":           {"DELETE", "/v1/users/", "", false, false, false},
			"nothing":           {"PATCH", "/v1/users/", `{}`, false, true, true},
			"a wrong password":  {"PUT", "/v1/session/password", `{"old":"wrong","new":"ten letters"}`, true, true, true},
			"a short password":  {"PUT", "/v1/session/password", `{"old":"` + testPassword + `","new":"nine char"}`, true, true, true},
			"an unknown role":   {"PATCH", "/v1/users/", `{"role":"king"}`, false, true, true},
			"a password of 9":   {"PATCH", "/v1/users/", `{"password":"chín chữ."}`, false, true, true},
			"10, and more than": {"PATCH", "/v1/users/", `{"password":"mười chữ đó"}`, false, false, false},
		} {
			t.Run(name, func(t *testing.T) {
				r, d, tenants := consoleRig(t, time.Now, func(d *Deps) { d.Store = store })
				u := addUser(t, d, tenants[0], uuid.NewString(), roleOperator)
				body := `{"name":"` + u.Name + `","password":"` + testPassword + `"}`
				var headers [2]string
				for i := range headers {
					cookie := signInAs(t, r, body)
					headers[i] = cookie.Name + "=" + cookie.Value
				}
				var w *httptest.ResponseRecorder
				if tt.own {
					w = call(r, tt.method, tt.path, "", tt.body, "Cookie", headers[0])
				} else {
					w = call(r, tt.method, tt.path+u.ID.String(), "", tt.body, "Cookie", signedIn(t, d, tenants[0], roleAdmin))
				}
				for i, stands := range []bool{tt.here, tt.there} {
					if got := call(r, "GET", "/v1/session", "", "", "Cookie", headers[i]); got.Code != 200 || isNobodys(got) == stands {
						t.Errorf("session %d after %d %s: %d %s", i, w.Code, w.Body, got.Code, got.Body)
					}
				}
				if name == "password changed" {
					renewed := setCookie(t, w)
					if got := call(r, "GET", "/v1/session", "", "", "Cookie", renewed.Name+"="+renewed.Value); got.Code != 200 || isNobodys(got) {
						t.Errorf("the session under its new token: %d %s", got.Code, got.Body)
					}
				}
			})
		}
	})
}
