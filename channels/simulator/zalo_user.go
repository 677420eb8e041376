package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// Users of the simulator's Zalo have ids that show their number, so that rules and magic numbers hold for them too.
const (
	zaloUserPrefix = "70000000"
	zaloAppPrefix  = "80000000" // of the id that an application knows them by
)

// ZaloUserID is the user id of a number at every Official Account, for sends by user id: all have interacted with it, until
// they withdraw.
func ZaloUserID(phone string) string { return zaloUserPrefix + digits(phone) }

// zaloUserCodes are the Official Account API's numbers for those of the business host.
var zaloUserCodes = map[int]int{
	-106: -201, -108: -201, -109: -201, -111: -201, -112: -201, -121: -201, -122: -201, -131: -201, -132: -201, -161: -201,
	-162: -201, -1121: -201, -1122: -201, -115: -321, -118: -213, -124: -216, -144: -211, -1241: -242,
}

func zaloUserCode(code int) int {
	if other, ok := zaloUserCodes[code]; ok {
		return other
	}
	return code
}

var zaloByUser = zaloWay{user: true, person: func(s *Simulator, acc *account, m zaloMessage) (zaloPerson, int) {
	if m.UserID == nil || *m.UserID == "" {
		return zaloPerson{}, -201
	}
	phone, ok := s.zalo.user(acc.ID, *m.UserID)
	if !ok {
		return zaloPerson{}, -213
	}
	return zaloPerson{phone, *m.UserID}, 0
}}

// zaloUserTaken is the answer's data, with the quota as one client saw it.
func zaloUserTaken(rec *record, user string) map[string]any {
	return map[string]any{
		"message_id": rec.call.ProviderID, "user_id": user, "sent_time": millis(rec.call.At),
		"quota": map[string]string{"quota_type": "purchase_quota", "owner_type": "OA", "owner_id": rec.call.Account},
	}
}

// userPrice is what a message costs by user id: about 70 % of the price by phone.
func userPrice(price int64) int64 { return price * 7 / 10 }

var hexHash = regexp.MustCompile(`^([0-9a-f]{64}|[0-9A-F]{64})$`)

// zaloByHash takes hashes in either case: which one Zalo wants is not documented. Whose hash it is shows only for the
// magic numbers and those of a rule; any other goes by the hash itself.
var zaloByHash = zaloWay{person: func(s *Simulator, _ *account, m zaloMessage) (zaloPerson, int) {
	if m.HashPhone == nil || !hexHash.MatchString(*m.HashPhone) {
		return zaloPerson{}, -108
	}
	hash := strings.ToLower(*m.HashPhone)
	if phone, ok := s.rules.unhash(hash); ok {
		return zaloPerson{phone, *m.HashPhone}, 0
	}
	return zaloPerson{hash, *m.HashPhone}, 0
}}

// unhash finds the number of a SHA-256 among those that the simulator knows something of.
func (b *ruleBook) unhash(hash string) (string, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, known := range []map[string][]Rule{b.exact, magic} {
		for phone := range known {
			if sum := sha256.Sum256([]byte(phone)); hex.EncodeToString(sum[:]) == hash {
				return phone, true
			}
		}
	}
	return "", false
}
