package models_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"cascade/models"
	"cascade/models/modelstest"
)

// catalogue lists tables, columns and indexes of each engine in the same words. Migrations' own table is left out.
var catalogue = map[string]string{
	models.SQLite: `
		SELECT t.name || '.' || c.name FROM sqlite_schema t JOIN pragma_table_xinfo(t.name) c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE 'goose_%'
		UNION ALL SELECT 'index ' || name FROM sqlite_schema WHERE type = 'index' AND name NOT LIKE 'sqlite_%'`,
	models.Postgres: `
		SELECT table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name NOT LIKE 'goose_%'
		UNION ALL SELECT 'index ' || indexname FROM pg_indexes
		WHERE schemaname = 'public' AND tablename NOT LIKE 'goose_%' AND indexname NOT LIKE '%_pkey'
		AND indexname NOT LIKE '%_key'`,
}

// metadataOf is what messages are found by their metadata with: an index of documents, where there is such a thing.
var metadataOf = map[string]string{models.SQLite: "message_metadata.", models.Postgres: "index messages_metadata"}

func TestEnginesHaveTheSameSchema(t *testing.T) {
	schemas := map[string][]string{}
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		schema := list(t, s.Hot(), catalogue[s.Dialect()])
		schema = slices.DeleteFunc(schema, func(name string) bool { return strings.HasPrefix(name, metadataOf[s.Dialect()]) })
		slices.Sort(schema)
		schemas[s.Dialect()] = schema
		if !slices.Contains(schema, "messages.to_phone") || !slices.Contains(schema, "index attempts_live") {
			t.Errorf("tables or indexes are missing: %v", schema)
		}
	})
	if postgres, ok := schemas[models.Postgres]; ok {
		equal(t, schemas[models.SQLite], postgres)
	}
}

// NULL is for what most rows have none of. Anywhere else a comparison could lose a row unseen.
func TestHotColumnsThatMayBeNull(t *testing.T) {
	nullable := map[string]string{
		models.SQLite: `SELECT t.name || '.' || c.name FROM sqlite_schema t JOIN pragma_table_xinfo(t.name) c
			WHERE t.type = 'table' AND c."notnull" = 0`,
		models.Postgres: `SELECT table_name || '.' || column_name FROM information_schema.columns
			WHERE table_schema = 'public' AND is_nullable = 'YES'`,
	}
	hot := []string{"messages.", "attempts.", "receipts.", "charges.", "dedupe_keys.", "callback_deliveries."}
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		var found []string
		for _, column := range list(t, s.Hot(), nullable[s.Dialect()]) {
			if slices.ContainsFunc(hot, func(table string) bool { return strings.HasPrefix(column, table) }) {
				found = append(found, column)
			}
		}
		slices.Sort(found)
		equal(t, found, models.SparseColumns())
	})
}

// list reads the first column of a query.
func list(t *testing.T, db *sql.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return lines(t, rows)
}

// lines reads rows of one text column, and closes them.
func lines(t *testing.T, rows *sql.Rows) []string {
	t.Helper()
	defer rows.Close()
	var out []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		out = append(out, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
