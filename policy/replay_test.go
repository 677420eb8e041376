package policy

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReplay(t *testing.T) {
	taken := func(delivered, read time.Duration) Outcome {
		return Outcome{Taken: time.Second, Delivered: delivered, Read: read, Failed: Never}
	}
	refused := func(c Class) Outcome {
		return Outcome{Class: c, Taken: Never, Delivered: Never, Read: Never, Failed: time.Second}
	}
	silent := taken(Never, Never)
	lost := Outcome{Class: ClassUnknown, Taken: Never, Delivered: Never, Read: Never, Failed: Never}
	billed := int64(7)
	priced := silent
	priced.Cost = &billed
	dong := func(n int64) int64 { return n * 1_000_000 }
	never := Told{Never, Never}
	type attempts = []ReplayedAttempt
	tests := map[string]struct {
		outcomes map[string]Outcome // by account; one that is not there is not known
		plan     Plan
		told     Told
		want     Replayed
	}{
		"the first delivers": {
			map[string]Outcome{"oa-1": taken(5*time.Second, Never)},
			askless(), never,
			Replayed{Delivered, 5 * time.Second, dong(200), attempts{{Step: 0, Reached: true, Cost: dong(200)}}},
		},
		"read later": {
			map[string]Outcome{"oa-1": taken(5*time.Second, time.Hour)},
			askless(), never,
			Replayed{Read, 5 * time.Second, dong(200), attempts{{Step: 0, Reached: true, Cost: dong(200)}}},
		},
		"refused, then taken by another account": {
			map[string]Outcome{"oa-1": refused(ClassAccount), "oa-2": taken(5*time.Second, Never)},
			askless(), never,
			Replayed{Delivered, 6 * time.Second, dong(200), attempts{{}, {Reached: true, Cost: dong(200)}}},
		},
		"the person is not there": {
			map[string]Outcome{"oa-1": refused(ClassRecipient), "viber": taken(2*time.Second, Never)},
			askless(), never,
			Replayed{Delivered, 3 * time.Second, dong(470), attempts{{}, {Step: 1, Reached: true, Cost: dong(470)}}},
		},
		"late, and both are paid": {
			map[string]Outcome{"oa-1": taken(stepTimeout+2*time.Second, Never), "viber": taken(10*time.Second, Never)},
			askless(), never,
			Replayed{Delivered, stepTimeout + 2*time.Second, dong(670), attempts{{Reached: true, Cost: dong(200)}, {Step: 1, Cost: dong(470)}}},
		},
		"unknown, then SMS": {
			map[string]Outcome{"oa-1": lost, "viber": silent, "sms": taken(time.Second, Never)},
			askless(), never,
			Replayed{Delivered, 2*stepTimeout + 2*time.Second, dong(820), attempts{{}, {Step: 1}, {Step: 2, Reached: true, Cost: dong(820)}}},
		},
		"nothing comes": {
			map[string]Outcome{"oa-1": silent, "viber": priced, "sms": silent},
			askless(), never,
			Replayed{Failed, 3*stepTimeout + 3*time.Second, dong(820) + 7, attempts{{}, {Step: 1, Cost: 7}, {Step: 2, Cost: dong(820)}}},
		},
		"nothing is known of some": {
			map[string]Outcome{"sms": taken(time.Second, Never)},
			askless(), never,
			Replayed{Delivered, time.Second, dong(820), attempts{{Step: 2, Reached: true, Cost: dong(820)}}},
		},
		"confirmed": {
			map[string]Outcome{"oa-1": silent},
			askless(),
			Told{time.Minute, Never},
			Replayed{Delivered, time.Minute, 0, attempts{{}}},
		},
		"canceled": {
			map[string]Outcome{"oa-1": silent},
			askless(),
			Told{Never, time.Minute},
			Replayed{Canceled, time.Minute, 0, attempts{{}}},
		},
		"too dear": {
			map[string]Outcome{"oa-1": silent, "viber": silent, "sms": silent},
			askless(capped(700)), never,
			Replayed{Failed, 2*stepTimeout + 2*time.Second, 0, attempts{{}, {Step: 1}}},
		},
		"a step that waits to be read": {
			map[string]Outcome{"oa-1": taken(2*time.Second, Never), "viber": taken(2*time.Second, Never)},
			askless(until(0, ReceiptRead)), never,
			Replayed{Delivered, stepTimeout + 3*time.Second, dong(670), attempts{{Reached: true, Cost: dong(200)}, {Step: 1, Cost: dong(470)}}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			facts := Facts{Category: Transaction, ExpiresAt: in(ladderTTL)}
			got := Replay(tt.plan, facts, began, tt.told, func(_ int, acc PlanAccount) (Outcome, bool) {
				o, known := tt.outcomes[acc.ID]
				return o, known
			})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// askless is the ladder with accounts that cannot be asked.
func askless(change ...func(*Plan)) Plan {
	return ladder(append(change, func(p *Plan) {
		for _, s := range p.Steps {
			for i := range s.Accounts {
				s.Accounts[i].AskByID, s.Accounts[i].AskByReference = false, false
			}
		}
	})...)
}
