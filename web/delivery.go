package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"cascade/models"
)

// deliveryReport is what became of attempts and messages.
type deliveryReport struct {
	From    string           `json:"from"`
	To      string           `json:"to"`
	GroupBy []string         `json:"group_by"`
	Data    []map[string]any `json:"data"`
	Totals  deliveryTotals   `json:"totals"`
}

type deliveryTotals struct {
	Messages      int64     `json:"messages"`
	Reached       int64     `json:"reached"`
	Fallback      int64     `json:"fallback"`
	FallbackShare float64   `json:"fallback_share"`
	Failed        int64     `json:"failed"`
	Expired       int64     `json:"expired"`
	TimeToReach   quantiles `json:"time_to_reach"`
}

// quantiles are lengths of time, nil where there is none.
type quantiles struct {
	P50 *string `json:"p50"`
	P95 *string `json:"p95"`
	P99 *string `json:"p99"`
}

func viewQuantiles(q models.Quantiles) quantiles {
	if q.N == 0 {
		return quantiles{}
	}
	text := func(ms int64) *string {
		s := (time.Duration(ms) * time.Millisecond).String()
		return &s
	}
	return quantiles{text(q.P50), text(q.P95), text(q.P99)}
}

// mostDelivery is the longest span of a delivery report: hours without sums are counted from the attempts themselves.
const mostDelivery = 93 * 24 * time.Hour

// delivery counts what became of the attempts of a span.
func (h *reports) delivery(c *gin.Context) {
	query := c.Request.URL.Query()
	if err := knownFields(query, []string{"from", "to", "group_by", "policy"}); err != nil {
		fail(c, err)
		return
	}
	asked, err := h.query(c.Request.Context(), tenantOf(c), query)
	if err != nil {
		fail(c, err)
		return
	}
	if asked.To-asked.From > mostDelivery.Milliseconds() {
		fail(c, invalidField("from", "is more than 93 days before to: hours without sums are counted from the attempts themselves; ask for a shorter span"))
		return
	}
	q := models.DeliveryQuery{TenantID: asked.TenantID, From: asked.From, To: asked.To, GroupBy: asked.GroupBy, Location: asked.Location}
	if query.Has("policy") {
		name := query.Get("policy")
		q.Policy = &name
	}
	var rows []models.DeliveryRow
	var totals models.DeliveryTotals
	err = h.store.Report(c.Request.Context(), func(r *models.Report) error {
		var err error
		if rows, err = r.Deliveries(q); err != nil {
			return err
		}
		totals, err = r.DeliveryTotals(q)
		return err
	})
	if err != nil {
		fail(c, err)
		return
	}
	c.JSON(http.StatusOK, viewFunnel(q, rows, totals))
}

func viewFunnel(q models.DeliveryQuery, rows []models.DeliveryRow, t models.DeliveryTotals) deliveryReport {
	v := deliveryReport{From: utc(q.From), To: utc(q.To), GroupBy: q.GroupBy, Data: make([]map[string]any, 0, len(rows))}
	for _, r := range rows {
		line := map[string]any{
			"attempts": r.Attempts, "taken": r.Taken, "delivered": r.Delivered, "read": r.Read, "failed": r.Failed, "timed_out": r.TimedOut,
			"unknown": r.Unknown, "skipped": r.Skipped, "reached": r.Reached,
			"time_to_delivered": viewQuantiles(r.ToDelivered), "time_to_read": viewQuantiles(r.ToRead),
		}
		for word, value := range r.Group {
			line[word] = value
			if step, err := strconv.Atoi(value); word == "step" && err == nil {
				line[word] = step
			}
		}
		v.Data = append(v.Data, line)
	}
	v.Totals = deliveryTotals{
		Messages: t.Messages, Reached: t.Reached, Fallback: t.Fallback, Failed: t.Failed, Expired: t.Expired, TimeToReach: viewQuantiles(t.ToReach),
	}
	if t.Messages > 0 {
		v.Totals.FallbackShare = float64(t.Fallback) / float64(t.Messages)
	}
	return v
}

// deliveryGroups is the mend of models.ErrDeliveryGroup.
func deliveryGroups() *problem {
	return invalidField("group_by", "takes one or two of %s, each once", strings.Join(models.DeliveryGroups(), ", "))
}
