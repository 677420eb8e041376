package orchestrator

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// quotaEvery is how often what sends tell of an account's quota is written down, on each replica. That it is used up is
// written at once.
const quotaEvery = 10 * time.Second

// quotas is what this replica wrote down last, by account.
type quotas struct {
	mu   sync.Mutex
	last map[uuid.UUID]countedQuota
}

type countedQuota struct {
	at   time.Time
	left int64
}

// take reports whether what is left is to be written down now.
func (q *quotas) take(account uuid.UUID, left int64, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	last, known := q.last[account]
	if usedUp := left < 1 && last.left > 0; known && !usedUp && now.Sub(last.at) < quotaEvery {
		return false
	}
	if q.last == nil {
		q.last = map[uuid.UUID]countedQuota{}
	}
	q.last[account] = countedQuota{now, left}
	return true
}

// forget has the next count written down.
func (q *quotas) forget(account uuid.UUID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.last, account)
}

// noteQuota keeps what a send told of its account's quota.
func (e *Engine) noteQuota(conf *tenantConf, account uuid.UUID, test bool, told *channels.Quota) {
	acc := conf.accounts[account]
	if told == nil || told.Total < 1 || test || acc == nil {
		return
	}
	now := e.now()
	if !e.quotas.take(account, told.Left, now) {
		return
	}
	ctx, cancel := e.recording()
	defer cancel()
	if err := e.o.Store.NoteQuota(ctx, acc.TenantID, account, quotaRow(*told, ms(now))); err != nil {
		e.quotas.forget(account)
		e.log.Error("quota not recorded", "account", acc.Name, "err", err)
		return
	}
	if told.Left < 1 {
		e.log.Warn("quota used up", "account", acc.Name, "total", told.Total)
	}
	if told.Left < 1 || acc.QuotaTotal > 0 && acc.QuotaLeft < 1 {
		e.dir.forget()
	}
}

func quotaRow(q channels.Quota, at int64) models.Quota {
	return models.Quota{Left: max(q.Left, 0), Total: q.Total, At: at, ResetsAt: ms(q.ResetsAt)}
}

// quotaUsed tells that nothing is left of the account's quota, and until when: the provider's word, or the next midnight
// where the tenant is after it was told.
func (a *account) quotaUsed(now time.Time) (policy.Unusable, bool) {
	if a.QuotaTotal < 1 || a.QuotaLeft > 0 {
		return policy.Unusable{}, false
	}
	resets := fromMS(a.QuotaResetsAt)
	if a.QuotaResetsAt <= a.QuotaAt {
		y, m, d := fromMS(a.QuotaAt).In(a.zone).Date()
		resets = time.Date(y, m, d+1, 0, 0, 0, 0, a.zone)
	}
	return policy.Unusable{Reason: policy.ReasonQuotaUsed, Until: resets}, now.Before(resets)
}
