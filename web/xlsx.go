package web

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/xuri/excelize/v2"

	"cascade/models"
	"cascade/policy"
)

// The sheets of a cost report.
const (
	sheetCosts = "Costs"
	sheetAbout = "About"
)

// costBook writes a cost report as a workbook.
type costBook struct {
	*excelize.File
	styles map[string]int
	err    error
}

// The number formats of a workbook.
const (
	formatCount = "#,##0"
	formatMoney = "#,##0.######"
	formatDay   = "yyyy-mm-dd"
	formatMonth = "yyyy-mm"
	formatTime  = "yyyy-mm-dd hh:mm:ss"
)

// set puts a value into a cell, both counted from 1; the first error stays.
func (b *costBook) set(sheet string, column, row int, value any, format string) {
	if b.err != nil {
		return
	}
	cell, err := excelize.CoordinatesToCellName(column, row)
	if err == nil {
		err = b.SetCellValue(sheet, cell, value)
	}
	if err == nil && format != "" {
		err = b.SetCellStyle(sheet, cell, cell, b.style(format))
	}
	if b.err == nil {
		b.err = err
	}
}

func (b *costBook) style(format string) int {
	id, known := b.styles[format]
	if !known {
		if id, b.err = b.NewStyle(&excelize.Style{CustomNumFmt: &format}); b.err == nil {
			b.styles[format] = id
		}
	}
	return id
}

// group puts a group's value: days and months are dates, the rest is text.
func (b *costBook) group(column, row int, word, text string) {
	layout, format := time.DateOnly, formatDay
	if word == "month" {
		layout, format = "2006-01", formatMonth
	}
	if word == "day" || word == "month" {
		if at, err := time.Parse(layout, text); err == nil {
			b.set(sheetCosts, column, row, at, format)
			return
		}
	}
	b.set(sheetCosts, column, row, harmless(text), "")
}

// money puts an amount as a number. A spreadsheet's floats keep 15 digits: an amount of more stays text.
func (b *costBook) money(sheet string, column, row int, m policy.Money) {
	if amount, err := strconv.ParseFloat(m.Amount(), 64); err == nil && len(m.Amount()) <= 15 {
		format := formatMoney
		if !strings.Contains(m.Amount(), ".") { // or its point would be shown
			format = formatCount
		}
		b.set(sheet, column, row, amount, format)
		return
	}
	b.set(sheet, column, row, m.Amount(), "")
}

// about tells what the report is of, so that a file found later speaks for itself.
func (b *costBook) about(q models.CostQuery, rows []models.CostRow) {
	row := 0
	line := func(name string) int {
		row++
		b.set(sheetAbout, 1, row, name, "")
		return row
	}
	wall := func(ms int64) time.Time { // a cell has no zone: what it shows is the zone's clock
		at := time.UnixMilli(ms).In(q.Location)
		return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
	}
	b.set(sheetAbout, 2, line("from"), wall(q.From), formatTime)
	b.set(sheetAbout, 2, line("to (not included)"), wall(q.To), formatTime)
	b.set(sheetAbout, 2, line("zone"), q.Location.String(), "")
	for _, word := range slices.Sorted(maps.Keys(q.Where)) {
		b.set(sheetAbout, 2, line("only "+word), harmless(q.Where[word]), "")
	}
	b.set(sheetAbout, 2, line("rows"), len(rows), formatCount)
	sums := map[string]policy.Money{}
	for _, r := range rows {
		sums[r.Currency] = sums[r.Currency].Add(costOf(r))
	}
	for _, currency := range slices.Sorted(maps.Keys(sums)) {
		n := line("cost")
		b.money(sheetAbout, 2, n, sums[currency])
		b.set(sheetAbout, 3, n, currency, "")
	}
}

func (b *costBook) costs(groups []string, rows []models.CostRow) {
	for i, name := range costHead(groups) {
		b.set(sheetCosts, i+1, 1, name, "")
	}
	for i, r := range rows {
		row, n := i+2, len(groups)
		for j, word := range groups {
			b.group(j+1, row, word, r.Group[word])
		}
		for j, count := range []int64{r.Attempts, r.Billable, r.Units} {
			b.set(sheetCosts, n+1+j, row, count, formatCount)
		}
		b.money(sheetCosts, n+4, row, costOf(r))
		b.set(sheetCosts, n+5, row, r.Currency, "")
	}
}

func writeXLSX(c *gin.Context, q models.CostQuery, rows []models.CostRow) {
	b := &costBook{File: excelize.NewFile(), styles: map[string]int{}}
	defer b.Close()
	b.err = b.SetSheetName("Sheet1", sheetCosts)
	if b.err == nil {
		_, b.err = b.NewSheet(sheetAbout)
	}
	b.costs(q.GroupBy, rows)
	b.about(q, rows)
	if b.err != nil {
		fail(c, fmt.Errorf("cost report as a workbook: %w", b.err))
		return
	}
	buf, err := b.WriteToBuffer()
	if err != nil {
		fail(c, err)
		return
	}
	c.Header("Content-Disposition", `attachment; filename="costs.xlsx"`)
	c.Data(http.StatusOK, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", buf.Bytes())
}
