package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// messageFilters are the words a list of messages can be narrowed by.
var messageFilters = []string{
	"status", "channel", "to", "last4", "id", "template", "policy", "transaction_id", "category", "reason", "operator", "test", "metadata",
	"account", "attempt_channel", "open", "unknown", "created_after", "created_before",
}

// searchBody is the query of a list in a body, which keeps phone numbers out of URLs.
type searchBody struct {
	Status         string `json:"status"`
	Channel        string `json:"channel"`
	To             string `json:"to"`
	Last4          string `json:"last4"`
	ID             string `json:"id"`
	Template       string `json:"template"`
	Policy         string `json:"policy"`
	TransactionID  string `json:"transaction_id"`
	Category       string `json:"category"`
	Reason         string `json:"reason"`
	Operator       string `json:"operator"`
	Test           *bool  `json:"test"`
	Metadata       string `json:"metadata"`
	Account        string `json:"account"`
	AttemptChannel string `json:"attempt_channel"`
	Open           *bool  `json:"open"`
	Unknown        *bool  `json:"unknown"`
	CreatedAfter   string `json:"created_after"`
	CreatedBefore  string `json:"created_before"`
	Limit          *int   `json:"limit"`
	Cursor         string `json:"cursor"`
}

func (b searchBody) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{
		"status": b.Status, "channel": b.Channel, "to": b.To, "last4": b.Last4, "id": b.ID, "template": b.Template, "policy": b.Policy,
		"transaction_id": b.TransactionID, "category": b.Category, "reason": b.Reason, "operator": b.Operator, "metadata": b.Metadata,
		"account": b.Account, "attempt_channel": b.AttemptChannel, "created_after": b.CreatedAfter, "created_before": b.CreatedBefore,
		"cursor": b.Cursor,
	} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, value := range map[string]*bool{"test": b.Test, "open": b.Open, "unknown": b.Unknown} {
		if value != nil {
			q.Set(name, strconv.FormatBool(*value))
		}
	}
	if b.Limit != nil {
		q.Set("limit", strconv.Itoa(*b.Limit))
	}
	return q
}

func (h *messages) list(c *gin.Context) {
	query := c.Request.URL.Query()
	format := query.Get("format")
	formats := len(query["format"])
	query.Del("format")
	switch {
	case formats > 1 || !slices.Contains([]string{"", "json", "csv", "xlsx"}, format) || formats == 1 && format == "":
		fail(c, invalidField("format", "must be json, csv or xlsx, once"))
	case format == "csv" || format == "xlsx":
		h.export(c, query, format)
	case wantsStream(c) && query.Has("cursor"):
		fail(c, invalidField("cursor", "has no place in a live list, which is the first page: leave it out"))
	default:
		tenant := tenantOf(c)
		live(c, everyList, func(ctx context.Context) (any, error) { return h.find(ctx, tenant, query) })
	}
}

func (h *messages) search(c *gin.Context) {
	var body searchBody
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	found, err := h.find(c.Request.Context(), tenantOf(c), body.query())
	answer(c, found, err)
}

func (h *messages) find(ctx context.Context, tenant uuid.UUID, query url.Values) (list[orchestrator.MessageView], error) {
	var none list[orchestrator.MessageView]
	p, err := pageOf(query, messageFilters...)
	if err != nil {
		return none, err
	}
	filter, err := h.filter(ctx, tenant, query)
	if err != nil {
		return none, err
	}
	rows, next, err := h.store.Messages(ctx, tenant, filter, p.Cursor, p.Limit)
	if err != nil {
		return none, err
	}
	views, err := h.engine.Views(ctx, tenant, rows)
	return paged(views, next, func(v orchestrator.MessageView) orchestrator.MessageView { return v }), err
}

// filterReader gathers what is wrong with a query's filters.
type filterReader struct {
	query url.Values
	errs  []policy.FieldError
}

func (r *filterReader) refuse(field, format string, args ...any) {
	r.errs = append(r.errs, policy.FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
}

func (h *messages) filter(ctx context.Context, tenant uuid.UUID, query url.Values) (models.MessageFilter, error) {
	r := &filterReader{query: query}
	f := models.MessageFilter{
		Status: policy.MessageStatus(query.Get("status")), Channel: policy.Channel(query.Get("channel")), Template: query.Get("template"),
		Policy: query.Get("policy"), TransactionID: query.Get("transaction_id"), Category: policy.Category(query.Get("category")),
		Reason: query.Get("reason"), Operator: query.Get("operator"), Account: query.Get("account"),
		AttemptChannel: policy.Channel(query.Get("attempt_channel")), Open: r.true("open"), Unknown: r.true("unknown"),
	}
	if query.Has("status") && !f.Status.Valid() {
		r.refuse("status", "must be accepted, scheduled, sending, delivered, read, sent, failed, expired or canceled")
	}
	for name, channel := range map[string]policy.Channel{"channel": f.Channel, "attempt_channel": f.AttemptChannel} {
		if query.Has(name) && !channel.Valid() {
			r.refuse(name, "must be zns, viber or sms")
		}
	}
	if query.Has("category") && !f.Category.Valid() {
		r.refuse("category", "must be otp, transaction, care or promotion")
	}
	switch query.Get("test") {
	case "true", "false":
		test := query.Get("test") == "true"
		f.Test = &test
	case "":
		if query.Has("test") {
			r.refuse("test", "must be true or false")
		}
	default:
		r.refuse("test", "must be true or false")
	}
	r.last4(&f)
	r.id(&f)
	r.metadata(&f)
	r.instant("created_after", &f.CreatedAfter)
	r.instant("created_before", &f.CreatedBefore)
	if query.Has("to") {
		t, err := h.store.Tenant(ctx, tenant)
		if err != nil {
			return f, err
		}
		phone, err := policy.ParsePhone(query.Get("to"), t.DefaultRegion)
		if err != nil {
			r.refuse("to", "%s", err)
		}
		f.To = phone.E164
	}
	if len(r.errs) > 0 {
		slices.SortFunc(r.errs, func(a, b policy.FieldError) int { return strings.Compare(a.Field, b.Field) })
		return f, invalid(r.errs...)
	}
	return f, nil
}

// true reads a filter that can only be switched on.
func (r *filterReader) true(name string) bool {
	if r.query.Has(name) && r.query.Get(name) != "true" {
		r.refuse(name, "must be true: leave it out for all messages")
	}
	return r.query.Has(name)
}

func (r *filterReader) last4(f *models.MessageFilter) {
	f.Last4 = r.query.Get("last4")
	if r.query.Has("last4") && (len(f.Last4) != 4 || strings.Trim(f.Last4, "0123456789") != "") {
		r.refuse("last4", "must be the last four digits of the number")
	}
}

// leastPrefix is how many digits of an id make a prefix: with fewer it would stand for most messages.
const leastPrefix = 8

// id reads an id or how it begins, with or without hyphens.
func (r *filterReader) id(f *models.MessageFilter) {
	if !r.query.Has("id") {
		return
	}
	digits := strings.ToLower(strings.ReplaceAll(r.query.Get("id"), "-", ""))
	if len(digits) < leastPrefix || len(digits) > 32 || strings.Trim(digits, "0123456789abcdef") != "" {
		r.refuse("id", "must be a message's id, or at least its first %d characters", leastPrefix)
		return
	}
	f.IDFrom = uuid.MustParse(digits + strings.Repeat("0", 32-len(digits)))
	f.IDTo = uuid.MustParse(digits + strings.Repeat("f", 32-len(digits)))
}

func (r *filterReader) metadata(f *models.MessageFilter) {
	if !r.query.Has("metadata") {
		return
	}
	key, value, found := strings.Cut(r.query.Get("metadata"), "=")
	if !found || key == "" {
		r.refuse("metadata", "must be a name and its value, such as order=A-1029")
		return
	}
	f.MetadataKey, f.Metadata = key, value
}

func (r *filterReader) instant(name string, into *int64) {
	if !r.query.Has(name) {
		return
	}
	var at instant
	if err := at.UnmarshalText([]byte(r.query.Get(name))); err != nil {
		r.refuse(name, "%s", err)
		return
	}
	// A filter of the epoch itself would read as none.
	*into = max(at.Std().Add(time.Millisecond-1).UnixMilli(), 1)
}
