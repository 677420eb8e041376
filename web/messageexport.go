package web

import (
	"encoding/csv"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/xuri/excelize/v2"

	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// exportMost is how many messages a file holds at most.
const exportMost = 100_000

// truncatedHeader tells in an answer that more messages matched than a file holds.
const truncatedHeader = "X-Truncated"

var exportColumns = []string{
	"id", "created_at", "to", "status", "channel", "template", "category", "policy", "version", "transaction_id", "cost", "currency",
	"completed_at", "seconds_to_reach", "attempts", "reason", "test",
}

// exportRow is a message as cells, in the order of exportColumns: texts, and numbers where a spreadsheet shall count. A person
// sees no whole number.
func exportRow(c *gin.Context, st models.State) []any {
	m := st.Message
	if _, person := personOf(c); person {
		m.To = policy.MaskPhone(m.To)
	}
	reached := any("")
	if seconds, ok := secondsToReach(st); ok {
		reached = seconds
	}
	return []any{
		m.ID.String(), timeCell(m.CreatedAt), m.To, string(m.Status), string(m.Channel), harmless(m.Template), string(m.Category), harmless(m.PolicyName),
		m.PolicyVersion, harmless(m.TransactionID), policy.Money{Micros: m.Cost, Currency: m.Currency}.Amount(), m.Currency,
		timeCell(m.CompletedAt), reached, m.Attempts, m.Reason, strconv.FormatBool(m.Test),
	}
}

func timeCell(ms int64) string {
	if ms == 0 {
		return ""
	}
	text, _ := orchestrator.Time(ms).MarshalJSON() // a time always is JSON
	return strings.Trim(string(text), `"`)
}

// secondsToReach is how long it took from when a message was to go out until the first proof that the person had it.
func secondsToReach(st models.State) (seconds float64, ok bool) {
	var first int64
	for _, a := range st.Attempts {
		for _, at := range []int64{a.DeliveredAt, a.ReadAt} {
			if at > 0 && (first == 0 || at < first) {
				first = at
			}
		}
	}
	from := max(st.Message.CreatedAt, st.Message.SendAt)
	return float64(max(first-from, 0)) / 1000, first > 0
}

// export answers all messages that match as a file. A page has no place in it.
func (h *messages) export(c *gin.Context, query url.Values, format string) {
	if query.Has("limit") || query.Has("cursor") {
		fail(c, invalidField("format", "csv and xlsx hold every message that matches: leave out limit and cursor"))
		return
	}
	_, err := pageOf(query, messageFilters...)
	var f models.MessageFilter
	if err == nil {
		f, err = h.filter(c.Request.Context(), tenantOf(c), query)
	}
	switch {
	case err != nil:
		fail(c, err)
	case format == "csv":
		h.exportCSV(c, f)
	default:
		h.exportXLSX(c, f)
	}
}

// exportCSV streams a file. That it is cut short is known at its end, which is where the trailer stands; one that fails ends
// without its last chunk, so that nobody takes it for whole.
func (h *messages) exportCSV(c *gin.Context, f models.MessageFilter) {
	c.Header("Content-Disposition", `attachment; filename="messages.csv"`)
	c.Header("Content-Type", "text/csv; charset=utf-8")
	c.Header("Trailer", truncatedHeader)
	c.Status(http.StatusOK)
	w := csv.NewWriter(c.Writer)
	err := w.Write(exportColumns)
	more := false
	if err == nil {
		more, err = h.store.EachMessage(c.Request.Context(), tenantOf(c), f, exportMost, func(states []models.State) error {
			for _, st := range states {
				if err := w.Write(csvCells(exportRow(c, st))); err != nil {
					return err
				}
			}
			w.Flush()
			return w.Error()
		})
	}
	if err != nil && !c.Writer.Written() {
		c.Writer.Header().Del("Content-Disposition")
		c.Writer.Header().Del("Trailer")
		fail(c, err)
		return
	}
	w.Flush()
	if err = errors.Join(err, w.Error()); err != nil {
		loggerOf(c).WarnContext(c.Request.Context(), "an export was cut off", "error", err)
		panic(http.ErrAbortHandler)
	}
	c.Header(truncatedHeader, strconv.FormatBool(more))
}

// csvCells are a row's cells as text. A number with a plus in front would be a formula.
func csvCells(row []any) []string {
	cells := make([]string, len(row))
	for i, cell := range row {
		switch v := cell.(type) {
		case string:
			cells[i] = v
		case int64:
			cells[i] = itoa(v)
		case float64:
			cells[i] = strconv.FormatFloat(v, 'f', 3, 64)
		}
	}
	to := slices.Index(exportColumns, "to")
	cells[to] = strings.TrimPrefix(cells[to], "+")
	return cells
}

// exportXLSX writes a file whose cells have types: a phone number is text, and nothing is read as a formula.
func (h *messages) exportXLSX(c *gin.Context, f models.MessageFilter) {
	book := excelize.NewFile()
	defer book.Close()
	more, err := h.fillSheet(c, book, f)
	if err != nil {
		fail(c, err)
		return
	}
	c.Header(truncatedHeader, strconv.FormatBool(more))
	c.Header("Content-Disposition", `attachment; filename="messages.xlsx"`)
	c.Header("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	c.Status(http.StatusOK)
	if err := book.Write(c.Writer); err != nil {
		loggerOf(c).WarnContext(c.Request.Context(), "an export was cut off", "error", err)
		panic(http.ErrAbortHandler)
	}
}

func (h *messages) fillSheet(c *gin.Context, book *excelize.File, f models.MessageFilter) (more bool, err error) {
	sheet, err := book.NewStreamWriter("Sheet1")
	if err != nil {
		return false, err
	}
	line := 0
	write := func(cells []any) error {
		line++
		return sheet.SetRow("A"+strconv.Itoa(line), cells)
	}
	head := make([]any, len(exportColumns))
	for i, name := range exportColumns {
		head[i] = name
	}
	if err := write(head); err != nil {
		return false, err
	}
	more, err = h.store.EachMessage(c.Request.Context(), tenantOf(c), f, exportMost, func(states []models.State) error {
		for _, st := range states {
			if err := write(exportRow(c, st)); err != nil {
				return err
			}
		}
		return nil
	})
	return more, errors.Join(err, sheet.Flush())
}
