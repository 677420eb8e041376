package web

import (
	"fmt"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"golang.org/x/time/rate"
)

// Limit bounds a flow of requests; a message of a batch counts as one. The zero Limit bounds nothing. Each replica
// counts for itself.
type Limit struct {
	PerSecond float64
	// Burst is how many may come at once after a pause; 0 is what PerSecond allows in four seconds.
	Burst int
}

// buckets keep one token bucket for each of whatever a Limit is for. Their ids are those of keys and tenants that
// exist, so there is no end of them only where there is no end of keys.
type buckets struct {
	limit Limit
	name  string // what is limited, for people

	mu   sync.Mutex
	byID map[uuid.UUID]*rate.Limiter
}

// newBuckets is nil without a limit.
func newBuckets(name string, l Limit) *buckets {
	if l.PerSecond <= 0 {
		return nil
	}
	if l.Burst <= 0 {
		l.Burst = int(math.Ceil(4 * l.PerSecond))
	}
	return &buckets{limit: l, name: name, byID: map[uuid.UUID]*rate.Limiter{}}
}

// bucketsMost is how many buckets are kept before the full ones, which say nothing, are let go.
const bucketsMost = 10_000

func (b *buckets) of(id uuid.UUID, now time.Time) *rate.Limiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.byID[id]; l != nil {
		return l
	}
	if len(b.byID) >= bucketsMost {
		for id, l := range b.byID {
			if l.TokensAt(now) >= float64(b.limit.Burst) {
				delete(b.byID, id)
			}
		}
	}
	l := rate.NewLimiter(rate.Limit(b.limit.PerSecond), b.limit.Burst)
	b.byID[id] = l
	return l
}

// take spends one request of id, or answers the 429.
func (b *buckets) take(id uuid.UUID, now time.Time) (*rate.Reservation, error) {
	r := b.of(id, now).ReserveN(now, 1)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return nil, rateLimited(wait, "This %s may ask %g requests a second, and %d at once after a pause.", b.name, b.limit.PerSecond, b.limit.Burst)
	}
	return r, nil
}

// charge spends n whatever is left: those that come next wait for it.
func (b *buckets) charge(id uuid.UUID, now time.Time, n int) {
	for l := b.of(id, now); n > 0; n -= b.limit.Burst {
		l.ReserveN(now, min(n, b.limit.Burst))
	}
}

// limits bound what a key and what a tenant may ask. Either may be nil.
type limits struct {
	key, tenant *buckets
	now         func() time.Time
}

// take spends one request of a key and of its tenant, or neither and answers the 429. The admin's key has no tenant.
func (l *limits) take(key, tenant uuid.UUID) error {
	now := l.now()
	var spent *rate.Reservation
	if l.key != nil {
		var err error
		if spent, err = l.key.take(key, now); err != nil {
			return err
		}
	}
	if l.tenant == nil || tenant == uuid.Nil {
		return nil
	}
	_, err := l.tenant.take(tenant, now)
	if err != nil && spent != nil {
		spent.CancelAt(now)
	}
	return err
}

// charge adds the n messages that a request carries beyond its first. It was let in whole, so that a large batch is
// not starved by small requests, and is paid for afterwards.
func (l *limits) charge(key, tenant uuid.UUID, n int) {
	now := l.now()
	if l.key != nil {
		l.key.charge(key, now, n)
	}
	if l.tenant != nil && tenant != uuid.Nil {
		l.tenant.charge(tenant, now, n)
	}
}

func rateLimited(wait time.Duration, format string, args ...any) *problem {
	p := newProblem(http.StatusTooManyRequests, "rate_limited", "%s Retry-After says when to come back.", fmt.Sprintf(format, args...))
	p.retryAfter = wait
	return p
}

// chargeFor charges the caller for what a request carries, beyond the request itself.
func chargeFor(c *gin.Context, n int) {
	if charge, ok := c.Value(keyCharge).(func(int)); ok {
		charge(n)
	}
}
