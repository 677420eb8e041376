package httpgw

import (
	"net/url"
	"strings"
)

// basePlace is what a url may begin with. It is filled in before the url is checked, so the host stays fixed.
const basePlace = "{{base_url}}"

// resolveBase puts base_url into the urls that begin with it.
func (t *tree) resolveBase() error {
	used := false
	for path, r := range map[string]*requestSettings{"request.url": t.Request, "status.request.url": t.statusRequest()} {
		if r == nil {
			continue
		}
		rest, ok := strings.CutPrefix(r.URL, basePlace)
		if !ok {
			continue
		}
		if t.BaseURL == "" {
			return bad("base_url", "is required: %s begins with %s", path, basePlace)
		}
		used, r.URL = true, strings.TrimSuffix(t.BaseURL, "/")+rest
	}
	if t.BaseURL == "" {
		return nil
	}
	if !used {
		return bad("base_url", "is given, and no url begins with %s", basePlace)
	}
	u, err := url.Parse(t.BaseURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil || strings.ContainsAny(t.BaseURL, "?#{}") {
		return bad("base_url", "must be an http:// or https:// address without credentials, query and fragment")
	}
	return nil
}

func (t *tree) statusRequest() *requestSettings {
	if t.Status == nil {
		return nil
	}
	return t.Status.Request
}
