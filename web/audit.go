package web

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// Actions that are named in more than one place.
const (
	actionReveal  = "message.reveal"
	actionRefused = "session.refused"
	actionSend    = "message.send"
	actionBatch   = "message.batch"
)

// actions names what each route changes, for the audit log; these words are stable. A route that changes something and
// is not here fails a test.
func actions() map[string]string {
	return map[string]string{
		"POST /v1/messages":             actionSend,
		"POST /v1/messages/batch":       actionBatch,
		"POST /v1/messages/:id/cancel":  "message.cancel",
		"POST /v1/messages/:id/confirm": "message.confirm",
		"POST /v1/messages/:id/reveal":  actionReveal,

		"PUT /v1/policies/:name":    "policy.put",
		"DELETE /v1/policies/:name": "policy.delete",

		"POST /v1/channels":               "channel.create",
		"PATCH /v1/channels/:id":          "channel.patch",
		"DELETE /v1/channels/:id":         "channel.delete",
		"POST /v1/channels/:id/check":     "channel.check",
		"POST /v1/channels/:id/authorize": "channel.authorize",
		"POST /v1/channels/:id/sync":      "channel.sync",

		"PUT /v1/templates/:name":    "template.put",
		"DELETE /v1/templates/:name": "template.delete",

		"PUT /v1/routes": "routes.put",
		"PUT /v1/prices": "prices.put",
		"PUT /v1/limits": "limits.put",

		"POST /v1/callbacks":                                 "callback.create",
		"PATCH /v1/callbacks/:id":                            "callback.patch",
		"DELETE /v1/callbacks/:id":                           "callback.delete",
		"POST /v1/callbacks/:id/deliveries/:delivery/replay": "callback.replay",
		"PUT /v1/suppressions/:phone":                        "suppression.put",
		"DELETE /v1/suppressions/:phone":                     "suppression.delete",
		"PUT /v1/consents/:phone":                            "consent.put",
		"DELETE /v1/consents/:phone":                         "consent.delete",

		"POST /v1/tenants":                 "tenant.create",
		"POST /v1/tenants/:id/keys":        "key.create",
		"DELETE /v1/tenants/:id/keys/:key": "key.revoke",

		"POST /v1/session":         "session.create",
		"DELETE /v1/session":       "session.delete",
		"PUT /v1/session/password": "session.password",
		"POST /v1/users":           "user.create",
		"PATCH /v1/users/:id":      "user.patch",
		"DELETE /v1/users/:id":     "user.delete",
	}
}

// changesNothing lists what asks by a method that could change something, and changes nothing.
func changesNothing() []string {
	return []string{
		"POST /v1/messages/search", "POST /v1/messages/preview", "POST /v1/policies/check", "POST /v1/policies/:name/simulate", "POST /v1/templates/preview",
	}
}

type auditStore interface {
	Record(ctx context.Context, row models.AuditRow) error
	Audit(ctx context.Context, tenant *uuid.UUID, f models.AuditFilter, cursor string, limit int) ([]models.AuditRow, string, error)
}

// auditLog keeps who changed or saw what.
type auditLog struct {
	store auditStore
	now   func() time.Time
}

// actor is who acts, as the audit log names them.
type actor struct {
	kind string
	id   uuid.UUID
	name string
}

func actorFor(u models.User) actor {
	if u.Name == adminName {
		return actor{kind: models.ActorAdminKey, name: adminName}
	}
	return actor{models.ActorUser, u.ID, u.Name}
}

func actorOf(c *gin.Context) (actor, bool) {
	who, ok := c.Value(keyActor).(actor)
	return who, ok
}

// auditWait bounds the writing of a row: what it tells of has happened, whether or not the caller is still there.
const auditWait = 5 * time.Second

func (l *auditLog) record(c *gin.Context, who actor, tenant uuid.UUID, action, object, detail string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), auditWait)
	defer cancel()
	return l.store.Record(ctx, models.AuditRow{
		TenantID: tenant, ID: uuid.Must(uuid.NewV7()), At: l.now().UnixMilli(), ActorKind: who.kind, ActorID: who.id, Actor: who.name,
		Action: action, Object: object, Detail: detail, Source: c.ClientIP(), RequestID: requestID(c),
	})
}

// watch writes down what a route changed, before its answer goes out. What apps send is not written: it is in the list
// of messages. A row that cannot be written does not undo the change: the log of the service tells of it.
func (l *auditLog) watch(method, path string) gin.HandlerFunc {
	action := actions()[method+" "+path]
	if action == "" {
		return func(*gin.Context) {}
	}
	sends := action == actionSend || action == actionBatch
	return func(c *gin.Context) {
		if who, _ := actorOf(c); sends && who.kind == models.ActorKey {
			return
		}
		body, err := readBody(c, maxBody)
		if err != nil {
			fail(c, err)
			return
		}
		c.Request.Body = rereadable(body)
		held := &heldAnswer{ResponseWriter: c.Writer}
		c.Writer = held
		defer func() { c.Writer = held.ResponseWriter }() // a panic is answered past what was held
		c.Next()
		if l.changed(c, held) {
			who, _ := actorOf(c)
			err := l.record(c, who, concerned(c, held.body.Bytes()), action, objectOf(c, held.body.Bytes()), detailOf(c, body))
			if err != nil {
				loggerOf(c).ErrorContext(c.Request.Context(), "a change is not in the audit log",
					slog.String("action", action), slog.String("request_id", requestID(c)), slog.Any("error", err))
			}
		}
		held.release()
	}
}

// changed reports whether a request did something that is still to be written down.
func (l *auditLog) changed(c *gin.Context, held *heldAnswer) bool {
	status := held.Status()
	_, known := actorOf(c)
	return known && status >= 200 && status < 300 && !c.GetBool(keyRecorded) && held.Header().Get("Idempotent-Replayed") == ""
}

// heldAnswer keeps an answer back.
type heldAnswer struct {
	gin.ResponseWriter
	body bytes.Buffer
}

// Write implements io.Writer.
func (h *heldAnswer) Write(b []byte) (int, error) { return h.body.Write(b) }

// WriteString implements io.StringWriter.
func (h *heldAnswer) WriteString(s string) (int, error) { return h.body.WriteString(s) }

// WriteHeaderNow implements gin.ResponseWriter.
func (h *heldAnswer) WriteHeaderNow() {}

// Written implements gin.ResponseWriter.
func (h *heldAnswer) Written() bool { return h.body.Len() > 0 }

func (h *heldAnswer) release() {
	h.ResponseWriter.WriteHeaderNow()
	if h.body.Len() > 0 {
		_, _ = h.ResponseWriter.Write(h.body.Bytes()) // a caller that has gone does not mind
	}
}

// concerned is the tenant that a change belongs to.
func concerned(c *gin.Context, answered []byte) uuid.UUID {
	if id, ok := c.Value(keyConcerns).(uuid.UUID); ok {
		return id
	}
	if strings.HasPrefix(c.FullPath(), "/v1/tenants") {
		text := c.Param("id")
		if text == "" {
			text = named(answered)
		}
		id, err := uuid.Parse(text)
		if err != nil {
			return models.Installation
		}
		return id
	}
	if caller, ok := callerOf(c); ok {
		return caller.TenantID
	}
	p, _ := personOf(c)
	return p.user.TenantID
}

// objectOf names what was acted on: by the end of the path, or by what the answer shows.
func objectOf(c *gin.Context, answered []byte) string {
	if n := len(c.Params); n > 0 {
		if c.Params[n-1].Key == "phone" {
			return policy.MaskPhone(c.Params[n-1].Value)
		}
		return c.Params[n-1].Value
	}
	return named(answered)
}

// named is the id in an answer, or else its name.
func named(answered []byte) string {
	var v struct{ ID, Name string }
	if json.Unmarshal(answered, &v) != nil || v.ID == "" {
		return v.Name
	}
	return v.ID
}

type auditView struct {
	ID        uuid.UUID         `json:"id"`
	At        orchestrator.Time `json:"at"`
	Actor     string            `json:"actor"`
	ActorKind string            `json:"actor_kind"`
	Action    string            `json:"action"`
	Object    string            `json:"object"`
	Detail    json.RawMessage   `json:"detail"`
	Source    string            `json:"source"`
	TenantID  *uuid.UUID        `json:"tenant_id"` // null: the whole installation
}

func viewAudit(r models.AuditRow) auditView {
	return auditView{r.ID, orchestrator.Time(r.At), r.Actor, r.ActorKind, r.Action, r.Object, document([]byte(r.Detail)), r.Source, idOrNull(r.TenantID)}
}

func (l *auditLog) list(c *gin.Context) {
	query := c.Request.URL.Query()
	p, err := pageOf(query, "actor", "action", "object", "after", "before", "tenant_id")
	if err != nil {
		fail(c, err)
		return
	}
	tenant, err := managed(c, query.Get("tenant_id"))
	if err != nil {
		fail(c, err)
		return
	}
	f := models.AuditFilter{Actor: query.Get("actor"), Action: query.Get("action"), Object: query.Get("object")}
	var errs []policy.FieldError
	for name, into := range map[string]*int64{"after": &f.After, "before": &f.Before} {
		var at instant
		if !query.Has(name) {
			continue
		}
		if err := at.UnmarshalText([]byte(query.Get(name))); err != nil {
			errs = append(errs, policy.FieldError{Field: name, Message: err.Error()})
			continue
		}
		*into = max(at.Std().UnixMilli(), 1)
	}
	if len(errs) > 0 {
		fail(c, invalid(errs...))
		return
	}
	rows, next, err := l.store.Audit(c.Request.Context(), tenant, f, p.Cursor, p.Limit)
	answer(c, paged(rows, next, viewAudit), err)
}

// mustJSON writes what always can be written.
func mustJSON(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}
