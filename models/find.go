package models

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"cascade/policy"
)

// MessageFilter narrows a list of messages. A zero field does not narrow.
type MessageFilter struct {
	Status  policy.MessageStatus
	Channel policy.Channel // the one that reached the person, or is under way
	To      string         // E.164
	Last4   string         // the number's last four digits
	// IDFrom and IDTo bound the id, both in.
	IDFrom, IDTo          uuid.UUID
	Template              string
	Policy                string // name
	TransactionID         string
	Category              policy.Category
	Reason                string
	Operator              string
	Test                  *bool
	MetadataKey, Metadata string // a name and its value
	// Account and AttemptChannel are those of one attempt.
	Account        string // name when it was tried
	AttemptChannel policy.Channel
	Open           bool  // no final status yet
	Unknown        bool  // has an attempt whose outcome is unknown and was never settled
	CreatedAfter   int64 // at or after
	CreatedBefore  int64 // before
}

// How a search goes about it. What an index leads to is read from there, unless that is too much to sort: then, as without an
// index, the messages are looked through, newest first.
const (
	// fewFound is how many messages an index may lead to.
	fewFound = 5000
	// stride is how many messages are looked through at a time.
	stride = 1000
	// glance is how many of the newest are looked through before an index is asked: what is common is found among them.
	glance = 500
	// lookFor is how long a search goes on looking through messages before it answers what it has.
	lookFor = 150 * time.Millisecond
	// exportPage is how many messages are read at a time for whoever wants all of them.
	exportPage = 1000
)

// Messages lists a tenant's messages, newest first, and the next page's cursor. A search that finds little among many messages
// ends after a while with less than limit, be it nothing, and the cursor from which to look further: there is more to look
// through as long as there is a cursor.
func (s *Store) Messages(ctx context.Context, tenant uuid.UUID, f MessageFilter, cursor string, limit int) ([]Message, string, error) {
	before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	while, cancel := context.WithTimeout(ctx, lookFor)
	defer cancel()
	rows, next, err := s.search(tenant, f).page(ctx, while, before, limit)
	if err != nil || next == uuid.Nil {
		return rows, "", err
	}
	return rows, cursorOf(next), nil
}

// EachMessage hands the messages that match with their attempts to take, newest first and some at a time: at most most of them, which is 1 or more.
// more reports whether there are others.
func (s *Store) EachMessage(ctx context.Context, tenant uuid.UUID, f MessageFilter, most int, take func([]State) error) (more bool, err error) {
	search, before := s.search(tenant, f), uuid.Nil
	for {
		rows, next, err := search.page(ctx, ctx, before, min(exportPage, most))
		if err != nil {
			return false, err
		}
		states, err := s.withAttempts(ctx, rows)
		if err == nil {
			err = take(states)
		}
		if err != nil || next == uuid.Nil {
			return false, err
		}
		if most -= len(rows); most == 0 {
			return true, nil
		}
		before = next
	}
}

func (s *Store) withAttempts(ctx context.Context, rows []Message) ([]State, error) {
	refs := make([]Ref, len(rows))
	for i, m := range rows {
		refs[i] = Ref{m.TenantID, m.ID}
	}
	attempts, err := readAttempts(ctx, s.reader(), refs)
	if err != nil {
		return nil, err
	}
	states := make([]State, len(rows))
	for i, m := range rows {
		states[i] = State{m, attempts[refs[i]]}
	}
	return states, nil
}

// term is a part of a WHERE clause.
type term struct {
	text string
	args []any
}

// shortcut is an index that leads to few messages: column of from holds their ids.
type shortcut struct {
	from, column string
	where        []term
}

// search is a filter as SQL.
type search struct {
	s        *Store
	tenant   uuid.UUID
	from, to uuid.UUID // bounds of the id, both in; uuid.Nil: none
	where    []term
	cuts     []shortcut // the first that leads to few is taken
}

func (s *Store) search(tenant uuid.UUID, f MessageFilter) *search {
	q := &search{s: s, tenant: tenant, from: f.IDFrom, to: f.IDTo}
	for _, c := range []struct{ column, value string }{
		{"status", string(f.Status)},
		{"channel", string(f.Channel)},
		{"template", f.Template},
		{"policy_name", f.Policy},
		{"category", string(f.Category)},
		{"reason", f.Reason},
		{"operator", f.Operator},
	} {
		if c.value != "" {
			q.and(c.column+" = ?", c.value)
		}
	}
	if f.Test != nil {
		q.and("test = ?", *f.Test)
	}
	q.phone(f)
	q.transaction(f.TransactionID)
	q.metadata(f)
	q.attempts(f)
	if f.Open {
		open := q.and("status IN ?", []policy.MessageStatus{policy.Accepted, policy.Scheduled, policy.Sending})
		q.cut("messages", "messages_due", "id", open, term{text: "due_at > 0"}) // an open message has a timer
	}
	q.created(f.CreatedAfter, f.CreatedBefore)
	return q
}

// created bounds when a message was made, and with it the id. A window of few messages is found by its index.
func (q *search) created(after, before int64) {
	const since, until = "created_at >= ?", "created_at < ?"
	if after != 0 {
		q.and("+"+since, after)
		if first := firstID(after); bytes.Compare(first[:], q.from[:]) > 0 {
			q.from = first
		}
	}
	if before != 0 {
		q.and("+"+until, before)
		if last := lastID(before); q.to == uuid.Nil || bytes.Compare(last[:], q.to[:]) < 0 {
			q.to = last
		}
	}
	if after != 0 && before != 0 {
		q.cut("messages", "messages_created", "id", term{since, []any{after}}, term{until, []any{before}})
	}
}

// lastID is at least the id of any message that was created before a time, unless the clock was set back by more than idSkew: ids
// only grow, and are ahead of it then.
func lastID(until int64) uuid.UUID {
	id := firstID(until + 2*idSkew)
	for i := 6; i < len(id); i++ {
		id[i] = 0xff
	}
	return id
}

// and adds a condition. One on a column that has an index is written so that it is not used: it does not lead to the newest first,
// and to how many nobody knows. The shortcuts are what indexes are for.
func (q *search) and(text string, args ...any) term {
	t := term{text, args}
	q.where = append(q.where, t)
	return t
}

// cut adds a shortcut by an index. SQLite gathers no statistics, and is told.
func (q *search) cut(table, index, column string, where ...term) {
	if q.s.dialect == SQLite {
		table += " INDEXED BY " + index
	}
	q.cuts = append(q.cuts, shortcut{table, column, where})
}

// phone finds numbers by their end, which is what the index begins with.
func (q *search) phone(f MessageFilter) {
	end := "right(to_phone, 4) = ?"
	if q.s.dialect == SQLite {
		end = "substr(to_phone, -4) = ?"
	}
	switch {
	case f.To != "":
		number := q.and("to_phone = ?", f.To)
		q.cut("messages", "messages_phone", "id", term{end, []any{f.To[max(len(f.To)-4, 0):]}}, number)
		if f.Last4 != "" {
			q.and("to_phone LIKE ?", "%"+f.Last4)
		}
	case f.Last4 != "":
		q.cut("messages", "messages_phone", "id", term{end, []any{f.Last4}})
		q.and("to_phone LIKE ?", "%"+f.Last4)
	}
}

func (q *search) transaction(id string) {
	if id != "" {
		q.and("transaction_id || '' = ?", id)
		q.cut("messages", "messages_transaction", "id", term{"transaction_id = ?", []any{id}}, term{text: "transaction_id <> ''"})
	}
}

// metadata finds a name with its value: on Postgres by an index of the documents, on SQLite in a table of their entries.
func (q *search) metadata(f MessageFilter) {
	if f.MetadataKey == "" {
		return
	}
	if q.s.dialect == SQLite {
		entry := term{"tenant_id = ? AND key = ? AND value = ?", []any{q.tenant, f.MetadataKey, f.Metadata}}
		q.and("EXISTS (SELECT 1 FROM message_metadata e WHERE e.tenant_id = messages.tenant_id AND e.key = ? AND e.value = ? "+
			"AND e.message_id = messages.id)", f.MetadataKey, f.Metadata)
		q.cuts = append(q.cuts, shortcut{"message_metadata", "message_id", []term{entry}})
		return
	}
	const kept, holds = "metadata <> '' AND metadata <> '{}'", "metadata::jsonb @> jsonb_build_object(?::text, ?::text)"
	q.and("CASE WHEN "+kept+" THEN "+holds+" ELSE false END", f.MetadataKey, f.Metadata)
	q.cut("messages", "messages_metadata", "id", term{kept + " AND " + holds, []any{f.MetadataKey, f.Metadata}})
}

// unsettled is an attempt of which nobody knows whether the provider took it. The first condition leads to its index.
const unsettled = "class = 'unknown' AND status IN ('unknown', 'timed_out') AND sent_at IS NULL"

func (q *search) attempts(f MessageFilter) {
	// A limit keeps Postgres from joining all attempts there are.
	const of, is = "(SELECT 1 FROM attempts a WHERE a.tenant_id = messages.tenant_id AND a.message_id = messages.id AND ", " LIMIT 1) = 1"
	var texts []string
	var args []any
	if f.Account != "" {
		texts, args = append(texts, "a.account = ?"), append(args, f.Account)
	}
	if f.AttemptChannel != "" {
		texts, args = append(texts, "a.channel = ?"), append(args, f.AttemptChannel)
	}
	if len(texts) > 0 {
		q.and(of+strings.Join(texts, " AND ")+is, args...)
	}
	if f.Unknown {
		q.and(of + unsettled + is)
		q.cut("attempts", "attempts_unknown", "message_id", term{text: unsettled})
	}
}

// page answers up to limit messages before an id, uuid.Nil for the newest, and the id before which to go on; uuid.Nil: that was
// all. Without an index it looks for as long as while does, and in one stride at least.
func (q *search) page(ctx, while context.Context, before uuid.UUID, limit int) ([]Message, uuid.UUID, error) {
	if q.to != uuid.Nil && (before == uuid.Nil || bytes.Compare(q.to[:], before[:]) < 0) {
		if before = follower(q.to); before == uuid.Nil {
			return nil, uuid.Nil, errors.New("models: no id is above the last one")
		}
	}
	rows, next, err := q.find(ctx, while, before, limit)
	if err != nil {
		return nil, uuid.Nil, fmt.Errorf("find messages: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].ID
	}
	return rows, next, q.s.reader().readPlans(ctx, rows)
}

// follower is the id that comes next; uuid.Nil after the last.
func follower(id uuid.UUID) uuid.UUID {
	for i := len(id) - 1; i >= 0; i-- {
		if id[i]++; id[i] != 0 {
			break
		}
	}
	return id
}

// find is page with one message more than limit, if there is one.
func (q *search) find(ctx, while context.Context, before uuid.UUID, limit int) (rows []Message, next uuid.UUID, err error) {
	l := look[Message]{db: q.s.read, tenant: q.tenant, from: q.from, where: q.where}
	if len(q.cuts) > 0 {
		if rows, _, err := l.stride(ctx, before, glance, limit+1); err != nil || len(rows) > limit {
			return rows, uuid.Nil, err
		}
	}
	for _, cut := range q.cuts {
		ids, err := q.led(ctx, cut, before)
		if err != nil {
			return nil, uuid.Nil, err
		}
		if len(ids) <= fewFound {
			rows, err := q.among(ctx, ids, limit)
			return rows, uuid.Nil, err
		}
	}
	return l.through(ctx, while, before, limit)
}

// led answers the ids that a shortcut leads to, in no order: all, or more than fewFound.
func (q *search) led(ctx context.Context, cut shortcut, before uuid.UUID) (ids []uuid.UUID, err error) {
	db := q.s.read.WithContext(ctx).Table(cut.from).Where("tenant_id = ?", q.tenant)
	if before != uuid.Nil {
		db = db.Where(cut.column+" < ?", before)
	}
	if q.from != uuid.Nil {
		db = db.Where(cut.column+" >= ?", q.from)
	}
	for _, t := range cut.where {
		db = db.Where(t.text, t.args...)
	}
	err = db.Limit(fewFound+1).Pluck(cut.column, &ids).Error
	return ids, err
}

// among answers the newest messages of ids that match.
func (q *search) among(ctx context.Context, ids []uuid.UUID, limit int) (rows []Message, err error) {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(b[:], a[:]) })
	ids = slices.Compact(ids) // several attempts may lead to one message
	for some := limit + 1; len(ids) > 0 && len(rows) <= limit; some = exportPage {
		n := min(some, len(ids))
		var more []Message
		db := q.s.read.WithContext(ctx).Where("tenant_id = ? AND id IN ?", q.tenant, ids[:n])
		for _, t := range q.where {
			db = db.Where(t.text, t.args...)
		}
		if err := db.Order("id DESC").Find(&more).Error; err != nil {
			return nil, err
		}
		rows, ids = append(rows, more...), ids[n:]
	}
	return rows, nil
}

// look goes through a tenant's rows of a table, newest first.
type look[T any] struct {
	db     *gorm.DB
	tenant uuid.UUID
	from   uuid.UUID // the least id; uuid.Nil: none
	where  []term
}

// through answers up to one row more than limit before an id, a stride at a time. It may end early, after while: next is where.
func (l look[T]) through(ctx, while context.Context, before uuid.UUID, limit int) (rows []T, next uuid.UUID, err error) {
	for {
		more, last, err := l.stride(ctx, before, stride, limit+1-len(rows))
		if err != nil {
			return nil, uuid.Nil, err
		}
		rows = append(rows, more...)
		if len(rows) > limit || last == uuid.Nil {
			return rows, uuid.Nil, nil
		}
		before = last
		if while.Err() != nil {
			return rows, before, ctx.Err()
		}
	}
}

// stride looks through size rows before an id for up to most that match. last is the id that it came to; uuid.Nil: the end.
func (l look[T]) stride(ctx context.Context, before uuid.UUID, size, most int) (rows []T, last uuid.UUID, err error) {
	db := l.bounded(ctx, before)
	if len(l.where) > 0 {
		var ids []uuid.UUID
		if err := l.bounded(ctx, before).Model(new(T)).Offset(size-1).Limit(1).Pluck("id", &ids).Error; err != nil {
			return nil, uuid.Nil, err
		}
		if len(ids) > 0 {
			last = ids[0]
			l.from = last // one bound: of two, SQLite starts from the first, and goes on to the end of the search
			db = l.bounded(ctx, before)
		}
	}
	for _, t := range l.where {
		db = db.Where(t.text, t.args...)
	}
	err = db.Limit(most).Find(&rows).Error
	return rows, last, err
}

func (l look[T]) bounded(ctx context.Context, before uuid.UUID) *gorm.DB {
	db := l.db.WithContext(ctx).Where("tenant_id = ?", l.tenant)
	if before != uuid.Nil {
		db = db.Where("id < ?", before)
	}
	if l.from != uuid.Nil {
		db = db.Where("id >= ?", l.from)
	}
	return db.Order("id DESC")
}
