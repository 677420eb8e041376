package web

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

type callbackStore interface {
	Callbacks(ctx context.Context, tenant uuid.UUID) ([]models.Callback, error)
	Callback(ctx context.Context, tenant, id uuid.UUID) (models.Callback, error)
	InsertCallback(ctx context.Context, c models.Callback) error
	UpdateCallback(ctx context.Context, c models.Callback) error
	DeleteCallback(ctx context.Context, tenant, id uuid.UUID, now int64) error
	SealCallbackSecret(c models.Callback, plain []byte) ([]byte, error)
	Deliveries(ctx context.Context, tenant, callback uuid.UUID, state models.DeliveryState, cursor string, limit int) ([]models.Delivery, string, error)
	ReplayDelivery(ctx context.Context, tenant, callback, id uuid.UUID, now int64) error
}

// callbacks are the endpoints of tenants' apps.
type callbacks struct {
	engine reloader
	store  callbackStore
	egress []netip.Prefix
	now    func() time.Time
}

// eventTypes lists what an endpoint can hear of.
func eventTypes() []string {
	return []string{
		"message.sent", "message.delivered", "message.read", "message.failed", "message.expired", "message.canceled",
		"message.replied", "attempt.failed", "attempt.timed_out",
	}
}

type callbackBody struct {
	URL      *string   `json:"url"`
	Events   *[]string `json:"events"` // empty: all
	Disabled *bool     `json:"disabled"`
}

type callbackView struct {
	ID        uuid.UUID            `json:"id"`
	URL       string               `json:"url"`
	Events    []string             `json:"events"`
	State     models.CallbackState `json:"state"`
	CreatedAt orchestrator.Time    `json:"created_at"`
	UpdatedAt orchestrator.Time    `json:"updated_at"`
	// Secret is shown once, in the answer that creates it.
	Secret string `json:"secret,omitempty"`
}

func viewCallback(c models.Callback) callbackView {
	events := []string(c.Events)
	if len(events) == 0 {
		events = eventTypes()
	}
	return callbackView{ID: c.ID, URL: c.URL, Events: events, State: c.State, CreatedAt: orchestrator.Time(c.CreatedAt), UpdatedAt: orchestrator.Time(c.UpdatedAt)}
}

// create makes an endpoint with a signing secret of its own (Standard Webhooks: 24 to 64 random bytes in base64).
func (h *callbacks) create(c *gin.Context) {
	now := h.now().UnixMilli()
	row := models.Callback{TenantID: tenantOf(c), ID: uuid.Must(uuid.NewV7()), State: models.CallbackActive, CreatedAt: now}
	if err := h.apply(c, &row); err != nil {
		fail(c, err)
		return
	}
	var random [32]byte
	rand.Read(random[:])
	secret := "whsec_" + base64.StdEncoding.EncodeToString(random[:])
	var err error
	if row.Secret, err = h.store.SealCallbackSecret(row, []byte(secret)); err == nil {
		err = h.store.InsertCallback(c.Request.Context(), row)
	}
	if err != nil {
		fail(c, err)
		return
	}
	h.engine.Reload()
	view := viewCallback(row)
	view.Secret = secret
	c.JSON(http.StatusCreated, view)
}

func (h *callbacks) patch(c *gin.Context) {
	row, err := h.find(c)
	if err == nil {
		err = h.apply(c, &row)
	}
	if err == nil {
		err = h.store.UpdateCallback(c.Request.Context(), row)
	}
	if err == nil {
		h.engine.Reload()
	}
	answer(c, viewCallback(row), err)
}

// apply reads the body into row.
func (h *callbacks) apply(c *gin.Context, row *models.Callback) error {
	var body callbackBody
	if _, err := decode(c, &body); err != nil {
		return err
	}
	var errs []policy.FieldError
	if body.URL != nil {
		row.URL = *body.URL
	}
	if message := h.checkURL(row.URL); message != "" {
		errs = append(errs, policy.FieldError{Field: "url", Message: message})
	}
	if body.Events != nil {
		row.Events = *body.Events
	}
	for i, event := range row.Events {
		if !slices.Contains(eventTypes(), event) {
			errs = append(errs, policy.FieldError{Field: fmt.Sprintf("events[%d]", i), Message: "must be one of " + strings.Join(eventTypes(), ", ")})
		}
	}
	if body.Disabled != nil {
		row.State = models.CallbackActive
		if *body.Disabled {
			row.State = models.CallbackDisabled
		}
	}
	row.UpdatedAt = h.now().UnixMilli()
	if len(errs) > 0 {
		return invalid(errs...)
	}
	return nil
}

// checkURL tells what is wrong with an endpoint's address; "" if nothing. Which address a name leads to is judged when the
// callback is sent: it can change at any time.
func (h *callbacks) checkURL(text string) string {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return "is required, such as https://app.example.com/cascade"
	case err != nil || len(text) > 2048 || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return "must be an address such as https://app.example.com/cascade"
	case u.User != nil:
		return "must not hold a user or password: callbacks are signed"
	case u.Fragment != "":
		return "must not hold a fragment (#…)"
	}
	addr, isAddr := hostAddr(u.Hostname())
	allowed := isAddr && slices.ContainsFunc(h.egress, func(p netip.Prefix) bool { return p.Contains(addr) })
	switch {
	case allowed:
		return ""
	case u.Scheme == "http":
		return "must begin with https://"
	case isAddr && (addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || addr.IsUnspecified() || addr.IsMulticast()):
		return "leads to a private address, which this installation does not allow"
	}
	return ""
}

// hostAddr reads a host that is an address, or localhost.
func hostAddr(host string) (netip.Addr, bool) {
	if strings.EqualFold(host, "localhost") {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), true
	}
	addr, err := netip.ParseAddr(host)
	return addr.Unmap(), err == nil
}

func (h *callbacks) find(c *gin.Context) (models.Callback, error) {
	id, err := pathID(c.Param("id"))
	if err != nil {
		return models.Callback{}, err
	}
	return h.store.Callback(c.Request.Context(), tenantOf(c), id)
}

func (h *callbacks) get(c *gin.Context) {
	row, err := h.find(c)
	answer(c, viewCallback(row), err)
}

func (h *callbacks) list(c *gin.Context) {
	rows, err := h.store.Callbacks(c.Request.Context(), tenantOf(c))
	answerPage(c, rows, err, "callbacks", func(r models.Callback) string { return r.ID.String() }, viewCallback)
}

func (h *callbacks) delete(c *gin.Context) {
	id, err := pathID(c.Param("id"))
	if err == nil {
		err = h.store.DeleteCallback(c.Request.Context(), tenantOf(c), id, h.now().UnixMilli())
	}
	gone(c, h.engine, err)
}

// deliveryView is one event on its way to an endpoint, or there.
type deliveryView struct {
	ID         uuid.UUID            `json:"id"`
	MessageID  uuid.UUID            `json:"message_id"`
	Sequence   int64                `json:"sequence"`
	Type       string               `json:"type"`
	State      models.DeliveryState `json:"state"`
	Tries      int64                `json:"tries"`
	LastStatus int64                `json:"last_status"`
	LastError  string               `json:"last_error"`
	CreatedAt  orchestrator.Time    `json:"created_at"`
	NextAt     *orchestrator.Time   `json:"next_at"`
	DoneAt     *orchestrator.Time   `json:"done_at"`
	Payload    json.RawMessage      `json:"payload"`
}

func deliveryStates() []models.DeliveryState {
	return []models.DeliveryState{models.DeliveryPending, models.DeliveryDelivered, models.DeliveryFailed}
}

func viewDelivery(d models.Delivery) deliveryView {
	payload := json.RawMessage(d.Payload)
	if len(payload) == 0 {
		payload = json.RawMessage("null")
	}
	return deliveryView{
		d.ID, d.MessageID, d.Sequence, d.Type, d.State, d.Tries, d.LastStatus, d.LastError,
		orchestrator.Time(d.CreatedAt), timeOrNull(d.NextAt), timeOrNull(d.DoneAt), payload,
	}
}

func (h *callbacks) deliveries(c *gin.Context) {
	query := c.Request.URL.Query()
	p, err := pageOf(query, "state")
	if err != nil {
		fail(c, err)
		return
	}
	state := models.DeliveryState(query.Get("state"))
	if state != "" && !slices.Contains(deliveryStates(), state) {
		fail(c, invalidField("state", "must be pending, delivered or failed"))
		return
	}
	callback, err := h.find(c)
	if err != nil {
		fail(c, err)
		return
	}
	rows, next, err := h.store.Deliveries(c.Request.Context(), callback.TenantID, callback.ID, state, p.Cursor, p.Limit)
	answer(c, paged(rows, next, viewDelivery), err)
}

// replay makes a delivery due again. It goes out with its first id, so that the app can tell it is a repetition.
func (h *callbacks) replay(c *gin.Context) {
	callback, err := h.find(c)
	if err != nil {
		fail(c, err)
		return
	}
	id, err := pathID(c.Param("delivery"))
	if err == nil {
		err = h.store.ReplayDelivery(c.Request.Context(), callback.TenantID, callback.ID, id, h.now().UnixMilli())
	}
	if err != nil {
		fail(c, err)
		return
	}
	h.engine.Reload()
	c.JSON(http.StatusAccepted, gin.H{"id": id, "state": models.DeliveryPending})
}
