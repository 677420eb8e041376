package web

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/policy"
)

type reportStore interface {
	Tenant(ctx context.Context, id uuid.UUID) (models.Tenant, error)
	Accounts(ctx context.Context, tenant uuid.UUID) ([]models.Account, error)
	Prices(ctx context.Context, tenant uuid.UUID) ([]byte, error)
	Report(ctx context.Context, read func(*models.Report) error) error
}

type reports struct {
	store reportStore
	now   func() time.Time
}

type costReport struct {
	From    string           `json:"from"`
	To      string           `json:"to"`
	GroupBy []string         `json:"group_by"`
	Data    []map[string]any `json:"data"`
	Totals  costTotals       `json:"totals"`
}

// costTotals are the sums of a cost report. SMSOnly and Saved are nil where a filter keeps to attempts rather than messages.
type costTotals struct {
	Cost          policy.Money  `json:"cost"`
	SMSOnly       *policy.Money `json:"sms_only"`
	Saved         *policy.Money `json:"saved"`
	PaidTwiceLate policy.Money  `json:"paid_twice_late"`
	Unknown       unknownTotals `json:"unknown"`
	Formula       string        `json:"formula"`
}

// unknownTotals are attempts whose outcome was never told, and what they may cost. The report's sums have nothing of it.
type unknownTotals struct {
	Attempts int64        `json:"attempts"`
	Cost     policy.Money `json:"cost"`
}

// smsOnlyFormula says how sms_only is worked out, see smsPrices.sum.
const smsOnlyFormula = "sms_only: each message accepted in the span as one SMS, taken and never sent again, at the SMS price of the " +
	"tenant's first SMS account when the message was accepted; a price by segment times the segments of the message's own SMS text, " +
	"or one where it has none. A message that no price covers counts nothing, and so do tests. saved: sms_only less cost. " +
	"Both are null where channel, account or policy is a filter."

// span reads from and to: RFC 3339, or dates in the tenant's zone, where a "to" that is a date includes that day. Left
// out, the span is the month so far.
func span(query url.Values, now time.Time, zone *time.Location) (from, to time.Time, err error) {
	now = now.In(zone)
	from, to = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, zone), now
	var errs []policy.FieldError
	for name, into := range map[string]*time.Time{"from": &from, "to": &to} {
		if !query.Has(name) {
			continue
		}
		var exact instant
		day, dayErr := time.ParseInLocation(time.DateOnly, query.Get(name), zone)
		switch {
		case dayErr == nil && name == "to":
			*into = day.AddDate(0, 0, 1)
		case dayErr == nil:
			*into = day
		case exact.UnmarshalText([]byte(query.Get(name))) == nil:
			*into = exact.Std()
		default:
			errs = append(errs, policy.FieldError{Field: name, Message: "must be a date such as 2026-11-20, or a time such as 2026-11-20T08:00:00+07:00"})
		}
	}
	if len(errs) == 0 && !from.Before(to) {
		errs = append(errs, policy.FieldError{Field: "to", Message: "must be later than from"})
	}
	if len(errs) > 0 {
		return from, to, invalid(errs...)
	}
	return from, to, nil
}

// costs sums the ledger by what was asked for.
func (h *reports) costs(c *gin.Context) {
	query := c.Request.URL.Query()
	if err := knownFields(query, append([]string{"from", "to", "group_by", "format"}, models.CostFilters()...)); err != nil {
		fail(c, err)
		return
	}
	format := query.Get("format")
	if !slices.Contains([]string{"", "json", "csv", "xlsx"}, format) {
		fail(c, invalidField("format", "must be json, csv or xlsx"))
		return
	}
	q, err := h.query(c.Request.Context(), tenantOf(c), query)
	if err != nil {
		fail(c, err)
		return
	}
	report, rows, err := h.build(c.Request.Context(), q, format)
	switch {
	case err != nil:
		fail(c, err)
	case format == "csv":
		writeCSV(c, report.GroupBy, rows)
	case format == "xlsx":
		writeXLSX(c, q.CostQuery, rows)
	default:
		c.JSON(http.StatusOK, report)
	}
}

// knownFields refuses a query field that is not among names, or that comes twice.
func knownFields(query url.Values, names []string) error {
	for name, values := range query {
		switch {
		case !slices.Contains(names, name):
			return invalidField(safeName(name), "is not a field here: use %s", strings.Join(names, ", "))
		case len(values) > 1:
			return invalidField(name, "is given more than once: keep one")
		case !plainText(values[0]):
			return invalidField(name, "is not plain UTF-8 text")
		}
	}
	return nil
}

// costQuery is what a tenant asks.
type costQuery struct {
	models.CostQuery
	tenant models.Tenant
}

func (h *reports) query(ctx context.Context, tenant uuid.UUID, query url.Values) (q costQuery, err error) {
	if q.tenant, err = h.store.Tenant(ctx, tenant); err != nil {
		return q, err
	}
	zone, err := time.LoadLocation(q.tenant.Timezone)
	if err != nil {
		return q, err
	}
	from, to, err := span(query, h.now(), zone)
	if err != nil {
		return q, err
	}
	q.CostQuery = models.CostQuery{
		TenantID: tenant, From: from.UnixMilli(), To: to.UnixMilli(), GroupBy: []string{"channel"}, Where: map[string]string{}, Location: zone,
	}
	if query.Has("group_by") {
		q.GroupBy = strings.Split(query.Get("group_by"), ",")
	}
	for _, word := range models.CostFilters() {
		if query.Has(word) {
			q.Where[word] = query.Get(word)
		}
	}
	return q, nil
}

func (h *reports) build(ctx context.Context, asked costQuery, format string) (costReport, []models.CostRow, error) {
	t, q := asked.tenant, asked.CostQuery
	totals := format != "csv" && format != "xlsx" // these have none
	var err error
	var prices smsPrices
	if totals {
		if prices, err = h.smsPrices(ctx, t); err != nil {
			return costReport{}, nil, err
		}
	}
	var rows []models.CostRow
	var late map[string]int64
	var smsOnly policy.Money
	var unknown models.Unsettled
	err = h.store.Report(ctx, func(r *models.Report) error {
		var err error
		if rows, late, err = r.Costs(q); err != nil || !totals {
			return err
		}
		if unknown, err = r.Unsettled(q); err != nil {
			return err
		}
		smsOnly, err = prices.sum(r, q)
		return err
	})
	if err != nil {
		return costReport{}, nil, err
	}
	report := costReport{
		From: utc(q.From), To: utc(q.To), GroupBy: q.GroupBy, Data: make([]map[string]any, 0, len(rows)),
	}
	if !totals {
		return report, rows, nil
	}
	total := policy.Money{Currency: t.Currency}
	for _, row := range rows {
		line := map[string]any{"attempts": row.Attempts, "billable": row.Billable, "units": row.Units, "cost": costOf(row)}
		for word, value := range row.Group {
			line[word] = value
		}
		report.Data = append(report.Data, line)
		total = total.Add(costOf(row))
	}
	report.Totals = costTotals{
		Cost: total, PaidTwiceLate: policy.Money{Micros: late[t.Currency], Currency: t.Currency}, Formula: smsOnlyFormula,
		Unknown: unknownTotals{unknown.Attempts, policy.Money{Micros: unknown.Cost[t.Currency], Currency: t.Currency}},
	}
	if byMessage(q.Where) {
		saved := smsOnly.Add(policy.Money{Micros: -total.Micros, Currency: total.Currency})
		report.Totals.SMSOnly, report.Totals.Saved = &smsOnly, &saved
	}
	return report, rows, nil
}

// utc writes a time of a query.
func utc(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }

// byMessage reports whether filters keep to messages as a whole, as far as their price as SMS knows them.
func byMessage(where map[string]string) bool {
	for _, word := range []string{"channel", "account", "policy"} {
		if _, is := where[word]; is {
			return false
		}
	}
	return true
}

// kept reports whether filters keep a group of messages.
func kept(where map[string]string, g models.PriceGroup) bool {
	for word, has := range map[string]string{"template": g.Template, "operator": g.Operator, "category": string(g.Category)} {
		if value, is := where[word]; is && value != has {
			return false
		}
	}
	return true
}

func costOf(row models.CostRow) policy.Money {
	return policy.Money{Micros: row.Cost, Currency: row.Currency}
}

// smsPrices is what a tenant pays for SMS.
type smsPrices struct {
	book     policy.PriceBook
	account  string // the first for SMS
	currency string
}

func (h *reports) smsPrices(ctx context.Context, t models.Tenant) (smsPrices, error) {
	p := smsPrices{currency: t.Currency}
	raw, err := h.store.Prices(ctx, t.ID)
	if err != nil || len(raw) == 0 {
		if problemOf(err).Status == http.StatusNotFound {
			err = nil // no book: no price
		}
		return p, err
	}
	if err := json.Unmarshal(raw, &p.book); err != nil {
		return p, fmt.Errorf("stored prices: %w", err)
	}
	rows, err := h.store.Accounts(ctx, t.ID)
	if i := slices.IndexFunc(rows, func(a models.Account) bool { return a.Channel == policy.SMS }); i >= 0 {
		p.account = rows[i].Name
	}
	return p, err
}

// sum is what the messages accepted in a report's span would have cost as SMS alone. It assumes one SMS for each message,
// taken by the provider and never sent again; the price that held when the message was accepted; for a price by account
// that of the tenant's first SMS account; and for a price by segment those of the message's own SMS text, or one where it
// has none. A message that no price covers counts nothing, and so does a test.
func (p smsPrices) sum(r *models.Report, q models.CostQuery) (policy.Money, error) {
	sum := policy.Money{Currency: p.currency}
	if len(p.book.Prices) == 0 || !byMessage(q.Where) {
		return sum, nil
	}
	query := models.PriceQuery{TenantID: q.TenantID, From: q.From, To: q.To, Cuts: p.cuts(q.From, q.To)}
	err := r.EachPriceGroup(query, func(g models.PriceGroup) error {
		key := policy.PriceKey{Channel: policy.SMS, Account: p.account, Template: g.Template, Operator: g.Operator, Country: g.Country, Category: g.Category}
		price, ok := p.book.Lookup(key, time.UnixMilli(g.At))
		if !ok || !kept(q.Where, g) {
			return nil
		}
		units := g.Messages
		if price.Unit == policy.UnitSegment {
			units *= g.Segments
		}
		sum = sum.Add(policy.Terms{UnitPrice: price.Price, Units: int(units)}.Full())
		return nil
	})
	return sum, err
}

// cuts lists the milliseconds within a span from which another SMS price may hold.
func (p smsPrices) cuts(from, to int64) []int64 {
	var cuts []int64
	for _, price := range p.book.Prices {
		at := price.ValidFrom.Add(time.Millisecond - 1).UnixMilli() // the first whole millisecond at which it holds
		if price.Channel == policy.SMS && from < at && at < to {
			cuts = append(cuts, at)
		}
	}
	slices.Sort(cuts)
	return slices.Compact(cuts)
}

func costHead(groups []string) []string {
	return append(slices.Clone(groups), "attempts", "billable", "units", "cost", "currency")
}

// costTable is a report as text cells, the head first.
func costTable(groups []string, rows []models.CostRow) [][]string {
	table := [][]string{costHead(groups)}
	for _, row := range rows {
		line := make([]string, 0, len(groups)+5)
		for _, word := range groups {
			line = append(line, harmless(row.Group[word]))
		}
		table = append(table, append(line, itoa(row.Attempts), itoa(row.Billable), itoa(row.Units), costOf(row).Amount(), row.Currency))
	}
	return table
}

// harmless keeps a spreadsheet from reading a name as a formula. Some read the wide forms of the signs as the signs.
func harmless(cell string) string {
	first, _ := utf8.DecodeRuneInString(cell)
	if cell != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		return "'" + cell
	}
	return cell
}

func writeCSV(c *gin.Context, groups []string, rows []models.CostRow) {
	c.Header("Content-Disposition", `attachment; filename="costs.csv"`)
	c.Header("Content-Type", "text/csv; charset=utf-8")
	c.Status(http.StatusOK)
	w := csv.NewWriter(c.Writer)
	if err := w.WriteAll(costTable(groups, rows)); err != nil {
		loggerOf(c).WarnContext(c.Request.Context(), "a report was cut off", "error", err)
	}
}
