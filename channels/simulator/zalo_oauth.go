package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"time"
)

// oauthNames are the errors of the token endpoint.
var oauthNames = map[int]string{
	-14002: "Invalid appId", -14003: "Invalid redirect uri", -14004: "Invalid secret key.", -14005: "Invalid authorization code.",
	-14014: "Invalid refresh token.", -14018: "Invalid grant type.",
}

type oauthError struct {
	Error       int    `json:"error"`
	Name        string `json:"error_name"`
	Description string `json:"error_description"`
	Reason      string `json:"error_reason"`
	RefDoc      string `json:"ref_doc"`
}

// zaloToken spends a refresh token or the code of a consent for a new pair. Both old tokens are dead from then on.
func (s *Simulator) zaloToken(w http.ResponseWriter, r *http.Request) {
	form, err := url.ParseQuery(string(body(r)))
	if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		form = url.Values{}
	}
	pair, code := s.grant(form, r.Header.Get("secret_key"))
	if code != 0 {
		s.plain(w, r, http.StatusOK, oauthRefusal(code))
		return
	}
	s.plain(w, r, http.StatusOK, pair)
}

func oauthRefusal(code int) oauthError {
	name := oauthNames[code]
	return oauthError{code, name, name, name, "https://developers.zalo.me/docs/official-account/"}
}

type tokenPair struct {
	Access    string `json:"access_token"`
	Refresh   string `json:"refresh_token"`
	ExpiresIn string `json:"expires_in"`
}

func (s *Simulator) grant(form url.Values, secret string) (tokenPair, int) {
	switch form.Get("grant_type") {
	case "refresh_token":
		return s.rotate(form, secret)
	case "authorization_code":
		return s.redeem(form, secret)
	default:
		return tokenPair{}, -14018
	}
}

func (s *Simulator) rotate(form url.Values, secret string) (tokenPair, int) {
	token, now := form.Get("refresh_token"), s.opt.Now()
	s.adopt(form, secret, now)
	d := &s.accounts
	d.mu.Lock()
	defer d.mu.Unlock()
	acc := d.byRefresh[token]
	switch {
	case acc == nil && !d.knowsApp(form.Get("app_id")):
		return tokenPair{}, -14002
	case acc == nil:
		return tokenPair{}, -14014
	case acc.AppID != form.Get("app_id"):
		return tokenPair{}, -14002
	case acc.AppSecret != secret:
		return tokenPair{}, -14004
	case acc.refusesRefresh(now):
		return tokenPair{}, -14014
	}
	d.refresh++
	return d.reissue(acc, now), 0
}

// reissue gives an account a new pair and ends the old one. d.mu is held.
func (d *directory) reissue(acc *account, now time.Time) tokenPair {
	for _, old := range []string{acc.access, acc.refresh} {
		if old != "" {
			d.dead[old] = true
		}
	}
	delete(d.byAccess, acc.access)
	delete(d.byRefresh, acc.refresh)
	acc.access, acc.refresh = newToken("AT-"), newToken("RT-")
	acc.accessUntil = now.Add(acc.TokenLife)
	d.byAccess[acc.access], d.byRefresh[acc.refresh] = acc, acc
	return tokenPair{acc.access, acc.refresh, itoa(int64(acc.TokenLife / time.Second))}
}

// adopt registers the owner of an unknown refresh token when the simulator is open.
func (s *Simulator) adopt(form url.Values, secret string, now time.Time) {
	d, token := &s.accounts, form.Get("refresh_token")
	d.mu.RLock()
	unknown := s.opt.Open && token != "" && form.Get("app_id") != "" && d.byRefresh[token] == nil && !d.dead[token]
	d.mu.RUnlock()
	if unknown {
		sum := sha256.Sum256([]byte(token))
		d.register(Account{
			Provider: Zalo, ID: "oa-" + hex.EncodeToString(sum[:6]), AppID: form.Get("app_id"), AppSecret: secret, RefreshToken: token, Quota: -1,
		}, now)
	}
}

func (d *directory) knowsApp(id string) bool {
	for _, acc := range d.byID {
		if acc.Provider == Zalo && acc.AppID == id && id != "" {
			return true
		}
	}
	return false
}

func (a *account) refuseRefresh(until time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.noRefreshTill = until
}

func (a *account) refusesRefresh(now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.fault == FaultReauth || now.Before(a.noRefreshTill)
}
