package simulator

import (
	"cmp"
	"strings"
	"sync"
)

// zaloDesk is what Zalo knows beside its accounts: consents under way, users who are not as usual, and judgements.
type zaloDesk struct {
	mu sync.RWMutex
	// consents by their code.
	consents map[string]zaloConsent
	// users by account and user id: their number, "" once they withdrew.
	users map[string]string
	// quality of the accounts, and what changed of templates by account and id.
	quality   map[string]string
	templates map[string]templateChange
}

// templateChange is what is no longer as it was registered; "" is as it was.
type templateChange struct{ status, quality, reason string }

func (d *zaloDesk) init() {
	d.consents, d.users = map[string]zaloConsent{}, map[string]string{}
	d.quality, d.templates = map[string]string{}, map[string]templateChange{}
}

// user answers the number of a user id at an account.
func (d *zaloDesk) user(account, id string) (phone string, ok bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	phone, told := d.users[idKey(Zalo, account, id)]
	if !told {
		phone, _ = strings.CutPrefix(id, zaloUserPrefix)
	}
	return phone, vnMobile.MatchString(phone)
}

func (d *zaloDesk) setUser(account, id, phone string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.users[idKey(Zalo, account, id)] = phone
}

func (d *zaloDesk) qualityOf(account string) string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return cmp.Or(d.quality[account], "HIGH")
}

// SetZaloQuality changes what GET /quality answers for an account. No webhook tells of it, as at Zalo.
func (s *Simulator) SetZaloQuality(account, quality string) {
	s.zalo.mu.Lock()
	defer s.zalo.mu.Unlock()
	s.zalo.quality[account] = quality
}

// template answers t as it is now, and its quality.
func (d *zaloDesk) template(account string, t Template) (now Template, quality string) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if len(d.templates) == 0 { // as on every send of a load test
		return t, "HIGH"
	}
	c := d.templates[idKey(Zalo, account, itoa(t.ID))]
	if c.status != "" {
		t.Status, t.Reason = c.status, c.reason
	}
	return t, cmp.Or(c.quality, "HIGH")
}

// changeTemplate keeps what is not "" of a change.
func (d *zaloDesk) changeTemplate(account string, id int64, c templateChange) {
	d.mu.Lock()
	defer d.mu.Unlock()
	key := idKey(Zalo, account, itoa(id))
	old := d.templates[key]
	if c.status != "" {
		old.status, old.reason = c.status, c.reason
	}
	old.quality = cmp.Or(c.quality, old.quality)
	d.templates[key] = old
}

// setQuota changes an account's daily quota and answers the one before.
func (a *account) setQuota(n int64) (before int64) {
	before = a.daily()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.Quota = n
	return before
}
