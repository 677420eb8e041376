package smpp

import (
	"sync"
	"time"

	"cascade/policy"
)

// Bounds of the memory of ids: as long as a receipt may take, and some tens of megabytes.
const (
	partsKept = 48 * time.Hour
	partsMost = 200_000
)

// group is one message whose receipts cannot be handed on as they are: it has several segments, or its answer came when
// Send had given up.
type group struct {
	// reference is ours, and set where the engine does not know the provider's id.
	reference string
	// ids are the segments', the first being the message's; "" while a segment is unanswered.
	ids       []string
	delivered []bool
	at        time.Time
}

// memory knows which segment belongs to which message. It is bounded by age and number, the oldest going first.
type memory struct {
	mu    sync.Mutex
	parts map[string]part
	order []kept
	most  int
	// pending are the long messages that wait for their segments' ids.
	pending map[*group]chan struct{}
}

type part struct {
	of *group
	n  int
}

type kept struct {
	id string
	at time.Time
}

func (m *memory) init() {
	m.parts, m.pending, m.most = map[string]part{}, map[*group]chan struct{}{}, partsMost
}

// begin starts a message of n segments, before its first goes out.
func (m *memory) begin(n int) *group {
	g := &group{ids: make([]string, n), delivered: make([]bool, n)}
	if n > 1 {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.pending[g] = make(chan struct{})
	}
	return g
}

// end says that every segment is answered, or that none will be waited for any more.
func (m *memory) end(g *group) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if answered := m.pending[g]; answered != nil {
		close(answered)
		delete(m.pending, g)
	}
}

// answered keeps the id of g's nth segment.
func (m *memory) answered(g *group, n int, id string, now time.Time) {
	if id == "" {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	g.ids[n] = id
	if m.parts[id].of == g {
		g.delivered[n] = true // one id, and so one receipt, for several segments
		return
	}
	m.parts[id] = part{g, n}
	m.order = append(m.order, kept{id, now})
	for len(m.order) > 0 && (len(m.parts) > m.most || now.Sub(m.order[0].at) > partsKept) {
		delete(m.parts, m.order[0].id)
		m.order = m.order[1:]
	}
}

// owe has the receipts of g name our reference, as the engine never learnt the provider's id.
func (m *memory) owe(g *group, reference string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g.reference = reference
}

// unanswered answers channels that close as the long messages under way get their ids.
func (m *memory) unanswered() []chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	waits := make([]chan struct{}, 0, len(m.pending))
	for _, c := range m.pending {
		waits = append(waits, c)
	}
	return waits
}

// known reports whether id is remembered.
func (m *memory) known(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.parts[id]
	return ok
}

// gather turns the report on one segment into that on its message. A report on an unknown id stays as it is. One
// delivered segment proves only that the operator has sent; the last makes the message delivered.
func (m *memory) gather(r report) report {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.parts[r.id]
	if !ok {
		return r
	}
	g := p.of
	r.reference = g.reference
	if len(g.ids) == 1 {
		return r
	}
	r.message = g.ids[0]
	if r.kind != policy.ReceiptDelivered {
		return r
	}
	g.delivered[p.n] = true
	if r.at.After(g.at) {
		g.at = r.at
	}
	for _, done := range g.delivered {
		if !done {
			r.kind = policy.ReceiptSent
			return r
		}
	}
	r.at, r.whole = g.at, true
	return r
}
