package simulator

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"time"
)

// zaloConsent is what a code stands for: an admin of an account let an application send.
type zaloConsent struct {
	app, account, challenge string
	until                   time.Time
}

// consentLife is how long a code lives.
const consentLife = 10 * time.Minute

// zaloPermission stands in for the page on which an admin consents: it agrees at once, for the first account of the
// application or the one that oa_id names, and sends the browser back.
func (s *Simulator) zaloPermission(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || (back.Scheme != "http" && back.Scheme != "https") || back.Host == "" || r.Method != http.MethodGet {
		s.plain(w, r, http.StatusOK, oauthRefusal(-14003))
		return
	}
	app := q.Get("app_id")
	oa, ok := s.accounts.ofApp(app, q.Get("oa_id"))
	if !ok && s.opt.Open && app != "" {
		sum := sha256.Sum256([]byte(app))
		oa, ok = "oa-"+hex.EncodeToString(sum[:6]), true // registered when its code is spent
	}
	if !ok {
		s.plain(w, r, http.StatusOK, oauthRefusal(-14002))
		return
	}
	code := newToken("AC-")
	s.zalo.consent(code, zaloConsent{app, oa, q.Get("code_challenge"), s.opt.Now().Add(consentLife)})
	answer := back.Query()
	answer.Set("code", code)
	answer.Set("oa_id", oa)
	answer.Set("state", q.Get("state"))
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound) //nolint:gosec // G710: sending the browser where the application asked is what the page is for
}

// ofApp answers the account of an application: the one asked for, or the first by id.
func (d *directory) ofApp(app, want string) (id string, ok bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, acc := range d.byID {
		if acc.Provider != Zalo || acc.AppID != app || app == "" || (want != "" && acc.ID != want) {
			continue
		}
		if !ok || acc.ID < id {
			id, ok = acc.ID, true
		}
	}
	return id, ok
}

func (d *zaloDesk) consent(code string, c zaloConsent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.consents[code] = c
}

// spend takes a code away; false if there is none.
func (d *zaloDesk) spend(code string) (zaloConsent, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, ok := d.consents[code]
	delete(d.consents, code)
	return c, ok
}

// redeem spends the code of a consent, whatever comes of it, and proves by the verifier that who asks is who sent the
// admin: base64url(SHA-256(verifier)) is the challenge. An account that waited for a person works again.
func (s *Simulator) redeem(form url.Values, secret string) (tokenPair, int) {
	now := s.opt.Now()
	c, ok := s.zalo.spend(form.Get("code"))
	if !ok || now.After(c.until) {
		return tokenPair{}, -14005
	}
	if c.app != form.Get("app_id") {
		return tokenPair{}, -14002
	}
	acc, ok := s.accounts.get(Zalo, c.account)
	if !ok && s.opt.Open {
		acc, ok = s.accounts.register(Account{Provider: Zalo, ID: c.account, AppID: c.app, AppSecret: secret, Quota: -1}, now), true
	}
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	switch {
	case !ok:
		return tokenPair{}, -14005
	case acc.AppSecret != secret:
		return tokenPair{}, -14004
	case base64.RawURLEncoding.EncodeToString(sum[:]) != c.challenge:
		return tokenPair{}, -14005
	}
	if acc.faultNow() == FaultReauth {
		s.SetAccountFault(Zalo, acc.ID, "")
	}
	s.accounts.mu.Lock()
	defer s.accounts.mu.Unlock()
	return s.accounts.reissue(acc, now), 0
}
