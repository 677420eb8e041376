package simulator

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	vonageText = `{"channel":"viber_service","message_type":"text","to":"84912345678","from":"MyBrand","text":"hi","viber_service":{"category":"transaction","ttl":60},`
	vonageSMS  = `{"channel":"sms","message_type":"text","to":"84912345678","from":"MyBrand","text":"hi","sms":{"encoding_type":"auto"},`
)

var vonageKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func vonagePEM(t *testing.T) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&vonageKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func startVonage(t *testing.T, o Options, a Account) *bench {
	t.Helper()
	b := start(t, o)
	a.Provider, a.ID, a.PublicKey, a.WebhookSecret = Vonage, "app-1", vonagePEM(t), "sign"
	b.sim.Register(a)
	return b
}

// bearer signs a token for the application.
func bearer(t *testing.T, header, claims string) map[string]string {
	t.Helper()
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, vonageKey(), crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"Authorization": "Bearer " + text + "." + base64.RawURLEncoding.EncodeToString(signature), "Content-Type": "application/json"}
}

const rs256 = `{"alg":"RS256","typ":"JWT"}`

func vonageClaims(app string, issued, expires time.Time) string {
	return fmt.Sprintf(`{"application_id":%q,"iat":%d,"exp":%d,"jti":"c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5"}`, app, issued.Unix(), expires.Unix())
}

// vonage sends head, to which the reference and the callback address are added.
func (b *bench) vonage(head string) reply {
	b.t.Helper()
	now := time.Now()
	return b.call(http.MethodPost, "/vonage/v1/messages", head+`"client_ref":"r1","webhook_url":"`+b.hook+`/vonage","webhook_version":"v1"}`,
		bearer(b.t, rs256, vonageClaims("app-1", now, now.Add(time.Minute))))
}

// nextStatus waits for a callback and checks its signature.
func (b *bench) nextStatus() map[string]any {
	b.t.Helper()
	h := b.next()
	parts := strings.Split(strings.TrimPrefix(h.header.Get("Authorization"), "Bearer "), ".")
	if len(parts) != 3 {
		b.t.Fatalf("Authorization is %q", h.header.Get("Authorization"))
	}
	mac := hmac.New(sha256.New, []byte("sign"))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	if base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) != parts[2] {
		b.t.Error("the signature is wrong")
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		b.t.Fatal(err)
	}
	sum := sha256.Sum256(h.body)
	if !strings.Contains(string(raw), hex.EncodeToString(sum[:])) {
		b.t.Errorf("claims %s are not for %s", raw, h.body)
	}
	var status map[string]any
	if err := json.Unmarshal(h.body, &status); err != nil {
		b.t.Fatal(err)
	}
	return status
}

func TestVonageTellsOfTheDelivery(t *testing.T) {
	tests := map[string]struct {
		head     string
		statuses []string
		price    string
	}{
		Viber: {vonageText, []string{"submitted", "delivered", "read"}, "470"},
		SMS:   {vonageSMS, []string{"submitted", "delivered"}, "820"},
	}
	for channel, tt := range tests {
		t.Run(channel, func(t *testing.T) {
			b := startVonage(t, Options{}, Account{})
			var a struct {
				ID string `json:"message_uuid"`
			}
			r := b.vonage(tt.head)
			r.into(t, &a)
			if r.status != http.StatusAccepted || len(a.ID) != 36 {
				t.Fatalf("answer %d %+v", r.status, a)
			}
			seen := map[string]bool{}
			for range tt.statuses {
				s := b.nextStatus()
				seen[fmt.Sprint(s["status"])] = true
				if s["message_uuid"] != a.ID || s["client_ref"] != "r1" || s["to"] != "84912345678" {
					t.Errorf("callback %v", s)
				}
				if usage, ok := s["usage"].(map[string]any); s["status"] == "delivered" && (!ok || usage["price"] != tt.price+".0000") {
					t.Errorf("usage %v", s["usage"])
				}
			}
			for _, status := range tt.statuses {
				if !seen[status] {
					t.Errorf("callbacks tell of %v", seen)
				}
			}
			if c := b.sim.Calls()[0]; c.ProviderID != a.ID || c.Reference != "r1" || c.Channel != channel || c.Price != tt.price {
				t.Errorf("call %+v", c)
			}
		})
	}
}

func TestVonageTokens(t *testing.T) {
	b := startVonage(t, Options{}, Account{})
	now := time.Now()
	good := bearer(t, rs256, vonageClaims("app-1", now, now.Add(time.Minute)))
	broken := map[string]string{"Authorization": good["Authorization"][:len(good["Authorization"])-4] + "AAAA"}
	tests := map[string]struct {
		header map[string]string
		status int
	}{
		"good":                {good, 202},
		"none":                {nil, 401},
		"another application": {bearer(t, rs256, vonageClaims("app-2", now, now.Add(time.Minute))), 401},
		"expired":             {bearer(t, rs256, vonageClaims("app-1", now.Add(-time.Hour), now.Add(-time.Second))), 401},
		"of tomorrow":         {bearer(t, rs256, vonageClaims("app-1", now.Add(24*time.Hour), now.Add(25*time.Hour))), 401},
		"another algorithm":   {bearer(t, `{"alg":"none"}`, vonageClaims("app-1", now, now.Add(time.Minute))), 401},
		"without an id":       {bearer(t, rs256, strings.Replace(vonageClaims("app-1", now, now.Add(time.Minute)), "jti", "x", 1)), 401},
		"bad signature":       {broken, 401},
	}
	for name, tt := range tests {
		if r := b.call(http.MethodPost, "/vonage/v1/messages", vonageText+`"client_ref":"r"}`, tt.header); r.status != tt.status {
			t.Errorf("%s: %d %s", name, r.status, r.text)
		}
	}
}

func TestVonageRefusals(t *testing.T) {
	tests := map[string]struct {
		account Account
		rule    Rule
		head    string
		status  int
		want    string
	}{
		"ttl":                {Account{}, Rule{}, strings.Replace(vonageText, "60", "29", 1), 422, `"viber_service.ttl"`},
		"category":           {Account{}, Rule{}, strings.Replace(vonageText, "transaction", "otp", 1), 422, `"viber_service.category"`},
		"plus":               {Account{}, Rule{}, strings.Replace(vonageText, "84912345678", "+84912345678", 1), 422, `"to"`},
		"no text":            {Account{}, Rule{}, strings.Replace(vonageText, `"hi"`, `""`, 1), 422, `"text"`},
		"image by sms":       {Account{}, Rule{}, strings.Replace(vonageSMS, `"text","to"`, `"image","to"`, 1), 422, `"message_type"`},
		"viber part by sms":  {Account{}, Rule{}, strings.Replace(vonageSMS, `"sms":{"encoding_type":"auto"}`, `"viber_service":{}`, 1), 422, `"viber_service"`},
		"long button":        {Account{}, Rule{}, strings.Replace(vonageText, `"ttl":60`, `"action":{"url":"https://a.example","text":"`+strings.Repeat("x", 31)+`"}`, 1), 422, `"viber_service.action"`},
		"other sender":       {Account{Senders: []string{"Other"}}, Rule{}, vonageText, 422, `"from"`},
		"no money":           {Account{NoBalance: true}, Rule{}, vonageText, 402, "#low-balance"},
		"throttled":          {Account{}, Rule{Outcome: Throttle}, vonageText, 429, "messages#1000"},
		"internal":           {Account{}, Rule{Outcome: Refuse, Code: "1030"}, vonageText, 500, "messages#1030"},
		"sender, scripted":   {Account{}, Rule{Outcome: Refuse, Code: "1120"}, vonageText, 422, "messages#1120"},
		"token":              {Account{}, Rule{Outcome: Refuse, Code: CodeToken}, vonageText, 401, "#unauthorized"},
		"without any reason": {Account{}, Rule{Outcome: Refuse}, vonageText, 422, "messages#1040"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := startVonage(t, Options{}, tt.account)
			b.sim.SetRule("+84912345678", tt.rule)
			if r := b.vonage(tt.head); r.status != tt.status || !strings.Contains(r.text, tt.want) {
				t.Errorf("got %d %s", r.status, r.text)
			}
			if calls := b.sim.Calls(); len(calls) != 1 || calls[0].Taken() {
				t.Errorf("calls %+v", calls)
			}
		})
	}
	b := startVonage(t, Options{}, Account{})
	if r := b.vonage("{"); r.status != 422 || len(b.sim.Calls()) != 0 {
		t.Errorf("a message to nobody gets %d and is kept as %+v", r.status, b.sim.Calls())
	}
	if r := b.call(http.MethodGet, "/vonage/v1/messages", "", nil); r.status != 404 {
		t.Errorf("an unknown call gets %d", r.status)
	}
}

func TestVonageFailuresToldLater(t *testing.T) {
	for name, tt := range map[string]struct {
		head string
		rule Rule
		code float64
	}{
		"no Viber":      {vonageText, Rule{Outcome: Refuse, Code: CodeUnknownUser}, 1300},
		"number unused": {vonageSMS, Rule{Outcome: Fail}, 1190},
		"opted out":     {vonageText, Rule{Outcome: Refuse, Code: "1240"}, 1240},
		"no credit":     {vonageSMS, Rule{Outcome: Fail, Code: CodeQuota}, 1070},
		"anything":      {vonageSMS, Rule{Outcome: Fail, Code: "broken"}, 1330},
	} {
		t.Run(name, func(t *testing.T) {
			b := startVonage(t, Options{}, Account{})
			b.sim.SetRule("+84912345678", tt.rule)
			if r := b.vonage(tt.head); r.status != http.StatusAccepted {
				t.Fatalf("got %d %s", r.status, r.text)
			}
			s := b.nextStatus()
			if e, ok := s["error"].(map[string]any); s["status"] != "rejected" || !ok || e["title"] != tt.code {
				t.Errorf("callback %v", s)
			}
		})
	}
}

// A Viber message whose ttl runs out fails in silence and costs nothing.
func TestVonageExpiresInSilence(t *testing.T) {
	b := startVonage(t, Options{Scale: 1}, Account{})
	m := vonageMessage{Channel: "viber_service", To: "84912345678", WebhookURL: b.hook}
	acc, _ := b.sim.accounts.get(Vonage, "app-1")
	rec := &record{call: Call{Channel: Viber, ProviderID: "x"}}
	if d, ok := b.sim.vonageHook(acc, m)(rec, event{Kind: failed, Code: codeExpired}); ok {
		t.Errorf("it is told by %s", d.body)
	}
}

func TestVonageRetriesForADay(t *testing.T) {
	total, tries := time.Duration(0), 1
	for ; ; tries++ {
		wait, again := vonagePause(tries)
		if !again {
			break
		}
		total += wait
	}
	if first, _ := vonagePause(1); first != 5*time.Second || total < 23*time.Hour || total > 25*time.Hour {
		t.Errorf("%d calls over %s", tries, total)
	}
}
