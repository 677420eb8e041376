package models

import (
	"context"
	"database/sql"
	"slices"

	"github.com/google/uuid"
)

// What tests of plans and constraints need to see.
var (
	LockDueSQL        = lockDue + lockRows
	LockQueuedSQL     = lockQueued + lockRows
	NextDueSQL        = nextDue
	QueuedAccountsSQL = queuedAccounts
	FinishDeliverySQL = finishDelivery
	VersionLess       = versionLess
)

// BatchSQL is each batched statement that joins its rows with a table, as Postgres gets it, and how many arrays it takes.
func BatchSQL(name string) (text string, arrays int) {
	switch name {
	case "update messages":
		return updateMessages.postgres, len(updateMessages.columns)
	case "update attempts":
		return updateAttempts.postgres, len(updateAttempts.columns)
	case "load plans":
		return loadPlans.postgres, len(loadPlans.columns)
	case "load messages":
		return loadMessages.postgres, len(loadMessages.columns)
	case "load attempts":
		return loadAttempts.postgres, len(loadAttempts.columns)
	case "find attempts":
		return findAttempts.postgres, len(findAttempts.columns)
	case "find contacts":
		return findContacts.postgres, len(findContacts.columns)
	case "match receipts":
		return matchReceipts.postgres, len(matchReceipts.columns)
	}
	return "", 0
}

// SparseColumns names the columns of hot tables in which NULL stands for 0 or for no id, sorted.
func SparseColumns() []string {
	names := slices.Concat(sparseOf("messages.", messageColumns), sparseOf("attempts.", attemptColumns), sparseOf("receipts.", receiptColumns))
	slices.Sort(names)
	return names
}

func sparseOf[R any](table string, columns []column[R]) (names []string) {
	for _, c := range columns {
		if c.value(new(R)) == nil {
			names = append(names, table+c.name)
		}
	}
	return names
}

// Hot is the pool of the batched statements.
func (s *Store) Hot() *sql.DB { return s.hot }

// Query runs a statement in the report's snapshot.
func (r *Report) Query(query string, args ...any) (*sql.Rows, error) {
	return r.tx.Raw(query, args...).Rows()
}

// ReadRoll is the first half of a roll; the second writes what was read.
func (s *Store) ReadRoll(ctx context.Context, tenant uuid.UUID, first, end int64) (write func() error, err error) {
	r, err := s.readRoll(ctx, tenant, first, end)
	return func() error { return s.write.WithContext(ctx).Transaction(r.write) }, err
}

// CostRows is Report.Costs without what was paid twice.
func (s *Store) CostRows(ctx context.Context, q CostQuery) (rows []CostRow, err error) {
	err = s.Report(ctx, func(r *Report) error {
		rows, _, err = r.Costs(q)
		return err
	})
	return rows, err
}

// PaidTwiceLate is what Report.Costs says of it.
func (s *Store) PaidTwiceLate(ctx context.Context, tenant uuid.UUID, from, to int64) (late map[string]int64, err error) {
	err = s.Report(ctx, func(r *Report) error {
		_, late, err = r.Costs(CostQuery{TenantID: tenant, From: from, To: to})
		return err
	})
	return late, err
}
