package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/policy"
)

// sampleWait bounds how long a sample takes to come where it is wanted.
const sampleWait = 10 * time.Second

// sample is all that the service wrote about one message: the rows of those that are stored before a load are its copies,
// so that they are what the service itself would have written.
type sample struct {
	models.State
	key      models.DedupeKey
	receipts []models.Receipt
	charges  []models.Charge
}

// takeSample sends one message to number 0 of those from first on, and reads its rows once it is as wanted.
func (s *service) takeSample(ctx context.Context, first int64, wanted func(models.State) bool) (*sample, error) {
	store, t := s.db.store, s.tenants[0]
	c := call{url: s.replicas[0].url, key: t.key, idempotency: storedKey(first, 0), to: phone(first, 0), policy: waitPolicy, viber: s.o.Ladder}
	if !c.post(http.DefaultClient) {
		return nil, errors.New("the sample of what is to be stored was refused")
	}
	key, err := store.FindKey(ctx, t.id, models.DedupeIdempotency, c.idempotency)
	if err != nil {
		return nil, err
	}
	found := &sample{key: key}
	ref := models.Ref{TenantID: t.id, ID: key.MessageID}
	for deadline := time.Now().Add(sampleWait); !wanted(found.State); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("the sample of what is to be stored did not come so far in %s", sampleWait)
		}
		states, err := store.LoadStates(ctx, []models.Ref{ref})
		if err != nil {
			return nil, err
		}
		if st := states[ref]; st != nil {
			found.State = *st
		}
	}
	if found.receipts, err = store.Receipts(ctx, t.id, key.MessageID); err != nil {
		return nil, err
	}
	found.charges, err = store.Charges(ctx, t.id, key.MessageID)
	return found, err
}

// waits: ZNS has it, and its receipt is waited for.
func waits(st models.State) bool {
	return len(st.Attempts) == 1 && st.Attempts[0].Status == policy.AttemptSent && st.Message.LeaseOwner == uuid.Nil
}

// arrived: it is over, and was paid for.
func arrived(st models.State) bool {
	return st.Message.Status == policy.Delivered && st.Message.Cost > 0 && st.Message.LeaseOwner == uuid.Nil
}

// storedKey is the Idempotency-Key of message n of those from first on.
func storedKey(first, n int64) string { return fmt.Sprintf("stored-%d", first+n) }

// copied is one message's rows.
type copied struct {
	message  models.Message
	attempts []models.Attempt
	key      models.DedupeKey
	receipts []models.Receipt
	charges  []models.Charge
}

// copy makes message n of those from first on, accepted at a time in Unix milliseconds: a person, ids and times of its
// own, and all else as the sample's.
func (s *sample) copy(first, n, at int64) copied {
	later := at - s.Message.CreatedAt
	move := func(times ...*int64) {
		for _, t := range times {
			if *t != 0 {
				*t += later
			}
		}
	}
	c := copied{message: s.Message, key: s.key}
	m := &c.message
	m.ID, m.To = messageID(at), "+"+phone(first, n)
	move(&m.CreatedAt, &m.ExpiresAt, &m.DueAt, &m.CompletedAt)
	c.key.Key, c.key.MessageID = storedKey(first, n), m.ID
	move(&c.key.CreatedAt)
	given := fmt.Sprintf("%020x", first+n) // as long as the simulator's ids
	for _, a := range s.Attempts {
		a.MessageID, a.ProviderID = m.ID, given
		move(&a.CreatedAt, &a.CalledAt, &a.SentAt, &a.DeliveredAt, &a.EndedAt)
		c.attempts = append(c.attempts, a)
	}
	for _, r := range s.receipts {
		old := s.Attempts[r.N-1].ProviderID
		oldID, newID := models.AttemptID(s.Message.ID, r.N), models.AttemptID(m.ID, r.N)
		r.MessageID = m.ID
		r.EventKey, r.ProviderID = strings.ReplaceAll(r.EventKey, old, given), strings.ReplaceAll(r.ProviderID, old, given)
		r.Raw = bytes.ReplaceAll(r.Raw, []byte(old), []byte(given))
		r.Raw = bytes.ReplaceAll(r.Raw, fmt.Appendf(nil, "%x", oldID[:]), fmt.Appendf(nil, "%x", newID[:]))
		move(&r.ReceivedAt, &r.At)
		c.receipts = append(c.receipts, r)
	}
	for _, line := range s.charges {
		line.MessageID = m.ID
		move(&line.At)
		c.charges = append(c.charges, line)
	}
	return c
}

// messageID is the id of a message that was accepted at a time in Unix milliseconds, which is what a UUIDv7 begins with.
func messageID(at int64) uuid.UUID {
	id := models.NewMessageID()
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at))
	copy(id[:6], ms[2:])
	return id
}
