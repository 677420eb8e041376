package orchestrator_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
)

// spoiled is a number that the databases of this test refuse to store.
const spoiled = "+84912000042"

var spoil = map[string][]string{
	models.SQLite: {`CREATE TRIGGER spoil BEFORE INSERT ON messages WHEN NEW.to_phone = '` + spoiled + `' BEGIN SELECT RAISE(ABORT, 'spoiled'); END`},
	models.Postgres: {
		`CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'spoiled'; END $$`,
		`CREATE TRIGGER spoil BEFORE INSERT ON messages FOR EACH ROW WHEN (NEW.to_phone = '` + spoiled + `') EXECUTE FUNCTION spoil()`,
	},
}

// A row that the database refuses fails alone, whatever shares its commit.
func TestOneBadMessageHurtsNoOther(t *testing.T) {
	for _, dialect := range modelstest.Dialects(t) {
		t.Run(dialect, func(t *testing.T) {
			address := modelstest.OpenURL(t, dialect)
			store := modelstest.OpenAt(t, address)
			driver := map[string]string{models.SQLite: "sqlite", models.Postgres: "pgx"}[dialect]
			db, err := sql.Open(driver, strings.TrimPrefix(address, "sqlite://"))
			if err != nil {
				t.Fatal(err)
			}
			for _, statement := range spoil[dialect] {
				if _, err := db.ExecContext(t.Context(), statement); err != nil {
					t.Fatal(err)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			r := orchestratortest.New(t, store, orchestratortest.Config{})
			batch := make([]orchestrator.Submission, 100)
			for i := range batch {
				batch[i] = r.Submission(fmt.Sprintf("+849120000%02d", i))
			}
			for i, out := range r.Engine.AcceptBatch(t.Context(), r.Caller, batch) {
				_, busy := errors.AsType[*orchestrator.BusyError](out.Err)
				if bad := batch[i].To == spoiled; bad != busy || !bad && out.Err != nil {
					t.Errorf("%s: %v", batch[i].To, out.Err)
				}
			}
		})
	}
}
