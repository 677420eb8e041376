package models

import (
	"context"

	"github.com/google/uuid"
)

// AccountSeen is when an account's provider last called, and last told of a message, in Unix milliseconds; 0: never.
type AccountSeen struct {
	TenantID  uuid.UUID `gorm:"primaryKey"`
	AccountID uuid.UUID `gorm:"primaryKey"`
	WebhookAt int64
	ReceiptAt int64
}

// TableName overrides gorm's plural.
func (AccountSeen) TableName() string { return "account_seen" }

// NoteSeen keeps the later of what is known and what is told; the tenant is looked up.
func (s *Store) NoteSeen(ctx context.Context, a AccountSeen) error {
	return written(s.write.WithContext(ctx).Exec(`
		INSERT INTO account_seen (tenant_id, account_id, webhook_at, receipt_at)
		SELECT tenant_id, id, CAST(? AS bigint), CAST(? AS bigint) FROM accounts WHERE id = ?
		ON CONFLICT (tenant_id, account_id) DO UPDATE SET
			webhook_at = CASE WHEN excluded.webhook_at > account_seen.webhook_at THEN excluded.webhook_at ELSE account_seen.webhook_at END,
			receipt_at = CASE WHEN excluded.receipt_at > account_seen.receipt_at THEN excluded.receipt_at ELSE account_seen.receipt_at END`,
		a.WebhookAt, a.ReceiptAt, a.AccountID))
}

// AccountFacts is what is kept of the accounts of a tenant besides their own rows.
type AccountFacts struct {
	Seen      []AccountSeen
	Tokens    []AccountToken // without what is sealed
	Templates []TemplateCount
	Moves     []AccountMove // the latest of each account, newest first
}

// TemplateCount is how many of the templates that a provider keeps for an account it says the same of.
type TemplateCount struct {
	AccountID uuid.UUID
	Status    string
	N         int64
}

// AccountFacts reads what is kept of a tenant's accounts, with up to moves moves of each.
func (s *Store) AccountFacts(ctx context.Context, tenant uuid.UUID, moves int) (f AccountFacts, err error) {
	db := s.read.WithContext(ctx)
	if err := db.Where("tenant_id = ?", tenant).Find(&f.Seen).Error; err != nil {
		return f, err
	}
	err = db.Model(&AccountToken{}).Select("account_id, expires_at, state").Where("tenant_id = ?", tenant).Find(&f.Tokens).Error
	if err != nil {
		return f, err
	}
	err = db.Raw("SELECT account_id, status, count(*) AS n FROM provider_templates WHERE tenant_id = ? GROUP BY account_id, status", tenant).Scan(&f.Templates).Error
	if err != nil {
		return f, err
	}
	err = db.Raw(`SELECT tenant_id, account_id, id, at, share, reason, detail, detail_vi FROM (
			SELECT m.*, row_number() OVER (PARTITION BY account_id ORDER BY id DESC) AS place FROM account_moves m WHERE tenant_id = ?) x
		WHERE place <= ? ORDER BY id DESC`, tenant, moves).Scan(&f.Moves).Error
	return f, err
}
