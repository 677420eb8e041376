package models_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/policy"
)

// found lists the ids of all messages that match, a page of two at a time.
func found(t *testing.T, s *models.Store, f models.MessageFilter) (ids []uuid.UUID) {
	t.Helper()
	cursor := ""
	for {
		rows, next, err := s.Messages(t.Context(), tenant, f, cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range rows {
			ids = append(ids, m.ID)
		}
		if cursor = next; next == "" {
			return ids
		}
	}
}

func TestMessagesAreFound(t *testing.T) {
	yes, no := true, false
	var all []*models.Message
	add := func(change func(m *models.Message)) {
		m := newMessage()
		m.To, m.TransactionID, m.Test, m.Operator, m.Reason = fmt.Sprintf("+8490000%04d", len(all)), "", false, "viettel", "until_reached"
		m.Status, m.Category, m.DueAt = policy.Delivered, policy.Transaction, 0
		m.CreatedAt = time.Now().UnixMilli() + int64(len(all))
		m.CompletedAt = m.CreatedAt
		change(m)
		all = append(all, m)
	}
	for range 5 {
		add(func(*models.Message) {})
	}
	add(func(m *models.Message) { m.To = "+84911110001" })
	add(func(m *models.Message) { m.Metadata = []byte(`{"order":"A-1","note":"a=b \"c\" 100%"}`) })
	add(func(m *models.Message) { m.Metadata = []byte(`{"order":"A-2"}`) })
	add(func(m *models.Message) { m.TransactionID = "T-1" })
	add(func(m *models.Message) { m.Category, m.Operator, m.Reason = policy.OTP, "vina", "suppressed" })
	add(func(m *models.Message) { m.Test = true })
	add(func(m *models.Message) { m.Status, m.DueAt, m.CompletedAt = policy.Sending, 5000, 0 })
	add(func(m *models.Message) { m.TransactionID, m.To = "T-1", "+84900000001" })
	last := all[len(all)-1]

	kinds := map[string]struct {
		f    models.MessageFilter
		want []int
	}{
		"all":                     {models.MessageFilter{}, []int{12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}},
		"a number":                {models.MessageFilter{To: "+84900000001"}, []int{12, 1}},
		"the end of a number":     {models.MessageFilter{Last4: "0001"}, []int{12, 5, 1}},
		"a number of another end": {models.MessageFilter{To: "+84900000001", Last4: "0002"}, nil},
		"an id":                   {models.MessageFilter{IDFrom: all[3].ID, IDTo: all[3].ID}, []int{3}},
		"metadata":                {models.MessageFilter{MetadataKey: "order", Metadata: "A-2"}, []int{7}},
		"metadata with signs":     {models.MessageFilter{MetadataKey: "note", Metadata: `a=b "c" 100%`}, []int{6}},
		"metadata of another":     {models.MessageFilter{MetadataKey: "order", Metadata: "A"}, nil},
		"a transaction":           {models.MessageFilter{TransactionID: "T-1"}, []int{12, 8}},
		"a transaction, a number": {models.MessageFilter{TransactionID: "T-1", Last4: "0001"}, []int{12}},
		"category":                {models.MessageFilter{Category: policy.OTP}, []int{9}},
		"operator":                {models.MessageFilter{Operator: "vina"}, []int{9}},
		"reason":                  {models.MessageFilter{Reason: "suppressed"}, []int{9}},
		"tests":                   {models.MessageFilter{Test: &yes}, []int{10}},
		"no tests, otp":           {models.MessageFilter{Test: &no, Category: policy.OTP}, []int{9}},
		"open":                    {models.MessageFilter{Open: true}, []int{11}},
		"an account":              {models.MessageFilter{Account: "sms-main"}, []int{1}},
		"a channel tried":         {models.MessageFilter{AttemptChannel: policy.SMS}, []int{1, 0}},
		"an account and channel":  {models.MessageFilter{Account: "oa-main", AttemptChannel: policy.SMS}, []int{0}},
		"unknown":                 {models.MessageFilter{Unknown: true}, []int{2}},
		"since":                   {models.MessageFilter{CreatedAfter: last.CreatedAt}, []int{12}},
		"before":                  {models.MessageFilter{CreatedBefore: all[1].CreatedAt}, []int{0}},
	}
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		insert(t, s, all...)
		commit(t, s, func(ctx context.Context, tx *models.Tx) error {
			attempt := func(m *models.Message, account string, ch policy.Channel, status policy.AttemptStatus, class policy.Class) *models.Attempt {
				a := newAttempt(m, 1)
				a.Account, a.Channel, a.Status, a.Class, a.SentAt = account, ch, status, class, 0
				return a
			}
			return tx.InsertAttempts(ctx, []*models.Attempt{
				attempt(all[0], "oa-main", policy.SMS, policy.AttemptDelivered, policy.ClassUnknown), // settled
				attempt(all[1], "sms-main", policy.SMS, policy.AttemptSent, ""),
				attempt(all[2], "oa-main", policy.ZNS, policy.AttemptTimedOut, policy.ClassUnknown),
			})
		})
		other := newMessage()
		other.TenantID, other.Metadata, other.TransactionID = uuid.New(), []byte(`{"order":"A-2"}`), "T-1"
		insert(t, s, other)
		for name, kind := range kinds {
			var want []uuid.UUID
			for _, i := range kind.want {
				want = append(want, all[i].ID)
			}
			if got := found(t, s, kind.f); !slices.Equal(got, want) {
				t.Errorf("%s: found %v, want %v", name, got, want)
			}
		}
		prefix := models.MessageFilter{IDFrom: all[0].ID, IDTo: all[4].ID}
		if got := found(t, s, prefix); len(got) != 5 {
			t.Errorf("found %d messages within bounds of the id, want 5", len(got))
		}
	})
}

// What an index leads to too much of is looked through, in strides.
func TestManyMessagesAreLookedThrough(t *testing.T) {
	const many = 12_000 // more than an index may lead to, and than a stride
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		rows := make([]*models.Message, many)
		for i := range rows {
			m := newMessage()
			m.To, m.TransactionID, m.Template = "+84900000001", "T", "common"
			if i == 7 {
				m.Template = "rare"
			}
			rows[i] = m
		}
		for part := range slices.Chunk(rows, 1000) {
			insert(t, s, part...)
		}
		for name, f := range map[string]models.MessageFilter{
			"by an index": {Last4: "0001", Template: "rare"},
			"without one": {Template: "rare"},
		} {
			if got := found(t, s, f); !slices.Equal(got, []uuid.UUID{rows[7].ID}) {
				t.Errorf("%s: found %v, want %v", name, got, rows[7].ID)
			}
		}
		for _, most := range []int{1, 1500, many, many + 1} {
			n := 0
			more, err := s.EachMessage(t.Context(), tenant, models.MessageFilter{Last4: "0001"}, most, func(states []models.State) error {
				n += len(states)
				return nil
			})
			if err != nil || n != min(most, many) || more != (most < many) {
				t.Errorf("at most %d of %d: got %d, more %v, %v", most, many, n, more, err)
			}
		}
	})
}

// A message without metadata, or with what is no JSON, is stored like any other.
func TestMetadataThatIsNone(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		for _, metadata := range []string{"", "{}"} {
			m := newMessage()
			m.Metadata = []byte(metadata)
			insert(t, s, m)
		}
		if got := found(t, s, models.MessageFilter{MetadataKey: "order", Metadata: ""}); len(got) != 0 {
			t.Errorf("found %v by metadata that no message has", got)
		}
	})
}

// The messages of before the migration are found by their metadata like later ones.
func TestMetadataOfOldMessages(t *testing.T) {
	s := modelstest.Open(t, models.SQLite) // Postgres builds an index
	migration, err := os.ReadFile("migrations/sqlite/0011_find.sql")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(migration), "INSERT OR IGNORE")
	backfill, _, ok := strings.Cut(rest, ";")
	if !ok {
		t.Fatal("the migration fills nothing in")
	}
	m, none := newMessage(), newMessage()
	m.Metadata, none.Metadata = []byte(`{"order":"A-1","shop":"1"}`), []byte("")
	insert(t, s, m, none)
	for _, text := range []string{"DELETE FROM message_metadata", "INSERT OR IGNORE" + backfill} {
		if _, err := s.Hot().ExecContext(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	if got := found(t, s, models.MessageFilter{MetadataKey: "shop", Metadata: "1"}); !slices.Equal(got, []uuid.UUID{m.ID}) {
		t.Errorf("found %v, want %v", got, m.ID)
	}
}
