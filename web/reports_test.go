package web

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// Costs by channel and day are what the providers' own log says for each day of the tenant's zone: on both sides of
// midnight, with clocks that change, receipts that come on the day after, and messages of several segments.
func TestCostsByDayEqualTheProvidersLog(t *testing.T) {
	tests := map[string]struct{ zone, day string }{ // the day between the two midnights
		"no change of clocks": {"Asia/Ho_Chi_Minh", "2025-06-15"},
		"midnight in an hour": {"Asia/Kathmandu", "2025-06-15"},
		"a day of 23 hours":   {"Europe/Berlin", "2025-03-30"},
		"a day of 25 hours":   {"Europe/Berlin", "2025-10-26"},
	}
	for _, dialect := range modelstest.Dialects(t) {
		for name, tt := range tests {
			t.Run(dialect+"/"+name, func(t *testing.T) {
				t.Parallel()
				zone, err := time.LoadLocation(tt.zone)
				if err != nil {
					t.Fatal(err)
				}
				day, err := time.ParseInLocation(time.DateOnly, tt.day, zone)
				if err != nil {
					t.Fatal(err)
				}
				d := newDays(t, modelstest.Open(t, dialect), zone)
				d.acrossMidnight(day)
				d.acrossMidnight(day.AddDate(0, 0, 1))
				d.settle()
				d.check(day)
				d.rollUp()
				d.check(day)
			})
		}
	}
}

// days is a service whose clock the test sets, and that of its simulator with it.
type days struct {
	*orchestratortest.Rig
	t     *testing.T
	zone  *time.Location
	ahead *atomic.Int64 // of the real clock, in nanoseconds
	ids   []uuid.UUID
	texts map[string]int // segments of the SMS texts that were handed in, by local day
}

func newDays(t *testing.T, store *models.Store, zone *time.Location) *days {
	t.Helper()
	d := &days{t: t, zone: zone, ahead: &atomic.Int64{}, texts: map[string]int{}}
	now := func() time.Time { return time.Now().Add(time.Duration(d.ahead.Load())) }
	d.Rig = orchestratortest.New(t, store, orchestratortest.Config{Now: now, Sim: simulator.Options{Now: now}})
	d.Policy("ladder", `{"steps": [{"channel": "zns", "until": "delivered", "timeout": "30m"},
		{"channel": "viber", "until": "delivered", "timeout": "30m"}, {"channel": "sms", "until": "delivered", "timeout": "30m"}], "ttl": "24h"}`)
	d.Policy("viber", `{"steps": [{"channel": "viber", "until": "delivered", "timeout": "30m"}, {"channel": "sms", "until": "delivered", "timeout": "30m"}], "ttl": "24h"}`)
	d.Policy("text", `{"steps": [{"channel": "sms", "until": "delivered", "timeout": "30m"}], "ttl": "24h"}`)
	d.Policy("zalo", `{"steps": [{"channel": "zns", "until": "delivered", "timeout": "30m"}], "ttl": "24h"}`)
	d.Sim.SetRule("*1", simulator.Rule{Channel: simulator.ZNS, AfterNext: true}) // delivered once Viber was called
	d.Sim.SetRule("*2", simulator.Rule{Channel: simulator.ZNS, AfterNext: true})
	d.Sim.SetRule("*2", simulator.Rule{Channel: simulator.Viber, Outcome: simulator.Fail})
	d.Sim.SetRule("*3", simulator.Rule{Channel: simulator.Viber, AfterNext: true})
	return d
}

// rollUp sums the hours that are over, which all are: the store's clock is the real one.
func (d *days) rollUp() {
	d.t.Helper()
	if err := d.Store.RollUp(d.t.Context(), func() bool { return false }); err != nil {
		d.t.Fatal(err)
	}
}

// set puts the clock at a time.
func (d *days) set(t time.Time) { d.ahead.Store(int64(time.Until(t))) }

// acrossMidnight sends on both sides of a midnight, so that ladders go on, and receipts come, on the day after: some
// within the time in which a delivered ZNS is billed, and some after it.
func (d *days) acrossMidnight(midnight time.Time) {
	d.t.Helper()
	d.set(midnight.Add(-10 * time.Minute))
	d.final(d.send("ladder", 0, 1), d.send("text", 0, 3), d.send("zalo", 0, 5))
	late := []uuid.UUID{d.send("ladder", 1, 1), d.send("ladder", 2, 2), d.send("viber", 3, 4)}
	d.taken(late...)
	d.set(midnight.Add(25 * time.Minute))
	d.final(late...)
	d.final(d.send("ladder", 0, 1), d.send("text", 0, 2))
	unbilled := d.send("ladder", 1, 1)
	d.taken(unbilled)
	d.set(midnight.Add(3*time.Hour + 30*time.Minute))
	d.final(unbilled)
}

// send accepts a message to a new number with a last digit, with an SMS text of so many segments.
func (d *days) send(policyName string, lastDigit, segments int) uuid.UUID {
	d.t.Helper()
	sub := d.Submission(fmt.Sprintf("+8491%06d%d", len(d.ids), lastDigit))
	sub.PolicyName = policyName
	sub.Content[policy.SMS] = channels.Content{Text: strings.Repeat("x", 153*segments-10)}
	acc, err := d.Engine.Accept(d.t.Context(), d.Caller, sub)
	if err != nil {
		d.t.Fatal(err)
	}
	d.ids = append(d.ids, acc.Message.ID)
	d.texts[time.Now().Add(time.Duration(d.ahead.Load())).In(d.zone).Format(time.DateOnly)] += segments
	return acc.Message.ID
}

func (d *days) final(ids ...uuid.UUID) {
	d.t.Helper()
	for _, id := range ids {
		d.Await(id, orchestratortest.Final)
	}
}

// taken waits until providers have the messages' first attempts.
func (d *days) taken(ids ...uuid.UUID) {
	d.t.Helper()
	for _, id := range ids {
		d.Await(id, func(v orchestrator.MessageView) bool { return len(v.Attempts) > 0 && v.Attempts[0].SentAt != nil })
	}
}

// settle waits until everything that the simulator delivered is known here.
func (d *days) settle() {
	d.t.Helper()
	delivered := 0
	for _, id := range d.ids {
		d.Await(id, func(v orchestrator.MessageView) bool {
			for _, a := range v.Attempts {
				if a.Channel != policy.SMS && a.DeliveredAt == nil && a.Status != policy.AttemptFailed {
					return false
				}
			}
			return true
		})
	}
	for _, c := range d.Sim.Calls() {
		if c.DeliveredAt != nil && c.DeliveredAt.In(d.zone).YearDay() != c.At.In(d.zone).YearDay() {
			delivered++
		}
	}
	if delivered == 0 {
		d.t.Error("no receipt came on a later day than its message")
	}
}

// costLine is a line of a report: channel, day, attempts, billable, units, cost, currency.
type costLine [7]string

// codeToken is Zalo's refusal of an access token.
const codeToken = "-124"

// logged sums the simulator's log by channel and local day.
func (d *days) logged() []costLine {
	d.t.Helper()
	type sum struct{ attempts, billable, units, cost int }
	sums, seen := map[[2]string]sum{}, map[string]bool{}
	for _, c := range d.Sim.Calls() {
		if c.Code == codeToken { // refused before it was read, for a token that was renewed meanwhile: its attempt calls again
			continue
		}
		if seen[c.Reference] {
			d.t.Errorf("attempt %q was called twice", c.Reference)
		}
		seen[c.Reference] = true
		dong, err := strconv.Atoi(c.Price)
		if err != nil {
			d.t.Fatal(err)
		}
		key := [2]string{c.Channel, c.At.In(d.zone).Format(time.DateOnly)}
		s := sums[key]
		s.attempts++
		if dong > 0 {
			s.billable++
			s.units += max(1, c.Segments)
		}
		s.cost += dong
		sums[key] = s
	}
	var lines []costLine
	for key, s := range sums {
		lines = append(lines, costLine{key[0], key[1], strconv.Itoa(s.attempts), strconv.Itoa(s.billable), strconv.Itoa(s.units), strconv.Itoa(s.cost), "VND"})
	}
	slices.SortFunc(lines, func(a, b costLine) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	return lines
}

// check compares the reports of all the days, and of each, with the simulator's log.
func (d *days) check(middle time.Time) {
	d.t.Helper()
	logged := d.logged()
	d.reported(middle.AddDate(0, 0, -1), middle.AddDate(0, 0, 1), logged)
	for i := -2; i <= 2; i++ {
		day := middle.AddDate(0, 0, i)
		var lines []costLine
		for _, line := range logged {
			if line[1] == day.Format(time.DateOnly) {
				lines = append(lines, line)
			}
		}
		if between := i > -2 && i < 2; between != (len(lines) > 0) {
			d.t.Errorf("%s: the log has %d lines", day.Format(time.DateOnly), len(lines))
		}
		d.reported(day, day, lines)
	}
	d.Verify()
}

// reported compares a report, as JSON and as CSV, with what it has to say.
func (d *days) reported(from, to time.Time, want []costLine) {
	d.t.Helper()
	groups := []string{"channel", "day"}
	query := fmt.Sprintf("/?group_by=channel,day&from=%s&to=%s", from.Format(time.DateOnly), to.Format(time.DateOnly))
	asJSON := d.ask(query)
	asCSV, err := csv.NewReader(strings.NewReader(string(d.ask(query + "&format=csv").body))).ReadAll()
	if err != nil {
		d.t.Fatal(err)
	}
	for format, table := range map[string][][]string{"JSON": tableOf(d.t, groups, asJSON), "CSV": asCSV} {
		var got []costLine
		for _, row := range table[1:] {
			got = append(got, costLine(row))
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			d.t.Errorf("%s from %s to %s differs from the providers' log (-log +report):\n%s", format, from, to, diff)
		}
	}
	sum := 0
	for _, line := range want {
		dong, _ := strconv.Atoi(line[5]) // logged has read it
		sum += dong
	}
	smsOnly := 0
	for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
		smsOnly += d.texts[day.Format(time.DateOnly)] * simulator.PriceSMS
	}
	var report struct{ Totals totals }
	decodeReply(d.t, asJSON, &report)
	if diff := gocmp.Diff(newTotals(sum, smsOnly), report.Totals); diff != "" {
		d.t.Errorf("from %s to %s the totals differ (-log +report):\n%s", from, to, diff)
	}
}

// totals are those of a report that need no evidence of overlaps, in đồng.
type totals struct {
	Cost, Saved amount
	SMSOnly     amount `json:"sms_only"`
}

type amount struct{ Amount string }

func newTotals(cost, smsOnly int) totals {
	return totals{
		Cost: amount{strconv.Itoa(cost)}, SMSOnly: amount{strconv.Itoa(smsOnly)}, Saved: amount{strconv.Itoa(smsOnly - cost)},
	}
}

// zoned is the store of a tenant that lives in another zone.
type zoned struct {
	reportStore
	tenant models.Tenant
}

func (z zoned) Tenant(context.Context, uuid.UUID) (models.Tenant, error) { return z.tenant, nil }

// ask asks for a report as the tenant, in the zone.
func (d *days) ask(target string) reply {
	d.t.Helper()
	tenant := d.Tenant
	tenant.Timezone = d.zone.String()
	h := &reports{zoned{d.Store, tenant}, time.Now}
	w := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	c.Request = httptest.NewRequest(http.MethodGet, target, nil)
	c.Set(keyCaller, d.Caller)
	h.costs(c)
	c.Writer.WriteHeaderNow()
	if w.Code != http.StatusOK {
		d.t.Fatalf("%s answers %d: %s", target, w.Code, w.Body)
	}
	return reply{w.Code, w.Header(), w.Body.Bytes()}
}

// What SMS alone would have cost follows the price of each message's time, operator and account, and the segments of
// its own text, whether or not its policy has an SMS step.
func TestSMSOnly(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		d := newDays(t, s, time.UTC)
		day := time.Date(2025, 6, 15, 0, 0, 0, 0, time.UTC)
		prices := `{"prices": [
			{"channel": "sms", "unit": "segment", "moment": "taken", "price": {"amount": "800", "currency": "VND"}, "valid_from": "2025-01-01T00:00:00Z"},
			{"channel": "sms", "unit": "segment", "moment": "taken", "price": {"amount": "900", "currency": "VND"}, "valid_from": "2025-06-15T12:00:00Z"},
			{"channel": "sms", "unit": "segment", "moment": "taken", "price": {"amount": "7", "currency": "VND"}, "valid_from": "2025-06-15T18:00:00Z", "account": "another"},
			{"channel": "sms", "unit": "message", "moment": "taken", "price": {"amount": "1500", "currency": "VND"}, "valid_from": "2025-06-15T18:00:00Z", "account": "sms-main"},
			{"channel": "zns", "unit": "message", "moment": "delivered", "price": {"amount": "1", "currency": "VND"}, "valid_from": "2025-06-15T06:00:00Z"}]}`
		if err := s.PutPrices(t.Context(), d.Tenant.ID, []byte(prices), 0); err != nil {
			t.Fatal(err)
		}
		for _, sent := range []struct {
			at       time.Duration
			policy   string
			segments int
		}{
			{11 * time.Hour, "zalo", 2},
			{11 * time.Hour, "ladder", 3},
			{11 * time.Hour, "ladder", 3},
			{13 * time.Hour, "zalo", 2},
			{13 * time.Hour, "ladder", 3},
			{19 * time.Hour, "zalo", 4},
			{19 * time.Hour, "ladder", 1},
			{25 * time.Hour, "ladder", 1}, // the day after
		} {
			d.set(day.Add(sent.at))
			d.final(d.send(sent.policy, 0, sent.segments))
		}
		for _, when := range []string{"before a roll", "rolled"} {
			var report struct{ Totals totals }
			decodeReply(t, d.ask("/?from=2025-06-15&to=2025-06-15"), &report)
			if want := strconv.Itoa(8*800 + 5*900 + 2*1500); report.Totals.SMSOnly.Amount != want {
				t.Errorf("%s: SMS alone would have cost %s, want %s", when, report.Totals.SMSOnly.Amount, want)
			}
			d.rollUp()
		}
	})
}
