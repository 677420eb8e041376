package models_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
)

// fill adds finished messages, and some that wait and are due, without statistics being gathered.
const fill = `INSERT INTO messages (tenant_id, id, status, version, due_at, queue_account, priority, queued_at)
	SELECT '0190d3a4-0000-7000-8000-000000000001', gen_random_uuid(), 'sending', 1,
		CASE WHEN i % 4 = 0 THEN i ELSE 0 END,
		CASE WHEN i % 4 = 1 THEN '0190d3a4-0000-7000-8000-0000000000a1'::uuid END, i % 4, i
	FROM generate_series(1, 20000) AS i`

// The plans must hold on a table that was never analysed, with statistics from before it filled, and with true ones.
func TestPlansOnPostgres(t *testing.T) {
	statistics := []struct {
		name  string
		steps []string
	}{
		{"of a start: empty and never analysed", nil},
		{"none", []string{"ALTER TABLE messages SET (autovacuum_enabled = off)", fill}},
		{"of an empty table", []string{"ANALYZE messages", "ALTER TABLE messages SET (autovacuum_enabled = off)", fill}},
		{"true", []string{fill, "ANALYZE messages"}},
	}
	plans := []struct{ name, text, types, args, want string }{
		{"due", models.LockDueSQL, "(bigint, bigint)", "(1000000, 100)", "Index Scan using messages_due"},
		{"queued", models.LockQueuedSQL, "(uuid, bigint)", "('" + account.String() + "', 100)", "Index Scan using messages_queue"},
		{"next", models.NextDueSQL, "", "", "messages_due"},
		{"accounts", models.QueuedAccountsSQL, "", "", "messages_queue"},
		batchPlan("update messages", "Index Scan using messages_pkey"),
		batchPlan("load messages", "Index Scan using messages_pkey"),
		batchPlan("load attempts", "Index Scan using attempts_pkey"),
		batchPlan("find attempts", "Index Scan using attempts_provider"),
		batchPlan("load plans", "Index Scan using plans_pkey"),
		batchPlan("update attempts", "Index Scan using attempts_pkey"),
		batchPlan("find contacts", "Index Scan using unreachable_pkey"),
		batchPlan("match receipts", "Index Scan using receipts_pkey"),
		{
			"finish a delivery", models.FinishDeliverySQL, "", "(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
			"Index Scan using callback_deliveries_pkey",
		},
	}
	never := []string{"Sort", "Seq Scan on", "Bitmap", "Hash", "Merge"}
	modelstest.Each(t, func(t *testing.T, first *models.Store) {
		if first.Dialect() == models.SQLite {
			return // its plans do not depend on what was counted: nobody runs ANALYZE there
		}
		for _, known := range statistics {
			s := modelstest.Open(t, models.Postgres)
			for _, step := range known.steps {
				if _, err := s.Hot().ExecContext(t.Context(), step); err != nil {
					t.Fatal(err)
				}
			}
			for _, p := range plans {
				plan := explain(t, s, p.text, p.types, p.args)
				if !strings.Contains(plan, p.want) {
					t.Errorf("%s, statistics %s: no %s in\n%s", p.name, known.name, p.want, plan)
				}
				for _, word := range never {
					if strings.Contains(plan, word) {
						t.Errorf("%s, statistics %s: %s in\n%s", p.name, known.name, word, plan)
					}
				}
			}
		}
	})
}

// batchPlan is the case of a batched statement, prepared with NULL for each of its arrays.
func batchPlan(name, want string) struct{ name, text, types, args, want string } {
	text, arrays := models.BatchSQL(name)
	args := "(" + strings.TrimSuffix(strings.Repeat("NULL, ", arrays), ", ") + ")"
	return struct{ name, text, types, args, want string }{name, text, "", args, want}
}

// explain shows the plan of a prepared statement: the generic one, as the hot pool uses it.
func explain(t *testing.T, s *models.Store, text, types, args string) string {
	t.Helper()
	conn, err := s.Hot().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), "PREPARE explained "+types+" AS "+text); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.QueryContext(t.Context(), "EXPLAIN EXECUTE explained "+args)
	if err != nil {
		t.Fatal(err)
	}
	plan := strings.Join(lines(t, rows), "\n")
	if _, err := conn.ExecContext(t.Context(), "DEALLOCATE explained"); err != nil {
		t.Fatal(err)
	}
	return plan
}

// On SQLite the claims must walk their index in order, without a temporary tree.
func TestPlansOnSQLite(t *testing.T) {
	s := modelstest.Open(t, models.SQLite)
	for name, tt := range map[string]struct {
		text, index string
		args        []any
	}{
		"due":    {strings.TrimSuffix(models.LockDueSQL, " FOR UPDATE SKIP LOCKED"), "messages_due", []any{1, 2}},
		"queued": {strings.TrimSuffix(models.LockQueuedSQL, " FOR UPDATE SKIP LOCKED"), "messages_queue", []any{uuid.Nil, 2}},
		"next":   {models.NextDueSQL, "messages_due", nil},
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := s.Hot().QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+tt.text, tt.args...)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			var plan []string
			for rows.Next() {
				var id, parent, unused int
				var detail string
				if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
					t.Fatal(err)
				}
				plan = append(plan, detail)
			}
			if got := strings.Join(plan, "\n"); !strings.Contains(got, tt.index) || strings.Contains(got, "TEMP B-TREE") {
				t.Errorf("want %s in order, got\n%s", tt.index, got)
			}
		})
	}
}
