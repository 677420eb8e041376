package orchestrator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// Receipts come in any order, repeated, and contradict each other. The same six give the same status, the same times
// and the same cost, to the đồng, in every one of their 720 orders.
// "sent" dates from before the step's time was over, so in many orders a timer and a status query run beside the rest.
func TestEveryOrderOfReceiptsEndsAlike(t *testing.T) {
	taken := time.Now().Add(-6 * time.Hour).Truncate(time.Second)
	reports := []report{
		{kind: "sent", at: taken},
		{kind: "failed", at: taken.Add(10 * time.Minute)},
		{kind: "delivered", at: taken.Add(time.Hour)},
		{kind: "read", at: taken.Add(2 * time.Hour)},
		{kind: "delivered", at: taken.Add(4 * time.Hour)}, // outside of what is billed, so the ledger is corrected in many orders
		{kind: "blocked", at: taken.Add(5 * time.Hour)},
	}
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := orchestratortest.New(t, s, orchestratortest.Config{})
		if err := s.PutPrices(t.Context(), r.Tenant.ID, []byte(`{"prices":[{"channel":"viber","unit":"message","moment":"delivered","within":"2h",
			"price":{"amount":"470","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"}]}`), time.Now().UnixMilli()); err != nil {
			t.Fatal(err)
		}
		r.Engine.Reload()
		r.Policy("viber-only", `{"steps":[{"channel":"viber","until":"delivered","timeout":"2h"}],"ttl":"24h"}`)
		r.Sim.SetRule("*", simulator.Rule{Deliver: new(time.Duration(-1)), DropWebhooks: true})

		var mu sync.Mutex
		ends := map[string][]string{} // how it ended → the orders that did
		var done sync.WaitGroup
		orders := make(chan []report)
		for range 24 {
			done.Go(func() {
				for order := range orders {
					end, name := evidence(t, r, order), fmt.Sprint(order)
					mu.Lock()
					ends[end] = append(ends[end], name)
					mu.Unlock()
				}
			})
		}
		permute(reports, 0, func(order []report) { orders <- append([]report(nil), order...) })
		close(orders)
		done.Wait()

		want, err := json.Marshal(outcome{
			Status: policy.Read, Attempt: policy.AttemptRead, Cost: "470", Sent: taken.UnixMilli(), Delivered: taken.Add(time.Hour).UnixMilli(),
			Read: taken.Add(2 * time.Hour).UnixMilli(), Failed: taken.Add(10 * time.Minute).UnixMilli(), Code: "not_delivered",
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(ends[string(want)]); n != 720 {
			t.Errorf("%d of 720 orders end as %s", n, want)
		}
		for end, of := range ends {
			if end != string(want) {
				t.Errorf("%d orders, such as %s, end as %s", len(of), of[0], end)
			}
		}
		r.Verify()
	})
}

// outcome is what must not depend on the order of receipts.
type outcome struct {
	Status                        policy.MessageStatus
	Attempt                       policy.AttemptStatus
	Cost                          string
	Sent, Delivered, Read, Failed int64
	Code                          string
}

// evidence sends a message and brings it receipts, one after the other.
func evidence(t *testing.T, r *orchestratortest.Rig, order []report) string {
	sub := r.Submission("+84912345678")
	sub.PolicyName = "viber-only"
	acc, err := r.Engine.Accept(t.Context(), r.Caller, sub)
	if err != nil {
		t.Error(err)
		return "not accepted"
	}
	v, ok := see(t, r, acc.Message.ID, func(v orchestrator.MessageView) bool {
		return len(v.Attempts) == 1 && v.Attempts[0].Status == policy.AttemptSent
	})
	if !ok {
		return "not sent"
	}
	for _, rep := range order {
		if err := bring(t.Context(), r, v.Attempts[0].ID, rep); err != nil {
			t.Error(err)
		}
	}
	v, err = r.Engine.Message(t.Context(), r.Tenant.ID, v.ID)
	if err != nil || len(v.Attempts) != 1 {
		t.Errorf("%d attempts, %v", len(v.Attempts), err)
		return "lost"
	}
	a := v.Attempts[0]
	out := outcome{Status: v.Status, Attempt: a.Status, Cost: v.Cost.Amount(), Sent: unix(a.SentAt), Delivered: unix(a.DeliveredAt), Read: unix(a.ReadAt), Failed: unix(a.FailedAt)}
	if a.Error != nil {
		out.Code = a.Error.Code
	}
	b, err := json.Marshal(out)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

func unix(t *orchestrator.Time) int64 {
	if t == nil {
		return 0
	}
	return int64(*t)
}

// see waits for a message as Rig.Await does, but may be called beside the test's own goroutine.
func see(t *testing.T, r *orchestratortest.Rig, id uuid.UUID, ok func(orchestrator.MessageView) bool) (orchestrator.MessageView, bool) {
	for limit := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		v, err := r.Engine.Message(t.Context(), r.Tenant.ID, id)
		switch {
		case err != nil:
			t.Error(err)
			return v, false
		case ok(v):
			return v, true
		case time.Now().After(limit):
			t.Errorf("message did not get there in 30 s: %+v", v)
			return v, false
		}
	}
}

// permute calls use with every order of what stands from k on.
func permute(rs []report, k int, use func([]report)) {
	if k == len(rs) {
		use(rs)
		return
	}
	for i := k; i < len(rs); i++ {
		rs[k], rs[i] = rs[i], rs[k]
		permute(rs, k+1, use)
		rs[k], rs[i] = rs[i], rs[k]
	}
}

// report is what Infobip tells of a Viber message.
type report struct {
	kind string
	at   time.Time
}

func (r report) String() string { return r.kind }

// statuses are Infobip's group and id of what a report's kind says.
var statuses = map[string][2]int{"sent": {1, 3}, "delivered": {3, 5}, "failed": {2, 9}, "blocked": {5, 14}}

// bring calls the engine as Infobip does: its body, with the account's credentials.
func bring(ctx context.Context, r *orchestratortest.Rig, attempt uuid.UUID, rep report) error {
	const layout = "2006-01-02T15:04:05.000-0700"
	entry := map[string]any{"messageId": strings.ReplaceAll(attempt.String(), "-", ""), "to": "84912345678"}
	if s, ok := statuses[rep.kind]; ok {
		entry["status"] = map[string]any{"groupId": s[0], "id": s[1], "name": strings.ToUpper(rep.kind)}
		entry["sentAt"], entry["doneAt"] = rep.at.Format(layout), rep.at.Format(layout)
	} else {
		entry["seenAt"] = rep.at.Format(layout)
	}
	body, err := json.Marshal(map[string]any{"results": []any{entry}})
	if err != nil {
		return err
	}
	account := r.Accounts["viber-main"]
	header := http.Header{"Content-Type": {"application/json"}}
	req := http.Request{Header: header}
	req.SetBasicAuth("infobip", "hook-secret-viber-main")
	_, err = r.Engine.Hook(ctx, "infobip", account.ID, channels.Hook{Method: http.MethodPost, URL: r.Engine.HookURL(account), Header: header, Body: body})
	return err
}

// attemptsOf lists the statuses of a message's attempts.
func attemptsOf(v orchestrator.MessageView) (out []policy.AttemptStatus) {
	for _, a := range v.Attempts {
		out = append(out, a.Status)
	}
	return out
}

// sameAttempts fails the test unless the message has exactly these attempts.
func sameAttempts(t *testing.T, v orchestrator.MessageView, want ...policy.AttemptStatus) {
	t.Helper()
	if diff := cmp.Diff(want, attemptsOf(v)); diff != "" {
		t.Errorf("attempts (-want +got):\n%s%+v", diff, v.Timeline)
	}
}
