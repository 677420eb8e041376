package zalo

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"cascade/channels"
	"cascade/policy"
)

const (
	untilMidnight = 3 * time.Hour
	untilSix      = 9 * time.Hour
	untilDecember = (9*24 + 3) * time.Hour
)

// row is a line of testdata/codes.txt: table, number, class, our code and, for quotas and nights, the wait.
type row struct {
	table string
	code  int
	class policy.Class
	name  string
	wait  time.Duration
}

func rows(t *testing.T) []row {
	t.Helper()
	b, err := os.ReadFile("testdata/codes.txt")
	if err != nil {
		t.Fatal(err)
	}
	waits := map[string]time.Duration{"midnight": untilMidnight, "six": untilSix, "month": untilDecember}
	var all []row
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] == "#" {
			continue
		}
		n, err := strconv.Atoi(f[1])
		if err != nil || len(f) < 4 {
			t.Fatalf("bad line %q", line)
		}
		r := row{table: f[0], code: n, class: policy.Class(f[2]), name: f[3]}
		if len(f) > 4 {
			r.wait = waits[f[4]]
		}
		all = append(all, r)
	}
	return all
}

func TestEveryCode(t *testing.T) {
	tables := map[string]map[int]entry{"zns": znsCodes, "oa": oaCodes, "oauth": oauthCodes}
	seen := map[string]int{}
	for _, r := range rows(t) {
		seen[r.table]++
		e, ok := tables[r.table][r.code]
		if !ok {
			t.Errorf("%s %d is not in the table", r.table, r.code)
			continue
		}
		f := failureOf(e, testNow)
		if f.Class != r.class || f.Code != r.name || f.RetryAfter != r.wait {
			t.Errorf("%s %d: got %s %s %s, want %+v", r.table, r.code, f.Class, f.Code, f.RetryAfter, r)
		}
		if f.Advice == "" || f.AdviceVI == "" || f.Advice == f.AdviceVI {
			t.Errorf("%s %d: advice %q, %q", r.table, r.code, f.Advice, f.AdviceVI)
		}
	}
	for name, table := range tables {
		if seen[name] != len(table) {
			t.Errorf("%d rows for %d codes of %s", seen[name], len(table), name)
		}
	}
}

// TestEveryCodeOnTheWire sends once for every code that the business host may answer.
func TestEveryCodeOnTheWire(t *testing.T) {
	for _, r := range rows(t) {
		if r.table == "oauth" || r.name == codeTokenRefused {
			continue
		}
		if _, both := znsCodes[r.code]; both && r.table == "oa" {
			continue
		}
		a, calls := answering(t, &tokens{}, fmt.Sprintf(`{"error":%d,"message":"to 84900000001"}`, r.code))
		_, err := a.Send(t.Context(), testOutbound)
		f := channels.AsFailure(err)
		if f.Class != r.class || f.ProviderCode != strconv.Itoa(r.code) || f.Detail != "to 84•••••001" || len(calls()) != 1 {
			t.Errorf("%d: got %+v after %d calls", r.code, f, len(calls()))
		}
	}
}

func TestUnknownCode(t *testing.T) {
	f := refusal(-9999, testNow)
	if f.Class != policy.ClassRequest || f.Code != "unknown_refusal" || f.ProviderCode != "-9999" {
		t.Errorf("got %+v", f)
	}
}

func TestWaits(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	tests := []struct {
		got, want time.Duration
	}{
		{untilHour(at("2026-11-21T16:59:59Z"), 0), time.Second},
		{untilHour(at("2026-11-21T17:00:00Z"), 0), 24 * time.Hour},
		{untilHour(at("2026-11-21T22:30:00Z"), 6), 30 * time.Minute},
		{untilHour(at("2026-11-21T23:00:00Z"), 6), 24 * time.Hour},
		{untilMonth(at("2026-11-30T16:00:00Z")), time.Hour},
		{untilMonth(at("2026-12-31T16:59:00Z")), time.Minute},
		{untilMonth(at("2026-11-30T17:00:00Z")), 31 * 24 * time.Hour},
	}
	for i, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%d: got %s, want %s", i, tt.got, tt.want)
		}
	}
}
