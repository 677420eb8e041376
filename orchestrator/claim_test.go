package orchestrator

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/policy"
)

// A replica that stood still between its claim and its call must not call any more: before the answer is in, the lease
// may be over and the message somebody else's.
func TestOldClaimIsNotCalled(t *testing.T) {
	store := modelstest.Open(t, models.SQLite)
	for late, want := range map[time.Duration]bool{0: true, lease / 2: true, lease/2 + time.Millisecond: false, lease: false, 100 * lease: false} {
		claimed := time.UnixMilli(1_800_000_000_000)
		e := New(Options{Store: store, Now: func() time.Time { return claimed.Add(late) }})
		provider := &countingAdapter{}
		id := uuid.New()
		conf := &tenantConf{accounts: map[uuid.UUID]*account{id: {Account: models.Account{ID: id}, adapter: provider}}}
		st := models.State{Message: models.Message{Plan: []byte(`{"steps":[{"channel":"sms","until":"delivered","timeout":"1m"}]}`)}}
		a := models.Attempt{N: 1, AccountID: id, Channel: policy.SMS, Status: policy.AttemptSending, Calls: 1, CalledAt: ms(claimed)}
		content := map[policy.Channel]channels.Content{policy.SMS: {Text: "Ma 4821"}}
		_, failure := e.send(conf, st, a, content, e.lanes.get(laneKey{account: id}, 0, 0))
		if called := provider.calls == 1; called != want {
			t.Errorf("%v after the claim: called %v, want %v (%v)", late, called, want, failure)
		}
		if !want && (failure == nil || failure.Code != codeClaimOld || !notMade(failure)) {
			t.Errorf("%v after the claim: %+v", late, failure)
		}
	}
}

// countingAdapter takes everything.
type countingAdapter struct{ calls int }

func (*countingAdapter) Capabilities() channels.Capabilities { return channels.Capabilities{} }

func (a *countingAdapter) Send(context.Context, channels.Outbound) (channels.Taken, error) {
	a.calls++
	return channels.Taken{}, nil
}
