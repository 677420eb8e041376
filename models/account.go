package models

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"cascade/policy"
)

// Account is a tenant's credentials with an adapter for a channel.
type Account struct {
	TenantID, ID uuid.UUID
	Name         string // unique among the tenant's accounts that are not deleted
	Channel      policy.Channel
	Adapter      string
	Settings     []byte // JSON object of what is not secret
	Secrets      []byte // JSON object of what is, sealed; see SealSecrets
	PerSecond    float64
	Concurrency  int64
	Receipts     List
	State        AccountState
	StateReason  string
	PausedUntil  int64 // no call starts before; 0: not paused
	Version      int64
	Quality      string // the provider's word for what recipients think of it; "" if not told
	// QuotaLeft of QuotaTotal messages may still be sent, as of QuotaAt; a total below 1: not known. QuotaResetsAt is when it
	// is full again; 0: not told.
	QuotaLeft, QuotaTotal  int64
	QuotaAt, QuotaResetsAt int64
	LimitsAt               int64 // when the provider was last asked for quota and quality
	LinkedAt               int64 // when a person last consented to its use; 0: never
	CreatedAt              int64 `gorm:"autoCreateTime:false"`
	UpdatedAt              int64 `gorm:"autoUpdateTime:false"`
	DeletedAt              int64
}

// AccountState says whether an account may send.
type AccountState string

// The states of an account.
const (
	AccountActive      AccountState = "active"
	AccountDisabled    AccountState = "disabled"     // by its operator
	AccountNeedsReauth AccountState = "needs_reauth" // its credentials ended; somebody has to renew them
)

// secretsField names the column in what binds a ciphertext to its row.
const secretsField = "accounts.secrets"

// SealSecrets seals the JSON of an account's secrets for a's row.
func (s *Store) SealSecrets(a Account, plain []byte) ([]byte, error) {
	return s.keys.Seal(plain, a.TenantID.String(), a.ID.String(), secretsField)
}

// OpenSecrets is the inverse of SealSecrets, for an account as it was read. An account without secrets has nil.
func (s *Store) OpenSecrets(a Account) ([]byte, error) {
	if len(a.Secrets) == 0 {
		return nil, nil
	}
	return s.keys.Open(a.Secrets, a.TenantID.String(), a.ID.String(), secretsField)
}

// Account answers an account of the tenant, or ErrNotFound.
func (s *Store) Account(ctx context.Context, tenant, id uuid.UUID) (Account, error) {
	return one[Account](ctx, s.read.Where("tenant_id = ? AND id = ? AND deleted_at = 0", tenant, id))
}

// AccountByID finds an account, deleted or not, without its tenant: a provider's webhook names the account alone, and
// receipts of what a deleted account sent still count.
func (s *Store) AccountByID(ctx context.Context, id uuid.UUID) (Account, error) {
	return one[Account](ctx, s.read.Where("id = ?", id))
}

// Accounts lists a tenant's accounts by name.
func (s *Store) Accounts(ctx context.Context, tenant uuid.UUID) ([]Account, error) {
	return all[Account](ctx, s.read.Where("tenant_id = ? AND deleted_at = 0", tenant).Order("name"))
}

// AccountsOf lists every tenant's accounts with any of the adapters, for the engine.
func (s *Store) AccountsOf(ctx context.Context, adapters ...string) ([]Account, error) {
	return all[Account](ctx, s.read.Where("adapter IN ? AND deleted_at = 0", adapters).Order("tenant_id, name"))
}

// AccountsChangedSince lists what changed at or after a time, deleted accounts too, in the order of the changes. The
// times are the writers' own: a reader goes back a little further than what it has seen.
func (s *Store) AccountsChangedSince(ctx context.Context, updatedAt int64) ([]Account, error) {
	return all[Account](ctx, s.read.Where("updated_at >= ?", updatedAt).Order("updated_at, tenant_id, id"))
}

// InsertAccount stores an account as version 1. ErrDuplicate: the tenant has one of that name.
func (s *Store) InsertAccount(ctx context.Context, a Account) error {
	a.Version = 1
	a.Settings, a.Secrets = filled(a.Settings), filled(a.Secrets)
	return written(s.write.WithContext(ctx).Create(&a))
}

// UpdateAccount changes what an operator may change and answers the new version. ErrStale: a.Version is not the
// stored one any more, or the account is gone. ErrDuplicate: the tenant has another one of that name.
func (s *Store) UpdateAccount(ctx context.Context, a Account) (int64, error) {
	err := changed(s.write.WithContext(ctx).Model(&Account{}).
		Where("tenant_id = ? AND id = ? AND version = ? AND deleted_at = 0", a.TenantID, a.ID, a.Version).
		Updates(map[string]any{
			"name": a.Name, "settings": filled(a.Settings), "secrets": filled(a.Secrets),
			"per_second": a.PerSecond, "concurrency": a.Concurrency, "receipts": a.Receipts,
			"state": a.State, "state_reason": a.StateReason, "paused_until": a.PausedUntil,
			"version": a.Version + 1, "updated_at": a.UpdatedAt,
		}), ErrStale)
	return a.Version + 1, err
}

// DeleteAccount takes an account out of use, and forgets its secrets and the people that it knew. Its row stays: attempts and receipts name it.
func (s *Store) DeleteAccount(ctx context.Context, tenant, id uuid.UUID, now int64) error {
	q := s.write.WithContext(ctx).Where("tenant_id = ? AND account_id = ?", tenant, id).Delete(&KnownUser{})
	if err := written(q); err != nil {
		return err
	}
	return s.patchAccount(ctx, tenant, id, map[string]any{
		"state": AccountDisabled, "secrets": []byte{}, "updated_at": now, "deleted_at": now,
	})
}

// SetAccountState notes what the engine found out about an account, whatever its version. An operator's change that
// was read before is then stale.
func (s *Store) SetAccountState(ctx context.Context, tenant, id uuid.UUID, state AccountState, reason string, pausedUntil, now int64) error {
	return s.patchAccount(ctx, tenant, id, map[string]any{
		"state": state, "state_reason": reason, "paused_until": pausedUntil, "updated_at": now,
	})
}

// patchAccount sets columns of an account that is not deleted.
func (s *Store) patchAccount(ctx context.Context, tenant, id uuid.UUID, columns map[string]any) error {
	q := s.write.WithContext(ctx)
	columns["version"] = gorm.Expr("version + 1")
	return changed(q.Model(&Account{}).
		Where("tenant_id = ? AND id = ? AND deleted_at = 0", tenant, id).Updates(columns), ErrNotFound)
}
