package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/orchestrator"
)

// noteRequests keeps the requests of tenants' keys in the journal: the route and how it ended, never a body or the value of a
// query.
func noteRequests(j *orchestrator.Journal, now func() time.Time) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := now()
		c.Next()
		tenant, ok := c.Value(keyAsked).(uuid.UUID)
		if !ok {
			return
		}
		who, _ := c.Value(keyActor).(actor)
		id, err := uuid.Parse(requestID(c))
		if err != nil {
			return
		}
		entry := models.RequestEntry{
			TenantID: tenant, ID: id, At: start.UnixMilli(), Method: c.Request.Method, Route: c.FullPath(), Status: int64(c.Writer.Status()),
			Actor: who.name, TookMS: now().Sub(start).Milliseconds(),
		}
		if p, ok := c.Value(keyProblem).(*problem); ok {
			entry.Code, entry.Detail = p.Code, p.fields()
		}
		j.Request(entry)
	}
}

// fieldsMost is how many fields at fault are kept of a request.
const fieldsMost = 10

// fields says what was wrong with a request's fields.
func (p *problem) fields() string {
	texts := make([]string, 0, min(len(p.Errors), fieldsMost))
	for _, e := range p.Errors[:min(len(p.Errors), fieldsMost)] {
		texts = append(texts, e.Field+" "+e.Message)
	}
	return strings.Join(texts, "; ")
}

type requestStore interface {
	Requests(ctx context.Context, tenant uuid.UUID, f models.RequestFilter, cursor string, limit int) ([]models.RequestEntry, string, error)
}

// requests tell what a tenant's keys asked lately.
type requests struct {
	store   requestStore
	journal *orchestrator.Journal
}

type requestView struct {
	RequestID uuid.UUID         `json:"request_id"`
	At        orchestrator.Time `json:"at"`
	Method    string            `json:"method"`
	Route     string            `json:"route"`
	Status    int64             `json:"status"`
	Code      string            `json:"code"`
	Actor     string            `json:"actor"`
	TookMS    int64             `json:"took_ms"`
	Detail    string            `json:"detail"`
}

func viewRequest(r models.RequestEntry) requestView {
	return requestView{r.ID, orchestrator.Time(r.At), r.Method, pathOf(r.Route), r.Status, r.Code, r.Actor, r.TookMS, r.Detail}
}

// pathOf writes a route as openapi.yaml does: /v1/messages/{id}.
func pathOf(route string) string {
	parts := strings.Split(route, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			parts[i] = "{" + name + "}"
		}
	}
	return strings.Join(parts, "/")
}

// routeOf is the inverse of pathOf.
func routeOf(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") && strings.HasSuffix(part, "}") {
			parts[i] = ":" + part[1:len(part)-1]
		}
	}
	return strings.Join(parts, "/")
}

// requestList is a list that tells what is missing in it.
type requestList struct {
	list[requestView]
	// Dropped is how many entries the journal of the replica that answers had no room for, since it started.
	Dropped int64 `json:"dropped"`
}

func (h *requests) list(c *gin.Context) {
	query := c.Request.URL.Query()
	p, err := pageOf(query, "status", "route", "request_id")
	if err != nil {
		fail(c, err)
		return
	}
	f := models.RequestFilter{Route: routeOf(query.Get("route"))}
	if query.Has("status") {
		var ok bool
		if f.StatusFrom, f.StatusTo, ok = statuses(query.Get("status")); !ok {
			fail(c, invalidField("status", "must be 2xx, 4xx, 5xx or a status such as 422"))
			return
		}
	}
	if query.Has("request_id") {
		if f.ID, err = uuid.Parse(query.Get("request_id")); err != nil || f.ID == uuid.Nil {
			fail(c, invalidField("request_id", "must be what an answer had as X-Request-Id"))
			return
		}
	}
	rows, next, err := h.store.Requests(c.Request.Context(), tenantOf(c), f, p.Cursor, p.Limit)
	answer(c, requestList{paged(rows, next, viewRequest), h.journal.Lost()}, err)
}

// statuses reads a class of HTTP statuses, or one of them.
func statuses(text string) (from, to int64, ok bool) {
	if class, found := strings.CutSuffix(text, "xx"); found && slices.Contains([]string{"2", "3", "4", "5"}, class) {
		from = int64(class[0]-'0') * 100
		return from, from + 99, true
	}
	status, err := strconv.Atoi(text)
	if err != nil || http.StatusText(status) == "" {
		return 0, 0, false
	}
	return int64(status), int64(status), true
}
