package models

import (
	"context"

	"github.com/google/uuid"
)

// Callback is an endpoint of the tenant's app that hears of events.
type Callback struct {
	TenantID, ID uuid.UUID
	URL          string
	Events       List          // event types; empty: all
	Secret       []byte        // sealed, see SealCallbackSecret
	State        CallbackState // a disabled one gets no new events
	CreatedAt    int64         `gorm:"autoCreateTime:false"`
	UpdatedAt    int64         `gorm:"autoUpdateTime:false"`
	DeletedAt    int64
}

// CallbackState says whether an endpoint is in use.
type CallbackState string

// The states of a callback.
const (
	CallbackActive   CallbackState = "active"
	CallbackDisabled CallbackState = "disabled"
)

const callbackField = "callbacks.secret"

// SealCallbackSecret seals the signing secret of a callback.
func (s *Store) SealCallbackSecret(c Callback, plain []byte) ([]byte, error) {
	return s.keys.Seal(plain, c.TenantID.String(), c.ID.String(), callbackField)
}

// OpenCallbackSecret is the inverse of SealCallbackSecret.
func (s *Store) OpenCallbackSecret(c Callback) ([]byte, error) {
	return s.keys.Open(c.Secret, c.TenantID.String(), c.ID.String(), callbackField)
}

// Callback answers a callback of the tenant, or ErrNotFound.
func (s *Store) Callback(ctx context.Context, tenant, id uuid.UUID) (Callback, error) {
	return one[Callback](ctx, s.read.Where("tenant_id = ? AND id = ? AND deleted_at = 0", tenant, id))
}

// Callbacks lists a tenant's callbacks, newest first.
func (s *Store) Callbacks(ctx context.Context, tenant uuid.UUID) ([]Callback, error) {
	return all[Callback](ctx, s.read.Where("tenant_id = ? AND deleted_at = 0", tenant).Order("id DESC"))
}

// InsertCallback stores a callback. ErrNotFound: there is no such tenant.
func (s *Store) InsertCallback(ctx context.Context, c Callback) error {
	c.Secret = filled(c.Secret)
	return written(s.write.WithContext(ctx).Create(&c))
}

// UpdateCallback changes all but the identity of a callback. ErrNotFound: the tenant has none of that id.
func (s *Store) UpdateCallback(ctx context.Context, c Callback) error {
	return s.patchCallback(ctx, c.TenantID, c.ID, map[string]any{
		"url": c.URL, "events": c.Events, "secret": filled(c.Secret), "state": c.State, "updated_at": c.UpdatedAt,
	})
}

// DeleteCallback takes a callback out of use and forgets its secret. ErrNotFound: the tenant has none of that id.
func (s *Store) DeleteCallback(ctx context.Context, tenant, id uuid.UUID, now int64) error {
	return s.patchCallback(ctx, tenant, id, map[string]any{
		"state": CallbackDisabled, "secret": []byte{}, "updated_at": now, "deleted_at": now,
	})
}

func (s *Store) patchCallback(ctx context.Context, tenant, id uuid.UUID, columns map[string]any) error {
	return changed(s.write.WithContext(ctx).Model(&Callback{}).
		Where("tenant_id = ? AND id = ? AND deleted_at = 0", tenant, id).Updates(columns), ErrNotFound)
}

// Deliveries lists what was or will be sent to a callback, newest first, and the next page's cursor. state "": in any.
func (s *Store) Deliveries(ctx context.Context, tenant, callback uuid.UUID, state DeliveryState, cursor string, limit int) ([]Delivery, string, error) {
	q := s.read.Where("tenant_id = ? AND callback_id = ?", tenant, callback)
	if state != "" {
		q = q.Where("state = ?", state)
	}
	return newestFirst(ctx, q, cursor, limit, func(d Delivery) uuid.UUID { return d.ID })
}

// ReplayDelivery makes a delivery due again, as if it had never been tried; one that is pending comes forward.
// ErrNotFound: the callback has no such delivery.
func (s *Store) ReplayDelivery(ctx context.Context, tenant, callback, id uuid.UUID, now int64) error {
	return changed(s.write.WithContext(ctx).Model(&Delivery{}).
		Where("tenant_id = ? AND callback_id = ? AND id = ?", tenant, callback, id).
		Updates(map[string]any{"state": DeliveryPending, "tries": 0, "next_at": now, "done_at": 0}), ErrNotFound)
}
