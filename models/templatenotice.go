package models

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// TemplateNotice is a provider's own word of a change of one template; what is "" is not told.
type TemplateNotice struct {
	TenantID, AccountID     uuid.UUID
	TemplateID              string
	Status, Quality, Reason string
	At                      int64
}

// noticeSkew is how far a provider's clock may be behind ours, in milliseconds, when a notice is compared with a set that
// was read.
const noticeSkew = 60_000

// NoteTemplate keeps what a provider told of a template, unless something newer is known, and makes the account's whole set
// due to be read. ErrNotFound: there is no such account.
func (s *Store) NoteTemplate(ctx context.Context, n TemplateNotice) error {
	row := ProviderTemplate{
		TenantID: n.TenantID, AccountID: n.AccountID, TemplateID: Storable(n.TemplateID), Status: Storable(n.Status),
		Quality: Storable(n.Quality), Reason: Storable(n.Reason), SyncedAt: n.At, NoticedAt: n.At,
	}
	return s.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		q := tx.Exec("UPDATE template_syncs SET next_at = 0 WHERE tenant_id = ? AND account_id = ?", n.TenantID, n.AccountID)
		if err := written(q); err != nil {
			return err
		}
		return written(tx.Exec(`
			INSERT INTO provider_templates (tenant_id, account_id, template_id, name, status, quality, price, params, reason, synced_at, noticed_at)
			VALUES (?, ?, ?, '', ?, ?, 0, ?, ?, ?, ?)
			ON CONFLICT (tenant_id, account_id, template_id) DO UPDATE SET
				status = CASE WHEN excluded.status = '' THEN provider_templates.status ELSE excluded.status END,
				reason = CASE WHEN excluded.status = '' THEN provider_templates.reason ELSE excluded.reason END,
				quality = CASE WHEN excluded.quality = '' THEN provider_templates.quality ELSE excluded.quality END,
				noticed_at = excluded.noticed_at
			WHERE provider_templates.noticed_at <= excluded.noticed_at AND provider_templates.synced_at <= excluded.noticed_at + ?`,
			row.TenantID, row.AccountID, row.TemplateID, row.Status, row.Quality, []byte("[]"), row.Reason, row.SyncedAt, row.NoticedAt, noticeSkew))
	})
}

// TemplatesWith lists what the accounts of a tenant keep under any of the statuses: id, status and reason alone.
func (s *Store) TemplatesWith(ctx context.Context, tenant uuid.UUID, statuses ...string) ([]ProviderTemplate, error) {
	return all[ProviderTemplate](ctx, s.read.Select("account_id", "template_id", "status", "reason").
		Where("tenant_id = ? AND status IN ?", tenant, statuses))
}
