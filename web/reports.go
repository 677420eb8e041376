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

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

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

type costTotals struct {
	Cost          policy.Money `json:"cost"`
	SMSOnly       policy.Money `json:"sms_only"`
	Saved         policy.Money `json:"saved"`
	PaidTwiceLate policy.Money `json:"paid_twice_late"`
}

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
	for name := range query {
		if !slices.Contains([]string{"from", "to", "group_by", "format"}, name) {
			fail(c, invalidField(safeName(name), "is not a field here: use from, to, group_by, format"))
			return
		}
	}
	format := query.Get("format")
	if !slices.Contains([]string{"", "json", "csv", "xlsx"}, format) {
		fail(c, invalidField("format", "must be json, csv or xlsx"))
		return
	}
	report, rows, err := h.build(c.Request.Context(), tenantOf(c), query, format)
	switch {
	case err != nil:
		fail(c, err)
	case format == "csv":
		writeCSV(c, report.GroupBy, rows)
	case format == "xlsx":
		writeXLSX(c, report.GroupBy, rows)
	default:
		c.JSON(http.StatusOK, report)
	}
}

func (h *reports) build(ctx context.Context, tenant uuid.UUID, query url.Values, format string) (costReport, []models.CostRow, error) {
	t, err := h.store.Tenant(ctx, tenant)
	if err != nil {
		return costReport{}, nil, err
	}
	zone, err := time.LoadLocation(t.Timezone)
	if err != nil {
		return costReport{}, nil, err
	}
	from, to, err := span(query, h.now(), zone)
	if err != nil {
		return costReport{}, nil, err
	}
	groups := []string{"channel"}
	if query.Has("group_by") {
		groups = strings.Split(query.Get("group_by"), ",")
	}
	q := models.CostQuery{TenantID: tenant, From: from.UnixMilli(), To: to.UnixMilli(), GroupBy: groups, Location: zone}
	totals := format != "csv" && format != "xlsx" // these have none
	var prices smsPrices
	if totals {
		if prices, err = h.smsPrices(ctx, t); err != nil {
			return costReport{}, nil, err
		}
	}
	var rows []models.CostRow
	var late map[string]int64
	var smsOnly policy.Money
	err = h.store.Report(ctx, func(r *models.Report) error {
		var err error
		if rows, late, err = r.Costs(q); err != nil || !totals {
			return err
		}
		smsOnly, err = prices.sum(r, q)
		return err
	})
	if err != nil {
		return costReport{}, nil, err
	}
	report := costReport{
		From: from.UTC().Format(time.RFC3339), To: to.UTC().Format(time.RFC3339), GroupBy: groups, Data: make([]map[string]any, 0, len(rows)),
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
		Cost: total, SMSOnly: smsOnly, Saved: smsOnly.Add(policy.Money{Micros: -total.Micros, Currency: total.Currency}),
		PaidTwiceLate: policy.Money{Micros: late[t.Currency], Currency: t.Currency},
	}
	return report, rows, nil
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
	if len(p.book.Prices) == 0 {
		return sum, nil
	}
	query := models.PriceQuery{TenantID: q.TenantID, From: q.From, To: q.To, Cuts: p.cuts(q.From, q.To)}
	err := r.EachPriceGroup(query, func(g models.PriceGroup) error {
		key := policy.PriceKey{Channel: policy.SMS, Account: p.account, Template: g.Template, Operator: g.Operator, Country: g.Country, Category: g.Category}
		price, ok := p.book.Lookup(key, time.UnixMilli(g.At))
		if !ok {
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

// costTable is a report as text cells, the head first.
func costTable(groups []string, rows []models.CostRow) [][]string {
	table := [][]string{append(slices.Clone(groups), "attempts", "billable", "units", "cost", "currency")}
	for _, row := range rows {
		line := make([]string, 0, len(groups)+5)
		for _, word := range groups {
			line = append(line, harmless(row.Group[word]))
		}
		table = append(table, append(line, itoa(row.Attempts), itoa(row.Billable), itoa(row.Units), costOf(row).Amount(), row.Currency))
	}
	return table
}

// harmless keeps a spreadsheet from reading a name as a formula.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
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

func writeXLSX(c *gin.Context, groups []string, rows []models.CostRow) {
	book := excelize.NewFile()
	defer book.Close()
	for i, line := range costTable(groups, rows) {
		cells := make([]any, len(line))
		for j, text := range line {
			cells[j] = text
		}
		if i > 0 { // numbers as numbers; the cost stays text, as a spreadsheet's floats would round it
			n := len(groups)
			cells[n], cells[n+1], cells[n+2] = rows[i-1].Attempts, rows[i-1].Billable, rows[i-1].Units
		}
		if err := book.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &cells); err != nil {
			fail(c, err)
			return
		}
	}
	buf, err := book.WriteToBuffer()
	if err != nil {
		fail(c, err)
		return
	}
	c.Header("Content-Disposition", `attachment; filename="costs.xlsx"`)
	c.Data(http.StatusOK, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", buf.Bytes())
}
