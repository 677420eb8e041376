package orchestrator

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
)

// The journal's bounds, on each replica.
const (
	journalPerSecond = 100 // of calls, and of requests
	journalQueue     = 256
	journalBatch     = 200
	journalEvery     = 500 * time.Millisecond
	journalWrite     = 5 * time.Second
	// journalBody is how much is kept of a body, in bytes; the rest is shorter.
	journalBody  = 4 << 10
	journalShort = 1 << 10
)

type journalStore interface {
	InsertJournal(ctx context.Context, calls []models.ProviderCall, requests []models.RequestEntry) error
}

// Journal keeps for people what went over the wire lately. The engine does not go by it, nobody waits for it, and what is too
// much for it is dropped and counted.
type Journal struct {
	store    journalStore
	now      func() time.Time
	log      *slog.Logger
	calls    chan call
	requests chan models.RequestEntry
	// one bucket each: a stream of requests must not hide the calls.
	callRate, requestRate bucket

	// Dropped counts what was not kept.
	Dropped atomic.Int64
}

// call is an exchange that is still to be masked.
type call struct {
	row     models.ProviderCall
	x       channels.Exchange
	secrets func() ([]string, error)
}

// NewJournal makes a journal; Run writes it.
func NewJournal(store *models.Store, now func() time.Time, log *slog.Logger) *Journal {
	return newJournal(store, now, log)
}

func newJournal(store journalStore, now func() time.Time, log *slog.Logger) *Journal {
	return &Journal{
		store: store, now: now, log: cmp.Or(log, slog.New(slog.DiscardHandler)),
		calls: make(chan call, journalQueue), requests: make(chan models.RequestEntry, journalQueue),
		callRate: bucket{rate: journalPerSecond}, requestRate: bucket{rate: journalPerSecond},
	}
}

// Lost answers how many entries were dropped on this replica since it started; 0 for no journal.
func (j *Journal) Lost() int64 {
	if j == nil {
		return 0
	}
	return j.Dropped.Load()
}

// Request keeps a request. Its Detail is masked here.
func (j *Journal) Request(r models.RequestEntry) {
	if j == nil {
		return
	}
	if !j.requestRate.take(j.now()) {
		j.Dropped.Add(1)
		return
	}
	offer(j, j.requests, r)
}

// offer puts an entry into a queue that has room.
func offer[T any](j *Journal, queue chan<- T, entry T) {
	select {
	case queue <- entry:
	default:
		j.Dropped.Add(1)
	}
}

// Run writes entries until ctx ends, and then those that are waiting.
func (j *Journal) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			j.write()
			return
		case <-time.After(journalEvery):
			j.write()
		}
	}
}

// write keeps what is waiting. What the database does not take is dropped: there is more to come.
func (j *Journal) write() {
	for {
		calls, requests := drained(j.calls), drained(j.requests)
		if len(calls)+len(requests) == 0 {
			return
		}
		rows := make([]models.ProviderCall, len(calls))
		for i, c := range calls {
			rows[i] = c.masked()
		}
		for i := range requests {
			requests[i].Detail = channels.Conceal(requests[i].Detail, journalShort)
		}
		ctx, cancel := context.WithTimeout(context.Background(), journalWrite)
		err := j.store.InsertJournal(ctx, rows, requests)
		cancel()
		if err != nil {
			j.Dropped.Add(int64(len(calls) + len(requests)))
			j.log.Warn("the journal was not written", "calls", len(calls), "requests", len(requests), "err", err)
			return
		}
	}
}

// drained takes a batch of what is waiting.
func drained[T any](queue <-chan T) (out []T) {
	for len(out) < journalBatch {
		select {
		case entry := <-queue:
			out = append(out, entry)
		default:
			return out
		}
	}
	return out
}

// masked is the call as it is kept. Without the account's secrets nothing is known to be fit to be seen.
func (c call) masked() models.ProviderCall {
	row := c.row
	secrets, err := c.secrets()
	if err != nil {
		row.Error = "the account's secrets cannot be read, so the call is not shown"
		return row
	}
	row.URL = channels.Conceal(c.x.URL, journalShort, secrets...)
	row.Request = concealBody(c.x.Request, secrets)
	row.Answer = concealBody(c.x.Answer, secrets)
	if f := c.x.Failure; f != nil {
		row.Error = channels.Conceal(f.Code+": "+f.Detail, journalShort, secrets...)
	}
	return row
}

// concealBody masks a body. One that was cut before may end within a secret, which is not found then.
func concealBody(body []byte, secrets []string) string {
	text := channels.Conceal(string(body), journalBody, secrets...)
	if len(body) >= channels.RecordedMost && len(text) < journalBody {
		return ""
	}
	return text
}

// recorded has the calls that are made under ctx for an attempt kept in the journal.
func (e *Engine) recorded(ctx context.Context, a models.Attempt, acc models.Account, kind string) context.Context {
	j := e.o.Journal
	if j == nil {
		return ctx
	}
	if !j.callRate.take(j.now()) {
		j.Dropped.Add(1)
		return ctx
	}
	return channels.WithRecorder(ctx, channels.Recorder{Now: e.o.Now, Tell: func(x channels.Exchange) {
		offer(j, j.calls, call{
			row: models.ProviderCall{
				TenantID: a.TenantID, ID: uuid.Must(uuid.NewV7()), MessageID: a.MessageID, N: a.N, AccountID: a.AccountID,
				At: ms(x.At), TookMS: x.Took.Milliseconds(), Kind: kind, Method: x.Method, Status: int64(x.Status),
			},
			x: x, secrets: func() ([]string, error) { return e.secretsOf(acc) },
		})
	}})
}

// secretsOf lists every text among an account's secrets.
func (e *Engine) secretsOf(acc models.Account) ([]string, error) {
	raw, err := e.o.Store.OpenSecrets(acc)
	if err != nil || len(raw) == 0 {
		return nil, err
	}
	var settings any
	if err := json.Unmarshal(raw, &settings); err != nil {
		return nil, err
	}
	return textsIn(settings, nil), nil
}

// leastSecret is the length of a text, in bytes, from which on it may be a secret.
const leastSecret = 4

func textsIn(value any, found []string) []string {
	switch v := value.(type) {
	case string:
		if len(v) >= leastSecret {
			found = append(found, v)
		}
		var within map[string]any // settings may be JSON in a text
		if json.Unmarshal([]byte(v), &within) == nil {
			found = textsIn(within, found)
		}
	case []any:
		for _, each := range v {
			found = textsIn(each, found)
		}
	case map[string]any:
		for _, each := range v {
			found = textsIn(each, found)
		}
	}
	return found
}

// bucket lets rate entries pass in a second.
type bucket struct {
	rate float64
	mu   sync.Mutex
	left float64
	at   time.Time
}

func (b *bucket) take(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.at.IsZero() {
		b.left = b.rate
	} else if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.left = math.Min(b.rate, b.left+passed*b.rate)
	}
	b.at = now
	if b.left < 1 {
		return false
	}
	b.left--
	return true
}
