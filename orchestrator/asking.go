package orchestrator

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// Questions to providers are bounded on each replica: a backlog that comes due at once is asked about as fast as answers
// come, and the rest stays in the database.
const (
	// asksMost is how many questions are under way at most, give or take a page of due messages.
	asksMost = 512
	// askPatience bounds one question. Whoever answers no sooner answers nobody.
	askPatience = 5 * time.Second
)

// asking counts the questions under way.
type asking struct {
	now   atomic.Int64
	ended waker
}

// room waits until another page of questions may begin, and reports whether the engine goes on.
func (e *Engine) room() bool {
	for e.asking.now.Load() > asksMost-duePage {
		if !e.sleep(e.asking.ended, pollEvery) {
			return false
		}
	}
	return true
}

// ask asks the provider once what became of the attempt that the ladder is about to give up.
func (e *Engine) ask(conf *tenantConf, st models.State) {
	defer func() {
		e.asking.now.Add(-1)
		e.asking.ended.wake()
	}()
	a, era := lastOf(st), e.o.Store.Connects()
	e.Counters.Asked.Add(1)
	answer, err := e.query(conf, st, a)
	if err != nil {
		e.log.Info("status query failed", "message_id", st.Message.ID, "account", a.Account, "err", err)
	}
	f := &fact{ref: models.Ref{TenantID: st.Message.TenantID, ID: st.Message.ID}, held: &st, era: era}
	f.add = func(c *change) {
		if c.m.LeaseOwner == e.replica && c.last().N == a.N {
			c.m.LeaseOwner = uuid.Nil
		}
		if answer.Found && answer.Receipt.Kind != "" {
			c.reported(a.N, answer.Receipt, ms(c.now))
			c.told(a.N, toldCost(answer.Receipt.Price, c.m.Currency))
		}
	}
	e.again(f)
}

func (e *Engine) query(conf *tenantConf, st models.State, a models.Attempt) (answer channels.Answer, err error) {
	acc := conf.accounts[a.AccountID]
	if acc == nil {
		return answer, ErrNotFound
	}
	q, ok := acc.of(st.Message.Test).(channels.StatusQuerier)
	if !ok {
		return answer, nil
	}
	answered, err := e.lane(conf, a.AccountID, st.Message.Test).questions.Allow()
	if err != nil {
		return answer, fmt.Errorf("not asked: %w", err) // nobody answers there: the ladder goes on as after silence
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("adapter panic: %v", p)
		}
		answered(silence(err))
	}()
	ctx, cancel := context.WithTimeout(context.Background(), min(askPatience, e.o.CallTimeout))
	defer cancel()
	ctx = e.recorded(ctx, a, acc.Account, "query")
	return q.Query(ctx, channels.Query{
		Reference: reference(models.AttemptID(a.MessageID, a.N)), ProviderID: a.ProviderID, To: st.Message.To, SentAt: fromMS(max(a.SentAt, a.CalledAt)),
	})
}

// silence is err if it means that nobody answered; a refusal is an answer.
func silence(err error) error {
	if err == nil {
		return nil
	}
	if c := channels.AsFailure(err).Class; c == policy.ClassDown || c == policy.ClassUnknown || c == policy.ClassThrottled {
		return err
	}
	return nil
}
