package orchestrator

import (
	"context"
	"encoding/json"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/policy"
)

// CallbackTrace is an event on its way to the tenant's app.
type CallbackTrace struct {
	ID         uuid.UUID            `json:"id"`
	CallbackID uuid.UUID            `json:"callback_id"`
	URL        string               `json:"url"` // "" once the endpoint was deleted
	Type       string               `json:"type"`
	Channel    policy.Channel       `json:"channel"` // that it is about; "" if about none
	Sequence   int64                `json:"sequence"`
	State      models.DeliveryState `json:"state"`
	Tries      int64                `json:"tries"`
	CreatedAt  Time                 `json:"created_at"`
	NextAt     *Time                `json:"next_at"`
	LastStatus int64                `json:"last_status"`
	LastError  string               `json:"last_error"`
	DoneAt     *Time                `json:"done_at"`
}

func (b *tracing) callbacks(ctx context.Context) error {
	m := b.st.Message
	rows, err := b.e.o.Store.MessageDeliveries(ctx, m.TenantID, m.ID)
	if err != nil {
		return err
	}
	b.v.Callbacks = make([]CallbackTrace, 0, len(rows))
	if len(rows) == 0 {
		return nil
	}
	endpoints, err := b.e.o.Store.Callbacks(ctx, m.TenantID)
	if err != nil {
		return err
	}
	urls := make(map[uuid.UUID]string, len(endpoints))
	for _, c := range endpoints {
		urls[c.ID] = c.URL
	}
	before := map[uuid.UUID][]AttemptView{}
	for _, r := range rows {
		var event callbackEvent
		_ = json.Unmarshal(r.Payload, &event) // our own; what cannot be read has no channel to show
		b.v.Callbacks = append(b.v.Callbacks, CallbackTrace{
			ID: r.ID, CallbackID: r.CallbackID, URL: urls[r.CallbackID], Type: r.Type, Channel: event.about(before[r.CallbackID]), Sequence: r.Sequence, State: r.State, Tries: r.Tries,
			CreatedAt: Time(r.CreatedAt), NextAt: at(r.NextAt), LastStatus: r.LastStatus, LastError: r.LastError, DoneAt: at(r.DoneAt),
		})
		before[r.CallbackID] = event.Data.Message.Attempts
	}
	return nil
}

// about is the channel that an event tells of: of the attempt that ended since the endpoint's event before, or else the one
// that the message has come by.
func (ev callbackEvent) about(before []AttemptView) policy.Channel {
	ended := map[string]policy.AttemptStatus{EventAttemptFailed: policy.AttemptFailed, EventAttemptTimedOut: policy.AttemptTimedOut}[ev.Type]
	if ended == "" {
		return ev.Data.Message.Channel
	}
	var channel policy.Channel
	for i, a := range ev.Data.Message.Attempts {
		switch {
		case a.Status != ended:
		case i >= len(before) || before[i].Status != ended:
			return a.Channel
		default:
			channel = a.Channel
		}
	}
	return channel
}
