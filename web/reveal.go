package web

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"cascade/orchestrator"
	"cascade/policy"
)

type revealBody struct {
	Reason string `json:"reason"`
}

// revealedView is what was sent to whom.
type revealedView struct {
	To       string                                       `json:"to"`
	Content  map[policy.Channel]orchestrator.ContentTrace `json:"content"` // null: withheld, or forgotten
	Metadata json.RawMessage                              `json:"metadata"`
	// Calls and Receipts are what went over the wire, with numbers, codes and secrets masked.
	Calls    []orchestrator.CallTrace    `json:"calls"`
	Receipts []orchestrator.ReceiptTrace `json:"receipts"`
	// Replies are what the person answered; left out if nothing.
	Replies []orchestrator.ReplyView `json:"replies,omitempty"`
	// ContentWithheld is why there is no content.
	ContentWithheld string `json:"content_withheld,omitempty"`
}

// reveal shows a person the number and the words of a message, and writes down that it did: before, so that nothing is
// seen unnoted. A code that opens somebody's account is shown to nobody.
func (h *messages) reveal(c *gin.Context) {
	id, err := pathID(c.Param("id"))
	if err != nil {
		fail(c, err)
		return
	}
	var body revealBody
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	if body.Reason = strings.TrimSpace(body.Reason); body.Reason == "" || len(body.Reason) > maxNote {
		fail(c, invalidField("reason", "is required, with at most %d bytes: it is kept in the audit log", maxNote))
		return
	}
	m, err := h.store.MessageText(c.Request.Context(), tenantOf(c), id)
	if err != nil {
		fail(c, err)
		return
	}
	trace, err := h.engine.Trace(c.Request.Context(), tenantOf(c), id)
	if err != nil {
		fail(c, err)
		return
	}
	who, _ := actorOf(c)
	if err := h.audit.record(c, who, m.TenantID, actionReveal, id.String(), detailOf(c, mustJSON(body))); err != nil {
		fail(c, err)
		return
	}
	c.Set(keyRecorded, true)
	view := revealedView{To: m.To, Content: trace.Content, Metadata: document(m.Metadata), Calls: trace.Calls, Receipts: trace.Receipts, Replies: trace.Message.Replies}
	if m.Category == policy.OTP {
		view.Content, view.Calls, view.ContentWithheld = nil, []orchestrator.CallTrace{}, string(policy.OTP)
	}
	c.JSON(http.StatusOK, view)
}

// document is stored JSON, {} for none.
func document(raw []byte) json.RawMessage {
	if len(raw) == 0 {
		return json.RawMessage("{}")
	}
	return raw
}
