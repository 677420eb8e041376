package models

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// An hour is rolled when its rows come to rest: late evidence may change them after that, and then marks the hour. From
// markAfter its end on every change does, and rollAfter its end it is rolled at the earliest. What lies between covers a
// commit under way, and clocks that differ.
const (
	markAfter = int64(5 * time.Minute / time.Millisecond)
	rollAfter = int64(15 * time.Minute / time.Millisecond)
)

// Mark says that something of an hour changed after the hour was rolled, or may have been. It is written in the
// transaction of that change.
type Mark struct {
	TenantID uuid.UUID
	Hour     int64 // Unix milliseconds / 3,600,000
	Mark     uuid.UUID
	Messages bool // a message came, and not only evidence of an attempt
}

// Marks gathers the hours that one transaction has to mark. The zero value is empty.
type Marks struct{ hours map[markedHour]bool }

type markedHour struct {
	tenant uuid.UUID
	hour   int64
}

// Add compares a message before and after a change at now, in Unix milliseconds. Attempts are in order, without a gap.
func (m *Marks) Add(before, after State, now int64) {
	if after.Message.Test {
		return
	}
	if before.Message.Version == 0 && restsAt(after.Message.CreatedAt, now) {
		m.mark(after.Message.TenantID, after.Message.CreatedAt, true)
	}
	for i, a := range after.Attempts {
		if restsAt(a.CreatedAt, now) && countsOf(before.Attempts, i) != countsOf(after.Attempts, i) {
			m.mark(a.TenantID, a.CreatedAt, false)
		}
	}
}

// Rows are the marks of what was added, one an hour.
func (m *Marks) Rows() []*Mark {
	rows := make([]*Mark, 0, len(m.hours))
	for h, messages := range m.hours {
		rows = append(rows, &Mark{TenantID: h.tenant, Hour: h.hour, Mark: uuid.New(), Messages: messages})
	}
	return rows
}

func (m *Marks) mark(tenant uuid.UUID, at int64, messages bool) {
	if m.hours == nil {
		m.hours = map[markedHour]bool{}
	}
	key := markedHour{tenant, hourOf(at)}
	m.hours[key] = m.hours[key] || messages
}

// restsAt reports whether the hour of what was made at a time may be rolled while a change of now is under way.
func restsAt(made, now int64) bool { return (hourOf(made)+1)*hourMillis+markAfter <= now }

// counts is all that reports take from an attempt and that can change: see rawCosts.
type counts struct {
	called, late bool
	cost         int64
}

func countsOf(attempts []Attempt, i int) counts {
	if i >= len(attempts) || attempts[i].Calls == 0 {
		return counts{}
	}
	c := counts{called: true, cost: attempts[i].Cost}
	for _, e := range attempts[:i] {
		c.late = c.late || c.cost > 0 && e.Cost > 0 && (e.DeliveredAt > 0 || e.ReadAt > 0)
	}
	return c
}

// InsertMarks adds marks.
func (t *Tx) InsertMarks(ctx context.Context, rows []*Mark) error {
	return insertMarks.run(ctx, t.q, rows, nil)
}
