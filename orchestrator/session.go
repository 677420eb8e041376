package orchestrator

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
)

// Sessions are the connections of accounts whose provider is not reached by requests (SMPP): each replica keeps one of its
// own for every account that is in use.
const (
	// sessionLook is how often accounts are looked over: what another replica changed is connected within it.
	sessionLook = 5 * time.Second
	// sessionPause is how soon a session that ended by itself begins again.
	sessionPause = 10 * time.Second
)

// session is one account's connection under way.
type session struct {
	adapter channels.Adapter
	end     context.CancelFunc
}

// sessionLoop keeps the sessions of all accounts. It opens none once nothing new is taken up, and ends them when no call is
// under way any more.
func (e *Engine) sessionLoop() {
	open := map[uuid.UUID]session{}
	var running sync.WaitGroup
	for {
		if err := e.tendSessions(open, &running); err != nil {
			e.log.Error("sessions not looked over", "err", err)
		}
		if !e.sleep(e.linked, sessionLook) {
			break
		}
	}
	<-e.life.Done() // calls under way still need theirs
	running.Wait()
}

// tendSessions ends the sessions of accounts that are gone or changed, and begins those of new ones.
func (e *Engine) tendSessions(open map[uuid.UUID]session, running *sync.WaitGroup) error {
	ctx, cancel := e.recording()
	defer cancel()
	rows, err := e.o.Store.AccountsOf(ctx, e.o.Registry.Sessions()...)
	if err != nil {
		return err
	}
	wanted := map[uuid.UUID]*account{}
	for _, row := range rows {
		if a := e.dir.account(row); a.adapter != nil && row.State != models.AccountDisabled {
			wanted[row.ID] = a
		}
	}
	for id, s := range open {
		if a := wanted[id]; a == nil || a.adapter != s.adapter {
			s.end()
			delete(open, id)
		}
	}
	for id, a := range wanted {
		if _, is := open[id]; is {
			continue
		}
		life, end := context.WithCancel(e.life)
		open[id] = session{a.adapter, end}
		running.Go(func() { e.keepSession(life, a) })
	}
	return nil
}

// keepSession holds an account's connection until ctx ends.
func (e *Engine) keepSession(ctx context.Context, a *account) {
	keeper, ok := a.adapter.(channels.SessionKeeper)
	if !ok {
		return
	}
	hand := func(ctx context.Context, got []channels.Receipt) error { return e.keep(ctx, a, got, []byte{}) }
	for ctx.Err() == nil {
		if err := keeper.Keep(ctx, hand); err != nil {
			e.log.Error("session ended", "account", a.Name, "err", err)
		}
		if pause(ctx, sessionPause) != nil {
			return
		}
	}
}
