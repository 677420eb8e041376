package hostiletest

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/policy"
)

// callLog is when a scripted provider was called, and for what.
type callLog struct {
	mu    sync.Mutex
	at    []time.Time
	byRef map[string]int
}

func (l *callLog) note(out channels.Outbound) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.byRef == nil {
		l.byRef = map[string]int{}
	}
	l.at = append(l.at, now)
	l.byRef[out.Reference]++
	return now
}

// all are the times of the calls, in order.
func (l *callLog) all() []time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.at)
}

// between counts the calls from a to b, b excluded.
func (l *callLog) between(a, b time.Time) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.at {
		if !t.Before(a) && t.Before(b) {
			n++
		}
	}
	return n
}

// status answers as an HTTP provider does.
func status(code int, header http.Header) error {
	if f := (&channels.Response{Status: code, Header: header}).StatusFailure(time.Now()); f != nil {
		return f
	}
	return nil
}

// virtual runs fn on SQLite in a bubble of virtual time: minutes of an outage pass in a second.
func virtual(t *testing.T, fn func(h *hostile)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		fn(newHostile(t, modelstest.Open(t, models.SQLite), hostileTimes{call: 10 * time.Second, lease: 22 * time.Second}, nil))
	})
}

// A provider answers 503 for five minutes, at once or only after seconds, and is well again. The breaker opens soon,
// looks again now and then, and not one message that was not called is lost: each goes out afterwards, no faster than
// the account may.
func TestProviderDownAndWell(t *testing.T) {
	const perSecond = 20
	for name, answersAfter := range map[string]time.Duration{"answers at once": 0, "answers after 4 s": 4 * time.Second, "hangs": time.Hour} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(h *hostile) {
				var log callLog
				began := time.Now()
				well := began.Add(5 * time.Minute)
				unknown := map[string]bool{}
				h.scripted("gw", perSecond, func(ctx context.Context, out channels.Outbound) (channels.Taken, error) {
					if log.note(out).Before(well) {
						log.mu.Lock()
						unknown[out.Reference] = true
						log.mu.Unlock()
						select {
						case <-time.After(answersAfter):
							return channels.Taken{}, status(http.StatusServiceUnavailable, nil)
						case <-ctx.Done():
							return channels.Taken{}, ctx.Err()
						}
					}
					return channels.Taken{}, nil
				})
				h.policy("one", "30s", "2h", "gw")
				var ids []uuid.UUID
				for i := range 120 {
					ids = append(ids, h.send("one", hostileNumber(i)))
					time.Sleep(500 * time.Millisecond)
				}
				time.Sleep(time.Until(well) + 2*time.Minute)

				// The first calls until it opens, one a probe after that.
				opened := began.Add(15*time.Second + answersAfter)
				if answersAfter > time.Minute {
					opened = began.Add(25 * time.Second)
				}
				if n := log.between(began, opened); n > 60 {
					t.Errorf("%d calls before the breaker opened", n)
				}
				for at := opened; at.Before(well); at = at.Add(time.Second) {
					if n := log.between(at, at.Add(time.Second)); n > 1 {
						t.Errorf("%d calls in the second %s after the start, while the breaker is open", n, at.Sub(began))
					}
				}
				for at := well; at.Before(well.Add(2 * time.Minute)); at = at.Add(time.Second) {
					if n := log.between(at, at.Add(time.Second)); n > 2*perSecond {
						t.Errorf("%d calls in one second of the recovery", n)
					}
				}
				lost, sent := 0, 0
				for _, id := range ids {
					st := h.state(id)
					id := models.AttemptID(id, 1)
					switch ref := hexOf(id); {
					case unknown[ref]: // may have been taken: its window ended by policy
					case st.Message.Status != policy.Sent:
						lost++
						if lost < 4 {
							t.Errorf("a message that was never called ended %s, %s: %+v", st.Message.Status, st.Message.Reason, st.Attempts)
						}
					default:
						sent++
					}
				}
				for ref, n := range log.byRef {
					if n > 1 {
						t.Errorf("attempt %s was called %d times", ref, n)
					}
				}
				t.Logf("%d calls, of them %d in the outage; %d sent, %d lost", len(log.at), len(unknown), sent, lost)
				h.verify()
			})
		})
	}
}

// The breaker opens within twenty calls when they come one after the other.
func TestBreakerOpensSoon(t *testing.T) {
	virtual(t, func(h *hostile) {
		var log callLog
		h.scripted("gw", 20, func(_ context.Context, out channels.Outbound) (channels.Taken, error) {
			log.note(out)
			return channels.Taken{}, status(http.StatusInternalServerError, nil)
		})
		h.policy("one", "30s", "2h", "gw")
		began := time.Now()
		for i := range 100 {
			h.send("one", hostileNumber(i))
		}
		time.Sleep(14 * time.Second)
		if n := log.between(began, time.Now()); n > 20 {
			t.Errorf("%d calls to a provider that only answers 500", n)
		}
	})
}

// Where another account can carry the message it does not wait for the one that rests.
func TestRestingAccountIsPassedOver(t *testing.T) {
	virtual(t, func(h *hostile) {
		h.scripted("down", 20, func(context.Context, channels.Outbound) (channels.Taken, error) {
			return channels.Taken{}, status(http.StatusInternalServerError, nil)
		})
		h.scripted("well", 20, func(context.Context, channels.Outbound) (channels.Taken, error) { return channels.Taken{}, nil })
		h.policy("two", "30s", "2h", "down", "well")
		for i := range 20 {
			h.send("two", hostileNumber(i))
			time.Sleep(200 * time.Millisecond)
		}
		began := time.Now()
		v := h.await(h.send("two", hostileNumber(99)), func(v orchestrator.MessageView) bool { return v.Status.Final() })
		if took := time.Since(began); v.Status != policy.Sent || took > time.Second {
			t.Errorf("it ended %s after %s", v.Status, took)
		}
	})
}

// 429 with any Retry-After: the attempt is called again no sooner than it was told, one second at least and five
// minutes at most; other accounts do not notice.
func TestRetryAfterIsObeyed(t *testing.T) {
	tests := map[string]struct {
		header func(now time.Time) string
		least  time.Duration
		most   time.Duration
	}{
		"absent":       {nil, time.Second, 2 * time.Second},
		"0":            {text("0"), time.Second, 2 * time.Second},
		"7":            {text("7"), 7 * time.Second, 8 * time.Second},
		"120":          {text("120"), 2 * time.Minute, 2*time.Minute + time.Second},
		"-5":           {text("-5"), time.Second, 2 * time.Second},
		"1e9":          {text("1000000000"), 5 * time.Minute, 5*time.Minute + time.Second},
		"20 digits":    {text("99999999999999999999"), 5 * time.Minute, 5*time.Minute + time.Second},
		"1.5":          {text("1.5"), time.Second, 2 * time.Second},
		"soon":         {text("soon"), time.Second, 2 * time.Second},
		"bytes":        {text("\x00\xff"), time.Second, 2 * time.Second},
		"date":         {func(now time.Time) string { return now.Add(20 * time.Second).UTC().Format(http.TimeFormat) }, 19 * time.Second, 21 * time.Second},
		"date of 1970": {text("Thu, 01 Jan 1970 00:00:00 GMT"), time.Second, 2 * time.Second},
		"date of 2099": {text("Thu, 01 Jan 2099 00:00:00 GMT"), 5 * time.Minute, 5*time.Minute + time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(h *hostile) {
				var throttled, other callLog
				h.scripted("throttled", 20, func(_ context.Context, out channels.Outbound) (channels.Taken, error) {
					now := throttled.note(out)
					if len(throttled.all()) > 1 {
						return channels.Taken{}, nil
					}
					header := http.Header{}
					if tt.header != nil {
						header.Set("Retry-After", tt.header(now))
					}
					return channels.Taken{}, status(http.StatusTooManyRequests, header)
				})
				h.scripted("other", 20, func(_ context.Context, out channels.Outbound) (channels.Taken, error) {
					other.note(out)
					return channels.Taken{}, nil
				})
				h.policy("one", "10m", "2h", "throttled")
				h.policy("other", "10m", "2h", "other")
				id := h.send("one", hostileNumber(1))
				for range 10 {
					if v := h.await(h.send("other", hostileNumber(2)), taken); v.Attempts[0].Calls != 1 {
						t.Error("the other account was called more than once")
					}
				}
				v := h.awaitFor(id, 10*time.Minute, func(v orchestrator.MessageView) bool { return v.Status.Final() })
				at := throttled.all()
				if len(at) != 2 || v.Status != policy.Sent {
					t.Fatalf("called %d times, ended %s", len(at), v.Status)
				}
				if gap := at[1].Sub(at[0]); gap < tt.least || gap > tt.most {
					t.Errorf("called again after %s, want %s to %s", gap, tt.least, tt.most)
				}
			})
		})
	}
}

func text(s string) func(time.Time) string { return func(time.Time) string { return s } }

// A provider that throttles everybody is not asked by every message of a backlog in turn: the account rests as long as
// it was told.
func TestThrottledAccountRests(t *testing.T) {
	virtual(t, func(h *hostile) {
		var log, other callLog
		began := time.Now()
		well := began.Add(3 * time.Minute)
		h.scripted("throttled", 20, func(_ context.Context, out channels.Outbound) (channels.Taken, error) {
			if log.note(out).Before(well) {
				return channels.Taken{}, status(http.StatusTooManyRequests, http.Header{"Retry-After": {"30"}})
			}
			return channels.Taken{}, nil
		})
		h.scripted("other", 20, func(_ context.Context, out channels.Outbound) (channels.Taken, error) {
			other.note(out)
			return channels.Taken{}, nil
		})
		h.policy("one", "10m", "2h", "throttled")
		h.policy("other", "10m", "2h", "other")
		var ids []uuid.UUID
		for i := range 300 {
			ids = append(ids, h.send("one", hostileNumber(i)))
			h.send("other", hostileNumber(i))
		}
		time.Sleep(time.Until(well.Add(5 * time.Minute)))
		if n := log.between(began, well); n > 100 {
			t.Errorf("%d calls in three minutes to a provider that said six times to come back in 30 s", n)
		}
		for _, id := range ids {
			if m := h.state(id).Message; m.Status != policy.Sent {
				t.Fatalf("a message ended %s, %s", m.Status, m.Reason)
			}
		}
		if n := other.between(began, began.Add(20*time.Second)); n != 300 {
			t.Errorf("the other account sent %d of 300 in 20 s", n)
		}
		h.verify()
	})
}

// An adapter that panics hurts the attempt under way, and no other.
func TestAdapterPanics(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		h := newHostile(t, s, hostileTimes{}, nil)
		h.scripted("mad", 0, func(context.Context, channels.Outbound) (channels.Taken, error) { panic("mad") })
		h.scripted("well", 0, func(context.Context, channels.Outbound) (channels.Taken, error) { return channels.Taken{}, nil })
		h.policy("mad", "200ms", "10m", "mad", "well")
		h.policy("well", "1h", "2h", "well")
		for i := range 20 {
			mad, well := h.send("mad", hostileNumber(i)), h.send("well", hostileNumber(i))
			h.await(well, taken)
			v := h.await(mad, func(v orchestrator.MessageView) bool { return v.Status.Final() })
			for _, a := range h.state(mad).Attempts {
				if v.Status != policy.Sent || a.Account == "mad" && (a.Calls != 1 || a.Code != "adapter_panic") {
					t.Errorf("it ended %s: %+v", v.Status, a)
				}
			}
		}
		h.verify()
	})
}
