package orchestrator

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// A question is open until it is answered itself: what becomes of a call meanwhile, of this attempt or of an older one,
// does not end it, and nothing is paid before.
func TestQuestionOutlivesAnswersOfCalls(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	asked := models.Attempt{Status: policy.AttemptSent, CalledAt: ms(now) - 60_000, SentAt: ms(now) - 60_000, AskedAt: ms(now), Calls: 1}
	older := models.Attempt{N: 1, Status: policy.AttemptFailed, CalledAt: ms(now) - 90_000, Calls: 1}
	tests := map[string]struct {
		attempts []models.Attempt
		answered int64
		failure  *channels.Failure
	}{
		"the call of the attempt that is asked about: taken":   {[]models.Attempt{asked}, 1, nil},
		"the call of the attempt that is asked about: refused": {[]models.Attempt{asked}, 1, &channels.Failure{Class: policy.ClassRecipient}},
		"the call of an older attempt":                         {[]models.Attempt{older, asked}, 1, &channels.Failure{Class: policy.ClassUnknown}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := &Engine{replica: uuid.New(), o: Options{Lease: lease}}
			c := &change{e: e, now: now.Add(time.Second), m: models.Message{LeaseOwner: e.replica}, dirty: map[int64]bool{}}
			for i, a := range tt.attempts {
				a.N = int64(i + 1)
				c.as = append(c.as, a)
			}
			c.answered(models.Attempt{N: tt.answered, Calls: 1, CalledAt: c.as[tt.answered-1].CalledAt}, channels.Taken{}, tt.failure)
			if until := c.askUntil(c.as[len(c.as)-1]); until != now.Add(lease) {
				t.Errorf("the question is open until %v, want %v", until, now.Add(lease))
			}
		})
	}
}
