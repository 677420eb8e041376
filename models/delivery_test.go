package models_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/policy"
)

// funnel inserts messages of one tenant, each with its attempts.
func funnel(t *testing.T, s *models.Store, tenant uuid.UUID, change func(*models.Message), attempts ...func(*models.Attempt)) {
	t.Helper()
	m := newMessage()
	m.TenantID, m.Test, m.PolicyName, m.CreatedAt, m.SendAt, m.Version = tenant, false, "a", 1_000_000, 0, 1
	m.Attempts = int64(len(attempts))
	change(m)
	rows := make([]*models.Attempt, len(attempts))
	for i, change := range attempts {
		a := newAttempt(m, int64(i+1))
		a.Step, a.Channel, a.Class, a.Calls, a.CreatedAt, a.CalledAt = int64(i), policy.ZNS, "", 1, 1_000_000, 1_000_000
		a.SentAt, a.DeliveredAt, a.ReadAt, a.Status = 0, 0, 0, policy.AttemptFailed
		if i > 0 {
			a.Channel = policy.SMS
		}
		change(a)
		rows[i] = a
	}
	err := s.InTx(t.Context(), func(tx *models.Tx) error {
		if err := tx.InsertMessages(t.Context(), []*models.Message{m}); err != nil {
			return err
		}
		return tx.InsertAttempts(t.Context(), rows)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDeliveries(t *testing.T) {
	end := func(status policy.MessageStatus) func(*models.Message) {
		return func(m *models.Message) { m.Status, m.CompletedAt = status, 1_000_090 }
	}
	delivered := func(a *models.Attempt) {
		a.Status, a.SentAt, a.DeliveredAt = policy.AttemptDelivered, 1_000_010, 1_000_070
	}
	again := delivered
	read := func(a *models.Attempt) { // and its delivery was never told
		a.Status, a.SentAt, a.ReadAt = policy.AttemptRead, 1_000_010, 1_000_090
	}
	failed := func(*models.Attempt) {}
	timedOut := func(a *models.Attempt) { a.Status, a.SentAt = policy.AttemptTimedOut, 1_000_010 }
	unknown := func(a *models.Attempt) { a.Status, a.Class = policy.AttemptTimedOut, policy.ClassUnknown }
	skipped := func(a *models.Attempt) { a.Status, a.Calls, a.CalledAt = policy.AttemptSkipped, 0, 0 }
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tenant := newTenant(t, s)
		funnel(t, s, tenant, end(policy.Delivered), delivered)
		funnel(t, s, tenant, end(policy.Delivered), delivered, again) // the first late
		funnel(t, s, tenant, end(policy.Read), failed, read)
		funnel(t, s, tenant, end(policy.Delivered), skipped, delivered)
		funnel(t, s, tenant, end(policy.Failed), timedOut, failed)
		funnel(t, s, tenant, end(policy.Expired), unknown)
		funnel(t, s, tenant, func(m *models.Message) { end(policy.Delivered)(m); m.PolicyName = "b" }, delivered)
		funnel(t, s, tenant, func(m *models.Message) { end(policy.Delivered)(m); m.Test = true }, delivered)
		funnel(t, s, tenant, func(m *models.Message) { end(policy.Delivered)(m); m.CreatedAt = 2_000_000 }, func(a *models.Attempt) { delivered(a); a.CreatedAt = 2_000_000 })
		funnel(t, s, uuid.New(), end(policy.Delivered), delivered)

		only := "a"
		q := models.DeliveryQuery{TenantID: tenant, From: 1_000_000, To: 2_000_000, Policy: &only, GroupBy: []string{"step", "channel"}, Location: time.UTC}
		quantiles := func(n, ms int64) models.Quantiles { return models.Quantiles{N: n, P50: ms, P95: ms, P99: ms} }
		want := []models.DeliveryRow{
			{
				Group: map[string]string{"step": "1", "channel": "zns"}, Attempts: 5, Taken: 3, Delivered: 2, Failed: 1, TimedOut: 1, Unknown: 1, Skipped: 1, Reached: 2,
				ToDelivered: quantiles(2, 60),
			},
			{
				Group: map[string]string{"step": "2", "channel": "sms"}, Attempts: 4, Taken: 3, Delivered: 3, Read: 1, Failed: 1, Reached: 2,
				ToDelivered: quantiles(2, 60), ToRead: quantiles(1, 80),
			},
		}
		err := s.Report(t.Context(), func(r *models.Report) error {
			got, err := r.Deliveries(q)
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if err != nil {
				return err
			}
			totals, err := r.DeliveryTotals(q)
			if diff := gocmp.Diff(models.DeliveryTotals{Messages: 6, Reached: 4, Fallback: 3, Failed: 1, Expired: 1, ToReach: quantiles(4, 90)}, totals); diff != "" {
				t.Error(diff)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// A quantile is within half of a bucket of five percent of the time that a sort would find.
func TestQuantiles(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tenant := newTenant(t, s)
		var times []int64
		for range 120 {
			ms := int64(math.Exp(rng.Float64() * math.Log(500_000_000))) // up to days
			times = append(times, ms)
			funnel(t, s, tenant, func(m *models.Message) { m.Status = policy.Delivered }, func(a *models.Attempt) {
				a.Status, a.SentAt, a.DeliveredAt = policy.AttemptDelivered, 1_000_000, 1_000_000+ms
			})
		}
		slices.Sort(times)
		err := s.Report(t.Context(), func(r *models.Report) error {
			rows, err := r.Deliveries(models.DeliveryQuery{TenantID: tenant, From: 0, To: 2_000_000, GroupBy: []string{"day"}, Location: time.UTC})
			if err != nil || len(rows) != 1 || rows[0].Group["day"] != "1970-01-01" {
				t.Fatalf("%+v, %v", rows, err)
			}
			q := rows[0].ToDelivered
			for part, got := range map[int]int64{50: q.P50, 95: q.P95, 99: q.P99} {
				want := times[(len(times)*part+99)/100-1]
				if off := math.Abs(float64(got - want)); off > 0.025*float64(want)+1 {
					t.Errorf("p%d is %d, want %d", part, got, want)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
