package orchestrator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"cascade/models"
	"cascade/policy"
)

// Event types of callbacks.
const (
	EventMessageSent      = "message.sent"
	EventMessageDelivered = "message.delivered"
	EventMessageRead      = "message.read"
	EventMessageFailed    = "message.failed"
	EventMessageExpired   = "message.expired"
	EventMessageCanceled  = "message.canceled"
	EventMessageReplied   = "message.replied"
	EventAttemptFailed    = "attempt.failed"
	EventAttemptTimedOut  = "attempt.timed_out"
)

// EventTypes lists what a callback may subscribe to.
func EventTypes() []string {
	return []string{
		EventMessageSent, EventMessageDelivered, EventMessageRead, EventMessageFailed, EventMessageExpired,
		EventMessageCanceled, EventMessageReplied, EventAttemptFailed, EventAttemptTimedOut,
	}
}

// callbackEvent is the body of a callback.
type callbackEvent struct {
	Type      string       `json:"type"`
	Timestamp Time         `json:"timestamp"`
	Data      callbackData `json:"data"`
}

type callbackData struct {
	MessageID uuid.UUID   `json:"message_id"`
	Sequence  int64       `json:"sequence"`
	Message   MessageView `json:"message"`
	// Reply is set for EventMessageReplied.
	Reply *ReplyView `json:"reply,omitempty"`
}

// announce puts what changed into the outbox, for every endpoint that asked for it.
func (c *change) announce() {
	if len(c.conf.callbacks) == 0 {
		return
	}
	for _, kind := range c.events() {
		c.tell(kind, nil)
	}
	for _, row := range c.replies {
		reply := replyView(*row)
		c.tell(EventMessageReplied, &reply)
	}
}

// tell puts one event into the outbox, with the message as it is now.
func (c *change) tell(kind string, reply *ReplyView) {
	c.m.Sequence++
	var payload []byte
	for _, cb := range c.conf.callbacks {
		if cb.State != models.CallbackActive || len(cb.Events) > 0 && !slices.Contains(cb.Events, kind) {
			continue
		}
		if payload == nil {
			var err error
			if payload, err = json.Marshal(callbackEvent{
				Type: kind, Timestamp: Time(ms(c.now)),
				Data: callbackData{MessageID: c.m.ID, Sequence: c.m.Sequence, Message: View(c.state()), Reply: reply},
			}); err != nil {
				c.e.log.Error("callback payload", "message_id", c.m.ID, "err", err)
				return
			}
		}
		c.deliveries = append(c.deliveries, &models.Delivery{
			TenantID: c.m.TenantID, ID: uuid.Must(uuid.NewV7()), CallbackID: cb.ID, MessageID: c.m.ID, Sequence: c.m.Sequence,
			Type: kind, Payload: payload, State: models.DeliveryPending, NextAt: ms(c.now), CreatedAt: ms(c.now),
		})
	}
}

// events lists what happened between the stored state and this one, attempts first.
func (c *change) events() []string {
	var out []string
	for i, a := range c.as {
		was := policy.AttemptStatus("")
		sent := int64(0)
		if i < len(c.before.Attempts) {
			was, sent = c.before.Attempts[i].Status, c.before.Attempts[i].SentAt
		}
		if a.SentAt > 0 && sent == 0 && !slices.Contains(out, EventMessageSent) && !c.sentBefore() {
			out = append(out, EventMessageSent)
		}
		if a.Status == was {
			continue
		}
		switch a.Status {
		case policy.AttemptFailed:
			out = append(out, EventAttemptFailed)
		case policy.AttemptTimedOut:
			out = append(out, EventAttemptTimedOut)
		}
	}
	if c.m.Status != c.before.Message.Status && c.m.Status.Final() && c.m.Status != policy.Sent {
		out = append(out, "message."+string(c.m.Status))
	}
	return out
}

func (c *change) sentBefore() bool {
	return slices.ContainsFunc(c.before.Attempts, func(a models.Attempt) bool { return a.SentAt > 0 })
}

// Times of callbacks. The schedule follows the public promise: 1 s, 5 s, 30 s, 2 min, then ever longer for three days.
var callbackRetries = []time.Duration{
	time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

const (
	callbackGiveUp  = 72 * time.Hour
	callbackTimeout = 10 * time.Second
	callbackLease   = 25 * time.Second
	// callbackPause is how soon to look again where others hold what is due.
	callbackPause = 20 * time.Millisecond
	outboxPage    = 128
	perEndpoint   = 8
)

// outboxLoop delivers callbacks. A claim takes the first undelivered event of a message, so that an endpoint hears
// them in order; a slow endpoint fills its own places only.
func (e *Engine) outboxLoop() {
	places := map[uuid.UUID]chan struct{}{}
	for wait := time.Duration(0); e.sleep(e.outbox, wait); {
		if wait = e.untilNextDelivery(); wait > 0 {
			continue
		}
		n, err := e.deliverDue(places)
		switch {
		case err != nil:
			e.log.Error("callbacks", "err", err)
			wait = pollEvery
		case n < outboxPage:
			wait = callbackPause
		}
	}
}

// untilNextDelivery is how long nothing can be delivered.
func (e *Engine) untilNextDelivery() time.Duration {
	ctx, cancel := e.recording()
	defer cancel()
	next, err := e.o.Store.NextDelivery(ctx)
	if err != nil || next == 0 {
		return pollEvery
	}
	return min(pollEvery, max(fromMS(next).Sub(e.now()), 0))
}

// deliverDue claims a page of due deliveries and tells each endpoint.
func (e *Engine) deliverDue(places map[uuid.UUID]chan struct{}) (int, error) {
	ctx, cancel := e.recording()
	defer cancel()
	now := e.now()
	rows, err := e.o.Store.ClaimDeliveries(ctx, ms(now), ms(now.Add(callbackLease)), outboxPage)
	if err != nil {
		return 0, err
	}
	var busy []models.Delivery
	for _, d := range rows {
		place := places[d.CallbackID]
		if place == nil {
			place = make(chan struct{}, perEndpoint)
			places[d.CallbackID] = place
		}
		deliver := func() {
			defer func() { <-place }()
			e.deliver(d)
		}
		select {
		case place <- struct{}{}:
			e.calls.Go(deliver)
		default: // its endpoint is slow: back for the next look, and nobody else waits
			busy = append(busy, d)
		}
	}
	if len(busy) > 0 {
		if err := e.o.Store.ReturnDeliveries(ctx, busy, ms(now.Add(pollEvery))); err != nil {
			e.log.Error("callbacks not put back", "err", err) // their lease brings them back
		}
	}
	return len(rows), nil
}

// deliver makes one try and writes down how it ended.
func (e *Engine) deliver(d models.Delivery) {
	ctx, cancel := e.recording()
	defer cancel()
	status, err := e.post(ctx, d)
	now := e.now()
	d.LastStatus, d.LastError = int64(status), ""
	switch {
	case err == nil:
		d.State, d.NextAt, d.DoneAt = models.DeliveryDelivered, 0, ms(now)
		e.Counters.Callbacks.Add(1)
	case status == http.StatusGone || now.Sub(fromMS(d.CreatedAt)) > callbackGiveUp || errors.Is(err, models.ErrNotFound):
		d.State, d.NextAt, d.DoneAt, d.LastError = models.DeliveryFailed, 0, ms(now), err.Error()
	default:
		d.NextAt, d.LastError = ms(now.Add(callbackBackoff(d.Tries))), err.Error()
	}
	done, stop := e.recording()
	defer stop()
	if err := e.o.Store.FinishDelivery(done, &d); err != nil {
		e.log.Error("callback not recorded", "delivery_id", d.ID, "err", err) // its lease brings it back: at least once
	}
	e.outbox.wake() // the message's next event may go now
}

// callbackBackoff is how long to wait after the given number of tries.
func callbackBackoff(tries int64) time.Duration {
	return callbackRetries[min(max(int(tries)-1, 0), len(callbackRetries)-1)]
}

// post makes one signed call. A redirect is a failure; so is everything but 2xx.
func (e *Engine) post(ctx context.Context, d models.Delivery) (int, error) {
	cb, err := e.o.Store.Callback(ctx, d.TenantID, d.CallbackID)
	if err != nil {
		return 0, err
	}
	secret, err := e.o.Store.OpenCallbackSecret(cb)
	if err != nil {
		return 0, err
	}
	signer, err := standardwebhooks.NewWebhook(string(secret))
	if err != nil {
		return 0, err
	}
	now := e.now()
	signature, err := signer.Sign(d.ID.String(), now, d.Payload)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, callbackTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, cb.URL, bytes.NewReader(d.Payload))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Cascade")
	req.Header.Set("webhook-id", d.ID.String())
	req.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	req.Header.Set("webhook-signature", signature)
	res, err := e.o.Callbacks.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	head, _ := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return res.StatusCode, fmt.Errorf("answered %d: %q", res.StatusCode, head)
	}
	return res.StatusCode, nil
}
