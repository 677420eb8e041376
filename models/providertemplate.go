package models

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// ProviderTemplate is a template that a provider keeps for an account, as it was seen last.
type ProviderTemplate struct {
	TenantID, AccountID uuid.UUID
	TemplateID          string // the provider's id
	Name                string
	Status, Quality     string // the provider's words, upper case; "" if not told
	Price               int64  // micros of the provider's currency a message; 0: not told
	UserPrice           int64  // as Price, by the recipient's id; 0: it takes numbers only, as far as is known
	Params              []byte // JSON array of what the provider takes; empty also where it does not tell
	Reason              string // why the provider does not let it be used; "" if not told
	SyncedAt            int64
	NoticedAt           int64 // when the provider last told of it by itself; 0: never since it was read
}

// TemplateSync says when an account's templates are asked for, and how the last time ended.
type TemplateSync struct {
	TenantID, AccountID uuid.UUID
	NextAt              int64  // not asked for by the schedule before
	SyncedAt            int64  // when the set that is kept was seen; 0: never
	Failure             string // why the last time failed; "" if it did not
}

// templateBatch is how many templates one INSERT carries.
const templateBatch = 200

// DueTemplateSyncs lists accounts that may be called and whose templates are due by now, the longest due first.
func (s *Store) DueTemplateSyncs(ctx context.Context, now int64, limit int) ([]TemplateSync, error) {
	var rows []TemplateSync
	err := s.read.WithContext(ctx).Raw(`
		SELECT a.tenant_id, a.id AS account_id, COALESCE(t.next_at, 0) AS next_at,
			COALESCE(t.synced_at, 0) AS synced_at, COALESCE(t.failure, '') AS failure
		FROM accounts a LEFT JOIN template_syncs t ON t.tenant_id = a.tenant_id AND t.account_id = a.id
		WHERE a.deleted_at = 0 AND a.state = ? AND a.paused_until <= ? AND COALESCE(t.next_at, 0) <= ?
		ORDER BY 3, 1, 2 LIMIT ?`, AccountActive, now, now, limit).Scan(&rows).Error
	return rows, err
}

// ClaimTemplateSync takes an account's turn, which comes again at next. One of several callers gets true.
func (s *Store) ClaimTemplateSync(ctx context.Context, tenant, account uuid.UUID, now, next int64) (bool, error) {
	q := s.write.WithContext(ctx).Exec(`
		INSERT INTO template_syncs (tenant_id, account_id, next_at) VALUES (?, ?, ?)
		ON CONFLICT (tenant_id, account_id) DO UPDATE SET next_at = excluded.next_at
		WHERE template_syncs.next_at <= ?`, tenant, account, next, now)
	return q.RowsAffected == 1, written(q)
}

// FailTemplateSync notes why an account's templates could not be had, and keeps the set that is known. first is false
// when the time before failed too. Nothing is noted of an account that was never due.
func (s *Store) FailTemplateSync(ctx context.Context, tenant, account uuid.UUID, failure string) (first bool, err error) {
	q := s.write.WithContext(ctx).Model(&TemplateSync{}).
		Where("tenant_id = ? AND account_id = ? AND failure = ''", tenant, account).Update("failure", failure)
	return q.RowsAffected == 1, written(q)
}

// ReplaceProviderTemplates keeps rows as the whole set of an account from sync.SyncedAt on. Rows get the account and
// the time from sync. ErrNotFound: there is no such account.
func (s *Store) ReplaceProviderTemplates(ctx context.Context, sync TemplateSync, rows []ProviderTemplate) error {
	for i := range rows {
		rows[i].TenantID, rows[i].AccountID, rows[i].SyncedAt = sync.TenantID, sync.AccountID, sync.SyncedAt
		rows[i].Params = filled(rows[i].Params)
	}
	return s.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		// First of all: the row's lock makes two replacements of one account follow one another.
		q := tx.Exec(`
			INSERT INTO template_syncs (tenant_id, account_id, next_at, synced_at, failure) VALUES (?, ?, ?, ?, '')
			ON CONFLICT (tenant_id, account_id) DO UPDATE SET
				next_at = excluded.next_at, synced_at = excluded.synced_at, failure = ''`,
			sync.TenantID, sync.AccountID, sync.NextAt, sync.SyncedAt)
		if err := written(q); err != nil {
			return err
		}
		q = tx.Where("tenant_id = ? AND account_id = ?", sync.TenantID, sync.AccountID).Delete(&ProviderTemplate{})
		if err := written(q); err != nil || len(rows) == 0 {
			return err
		}
		return written(tx.CreateInBatches(rows, templateBatch))
	})
}

// ProviderTemplates lists what is known of an account's templates, by id.
func (s *Store) ProviderTemplates(ctx context.Context, tenant, account uuid.UUID) ([]ProviderTemplate, error) {
	return all[ProviderTemplate](ctx, s.read.Where("tenant_id = ? AND account_id = ?", tenant, account).Order("template_id"))
}

// TenantTemplates lists what the accounts of a tenant that are in use know of a template id; "" is every template.
func (s *Store) TenantTemplates(ctx context.Context, tenant uuid.UUID, templateID string) ([]ProviderTemplate, error) {
	q := s.read.Where("tenant_id = ?", tenant).
		Where("account_id IN (SELECT id FROM accounts WHERE tenant_id = ? AND deleted_at = 0)", tenant)
	if templateID != "" {
		q = q.Where("template_id = ?", templateID)
	}
	return all[ProviderTemplate](ctx, q.Order("account_id, template_id"))
}
