package simulator

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"
	"sync"
	"time"
)

// Outcomes of a call, as Call.Outcome.
const (
	OutcomeTaken       = "taken"
	OutcomeRefused     = "refused"
	OutcomeCutTaken    = "cut_taken"     // taken, but the caller got no readable answer
	OutcomeCutNotTaken = "cut_not_taken" // not taken, and the caller got no readable answer
	OutcomeHung        = "hung"          // never answered
)

// Call is one send that reached a provider.
type Call struct {
	ID         uint64    `json:"id"`
	At         time.Time `json:"at"`
	Provider   string    `json:"provider"`
	Account    string    `json:"account"`
	Channel    string    `json:"channel"`
	Reference  string    `json:"reference"`
	ProviderID string    `json:"provider_id"`
	// To is in digits with the country code, no plus.
	To      string `json:"to"`
	Outcome string `json:"outcome"`
	// Code is the provider's code of a refusal or of a failure told later; of a spoilt answer, the Rule's outcome.
	Code     string `json:"code,omitempty"`
	Segments int    `json:"segments,omitempty"`
	// Price is what the provider bills by now: decimal VND, "0" for nothing.
	Price       string     `json:"price"`
	DeliveredAt *time.Time `json:"delivered_at,omitempty"`
	ReadAt      *time.Time `json:"read_at,omitempty"`
	FailedAt    *time.Time `json:"failed_at,omitempty"`
}

// Taken tells whether the provider has the message, whatever the caller was told.
func (c Call) Taken() bool { return c.ProviderID != "" }

// record is a call with what is needed to report on it.
type record struct {
	mu   sync.Mutex
	call Call
	bill bill
	// hook makes the webhook of an event; nil for a call that was not taken or is read from the log.
	hook func(*record, event) (delivery, bool)
}

// view answers the call with its price by now.
func (r *record) view() Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.call
	c.Price = r.bill.price(c)
	return c
}

// event is something that happened to a taken message. At is when, Code why it failed.
type event struct {
	Kind string    `json:"kind"`
	ID   uint64    `json:"call_id"`
	At   time.Time `json:"at"`
	Code string    `json:"code,omitempty"`
}

// Kinds of event.
const (
	delivered = "delivered"
	read      = "read"
	failed    = "failed"
	accepted  = "accepted" // at the operator; reported, not kept
)

// settle writes an event into the record, and calls note before anybody can see it; false if it had already happened.
func (r *record) settle(e event, note func(event)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	var field **time.Time
	switch e.Kind {
	case delivered:
		field = &r.call.DeliveredAt
	case read:
		field = &r.call.ReadAt
	case failed:
		field = &r.call.FailedAt
	default:
		return false
	}
	if *field != nil {
		return false
	}
	note(e)
	*field = &e.At
	if e.Kind == failed {
		r.call.Code = e.Code
	}
	return true
}

const bookShards = 64

// callBook keeps every call, in order and by key, and writes the log.
type callBook struct {
	mu    sync.RWMutex
	calls []*record

	seed   maphash.Seed
	shards [bookShards]struct {
		sync.Mutex
		byKey map[string]*record
	}

	log *logFile
}

// line is one line of the log: a call as it arrived, or an event.
type line struct {
	Call  *Call  `json:"call,omitempty"`
	Bill  *bill  `json:"bill,omitempty"`
	Event *event `json:"event,omitempty"`
}

func newBook() *callBook {
	b := &callBook{seed: maphash.MakeSeed()}
	for i := range b.shards {
		b.shards[i].byKey = map[string]*record{}
	}
	return b
}

func openBook(path string) (*callBook, error) {
	b := newBook()
	if path == "" {
		return b, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("simulator: open the call log: %w", err)
	}
	whole, err := b.replay(f)
	if err == nil {
		err = f.Truncate(whole) // a half-written last line goes
	}
	if err == nil {
		_, err = f.Seek(whole, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("simulator: read the call log: %w", err), f.Close())
	}
	b.log = startLog(f)
	return b, nil
}

// ReadLog answers the calls in a log written by a Simulator, with their receipts' times and prices. A half-written
// last line is left out. Errors: the file cannot be read, or a whole line in it is not ours.
func ReadLog(path string) ([]Call, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("simulator: read the call log: %w", err)
	}
	defer f.Close()
	b := newBook()
	if _, err := b.replay(f); err != nil {
		return nil, fmt.Errorf("simulator: read the call log: %w", err)
	}
	return b.snapshot(0), nil
}

// replay reads the log and answers the length of its whole lines.
func (b *callBook) replay(r io.Reader) (int64, error) {
	in := bufio.NewReaderSize(r, 1<<20)
	byID := map[uint64]*record{}
	var whole int64
	for n := 1; ; n++ {
		raw, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return whole, nil
		}
		if err != nil {
			return whole, err
		}
		var l line
		if err := json.Unmarshal(raw, &l); err != nil {
			return whole, fmt.Errorf("line %d: %w", n, err)
		}
		whole += int64(len(raw))
		switch {
		case l.Call != nil:
			rec := &record{call: *l.Call}
			if l.Bill != nil {
				rec.bill = *l.Bill
			}
			byID[rec.call.ID] = rec
			b.keep(rec)
		case l.Event != nil && byID[l.Event.ID] != nil:
			byID[l.Event.ID].settle(*l.Event, func(event) {})
		}
	}
}

// add keeps a call and logs it. The call's keys come into being with it.
func (b *callBook) add(rec *record) {
	if b.log != nil {
		c := rec.view()
		b.log.write(line{Call: &c, Bill: &rec.bill})
	}
	b.keep(rec)
}

func (b *callBook) keep(rec *record) {
	b.mu.Lock()
	b.calls = append(b.calls, rec)
	b.mu.Unlock()
	if c := &rec.call; c.Taken() {
		b.put(idKey(c.Provider, c.Account, c.ProviderID), rec)
		if c.Reference != "" && c.Reference != c.ProviderID {
			b.put(idKey(c.Provider, c.Account, c.Reference), rec)
		}
	}
}

// settle records an event once, in memory and in the log.
func (b *callBook) settle(rec *record, e event) bool {
	return rec.settle(e, func(e event) {
		if b.log != nil {
			b.log.write(line{Event: &e})
		}
	})
}

func idKey(provider, account, id string) string { return provider + "\x00" + account + "\x00" + id }

func (b *callBook) put(key string, rec *record) {
	sh := &b.shards[maphash.String(b.seed, key)%bookShards]
	sh.Lock()
	sh.byKey[key] = rec
	sh.Unlock()
}

// claim puts rec under key unless another call is there.
func (b *callBook) claim(key string, rec *record) bool {
	sh := &b.shards[maphash.String(b.seed, key)%bookShards]
	sh.Lock()
	defer sh.Unlock()
	if _, taken := sh.byKey[key]; taken {
		return false
	}
	sh.byKey[key] = rec
	return true
}

func (b *callBook) find(provider, account, id string) (*record, bool) {
	key := idKey(provider, account, id)
	sh := &b.shards[maphash.String(b.seed, key)%bookShards]
	sh.Lock()
	defer sh.Unlock()
	rec, ok := sh.byKey[key]
	return rec, ok
}

func (b *callBook) lastID() uint64 {
	var last uint64
	for _, rec := range b.calls {
		last = max(last, rec.call.ID)
	}
	return last
}

// snapshot answers the calls with an id above since.
func (b *callBook) snapshot(since uint64) []Call {
	b.mu.RLock()
	recs := slices.Clone(b.calls)
	b.mu.RUnlock()
	out := make([]Call, 0, len(recs))
	for _, rec := range recs {
		if rec.call.ID > since {
			out = append(out, rec.view())
		}
	}
	return out
}

func (b *callBook) close() error {
	if b.log == nil {
		return nil
	}
	return b.log.close()
}

// logFlush is how long a line may wait in memory.
const logFlush = 50 * time.Millisecond

// logFile appends lines, flushed every logFlush and on close.
type logFile struct {
	mu   sync.Mutex
	f    *os.File
	w    *bufio.Writer
	err  error
	shut bool
	stop chan struct{}
	gone chan struct{}
}

func startLog(f *os.File) *logFile {
	l := &logFile{f: f, w: bufio.NewWriterSize(f, 1<<16), stop: make(chan struct{}), gone: make(chan struct{})}
	go l.flusher()
	return l
}

func (l *logFile) flusher() {
	defer close(l.gone)
	tick := time.NewTicker(logFlush)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			l.mu.Lock()
			l.keepErr(l.w.Flush())
			l.mu.Unlock()
		case <-l.stop:
			return
		}
	}
}

func (l *logFile) write(v line) {
	raw, err := json.Marshal(v)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut {
		return
	}
	l.keepErr(err)
	_, err = l.w.Write(append(raw, '\n'))
	l.keepErr(err)
}

func (l *logFile) keepErr(err error) {
	if l.err == nil {
		l.err = err
	}
}

// close flushes and answers the first error that any line met.
func (l *logFile) close() error {
	l.mu.Lock()
	if l.shut {
		l.mu.Unlock()
		return nil
	}
	l.shut = true
	l.keepErr(l.w.Flush())
	l.keepErr(l.f.Close())
	err := l.err
	l.mu.Unlock()
	close(l.stop)
	<-l.gone
	return err
}
