package models

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// AccountToken is a pair of tokens that a provider renews, such as a Zalo OA's: its refresh token can be spent once.
type AccountToken struct {
	TenantID, AccountID uuid.UUID
	Sealed              []byte // see SealToken
	ExpiresAt           int64  // when the access token ends
	State               TokenState
	Epoch               int64 // counts the refreshes begun
	LeaseUntil          int64 // when a refresh under way counts as lost
	UpdatedAt           int64 `gorm:"autoUpdateTime:false"`
}

// TokenState says whether a pair can be used.
type TokenState string

// The states of a pair. Refreshing is the intent to spend the refresh token, committed before the call: a pair found
// in it after its lease has perhaps been spent, and must not be spent again.
const (
	TokenOK          TokenState = "ok"
	TokenRefreshing  TokenState = "refreshing"
	TokenNeedsReauth TokenState = "needs_reauth"
)

const tokenField = "account_tokens.sealed"

// SealToken seals a pair for its account's row.
func (s *Store) SealToken(tenant, account uuid.UUID, plain []byte) ([]byte, error) {
	return s.keys.Seal(plain, tenant.String(), account.String(), tokenField)
}

// OpenToken is the inverse of SealToken.
func (s *Store) OpenToken(t AccountToken) ([]byte, error) {
	return s.keys.Open(t.Sealed, t.TenantID.String(), t.AccountID.String(), tokenField)
}

// Token answers an account's pair, or ErrNotFound.
func (s *Store) Token(ctx context.Context, tenant, account uuid.UUID) (AccountToken, error) {
	return one[AccountToken](ctx, s.read.Where("tenant_id = ? AND account_id = ?", tenant, account))
}

// PutToken stores a pair that an operator brought, over any older one. A refresh that is under way for the older pair
// then ends in ErrStale.
func (s *Store) PutToken(ctx context.Context, t AccountToken) error {
	return written(s.write.WithContext(ctx).Exec(`
		INSERT INTO account_tokens (tenant_id, account_id, sealed, expires_at, state, epoch, lease_until, updated_at)
		VALUES (?, ?, ?, ?, ?, 0, 0, ?)
		ON CONFLICT (tenant_id, account_id) DO UPDATE SET
			sealed = excluded.sealed, expires_at = excluded.expires_at, state = excluded.state,
			epoch = account_tokens.epoch + 1, lease_until = 0, updated_at = excluded.updated_at`,
		t.TenantID, t.AccountID, filled(t.Sealed), t.ExpiresAt, TokenOK, t.UpdatedAt))
}

// PutFirstToken stores a token unless the account has one: replicas may meet a new account at the same time.
func (s *Store) PutFirstToken(ctx context.Context, t AccountToken) error {
	t.Sealed = filled(t.Sealed)
	return written(s.write.WithContext(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&t))
}

// ClaimRefresh commits the intent to spend the refresh token of the pair at epoch. One caller gets true, and owns
// epoch+1 until leaseUntil.
func (s *Store) ClaimRefresh(ctx context.Context, tenant, account uuid.UUID, epoch, leaseUntil, now int64) (bool, error) {
	q := s.tokenAt(ctx, tenant, account, epoch, TokenOK).Updates(map[string]any{
		"state": TokenRefreshing, "epoch": epoch + 1, "lease_until": leaseUntil, "updated_at": now,
	})
	return q.RowsAffected == 1, written(q)
}

// FinishRefresh stores the new pair under the epoch that ClaimRefresh gave. ErrStale: somebody else decided about the
// pair meanwhile.
func (s *Store) FinishRefresh(ctx context.Context, t AccountToken) error {
	return changed(s.tokenAt(ctx, t.TenantID, t.AccountID, t.Epoch, TokenRefreshing).Updates(map[string]any{
		"sealed": filled(t.Sealed), "expires_at": t.ExpiresAt, "state": TokenOK, "lease_until": 0, "updated_at": t.UpdatedAt,
	}), ErrStale)
}

// FailRefresh ends a refresh without a new pair: TokenOK if the refresh token was surely not spent, TokenNeedsReauth
// if it was or may have been. ErrStale as for FinishRefresh.
func (s *Store) FailRefresh(ctx context.Context, tenant, account uuid.UUID, epoch int64, state TokenState, now int64) error {
	return changed(s.tokenAt(ctx, tenant, account, epoch, TokenRefreshing).Updates(map[string]any{
		"state": state, "lease_until": 0, "updated_at": now,
	}), ErrStale)
}

// LostRefreshes lists pairs whose refresh did not end within its lease.
func (s *Store) LostRefreshes(ctx context.Context, now int64) ([]AccountToken, error) {
	return all[AccountToken](ctx, s.read.Where("state = ? AND lease_until < ?", TokenRefreshing, now))
}

// ExpiringTokens lists pairs whose access token ends before a time.
func (s *Store) ExpiringTokens(ctx context.Context, before int64) ([]AccountToken, error) {
	return all[AccountToken](ctx, s.read.Where("state = ? AND expires_at < ?", TokenOK, before))
}

// tokenAt is the pair, if it is still at epoch and in state.
func (s *Store) tokenAt(ctx context.Context, tenant, account uuid.UUID, epoch int64, state TokenState) *gorm.DB {
	return s.write.WithContext(ctx).Model(&AccountToken{}).
		Where("tenant_id = ? AND account_id = ? AND epoch = ? AND state = ?", tenant, account, epoch, state)
}
