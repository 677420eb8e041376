package models

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// A sealed envelope is a version byte, the id of the key and the box. The box is AES-256-GCM's random nonce,
// ciphertext and tag.
const (
	sealVersion  = 1
	sealKeyID    = 4 // bytes
	masterKeyLen = 32
)

// Keyring seals what must not be readable in the database or a backup of it: providers' credentials, tokens and
// callback secrets.
type Keyring struct {
	id  [sealKeyID]byte
	box cipher.AEAD
}

// ParseMasterKey reads CASCADE_MASTER_KEY: 32 bytes in base64, with or without padding.
func ParseMasterKey(text string) ([]byte, error) {
	key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.TrimSpace(text), "="))
	if err != nil || len(key) != masterKeyLen {
		return nil, errors.New("CASCADE_MASTER_KEY must be 32 bytes in base64; `openssl rand -base64 32` makes one")
	}
	return key, nil
}

// NewKeyring takes a key of 32 bytes.
func NewKeyring(key []byte) (*Keyring, error) {
	if len(key) != masterKeyLen {
		return nil, fmt.Errorf("the master key has %d bytes, it must have %d", len(key), masterKeyLen)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	box, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	sum := sha256.Sum256(key)
	return &Keyring{id: [sealKeyID]byte(sum[:sealKeyID]), box: box}, nil
}

// ID names the key without telling anything about it: the first four bytes of its SHA-256, in hex.
func (k *Keyring) ID() string { return hex.EncodeToString(k.id[:]) }

// Seal encrypts plain and binds it to aad: tenant id, row id and field, so that a ciphertext copied into another row
// cannot be opened there.
func (k *Keyring) Seal(plain []byte, aad ...string) ([]byte, error) {
	if len(aad) == 0 {
		return nil, errors.New("seal: nothing names the row that the secret belongs to")
	}
	head := append([]byte{sealVersion}, k.id[:]...)
	return k.box.Seal(head, nil, plain, bind(aad)), nil
}

// Open is the inverse of Seal and takes the same aad. Its error names the key that is needed if that is not this one.
func (k *Keyring) Open(sealed []byte, aad ...string) ([]byte, error) {
	if len(sealed) < 1+sealKeyID || sealed[0] != sealVersion {
		return nil, errors.New("unseal: this is no sealed value, or a newer version of Cascade sealed it")
	}
	if id := [sealKeyID]byte(sealed[1 : 1+sealKeyID]); id != k.id {
		return nil, fmt.Errorf("unseal: sealed under master key %x, but CASCADE_MASTER_KEY is key %s", id, k.ID())
	}
	plain, err := k.box.Open(nil, nil, sealed[1+sealKeyID:], bind(aad))
	if err != nil {
		return nil, fmt.Errorf("unseal: the value was changed or belongs to another row (key %s)", k.ID())
	}
	return plain, nil
}

// bind joins with a byte that no id or field name contains, so that no two lists give the same bytes.
func bind(aad []string) []byte { return []byte(strings.Join(aad, "\x00")) }
