package models

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// What a password costs to check: the first choice of OWASP's list for argon2id.
const (
	passwordTime    = 2
	passwordMemory  = 19 << 10 // KiB
	passwordThreads = 1
	passwordSalt    = 16 // bytes
	passwordKey     = 32 // bytes
)

// Bounds on the parameters of a stored hash: a row that was tampered with must not cost the machine its memory.
const (
	maxPasswordTime   = 16
	maxPasswordMemory = 1 << 20 // KiB
)

// HashPassword makes what is stored of a password: argon2id as a PHC string.
func HashPassword(plain string) string {
	salt := make([]byte, passwordSalt)
	rand.Read(salt) // never fails, see crypto/rand
	key := argon2.IDKey([]byte(plain), salt, passwordTime, passwordMemory, passwordThreads, passwordKey)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, passwordMemory, passwordTime, passwordThreads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// CheckPassword reports whether a password is the one that stored was made of. A stored text that is no hash is nobody's.
func CheckPassword(plain, stored string) bool {
	var version int
	var memory, time uint32
	var threads uint8
	parts := strings.Split(stored, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return false
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false
	}
	_, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads)
	if err != nil || time < 1 || time > maxPasswordTime || memory > maxPasswordMemory || threads < 1 {
		return false
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || len(key) < 16 || len(key) > 64 {
		return false
	}
	return subtle.ConstantTimeCompare(key, argon2.IDKey([]byte(plain), salt, time, memory, threads, uint32(len(key)))) == 1
}

// NewPassword makes one for a person who was given none: 20 characters that can be read aloud, of 100 random bits.
func NewPassword() string { return strings.ToLower(rand.Text()[:20]) }
