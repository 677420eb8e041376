package models

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash/crc32"
	"math/big"

	"github.com/google/uuid"
)

// APIKey lets an app act for a tenant. The key itself is shown once and stored nowhere.
type APIKey struct {
	TenantID, ID uuid.UUID
	Mode         string // ModeLive or ModeTest
	Scopes       List
	Prefix       string // the key's first characters, for people to tell keys apart
	Hash         string // HashKey of the key
	CreatedAt    int64  `gorm:"autoCreateTime:false"`
	RevokedAt    int64
	LastUsedAt   int64
}

// TableName keeps gorm from splitting the abbreviation its own way.
func (APIKey) TableName() string { return "api_keys" }

// The modes of a key. A test key never reaches a carrier.
const (
	ModeLive = "live"
	ModeTest = "test"
)

const (
	keyRandom = 24 // bytes
	keyShown  = 14 // characters of Prefix: cas_live_ and five more
)

// NewAPIKey makes a key and its row. The key ends in a checksum, so that scanners for leaked secrets can tell it from
// chance. now is in Unix milliseconds.
func NewAPIKey(tenant uuid.UUID, mode string, scopes []string, now int64) (APIKey, string) {
	var random [keyRandom]byte
	rand.Read(random[:]) // never fails, see crypto/rand
	body := base62(random[:], 33)
	plain := "cas_" + mode + "_" + body + checksum(body)
	return APIKey{
		TenantID: tenant, ID: uuid.Must(uuid.NewV7()), Mode: mode, Scopes: scopes,
		Prefix: plain[:keyShown], Hash: HashKey(plain), CreatedAt: now,
	}, plain
}

// HashKey is what is stored of a key: SHA-256 in hex. A key has 192 random bits, so a slow hash would add nothing.
func HashKey(plain string) string {
	sum := sha256.Sum256([]byte(plain))
	return hex.EncodeToString(sum[:])
}

// checksum is the CRC-32 of a key's random part, six base62 digits.
func checksum(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body))
	return base62([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}, 6)
}

// base62 writes b as a number of the given count of digits, with leading zeros.
func base62(b []byte, digits int) string {
	text := new(big.Int).SetBytes(b).Text(62)
	for len(text) < digits {
		text = "0" + text
	}
	return text
}

// KeyByHash finds a key that is not revoked, whoever's it is: the key says which tenant is asking.
func (s *Store) KeyByHash(ctx context.Context, hash string) (APIKey, error) {
	return one[APIKey](ctx, s.read.Where("hash = ? AND revoked_at = 0", hash))
}

// Keys lists a tenant's keys, revoked ones too, newest first.
func (s *Store) Keys(ctx context.Context, tenant uuid.UUID) ([]APIKey, error) {
	return all[APIKey](ctx, s.read.Where("tenant_id = ?", tenant).Order("id DESC"))
}

// InsertKey stores a key. ErrNotFound: there is no such tenant.
func (s *Store) InsertKey(ctx context.Context, k APIKey) error {
	return written(s.write.WithContext(ctx).Create(&k))
}

// RevokeKey ends a key at now. ErrNotFound: the tenant has no such key in use.
func (s *Store) RevokeKey(ctx context.Context, tenant, id uuid.UUID, now int64) error {
	return changed(s.write.WithContext(ctx).Model(&APIKey{}).
		Where("tenant_id = ? AND id = ? AND revoked_at = 0", tenant, id).
		Update("revoked_at", now), ErrNotFound)
}

// TouchKey notes that a key was used. The caller does so once in a while, not for every request.
func (s *Store) TouchKey(ctx context.Context, tenant, id uuid.UUID, now int64) error {
	return written(s.write.WithContext(ctx).Model(&APIKey{}).
		Where("tenant_id = ? AND id = ? AND last_used_at < ?", tenant, id, now).
		Update("last_used_at", now))
}
