package models_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/policy"
)

// What late evidence changes in a report marks the hours that count it, and nothing else does.
func TestMarks(t *testing.T) {
	const first, second = int64(1000), int64(1002)
	old := func() models.State {
		m := *newMessage()
		m.Test = false
		m.CreatedAt = first * hour
		return models.State{Message: m, Attempts: []models.Attempt{
			{TenantID: tenant, N: 1, Channel: policy.ZNS, Calls: 1, CreatedAt: first * hour, Cost: 200},
			{TenantID: tenant, N: 2, Channel: policy.SMS, Calls: 1, CreatedAt: second*hour + hour - 1, Cost: 800},
		}}
	}
	later := (second + 1) * hour // when the second attempt's hour ends
	tests := map[string]struct {
		change func(before, after *models.State)
		now    time.Duration // from later
		want   map[int64]bool
	}{
		"nothing new":            {func(_, _ *models.State) {}, time.Hour, nil},
		"a charge":               {func(_, a *models.State) { a.Attempts[0].Cost = 300 }, time.Hour, map[int64]bool{first: false}},
		"a charge while young":   {func(_, a *models.State) { a.Attempts[1].Cost = 900 }, 5*time.Minute - time.Millisecond, nil},
		"a charge no more young": {func(_, a *models.State) { a.Attempts[1].Cost = 900 }, 5 * time.Minute, map[int64]bool{second: false}},
		"a delivery before":      {func(_, a *models.State) { a.Attempts[0].DeliveredAt = 5 }, time.Hour, map[int64]bool{second: false}},
		"a read before":          {func(_, a *models.State) { a.Attempts[0].ReadAt = 5 }, time.Hour, map[int64]bool{second: false}},
		"the last is delivered":  {func(_, a *models.State) { a.Attempts[1].DeliveredAt = 5 }, time.Hour, nil},
		"read after delivered": {func(b, a *models.State) {
			b.Attempts[0].DeliveredAt, a.Attempts[0].DeliveredAt, a.Attempts[0].ReadAt = 5, 5, 6
		}, time.Hour, nil},
		"delivered, not paid":     {func(b, a *models.State) { b.Attempts[0].Cost, a.Attempts[0].Cost, a.Attempts[0].DeliveredAt = 0, 0, 5 }, time.Hour, nil},
		"delivered, later unpaid": {func(b, a *models.State) { b.Attempts[1].Cost, a.Attempts[1].Cost, a.Attempts[0].DeliveredAt = 0, 0, 5 }, time.Hour, nil},
		"delivered and charged": {
			func(b, a *models.State) { b.Attempts[0].Cost, a.Attempts[0].DeliveredAt = 0, 5 }, time.Hour, map[int64]bool{first: false, second: false},
		},
		"first call":        {func(b, _ *models.State) { b.Attempts[1].Calls = 0 }, time.Hour, map[int64]bool{second: false}},
		"another call":      {func(_, a *models.State) { a.Attempts[1].Calls = 2 }, time.Hour, nil},
		"a new attempt":     {func(b, _ *models.State) { b.Attempts = b.Attempts[:1] }, time.Hour, map[int64]bool{second: false}},
		"one not called":    {func(b, a *models.State) { b.Attempts, a.Attempts[1].Calls = b.Attempts[:1], 0 }, time.Hour, nil},
		"an accepted one":   {func(b, _ *models.State) { b.Message.Version, b.Attempts = 0, nil }, time.Hour, map[int64]bool{first: true, second: false}},
		"a test":            {func(_, a *models.State) { a.Message.Test, a.Attempts[0].Cost = true, 300 }, time.Hour, nil},
		"status and reason": {func(_, a *models.State) { a.Message.Status, a.Attempts[0].Status = policy.Read, policy.AttemptRead }, time.Hour, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before, after := old(), old()
			tt.change(&before, &after)
			var marks models.Marks
			marks.Add(before, after, later+tt.now.Milliseconds())
			marks.Add(before, after, later+tt.now.Milliseconds()) // an hour is marked once a transaction
			var got map[int64]bool
			for _, m := range marks.Rows() {
				if got == nil {
					got = map[int64]bool{}
				}
				got[m.Hour] = m.Messages
				if m.TenantID != tenant || m.Mark == uuid.Nil {
					t.Errorf("mark %+v", m)
				}
			}
			equal(t, got, tt.want)
		})
	}
}
