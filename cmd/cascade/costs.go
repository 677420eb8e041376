package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"text/tabwriter"

	"cascade/policy"
)

// costsCmd prints the cost report.
type costsCmd struct {
	client  `embed:""`
	From    string   `help:"Begin, as 2026-11-01 or 2026-11-01T00:00:00+07:00."`
	To      string   `help:"End, not included."`
	GroupBy []string `help:"channel, day, account, template, category, policy, operator; separated by commas." default:"channel"`
	Format  string   `help:"csv or json as the API gives it, instead of a table." enum:",csv,json" default:""`
}

// costReport is the API's report. A group's columns differ with the question.
type costReport struct {
	From   string           `json:"from"`
	To     string           `json:"to"`
	Data   []map[string]any `json:"data"`
	Totals struct {
		Cost          policy.Money `json:"cost"`
		SMSOnly       policy.Money `json:"sms_only"`
		Saved         policy.Money `json:"saved"`
		PaidTwiceLate policy.Money `json:"paid_twice_late"`
	} `json:"totals"`
}

// Run prints the report.
func (c *costsCmd) Run(ctx context.Context, std *streams) error {
	query := url.Values{"group_by": {strings.Join(c.GroupBy, ",")}}
	for name, value := range map[string]string{"from": c.From, "to": c.To, "format": c.Format} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var raw json.RawMessage
	if err := c.get(ctx, "/v1/reports/costs?"+query.Encode(), &raw); err != nil {
		return err
	}
	switch {
	case c.Format == "csv":
		_, err := std.out.Write(raw)
		return err
	case c.JSON || c.Format == "json":
		return printJSON(std.out, raw)
	}
	var report costReport
	if err := decodeReply(raw, &report); err != nil {
		return err
	}
	return c.table(std, report)
}

func (c *costsCmd) table(std *streams, report costReport) error {
	w := tabwriter.NewWriter(std.out, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%s\tattempts\tbillable\tunits\tcost\t\n", strings.Join(c.GroupBy, "\t"))
	for _, row := range report.Data {
		for _, column := range append(c.GroupBy, "attempts", "billable", "units") {
			fmt.Fprintf(w, "%v\t", row[column])
		}
		fmt.Fprintf(w, "%s\t\n", moneyOf(row["cost"]))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	t := report.Totals
	_, err := fmt.Fprintf(std.out, "\nSpent %s. SMS alone would have cost %s: saved %s. Paid twice by late receipts: %s.\n",
		money(t.Cost), money(t.SMSOnly), money(t.Saved), money(t.PaidTwiceLate))
	return err
}

// moneyOf reads an amount out of a row of unknown columns.
func moneyOf(v any) string {
	fields, _ := v.(map[string]any)
	m, err := policy.ParseMoney(fmt.Sprint(fields["amount"]), fmt.Sprint(fields["currency"]))
	if err != nil {
		return "–"
	}
	return money(m)
}
