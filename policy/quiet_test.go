package policy

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata"
)

func TestQuietHoursOpensAt(t *testing.T) {
	night := QuietHours{From: "22:00", To: "07:00", Timezone: "Asia/Ho_Chi_Minh", Categories: []Category{Promotion}}
	noon := QuietHours{From: "12:00", To: "13:30", Timezone: "Asia/Ho_Chi_Minh"}
	never := QuietHours{From: "07:00", To: "07:00", Timezone: "Asia/Ho_Chi_Minh"}
	inGap := QuietHours{From: "22:00", To: "02:30", Timezone: "Europe/Berlin"}
	inFold := QuietHours{From: "22:00", To: "02:30", Timezone: "Europe/Berlin"}
	skipped := QuietHours{From: "02:00", To: "03:00", Timezone: "Europe/Berlin"}
	tests := map[string]struct {
		q    QuietHours
		c    Category
		at   string
		open string // "" is not quiet
	}{
		"before":                        {night, Promotion, "2026-11-20T21:59:59+07:00", ""},
		"first instant":                 {night, Promotion, "2026-11-20T22:00:00+07:00", "2026-11-21T07:00:00+07:00"},
		"before midnight":               {night, Promotion, "2026-11-20T23:59:59.5+07:00", "2026-11-21T07:00:00+07:00"},
		"after midnight":                {night, Promotion, "2026-11-21T00:00:00+07:00", "2026-11-21T07:00:00+07:00"},
		"last instant":                  {night, Promotion, "2026-11-21T06:59:59.999+07:00", "2026-11-21T07:00:00+07:00"},
		"open again":                    {night, Promotion, "2026-11-21T07:00:00+07:00", ""},
		"given in another zone":         {night, Promotion, "2026-11-20T16:00:00Z", "2026-11-21T00:00:00Z"},
		"other category":                {night, OTP, "2026-11-20T23:00:00+07:00", ""},
		"inside one day":                {noon, OTP, "2026-11-20T12:15:00+07:00", "2026-11-20T13:30:00+07:00"},
		"inside one day, before":        {noon, Care, "2026-11-20T11:59:00+07:00", ""},
		"from equals to":                {never, Promotion, "2026-11-20T07:00:00+07:00", ""},
		"the gap skips the end":         {inGap, OTP, "2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"},
		"after the gap":                 {inGap, OTP, "2026-03-29T03:00:00+02:00", ""},
		"the evening before the gap":    {inGap, OTP, "2026-03-28T23:00:00+01:00", "2026-03-29T03:00:00+02:00"},
		"before the fold":               {inFold, OTP, "2026-10-25T01:00:00+02:00", "2026-10-25T02:30:00+02:00"},
		"the fold's second time":        {inFold, OTP, "2026-10-25T02:10:00+01:00", "2026-10-25T02:30:00+01:00"},
		"between the two":               {inFold, OTP, "2026-10-25T02:45:00+02:00", ""},
		"a span that the gap swallows":  {skipped, OTP, "2026-03-29T03:00:00+02:00", ""},
		"a span the fold runs in twice": {skipped, OTP, "2026-10-25T02:30:00+02:00", "2026-10-25T03:00:00+01:00"},
		"invalid is never quiet":        {QuietHours{From: "x", To: "07:00", Timezone: "UTC"}, OTP, "2026-11-20T06:00:00Z", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			open, quiet := tt.q.OpensAt(tt.c, instant(t, tt.at))
			if quiet != (tt.open != "") {
				t.Fatalf("quiet is %v until %v", quiet, open)
			}
			if quiet && !open.Equal(instant(t, tt.open)) {
				t.Errorf("opens at %v, want %s", open, tt.open)
			}
		})
	}
}

func TestQuietHoursEndIsTheFirstOpenMinute(t *testing.T) {
	spans := []QuietHours{
		{From: "22:00", To: "02:30", Timezone: "America/New_York"},
		{From: "01:30", To: "23:00", Timezone: "Australia/Lord_Howe"},
		{From: "23:30", To: "00:30", Timezone: "America/Sao_Paulo"},
	}
	for _, q := range spans {
		for at := instant(t, "2018-01-01T00:00:00Z"); at.Year() < 2019; at = at.Add(37 * time.Minute) {
			open, quiet := q.OpensAt(OTP, at)
			if !quiet {
				continue
			}
			want := at.Truncate(time.Minute)
			for still := true; still; _, still = q.OpensAt(OTP, want) {
				want = want.Add(time.Minute)
			}
			if !open.Equal(want) {
				t.Fatalf("%s at %v: opens at %v, want %v", q.Timezone, at, open, want)
			}
		}
	}
}

func TestQuietHoursValidate(t *testing.T) {
	tests := map[string]struct {
		q    QuietHours
		want []string
	}{
		"good":         {QuietHours{From: "22:00", To: "07:00", Timezone: "Asia/Ho_Chi_Minh"}, nil},
		"empty":        {QuietHours{}, []string{"from", "to", "timezone"}},
		"short hour":   {QuietHours{From: "7:00", To: "24:00", Timezone: "UTC"}, []string{"from", "to"}},
		"machine zone": {QuietHours{From: "07:00", To: "08:00", Timezone: "Local"}, []string{"timezone"}},
		"category":     {QuietHours{From: "07:00", To: "08:00", Timezone: "UTC", Categories: []Category{OTP, "ads"}}, []string{"categories[1]"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := fieldsOf(tt.q.Validate()); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func fieldsOf(errs []FieldError) []string {
	var fields []string
	for _, e := range errs {
		fields = append(fields, e.Field)
	}
	return fields
}
