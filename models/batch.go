package models

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// A batch is one SQL text over many rows: "{rows}" in it stands for them as a table named r. Postgres gets one array
// a column and runs one statement for all rows; SQLite, where a statement costs no round trip, runs a prepared one a
// row, in which parameters stand for r's columns. Rows go in order of their key, so that two writers of the same rows wait for one another and never deadlock.
type batch[R any] struct {
	index            int // in the counters
	columns, key     []column[R]
	postgres, sqlite string
}

// hotStatements names every hot statement, in the order in which they are made.
var hotStatements []string

// newBatch makes a batch whose rows carry columns; key orders them.
func newBatch[R any](name, text string, columns, key []column[R]) *batch[R] {
	hotStatements = append(hotStatements, name)
	arrays := make([]string, len(columns))
	for i, c := range columns {
		arrays[i] = "$" + strconv.Itoa(i+1) + "::" + c.sql + "[]"
	}
	rows := "unnest(" + strings.Join(arrays, ", ") + ") AS r(" + names(columns) + ")"
	return &batch[R]{
		index:    len(hotStatements) - 1,
		columns:  columns,
		key:      key,
		postgres: strings.ReplaceAll(text, "{rows}", rows),
		sqlite:   oneRow(text, columns),
	}
}

// locking adds a clause by which Postgres keeps the rows that are read for the transaction; SQLite has one writer anyhow.
func (b *batch[R]) locking(clause string) *batch[R] {
	b.postgres += clause
	return b
}

const union = " UNION ALL "

var columnOfRow = regexp.MustCompile(`\br\.(\w+)`)

// oneRow writes a batch's text for a single row, each part of a union by itself. What joins the rows with a table selects from that table alone; what
// writes them needs no table: SQLite would fill and read one for each statement.
func oneRow[R any](text string, columns []column[R]) string {
	if head, rest, found := strings.Cut(text, union); found {
		return oneRow(head, columns) + union + oneRow(rest, columns)
	}
	text = columnOfRow.ReplaceAllStringFunc(text, func(name string) string {
		i := slices.IndexFunc(columns, func(c column[R]) bool { return "r."+c.name == name })
		return "$" + strconv.Itoa(i+1)
	})
	if head, join, found := strings.Cut(text, " FROM {rows} JOIN "); found {
		return head + " FROM " + strings.Replace(join, " ON ", " WHERE ", 1)
	}
	return strings.Replace(text, " FROM {rows}", "", 1)
}

// run executes b for rows, and hands every row that comes back to scan. A nil scan is for statements without any.
func (b *batch[R]) run(ctx context.Context, q querier, rows []*R, scan func(*sql.Rows) error) error {
	if len(rows) == 0 {
		return nil
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, b.compare)
	q.s.counters.rows[b.index].Add(uint64(len(rows)))
	args := make([]any, len(b.columns))
	if q.s.dialect == Postgres {
		for i, c := range b.columns {
			args[i] = c.array(rows)
		}
		return q.run(ctx, b.postgres, args, scan)
	}
	for _, r := range rows {
		for i, c := range b.columns {
			args[i] = c.value(r)
		}
		if err := q.run(ctx, b.sqlite, args, scan); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch[R]) compare(x, y *R) int {
	for _, c := range b.key {
		if d := c.compare(x, y); d != 0 {
			return d
		}
	}
	return 0
}

// column is one column of R: how it is written on each database, and where it is read into.
type column[R any] struct {
	name, sql string // sql is the type on Postgres
	value     func(*R) any
	array     func([]*R) any
	target    func(*R) any
	compare   func(x, y *R) int
}

// newColumn makes a column of fields of type F, written as W.
func newColumn[R, F, W any](name, sql string, field func(*R) *F, write func(F) W, compare func(x, y F) int) column[R] {
	return column[R]{
		name:   name,
		sql:    sql,
		value:  func(r *R) any { return write(*field(r)) },
		target: func(r *R) any { return field(r) },
		array: func(rows []*R) any {
			ws := make([]W, len(rows))
			for i, r := range rows {
				ws[i] = write(*field(r))
			}
			return ws
		},
		compare: func(x, y *R) int { return compare(*field(x), *field(y)) },
	}
}

func same[T any](v T) T { return v }

func text[R any](name string, field func(*R) *string) column[R] {
	return newColumn(name, "text", field, Storable, cmp.Compare[string])
}

// Storable is a text as every database takes it: valid UTF-8 without NUL. Providers' words go into rows, and one bad
// byte must not keep a batch from being stored.
func Storable(text string) string {
	if strings.IndexByte(text, 0) < 0 && utf8.ValidString(text) {
		return text
	}
	return strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\uFFFD")
}

func integer[R any](name string, field func(*R) *int64) column[R] {
	return newColumn(name, "bigint", field, same[int64], cmp.Compare[int64])
}

func boolean[R any](name string, field func(*R) *bool) column[R] {
	return newColumn(name, "boolean", field, same[bool], func(_, _ bool) int { return 0 })
}

// binary is for bytes as they came.
func binary[R any](name string, field func(*R) *[]byte) column[R] {
	return newColumn(name, "bytea", field, func(b []byte) []byte { return append([]byte{}, b...) }, bytes.Compare)
}

// document is for JSON, which is kept as text.
func document[R any](name string, field func(*R) *[]byte) column[R] {
	return newColumn(name, "text", field, func(b []byte) string { return string(b) }, bytes.Compare)
}

func id[R any](name string, field func(*R) *uuid.UUID) column[R] {
	c := newColumn(name, "uuid", field, uuid.UUID.String, func(x, y uuid.UUID) int { return bytes.Compare(x[:], y[:]) })
	c.array = func(rows []*R) any {
		ids := make(pgtype.FlatArray[pgtype.UUID], len(rows))
		for i, r := range rows {
			ids[i] = pgtype.UUID{Bytes: *field(r), Valid: true}
		}
		return ids
	}
	return c
}

// sparse is an integer that is 0 in most rows, which is stored as NULL: it takes no room.
func sparse[R any](name string, field func(*R) *int64) column[R] {
	c := integer(name, field)
	c.value = func(r *R) any {
		if v := *field(r); v != 0 {
			return v
		}
		return nil
	}
	c.array = func(rows []*R) any {
		values := make(pgtype.FlatArray[pgtype.Int8], len(rows))
		for i, r := range rows {
			v := *field(r)
			values[i] = pgtype.Int8{Int64: v, Valid: v != 0}
		}
		return values
	}
	c.target = func(r *R) any { return (*orZero)(field(r)) }
	return c
}

// sparseDocument is JSON that most rows have none of, which is stored as NULL.
func sparseDocument[R any](name string, field func(*R) *[]byte) column[R] {
	c := document(name, field)
	c.value = func(r *R) any {
		if v := *field(r); len(v) > 0 {
			return string(v)
		}
		return nil
	}
	c.array = func(rows []*R) any {
		values := make(pgtype.FlatArray[pgtype.Text], len(rows))
		for i, r := range rows {
			v := *field(r)
			values[i] = pgtype.Text{String: string(v), Valid: len(v) > 0}
		}
		return values
	}
	return c
}

// orZero reads NULL as 0.
type orZero int64

// Scan is sql.Scanner's.
func (z *orZero) Scan(from any) error {
	switch v := from.(type) {
	case nil:
		*z = 0
	case int64:
		*z = orZero(v)
	default:
		return fmt.Errorf("an integer column holds %T", from)
	}
	return nil
}

// sparseID is an id that most rows have none of: uuid.Nil is stored as NULL.
func sparseID[R any](name string, field func(*R) *uuid.UUID) column[R] {
	c := id(name, field)
	c.value = func(r *R) any {
		if v := *field(r); v != uuid.Nil {
			return v.String()
		}
		return nil
	}
	c.array = func(rows []*R) any {
		ids := make(pgtype.FlatArray[pgtype.UUID], len(rows))
		for i, r := range rows {
			v := *field(r)
			ids[i] = pgtype.UUID{Bytes: v, Valid: v != uuid.Nil}
		}
		return ids
	}
	return c
}

// names lists columns for SQL, each behind prefix.
func names[R any](columns []column[R], prefix ...string) string {
	var b strings.Builder
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		for _, p := range prefix {
			b.WriteString(p)
		}
		b.WriteString(c.name)
	}
	return b.String()
}

// assign writes "name = r.name" for each column, from the row source named source.
func assign[R any](columns []column[R], source string) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = c.name + " = " + source + "." + c.name
	}
	return strings.Join(parts, ", ")
}

// scanInto reads the current row into r.
func scanInto[R any](rows *sql.Rows, columns []column[R], r *R) error {
	targets := make([]any, len(columns))
	for i, c := range columns {
		targets[i] = c.target(r)
	}
	return rows.Scan(targets...)
}

// collect makes a scan function that appends rows to out.
func collect[R any](columns []column[R], out *[]R) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var r R
		if err := scanInto(rows, columns, &r); err != nil {
			return err
		}
		*out = append(*out, r)
		return nil
	}
}

// querier runs statements in a transaction, or on a pool where tx is nil.
type querier struct {
	s  *Store
	db *sql.DB
	tx *sql.Tx
}

func (q querier) run(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) error {
	q.s.counters.statements.Add(1)
	if q.tx == nil {
		if err := q.s.asked(ctx, BeforeRead); err != nil {
			return err
		}
	}
	if q.s.dialect == SQLite { // the driver would start a goroutine a statement to watch ctx; each is done in microseconds
		ctx = context.WithoutCancel(ctx)
	}
	if scan == nil {
		return q.exec(ctx, text, args)
	}
	rows, err := q.query(ctx, text, args)
	if err != nil {
		return translate(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return translate(rows.Err())
}

func (q querier) exec(ctx context.Context, text string, args []any) error {
	stmt, err := q.prepare(ctx, text)
	switch {
	case err != nil:
	case stmt != nil:
		_, err = stmt.ExecContext(ctx, args...)
	case q.tx != nil:
		_, err = q.tx.ExecContext(ctx, text, args...)
	default:
		_, err = q.db.ExecContext(ctx, text, args...)
	}
	return translate(err)
}

func (q querier) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	stmt, err := q.prepare(ctx, text)
	switch {
	case err != nil:
		return nil, err
	case stmt != nil:
		return stmt.QueryContext(ctx, args...)
	case q.tx != nil:
		return q.tx.QueryContext(ctx, text, args...)
	default:
		return q.db.QueryContext(ctx, text, args...)
	}
}

// prepare finds the compiled statement on SQLite. On Postgres it is nil: the driver keeps its own, per connection.
func (q querier) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	known := q.s.prepared[q.db]
	if known == nil {
		return nil, nil
	}
	if q.tx == nil {
		return known.prepare(ctx, q.db, text)
	}
	if stmt := known.get(text); stmt != nil {
		return q.tx.StmtContext(ctx, stmt), nil
	}
	known.want(text)
	return nil, nil
}

// Stats counts the hot road since the Store was opened.
type Stats struct {
	Transactions, Retries, Statements uint64
	// Rows is how many rows each hot statement was given.
	Rows map[string]uint64
}

type counters struct {
	transactions, retries, statements atomic.Uint64
	rows                              []atomic.Uint64
}

// Stats reads the counters.
func (s *Store) Stats() Stats {
	stats := Stats{
		Transactions: s.counters.transactions.Load(),
		Retries:      s.counters.retries.Load(),
		Statements:   s.counters.statements.Load(),
		Rows:         make(map[string]uint64, len(hotStatements)),
	}
	for i, name := range hotStatements {
		stats.Rows[name] = s.counters.rows[i].Load()
	}
	return stats
}
