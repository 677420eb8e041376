package simulator

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"
)

// Account is one that the simulator accepts.
type Account struct {
	// Provider is Zalo, Infobip, Gateway, ESMS, SMPP, Twilio or Vonage.
	Provider string `json:"provider"`
	// ID is the OA's id, the API key (eSMS's too), the gateway's user, Twilio's Account SID or Vonage's application id.
	ID string `json:"id"`
	// AppID, AppSecret and OASecret are Zalo's; AppSecret is the gateway's password, eSMS's SecretKey and
	// Twilio's Auth Token too, "" accepts any.
	AppID     string `json:"app_id,omitempty"`
	AppSecret string `json:"app_secret,omitempty"`
	OASecret  string `json:"oa_secret,omitempty"`
	// RefreshToken and AccessToken are Zalo's first pair.
	RefreshToken string `json:"refresh_token,omitempty"`
	AccessToken  string `json:"access_token,omitempty"`
	// TokenLife is how long an access token lives; 0 is 25 h, as Zalo's.
	TokenLife time.Duration `json:"token_life,omitempty"`
	// RequireProof: Zalo calls must carry appsecret_proof.
	RequireProof bool `json:"require_proof,omitempty"`
	// WebhookURL gets Zalo's and the gateway's receipts, and Infobip's where the request names no address.
	WebhookURL string `json:"webhook_url,omitempty"`
	// WebhookSecret goes with the gateway's receipts as ?token=, and signs Vonage's.
	WebhookSecret string `json:"webhook_secret,omitempty"`
	// APIKey is Twilio's "SID:secret" that calls may use beside the Auth Token.
	APIKey string `json:"api_key,omitempty"`
	// PublicKey is the PEM text of the key that a Vonage application's tokens are verified by; "" accepts any.
	PublicKey string `json:"public_key,omitempty"`
	// Quota is how many messages a day (Vietnam time) a Zalo account may send; 0 is 10000, negative no limit.
	// Other providers' accounts have no limit unless one is set.
	Quota int64 `json:"quota,omitempty"`
	// NoBalance: the account has no money, and every send is refused for it.
	NoBalance bool `json:"no_balance,omitempty"`
	// SMPP says how the SMS centre treats an SMPP account, whose system_id is ID and whose password AppSecret.
	SMPP SMPPKnobs `json:"smpp,omitzero"`
	// Templates of a Zalo or eSMS account; with none every template id is taken with any parameters.
	Templates []Template `json:"templates,omitempty"`
	// Senders are the brandnames and OA ids of an eSMS account, the numbers and services of a Twilio one, the senders of a
	// Vonage one; with none every one is taken.
	Senders []string `json:"senders,omitempty"`
	// ErrorInfo is how eSMS packs in the error_info of a ZNS: one of the ErrorInfo constants.
	ErrorInfo string `json:"error_info,omitempty"`
	// BareAppend: eSMS puts its fields behind a "?" even where the callback address has one already.
	BareAppend bool `json:"bare_append,omitempty"`
}

// Template is an approved template of a Zalo account.
type Template struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	// Status is ENABLE, PENDING_REVIEW, REJECT or DISABLE; "" is ENABLE.
	Status string `json:"status,omitempty"`
	// Reason is told with REJECT.
	Reason string          `json:"reason,omitempty"`
	Tag    string          `json:"tag,omitempty"`
	Params []TemplateParam `json:"params,omitempty"`
	// Price in VND; 0 is PriceZNS.
	Price int64 `json:"price,omitempty"`
	// Timeout is the commit window; 0 is CommitWindow.
	Timeout time.Duration `json:"timeout,omitempty"`
}

// TemplateParam is a parameter of a template. MaxLength is in characters, 0 for 30.
type TemplateParam struct {
	Name      string `json:"name"`
	Optional  bool   `json:"optional,omitempty"`
	MaxLength int    `json:"max_length,omitempty"`
}

// Faults for SetAccountFault.
const (
	FaultQuota  = "quota"        // no quota left
	FaultReauth = "needs_reauth" // the account's credentials and refresh token are refused
	FaultDown   = "down"         // every call gets a 502 web page
	FaultSlow   = "slow"         // answers take 3 s more, before Scale
	FaultLate   = "late"         // deliveries take 8 s more, before Scale
)

const (
	slowness = 3 * time.Second
	lateness = 8 * time.Second
)

// account is an Account with its state. The Account itself does not change, but for a Zalo account's Quota under mu.
type account struct {
	Account
	mu            sync.Mutex
	access        string
	accessUntil   time.Time
	refresh       string
	used, day     int64
	fault         string
	noRefreshTill time.Time
	hooksOff      bool
}

type directory struct {
	mu        sync.RWMutex
	byID      map[string]*account
	byAccess  map[string]*account
	byRefresh map[string]*account
	// dead holds tokens that were good once, so that an open simulator does not take them for new ones.
	dead    map[string]bool
	refresh int
}

func (d *directory) init() {
	d.byID, d.byAccess, d.byRefresh = map[string]*account{}, map[string]*account{}, map[string]*account{}
	d.dead = map[string]bool{}
}

// Register adds an account, or replaces it with all its state; its webhooks are on.
func (s *Simulator) Register(a Account) { s.accounts.register(a, s.opt.Now()) }

func (d *directory) register(a Account, now time.Time) *account {
	d.mu.Lock()
	defer d.mu.Unlock()
	if a.TokenLife == 0 {
		a.TokenLife = 25 * time.Hour
	}
	if a.Quota == 0 {
		a.Quota = -1
		if a.Provider == Zalo {
			a.Quota = 10000
		}
	}
	key := idKey(a.Provider, a.ID, "")
	if old := d.byID[key]; old != nil {
		delete(d.byAccess, old.access)
		delete(d.byRefresh, old.refresh)
	}
	acc := &account{Account: a, access: a.AccessToken, refresh: a.RefreshToken, accessUntil: now.Add(a.TokenLife)}
	d.byID[key] = acc
	if a.AccessToken != "" {
		d.byAccess[a.AccessToken] = acc
		delete(d.dead, a.AccessToken)
	}
	if a.RefreshToken != "" {
		d.byRefresh[a.RefreshToken] = acc
		delete(d.dead, a.RefreshToken)
	}
	return acc
}

func (d *directory) get(provider, id string) (*account, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	acc, ok := d.byID[idKey(provider, id, "")]
	return acc, ok
}

// SetAccountFault breaks an account; fault "" mends it, and switches its webhooks on again. An unknown account is left alone.
func (s *Simulator) SetAccountFault(provider, id, fault string) {
	if acc, ok := s.accounts.get(provider, id); ok {
		acc.mu.Lock()
		defer acc.mu.Unlock()
		acc.fault = fault
		if fault == "" {
			acc.hooksOff, acc.noRefreshTill = false, time.Time{}
		}
	}
}

// ExpireTokens makes every Zalo access token invalid until it is refreshed.
func (s *Simulator) ExpireTokens() {
	d := &s.accounts
	d.mu.Lock()
	defer d.mu.Unlock()
	for token, acc := range d.byAccess {
		d.dead[token] = true
		acc.access = ""
	}
	clear(d.byAccess)
}

// Refreshes counts the refresh tokens that were spent for a new pair.
func (s *Simulator) Refreshes() int {
	s.accounts.mu.RLock()
	defer s.accounts.mu.RUnlock()
	return s.accounts.refresh
}

// byToken answers the account of a valid Zalo access token.
func (s *Simulator) byToken(token string) (*account, bool) {
	d, now := &s.accounts, s.opt.Now()
	d.mu.RLock()
	acc, ok := d.byAccess[token]
	fresh := !ok && token != "" && !d.dead[token]
	valid := ok && now.Before(acc.accessUntil)
	d.mu.RUnlock()
	if fresh && s.opt.Open {
		sum := sha256.Sum256([]byte(token))
		return d.register(Account{Provider: Zalo, ID: "oa-" + hex.EncodeToString(sum[:6]), AccessToken: token, Quota: -1}, now), true
	}
	return acc, valid && acc.faultNow() != FaultReauth
}

// byKey answers the account of an API key or a gateway's user.
func (s *Simulator) byKey(provider, id string) (*account, bool) {
	acc, ok := s.accounts.get(provider, id)
	if !ok && s.opt.Open && id != "" {
		return s.accounts.register(Account{Provider: provider, ID: id, Quota: -1}, s.opt.Now()), true
	}
	return acc, ok && acc.faultNow() != FaultReauth
}

func (a *account) faultNow() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.fault
}

// spend takes one from the day's quota; left is what remains after it. ok false: there was none.
func (a *account) spend(now time.Time) (left int64, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	left = a.leftLocked(now)
	if left <= 0 {
		return 0, false
	}
	a.used++
	return left - 1, true
}

func (a *account) left(now time.Time) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.leftLocked(now)
}

// unlimited is what an account without a limit says it may send.
const unlimited = 500000

func (a *account) leftLocked(now time.Time) int64 {
	if day := (now.Unix() + 7*3600) / 86400; day != a.day {
		a.day, a.used = day, 0
	}
	switch {
	case a.fault == FaultQuota:
		return 0
	case a.Quota < 0:
		return unlimited
	default:
		return max(0, a.Quota-a.used)
	}
}

func (a *account) daily() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.Quota < 0 {
		return unlimited
	}
	return a.Quota
}

func newToken(prefix string) string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	return prefix + hex.EncodeToString(b[:])
}
