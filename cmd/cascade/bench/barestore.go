package bench

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"cascade/models"
)

// bareStore writes the ceiling's two tables: a message, and an attempt for each channel.
type bareStore interface {
	// write commits a batch and answers how many statements that took.
	write(batch []*bareFact) (statements int, err error)
	close() error
}

// openBare makes the tables and answers how many may write at once.
func openBare(db *database) (s bareStore, writers int, err error) {
	if db.store.Dialect() == models.SQLite {
		s, err = openBareSQLite(strings.Replace(db.url, "sqlite://", "file:", 1) + ".ceiling?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(-32000)&_pragma=wal_autocheckpoint(8000)&_txlock=immediate")
		return s, 1, err
	}
	s, err = openBarePostgres(db.url)
	return s, 2, err
}

type barePostgres struct{ db *sql.DB }

// The statements of a batch, one for each kind of fact in it.
const (
	bareInsert = `WITH m AS (INSERT INTO bare_messages (id, phone, content) SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[]) RETURNING id)
		INSERT INTO bare_attempts (message_id, channel, status) SELECT id, 1, 0 FROM m`
	bareUpdate = `WITH r AS (SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS r(id, channel, due_at)),
		m AS (UPDATE bare_messages SET status = 1, channel = r.channel, due_at = r.due_at FROM r WHERE bare_messages.id = r.id AND status < 2)
		INSERT INTO bare_attempts (message_id, channel, status, provider_id) SELECT id, channel, 1, 'af64d565000000000004' FROM r
		ON CONFLICT (message_id, channel) DO UPDATE SET status = 1, provider_id = excluded.provider_id`
	bareFinish = `WITH r AS (SELECT * FROM unnest($1::bigint[], $2::bigint[]) AS r(id, channel)),
		m AS (UPDATE bare_messages SET status = 2, due_at = 0, cost = 200 FROM r WHERE bare_messages.id = r.id)
		INSERT INTO bare_attempts (message_id, channel, status) SELECT id, channel, 2 FROM r
		ON CONFLICT (message_id, channel) DO UPDATE SET status = 2`
)

// indexed adds to a Postgres address the plans of fresh tables: without statistics Postgres would hash them at every batch.
func indexed(address string) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + "enable_seqscan=off&enable_hashjoin=off&enable_mergejoin=off&enable_bitmapscan=off"
}

func openBarePostgres(address string) (*barePostgres, error) {
	db, err := sql.Open("pgx", indexed(address))
	if err != nil {
		return nil, err
	}
	_, err = db.ExecContext(context.Background(), `DROP TABLE IF EXISTS bare_messages, bare_attempts;
		CREATE TABLE bare_messages (id bigint PRIMARY KEY, phone text NOT NULL, content text NOT NULL, status smallint NOT NULL DEFAULT 0,
			channel smallint NOT NULL DEFAULT 1, due_at bigint NOT NULL DEFAULT 0, cost bigint NOT NULL DEFAULT 0, created_at timestamptz NOT NULL DEFAULT now());
		CREATE INDEX ON bare_messages (due_at) WHERE status < 2;
		CREATE TABLE bare_attempts (message_id bigint NOT NULL, channel smallint NOT NULL, status smallint NOT NULL, provider_id text,
			created_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (message_id, channel))`)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &barePostgres{db}, nil
}

func (s *barePostgres) close() error { return s.db.Close() }

func (s *barePostgres) write(batch []*bareFact) (statements int, err error) {
	var ids, channels, due [3][]int64
	var phones, contents []string
	for _, f := range batch {
		ids[f.kind], channels[f.kind], due[f.kind] = append(ids[f.kind], f.id), append(channels[f.kind], int64(f.channel)), append(due[f.kind], f.due)
		if f.kind == bareAccept {
			phones, contents = append(phones, f.to), append(contents, f.content)
		}
	}
	run := func(kind bareKind, text string, args ...any) error {
		if len(ids[kind]) == 0 {
			return nil
		}
		statements++
		_, err := s.db.ExecContext(context.Background(), text, args...)
		return err
	}
	err = errors.Join(run(bareAccept, bareInsert, ids[bareAccept], phones, contents),
		run(bareSent, bareUpdate, ids[bareSent], channels[bareSent], due[bareSent]),
		run(bareEnd, bareFinish, ids[bareEnd], channels[bareEnd]))
	return statements, err
}

type bareSQLite struct {
	db       *sql.DB
	prepared map[string]*sql.Stmt
}

// bareSteps are the statements of each kind of fact, in order.
var bareSteps = map[bareKind][]string{
	bareAccept: {
		"INSERT INTO bare_messages (id, phone, content) VALUES ($1, $2, $3)",
		"INSERT INTO bare_attempts (message_id, channel, status) VALUES ($1, 1, 0)",
	},
	bareSent: {
		"UPDATE bare_messages SET status = 1, channel = $2, due_at = $3 WHERE id = $1 AND status < 2",
		"INSERT INTO bare_attempts (message_id, channel, status, provider_id) VALUES ($1, $2, 1, 'af64d565000000000004') ON CONFLICT DO UPDATE SET status = 1, provider_id = excluded.provider_id",
	},
	bareEnd: {
		"UPDATE bare_messages SET status = 2, due_at = 0, cost = 200 WHERE id = $1",
		"INSERT INTO bare_attempts (message_id, channel, status) VALUES ($1, $2, 2) ON CONFLICT DO UPDATE SET status = 2",
	},
}

func openBareSQLite(address string) (_ *bareSQLite, err error) {
	s := &bareSQLite{prepared: map[string]*sql.Stmt{}}
	if s.db, err = sql.Open("sqlite", address); err != nil {
		return nil, err
	}
	s.db.SetMaxOpenConns(1)
	_, err = s.db.ExecContext(context.Background(), `CREATE TABLE bare_messages (id INTEGER PRIMARY KEY, phone TEXT NOT NULL, content TEXT NOT NULL,
			status INTEGER NOT NULL DEFAULT 0, channel INTEGER NOT NULL DEFAULT 1, due_at INTEGER NOT NULL DEFAULT 0, cost INTEGER NOT NULL DEFAULT 0);
		CREATE INDEX bare_due ON bare_messages (due_at) WHERE status < 2;
		CREATE TABLE bare_attempts (message_id INTEGER NOT NULL, channel INTEGER NOT NULL, status INTEGER NOT NULL, provider_id TEXT,
			PRIMARY KEY (message_id, channel)) WITHOUT ROWID`)
	for _, texts := range bareSteps {
		for _, text := range texts {
			if err == nil {
				s.prepared[text], err = s.db.PrepareContext(context.Background(), text)
			}
		}
	}
	if err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

func (s *bareSQLite) close() error { return s.db.Close() }

func (s *bareSQLite) write(batch []*bareFact) (statements int, err error) {
	ctx := context.Background()
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback() // nothing after a commit
	for _, f := range batch {
		args := [][]any{{f.id, f.to, f.content}, {f.id}}
		switch f.kind {
		case bareSent:
			args = [][]any{{f.id, f.channel, f.due}, {f.id, f.channel}}
		case bareEnd:
			args = [][]any{{f.id}, {f.id, f.channel}}
		}
		for i, text := range bareSteps[f.kind] {
			if _, err := tx.StmtContext(ctx, s.prepared[text]).ExecContext(ctx, args[i]...); err != nil {
				return statements, err
			}
			statements++
		}
	}
	return statements, tx.Commit()
}
