package web

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

type messageEngine interface {
	Accept(ctx context.Context, who orchestrator.Caller, s orchestrator.Submission) (orchestrator.Accepted, error)
	AcceptBatch(ctx context.Context, who orchestrator.Caller, items []orchestrator.Submission) []orchestrator.Outcome
	Preview(ctx context.Context, who orchestrator.Caller, s orchestrator.Submission) (orchestrator.Preview, error)
	WarnPreview(ctx context.Context, tenant uuid.UUID, v *orchestrator.Preview) error
	Message(ctx context.Context, tenant, id uuid.UUID) (orchestrator.MessageView, error)
	Views(ctx context.Context, tenant uuid.UUID, rows []models.Message) ([]orchestrator.MessageView, error)
	Trace(ctx context.Context, tenant, id uuid.UUID) (orchestrator.Trace, error)
	Cancel(ctx context.Context, tenant, id uuid.UUID) (orchestrator.MessageView, error)
	Confirm(ctx context.Context, tenant, id uuid.UUID) (orchestrator.MessageView, error)
}

type messageStore interface {
	Tenant(ctx context.Context, id uuid.UUID) (models.Tenant, error)
	Messages(ctx context.Context, tenant uuid.UUID, f models.MessageFilter, cursor string, limit int) ([]models.Message, string, error)
	MessageText(ctx context.Context, tenant, id uuid.UUID) (models.Message, error)
	EachMessage(ctx context.Context, tenant uuid.UUID, f models.MessageFilter, most int, take func([]models.State) error) (more bool, err error)
}

type messages struct {
	engine messageEngine
	store  messageStore
	now    func() time.Time
	final  time.Duration // how long a live answer goes on after its message ended
	audit  *auditLog
}

// createMessage is a send call as it comes in.
type createMessage struct {
	To            string            `json:"to"`
	Template      string            `json:"template"`
	Params        map[string]string `json:"params"`
	Content       *contentBody      `json:"content"`
	Category      policy.Category   `json:"category"`
	TransactionID string            `json:"transaction_id"`
	Policy        json.RawMessage   `json:"policy"`
	SendAt        instant           `json:"send_at"`
	TTL           policy.Duration   `json:"ttl"`
	Metadata      map[string]string `json:"metadata"`
	UserIDs       map[string]string `json:"user_ids"`
}

var createMessageFields = newFieldSet(
	"to", "template", "params", "content", "category", "transaction_id", "policy", "send_at", "ttl", "metadata", "user_ids",
)

// contentBody is a rendering per channel: each has its own fields.
type contentBody struct {
	ZNS *struct {
		TemplateID   string            `json:"template_id"`
		TemplateData map[string]string `json:"template_data,omitempty"`
		UserID       string            `json:"user_id,omitempty"`
	} `json:"zns,omitempty"`
	Viber *struct {
		Text     string      `json:"text"`
		ImageURL string      `json:"image_url,omitempty"`
		Button   *buttonBody `json:"button,omitempty"`
	} `json:"viber,omitempty"`
	SMS *struct {
		Text string `json:"text"`
	} `json:"sms,omitempty"`
}

type buttonBody struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

func (b *contentBody) byChannel() map[policy.Channel]channels.Content {
	if b == nil {
		return nil
	}
	content := map[policy.Channel]channels.Content{}
	if b.ZNS != nil {
		content[policy.ZNS] = channels.Content{TemplateID: b.ZNS.TemplateID, TemplateData: b.ZNS.TemplateData, UserID: b.ZNS.UserID}
	}
	if b.Viber != nil {
		content[policy.Viber] = channels.Content{Text: b.Viber.Text, ImageURL: b.Viber.ImageURL, Button: (*channels.Button)(b.Viber.Button)}
	}
	if b.SMS != nil {
		content[policy.SMS] = channels.Content{Text: b.SMS.Text}
	}
	return content
}

// submission translates the body; the engine judges it.
func (r *createMessage) submission() (orchestrator.Submission, error) {
	s := orchestrator.Submission{
		To: r.To, Template: r.Template, Params: r.Params, Content: r.Content.byChannel(), Category: r.Category,
		TransactionID: r.TransactionID, SendAt: r.SendAt.Std(), TTL: r.TTL, Metadata: r.Metadata,
	}
	for ch, id := range r.UserIDs {
		if s.UserIDs == nil {
			s.UserIDs = make(map[policy.Channel]string, len(r.UserIDs))
		}
		s.UserIDs[policy.Channel(ch)] = id
	}
	if len(r.Policy) == 0 || string(r.Policy) == "null" {
		return s, nil
	}
	switch r.Policy[0] {
	case '"':
		return s, json.Unmarshal(r.Policy, &s.PolicyName)
	case '{':
		s.Policy = r.Policy
		return s, nil
	default:
		return s, invalidField("policy", "must be a policy's name or a policy object")
	}
}

func decodeMessage(raw []byte) (orchestrator.Submission, error) {
	var req createMessage
	if err := decodeFast(raw, &req, createMessageFields); err != nil {
		return orchestrator.Submission{}, err
	}
	return req.submission()
}

// create takes one message and answers 202 once it is on disk; no provider is called before that. A repeated
// Idempotency-Key with the same body gets the first answer again, marked as replayed.
func (h *messages) create(c *gin.Context) {
	key, given, err := idempotencyKey(c)
	if err != nil {
		fail(c, err)
		return
	}
	raw, err := readBody(c, maxBody)
	if err != nil {
		fail(c, err)
		return
	}
	s, err := decodeMessage(raw)
	if err != nil {
		fail(c, err)
		return
	}
	if given {
		s.IdempotencyKey, s.RequestHash = key, hashOf(raw)
	}
	caller, _ := callerOf(c)
	res, err := h.engine.Accept(c.Request.Context(), caller, s)
	if err != nil {
		fail(c, err)
		return
	}
	if res.Replayed {
		c.Header("Idempotent-Replayed", "true")
	}
	c.JSON(http.StatusAccepted, shown(c, res.Message))
}

const maxBatch = 1000

type batchBody struct {
	Messages []json.RawMessage `json:"messages"`
}

// batchItem is the end of one item: id and status, or error.
type batchItem struct {
	ID     *uuid.UUID           `json:"id,omitempty"`
	Status policy.MessageStatus `json:"status,omitempty"`
	Error  *problem             `json:"error,omitempty"`
}

// batch accepts or refuses each message by itself and answers in order. With an Idempotency-Key each item has a key of
// its own, so that a batch which was cut off is completed rather than doubled.
func (h *messages) batch(c *gin.Context) {
	key, given, err := idempotencyKey(c)
	if err != nil {
		fail(c, err)
		return
	}
	var body batchBody
	raw, err := decode(c, &body)
	switch {
	case err != nil:
		fail(c, err)
		return
	case len(body.Messages) == 0 || len(body.Messages) > maxBatch:
		fail(c, invalidField("messages", "must hold 1 to %d messages", maxBatch))
		return
	}
	chargeFor(c, len(body.Messages)-1)
	items := make([]batchItem, len(body.Messages))
	var good []orchestrator.Submission
	var places []int
	for i, item := range body.Messages {
		s, err := decodeMessage(item)
		if err != nil {
			items[i].Error = problemOf(err)
			continue
		}
		if given {
			s.IdempotencyKey, s.RequestHash = hashOf([]byte("batch\x00"+key+"\x00"+strconv.Itoa(i))), hashOf(raw)
		}
		good, places = append(good, s), append(places, i)
	}
	caller, _ := callerOf(c)
	for i, outcome := range h.engine.AcceptBatch(c.Request.Context(), caller, good) {
		items[places[i]] = itemOf(outcome)
	}
	if at := slices.IndexFunc(items, passing); at >= 0 {
		if !slices.ContainsFunc(items, accepted) { // nothing was taken, for a trouble that passes: all of it may come again
			fail(c, items[at].Error)
			return
		}
		c.Set(keyPassing, true)
	}
	c.JSON(http.StatusOK, gin.H{"data": items})
}

func accepted(i batchItem) bool { return i.ID != nil }

func passing(i batchItem) bool {
	return i.Error != nil && i.Error.Status >= http.StatusInternalServerError
}

func itemOf(o orchestrator.Outcome) batchItem {
	if o.Err != nil {
		return batchItem{Error: problemOf(o.Err)}
	}
	return batchItem{ID: &o.Accepted.Message.ID, Status: o.Accepted.Message.Status}
}

// preview tells what would happen, and sends nothing.
func (h *messages) preview(c *gin.Context) {
	raw, err := readBody(c, maxBody)
	if err != nil {
		fail(c, err)
		return
	}
	s, err := decodeMessage(raw)
	if err != nil {
		fail(c, err)
		return
	}
	caller, _ := callerOf(c)
	preview, err := h.engine.Preview(c.Request.Context(), caller, s)
	if err == nil {
		err = h.engine.WarnPreview(c.Request.Context(), caller.TenantID, &preview)
	}
	answer(c, preview, err)
}

func (h *messages) get(c *gin.Context) {
	id, err := pathID(c.Param("id"))
	if err != nil {
		fail(c, err)
		return
	}
	tenant, ended := tenantOf(c), time.Time{} // as this request saw it
	live(c, everyMessage, func(ctx context.Context) (any, error) {
		view, err := h.engine.Message(ctx, tenant, id)
		switch {
		case err != nil || !view.Status.Final():
			ended = time.Time{}
		case ended.IsZero():
			ended = h.now()
		case h.now().Sub(ended) >= h.final:
			err = errShown
		}
		return view, err
	})
}

// trace answers all that is known of a message.
func (h *messages) trace(c *gin.Context) {
	id, err := pathID(c.Param("id"))
	if err != nil {
		fail(c, err)
		return
	}
	view, err := h.engine.Trace(c.Request.Context(), tenantOf(c), id)
	answer(c, view, err)
}

func (h *messages) cancel(c *gin.Context) { h.one(c, h.engine.Cancel) }

func (h *messages) confirm(c *gin.Context) { h.one(c, h.engine.Confirm) }

func (h *messages) one(c *gin.Context, do func(context.Context, uuid.UUID, uuid.UUID) (orchestrator.MessageView, error)) {
	id, err := pathID(c.Param("id"))
	if err != nil {
		fail(c, err)
		return
	}
	view, err := do(c.Request.Context(), tenantOf(c), id)
	answer(c, view, err)
}

// answer ends a request with 200 and what the caller may see of v, or with err.
func answer(c *gin.Context, v any, err error) {
	if err != nil {
		fail(c, err)
		return
	}
	c.JSON(http.StatusOK, shown(c, v))
}
