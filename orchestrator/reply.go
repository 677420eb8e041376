package orchestrator

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
)

// ReplyView is what a person answered to a message.
type ReplyView struct {
	At        Time      `json:"at"`
	Text      string    `json:"text"`
	Rating    int       `json:"rating,omitempty"` // 1 (worst) to 5
	Options   []string  `json:"options,omitempty"`
	AttemptID uuid.UUID `json:"attempt_id"`
}

// replyJSON is a reply as it is kept; nil for none.
func replyJSON(r *channels.Reply) []byte {
	if r == nil {
		return nil
	}
	raw, _ := json.Marshal(r) // texts and a number always are JSON
	return raw
}

// replyView shows a receipt's reply. What cannot be read is an answer without words.
func replyView(row models.Receipt) ReplyView {
	var r channels.Reply
	_ = json.Unmarshal(row.Reply, &r)
	return ReplyView{At: Time(row.At), Text: r.Text, Rating: r.Rating, Options: r.Options, AttemptID: models.AttemptID(row.MessageID, row.N)}
}

// detail says the reply in a sentence.
func (v ReplyView) detail() string {
	var parts []string
	if v.Rating > 0 {
		parts = append(parts, fmt.Sprintf("%d of 5", v.Rating))
	}
	if len(v.Options) > 0 {
		parts = append(parts, "chose "+strings.Join(v.Options, ", "))
	}
	if v.Text != "" {
		parts = append(parts, fmt.Sprintf("%q", v.Text))
	}
	if len(parts) == 0 {
		return "answered"
	}
	return "answered " + strings.Join(parts, "; ")
}

// addReplies puts what people answered into the views of a tenant's messages.
func (e *Engine) addReplies(ctx context.Context, tenant uuid.UUID, views ...*MessageView) error {
	var ids []uuid.UUID
	for _, v := range views {
		if len(v.Attempts) > 0 {
			ids = append(ids, v.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := e.o.Store.Replies(ctx, tenant, ids...)
	if err != nil {
		return e.storeError(err)
	}
	for _, v := range views {
		for _, row := range rows[v.ID] {
			v.reply(replyView(row))
		}
	}
	return nil
}

// reply adds an answer to the view and to its timeline.
func (v *MessageView) reply(r ReplyView) {
	v.Replies = append(v.Replies, r)
	v.Timeline = append(v.Timeline, Event{At: r.At, Type: EventMessageReplied, AttemptID: &r.AttemptID, Detail: r.detail()})
	slices.SortStableFunc(v.Timeline, func(a, b Event) int { return int(a.At - b.At) })
}

// replied adds an answer that is to be told. The same event may come twice in one commit.
func (c *change) replied(row *models.Receipt) {
	if !slices.ContainsFunc(c.replies, func(r *models.Receipt) bool { return r.AccountID == row.AccountID && r.EventKey == row.EventKey }) {
		c.replies = append(c.replies, row)
	}
}

// knownReplies finds out which of a batch's replies were told before. It is asked after the messages are read. A change that
// tells one moves its message's version, so of two replicas that both find it new, one finds it stored when it tries again.
func (e *Engine) knownReplies(ctx context.Context, batch []*fact) error {
	var refs []models.ReceiptRef
	for _, f := range batch {
		if ref, is := f.reply(); is {
			refs = append(refs, ref)
		}
	}
	if len(refs) == 0 {
		return nil
	}
	states, err := e.o.Store.ReceiptStates(ctx, refs)
	if err != nil {
		return err
	}
	for _, f := range batch {
		if ref, is := f.reply(); is {
			state, stored := states[ref]
			f.repeated = stored
			if f.matched { // it was stored when nobody knew its message, and is told as it is matched
				f.repeated = state != models.ReceiptParked
			}
		}
	}
	return nil
}

// reply names the reply that the fact brings.
func (f *fact) reply() (models.ReceiptRef, bool) {
	if f.receipt == nil || len(f.receipt.Reply) == 0 {
		return models.ReceiptRef{}, false
	}
	return models.ReceiptRef{TenantID: f.receipt.TenantID, AccountID: f.receipt.AccountID, EventKey: f.receipt.EventKey}, true
}
