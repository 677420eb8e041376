package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cascade/channels"
)

// consoleText is every file of the console of a kind, by its path.
func consoleText(t *testing.T, match func(name string) bool) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(consoleFiles, "console", func(name string, entry fs.DirEntry, err error) error {
		short := strings.TrimPrefix(name, "console/")
		if err != nil || entry.IsDir() || !match(short) {
			return err
		}
		raw, err := fs.ReadFile(consoleFiles, name)
		found[short] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func ownScript(name string) bool { return strings.HasPrefix(name, "js/") }

// catalogue is what the console says in a language. A sentence has the one form "", or a form per plural category.
func catalogue(t *testing.T, lang string) map[string]map[string]string {
	t.Helper()
	b := insideBundle(t)
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b.files["lang/"+lang+".json"].plain, &raw); err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]string{}
	for key, sentence := range raw {
		var one string
		forms := map[string]string{}
		if json.Unmarshal(sentence, &one) == nil {
			forms[""] = one
		} else if err := json.Unmarshal(sentence, &forms); err != nil {
			t.Fatalf("%s %s: %v", lang, key, err)
		}
		all[key] = forms
	}
	return all
}

func insideBundle(t *testing.T) *consoleBundle {
	t.Helper()
	b, err := newConsole(nil).open()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var placeholder = regexp.MustCompile(`\{\w+\}`)

func valuesIn(forms map[string]string) []string {
	text := forms["other"] + forms[""]
	return slices.Compact(slices.Sorted(slices.Values(placeholder.FindAllString(text, -1))))
}

// Both languages say the same things, with the same values in them.
func TestConsoleLanguages(t *testing.T) {
	en, vi := catalogue(t, "en"), catalogue(t, "vi")
	for key := range vi {
		if en[key] == nil {
			t.Errorf("%s is Vietnamese only", key)
		}
	}
	for key, forms := range en {
		if vi[key] == nil {
			t.Errorf("%s has no Vietnamese", key)
			continue
		}
		if want, got := valuesIn(forms), valuesIn(vi[key]); !slices.Equal(want, got) {
			t.Errorf("%s: English has %v, Vietnamese %v", key, want, got)
		}
		for lang, given := range map[string]map[string]string{"en": forms, "vi": vi[key]} {
			if _, plain := given[""]; !plain && given["other"] == "" {
				t.Errorf("%s %s has no form for other numbers", lang, key)
			}
			for form, text := range given {
				if strings.TrimSpace(text) == "" {
					t.Errorf("%s %s %s is empty", lang, key, form)
				}
			}
		}
	}
}

// A failure has the same words in the console and in what the service says of an account.
func TestFailuresAreNamedAlike(t *testing.T) {
	for key, forms := range catalogue(t, "vi") {
		code, is := strings.CutPrefix(key, "error.")
		if words := channels.CodeVI(code); is && words != code && words != forms[""] {
			t.Errorf("%s is %q in the console and %q in the service", code, forms[""], words)
		}
	}
}

var (
	saidKey = regexp.MustCompile(`\bt\("([\w.:-]+)"\s*[,)]`)
	quoted  = regexp.MustCompile("[\"'`]([a-z][\\w.:-]*)[\"'`]")
	// saidStart is the beginning of a key that the script goes on from, such as t("keys.mode_" + …).
	saidStart = regexp.MustCompile("\"([a-z]\\w*\\.\\w*)\"\\s*\\+|`([a-z]\\w*\\.\\w*)\\$\\{")
)

// Every sentence that the script asks for is there, and every sentence that is there is asked for.
func TestConsoleSentences(t *testing.T) {
	en := catalogue(t, "en")
	asked, prefixes := map[string]bool{}, map[string]bool{}
	for name, text := range consoleText(t, ownScript) {
		for _, m := range saidKey.FindAllStringSubmatch(text, -1) {
			if en[m[1]] == nil {
				t.Errorf("%s says %q, which no catalogue has", name, m[1])
			}
		}
		for _, m := range quoted.FindAllStringSubmatch(text, -1) {
			asked[m[1]] = true
			prefixes[m[1]+"."] = true // the name of a group, as word("status", …) has it
		}
		for _, m := range saidStart.FindAllStringSubmatch(text, -1) {
			prefixes[m[1]+m[2]] = true
		}
	}
	for key := range en {
		made := slices.ContainsFunc(slices.Collect(maps.Keys(prefixes)), func(p string) bool { return strings.HasPrefix(key, p) })
		if !asked[key] && !made {
			t.Errorf("nothing says %s", key)
		}
	}
}

// The whole script stays small enough for a slow line.
func TestConsoleSize(t *testing.T) {
	const most = 200_000
	sum := 0
	for name, file := range insideBundle(t).files {
		if ext := path.Ext(name); ext == ".js" || ext == ".mjs" {
			sum += len(file.gzip)
		}
	}
	if sum > most {
		t.Errorf("the scripts have %d bytes compressed, at most %d", sum, most)
	}
}

// The libraries are those that were reviewed.
func TestVendor(t *testing.T) {
	want := map[string]string{
		"hooks.mjs":  "13518e8899847145604866b14612f994ed70d894a423b64694b6e764d7b956c9",
		"htm.mjs":    "ab33dd3f38059b9be4d5f5350128eefb2356639c4e0bbe9d9e8b3ba75847e9e4",
		"preact.mjs": "225d7a773766e6fb2cfcc45274fe41d2059f5782f3f2c4569aa5132a2d3a2902",
	}
	got := map[string]string{}
	for name, text := range consoleText(t, func(name string) bool { return path.Ext(name) == ".mjs" }) {
		sum := sha256.Sum256([]byte(text))
		got[path.Base(name)] = hex.EncodeToString(sum[:])
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

var imported = regexp.MustCompile(`(?:from|import)\s*\(?"(\.[^"]+)"`)

// Every file is asked for by the page or by a script that is, and everything asked for is there.
func TestConsoleFiles(t *testing.T) {
	files := consoleText(t, func(string) bool { return true })
	seen := map[string]bool{"index.html": true, "vendor/README.md": true}
	var queue []string
	ask := func(by, name string) {
		if _, there := files[name]; !there {
			t.Errorf("%s asks for %s, which is not there", by, name)
		} else if !seen[name] {
			seen[name] = true
			queue = append(queue, name)
		}
	}
	for _, m := range regexp.MustCompile(`\{\{\.Base\}\}/([^"{]+)"`).FindAllStringSubmatch(files["index.html"], -1) {
		ask("index.html", m[1])
	}
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		for _, m := range imported.FindAllStringSubmatch(files[name], -1) {
			ask(name, path.Join(path.Dir(name), m[1]))
		}
	}
	for name := range files {
		if !seen[name] && path.Ext(name) != ".LICENSE" && !strings.HasPrefix(name, "lang/") {
			t.Errorf("nothing asks for %s", name)
		}
	}
}

// A page names every script, so that none waits for another to be read.
func TestConsoleFetchesScriptsAhead(t *testing.T) {
	r, _, _ := testAPI(t, &fakeEngine{})
	page, b := call(r, "GET", "/", "", "", "Accept", "text/html").Body.String(), insideBundle(t)
	for name := range b.files {
		script := path.Ext(name) == ".js" || path.Ext(name) == ".mjs"
		if named := strings.Contains(page, `<link rel="modulepreload" href="/console/`+b.version+"/"+name+`">`); named != script {
			t.Errorf("%s: fetched ahead %t, want %t", name, named, script)
		}
	}
}

// What the policy of the page forbids, or would make a text of somebody else's into markup, is not in the script at all.
func TestConsoleScript(t *testing.T) {
	forbidden := map[string]*regexp.Regexp{
		"a style attribute":   regexp.MustCompile(`\sstyle=|\.style\b|setAttribute\("style"`),
		"markup from text":    regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|document\.write|srcdoc`),
		"code from text":      regexp.MustCompile(`\beval\(|new Function\(|javascript:`),
		"a handler in markup": regexp.MustCompile(`setAttribute\("on`),
	}
	host := regexp.MustCompile(`(?:https?:)?//([a-z0-9-]+(?:\.[a-z0-9-]+)+)`)
	for name, text := range consoleText(t, func(name string) bool {
		return ownScript(name) || path.Ext(name) == ".css" || path.Ext(name) == ".html"
	}) {
		for what, pattern := range forbidden {
			if found := pattern.FindString(text); found != "" {
				t.Errorf("%s has %s: %s", name, what, found)
			}
		}
		for _, m := range host.FindAllStringSubmatch(text, -1) {
			if m[1] != "example.com" && !strings.HasSuffix(m[1], ".example.com") { // addresses in hints
				t.Errorf("%s names another host: %s", name, m[0])
			}
		}
	}
}

// browse asks as a browser does that opens an address.
func browse(t *testing.T, r http.Handler, address string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	req.Header.Set("Accept", "text/html,application/xhtml+xml")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w
}

// Pages of the console have their frame at every address that the script knows, and a frame that says 404 elsewhere.
func TestConsolePages(t *testing.T) {
	r, _, _ := testAPI(t, &fakeEngine{})
	const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	for address, status := range map[string]int{
		"/": 200, "/messages": 200, "/messages/some-id?status=failed": 200, "/developers/reference": 200, "/account": 200,
		"/nowhere": 404, "/nowhere/at/all": 404,
	} {
		w := browse(t, r, address)
		if w.Code != status || !strings.Contains(w.Body.String(), `<div id="app">`) {
			t.Errorf("%s answers %d: %s", address, w.Code, w.Body)
		}
		if got := w.Header().Get("Content-Security-Policy"); got != policy {
			t.Errorf("%s has the policy %q", address, got)
		}
	}
	for _, address := range []string{"/v1/nowhere", "/hooks/nowhere", "/oauth/nowhere"} {
		if w := browse(t, r, address); w.Code != 404 || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s answers %d %s", address, w.Code, w.Header().Get("Content-Type"))
		}
	}
	if w := browse(t, r, "/nowhere", "Accept", "application/json"); w.Code != 404 || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/problem+json") {
		t.Errorf("an app gets %d %s", w.Code, w.Header().Get("Content-Type"))
	}
}

// A file's address names its version: the right one may be kept for ever, another one is not kept.
func TestConsoleAssets(t *testing.T) {
	r, _, _ := testAPI(t, &fakeEngine{})
	b := insideBundle(t)
	const forever = "public, max-age=31536000, immutable"
	for address, want := range map[string]struct {
		status int
		cache  string
	}{
		"/console/" + b.version + "/js/main.js":         {200, forever},
		"/console/" + b.version + "/lang/vi.json":       {200, forever},
		"/console/" + b.version + "/favicon.svg":        {200, forever},
		"/console/0000/js/main.js":                      {200, ""},
		"/console/" + b.version + "/js/none.js":         {404, ""},
		"/console/" + b.version + "/../console.go":      {404, ""},
		"/console/" + b.version + "/lang/en/words.json": {404, ""},
		"/console/": {404, ""},
	} {
		w := browse(t, r, address)
		if w.Code != want.status {
			t.Errorf("%s answers %d, want %d", address, w.Code, want.status)
		}
		if got := w.Header().Get("Cache-Control"); want.cache != "" && got != want.cache || want.cache == "" && strings.Contains(got, "immutable") {
			t.Errorf("%s may be kept: %q", address, got)
		}
	}
	page := browse(t, r, "/").Body.String()
	for _, m := range regexp.MustCompile(`(?:href|src)="(/console/[^"]+)"`).FindAllStringSubmatch(page, -1) {
		w := browse(t, r, m[1], "Accept", "*/*", "Accept-Encoding", "gzip")
		if w.Code != 200 || w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("Cache-Control") != forever {
			t.Errorf("%s answers %d, %v", m[1], w.Code, w.Header())
		}
	}
}

// Who came by https once comes by https for a year; where there is none, nothing is promised.
func TestStrictTransport(t *testing.T) {
	for public, want := range map[string]string{"https://cascade.example.com": "max-age=31536000", "http://127.0.0.1:8080": ""} {
		if got := browse(t, New(Deps{PublicURL: public, Now: time.Now}), "/").Header().Get("Strict-Transport-Security"); got != want {
			t.Errorf("%s: %q, want %q", public, got, want)
		}
	}
}
