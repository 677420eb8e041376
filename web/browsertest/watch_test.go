package browsertest

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// watch collects what a browser complains of.
type watch struct {
	origin string

	mu      sync.Mutex
	found   []string
	allowed []string
}

// answered finds the status in the browser's words for a refused request.
var answered = regexp.MustCompile(`status of (\d+)`)

func (w *watch) note(ctx context.Context, ev any) {
	switch ev := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		if slices.Contains([]string{"error", "warning", "assert"}, string(ev.Type)) {
			var said []string
			for _, arg := range ev.Args {
				said = append(said, string(arg.Value))
			}
			w.add("console: " + strings.Join(said, " "))
		}
	case *runtime.EventExceptionThrown:
		w.add("exception: " + (&chromedp.ExceptionError{ExceptionDetails: ev.ExceptionDetails}).Error())
	case *log.EventEntryAdded:
		w.entry(ev.Entry)
	case *network.EventRequestWillBeSent:
		if at := ev.Request.URL; !strings.HasPrefix(at, w.origin+"/") && !strings.HasPrefix(at, "data:") && !strings.HasPrefix(at, "blob:"+w.origin) {
			w.add("request to elsewhere: " + at)
		}
	case *page.EventJavascriptDialogOpening:
		w.add("dialog: " + ev.Message)
		go chromedp.Call(ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{}) // nothing goes on before
	}
}

// entry is a line of the browser's own log. A refused request is named "403 /v1/users" by its status and path.
func (w *watch) entry(e *log.Entry) {
	if e.Level != "error" && e.Level != "warning" {
		return
	}
	at := ""
	if u, err := url.Parse(e.URL); err == nil {
		at = u.Path
	}
	what := e.Text
	if m := answered.FindStringSubmatch(e.Text); m != nil {
		what = m[1]
	}
	w.add(strings.TrimSpace(what + " " + at))
}

func (w *watch) add(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.found = append(w.found, what)
}

func (w *watch) allow(refusals ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.allowed = append(w.allowed, refusals...)
}

// wrongs are the complaints that the test did not say it would provoke.
func (w *watch) wrongs() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.found), func(what string) bool {
		return slices.ContainsFunc(w.allowed, func(a string) bool { return strings.HasPrefix(what, a) })
	})
}
