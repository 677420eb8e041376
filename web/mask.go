package web

import (
	"encoding/json"
	"slices"

	"github.com/gin-gonic/gin"

	"cascade/orchestrator"
	"cascade/policy"
)

// shown is what a caller sees of v. Keys see everything. People see whom a message went to without the middle of the
// number, and nothing of what it says: that is for POST /v1/messages/{id}/reveal, which is written down.
func shown(c *gin.Context, v any) any {
	if _, person := personOf(c); !person {
		return v
	}
	switch v := v.(type) {
	case orchestrator.MessageView:
		return maskMessage(v)
	case list[orchestrator.MessageView]:
		return maskList(v, maskMessage)
	case orchestrator.Trace:
		return maskTrace(v)
	case list[deliveryView]:
		return maskList(v, func(d deliveryView) deliveryView {
			d.Payload = maskEvent(d.Payload)
			return d
		})
	default:
		return v
	}
}

func maskList[T any](l list[T], mask func(T) T) list[T] {
	for i, v := range l.Data {
		l.Data[i] = mask(v)
	}
	return l
}

// replied stands in a timeline for what a person answered.
const replied = "the person answered"

func maskMessage(v orchestrator.MessageView) orchestrator.MessageView {
	v.To = policy.MaskPhone(v.To)
	replies := make([]orchestrator.ReplyView, len(v.Replies))
	for i, r := range v.Replies {
		r.Text, r.Options = "", nil
		replies[i] = r
	}
	v.Replies = replies
	events := make([]orchestrator.Event, len(v.Timeline))
	for i, e := range v.Timeline {
		if e.Type == orchestrator.EventMessageReplied {
			e.Detail = replied
		}
		events[i] = e
	}
	v.Timeline = events
	return v
}

// maskTrace leaves of what went over the wire when and where, and how it was answered.
func maskTrace(v orchestrator.Trace) orchestrator.Trace {
	v.Message, v.Content = maskMessage(v.Message), nil
	receipts := slices.Clone(v.Receipts)
	for i := range receipts {
		receipts[i].Raw = ""
	}
	calls := slices.Clone(v.Calls)
	for i := range calls {
		calls[i].Request.Body = ""
		if a := calls[i].Answer; a != nil {
			calls[i].Answer = &orchestrator.AnswerTrace{Status: a.Status}
		}
	}
	v.Receipts, v.Calls = receipts, calls
	return v
}

// maskEvent masks the message in an event for an app. One that cannot be read is withheld.
func maskEvent(payload json.RawMessage) json.RawMessage {
	var event struct {
		Type      string            `json:"type"`
		Timestamp orchestrator.Time `json:"timestamp"`
		Data      struct {
			MessageID json.RawMessage          `json:"message_id"`
			Sequence  int64                    `json:"sequence"`
			Message   orchestrator.MessageView `json:"message"`
		} `json:"data"`
	}
	if json.Unmarshal(payload, &event) != nil || event.Type == "" {
		return json.RawMessage("null")
	}
	event.Data.Message = maskMessage(event.Data.Message)
	masked, err := json.Marshal(event)
	if err != nil {
		return json.RawMessage("null")
	}
	return masked
}
