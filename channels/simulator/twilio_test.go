package simulator

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	twilioSID      = "AC0123456789abcdef0123456789abcdef"
	twilioAccounts = "/twilio/2010-04-01/Accounts/"
)

func startTwilio(t *testing.T, o Options, a Account) *bench {
	t.Helper()
	b := start(t, o)
	a.Provider, a.ID, a.AppSecret = Twilio, twilioSID, "12345"
	b.sim.Register(a)
	return b
}

func basic(user, password string) map[string]string {
	return map[string]string{
		"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password)),
		"Content-Type":  "application/x-www-form-urlencoded",
	}
}

// twilio sends a good message; more replaces fields, in pairs.
func (b *bench) twilio(more ...string) reply {
	b.t.Helper()
	form := url.Values{"To": {"+84912345678"}, "From": {"+15005550006"}, "Body": {"hi"}, "StatusCallback": {b.hook + "/twilio?reference=r1"}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return b.call(http.MethodPost, twilioAccounts+twilioSID+"/Messages.json", form.Encode(), basic(twilioSID, "12345"))
}

func (b *bench) twilioGet(path string) reply {
	b.t.Helper()
	return b.call(http.MethodGet, twilioAccounts+twilioSID+path, "", basic(twilioSID, "12345"))
}

func TestTwilioTellsOfTheDelivery(t *testing.T) {
	b := startTwilio(t, Options{}, Account{})
	r := b.twilio()
	var m twilioMessageBody
	r.into(t, &m)
	if r.status != http.StatusCreated || m.Status != "queued" || len(m.SID) != 34 || !strings.HasPrefix(m.SID, "SM") || m.Price != nil || m.Segments != "1" {
		t.Fatalf("answer %d %+v", r.status, m)
	}
	seen := map[string]bool{}
	for range 2 {
		h := b.next()
		form, err := url.ParseQuery(string(h.body))
		if err != nil || form.Get("MessageSid") != m.SID || form.Get("To") != "+84912345678" || form.Get("AccountSid") != twilioSID || h.query != "reference=r1" {
			t.Errorf("callback %s %s, %v", h.query, h.body, err)
		}
		seen[form.Get("MessageStatus")] = true
	}
	if !seen["sent"] || !seen["delivered"] {
		t.Errorf("callbacks tell of %v", seen)
	}
	var now twilioMessageBody
	b.twilioGet("/Messages/"+m.SID+".json").into(t, &now)
	if now.Status != "delivered" || now.Price == nil || *now.Price != "-820" || *now.PriceUnit != "VND" {
		t.Errorf("look-up %+v", now)
	}
	if c := b.sim.Calls()[0]; c.ProviderID != m.SID || c.Reference != "r1" || c.To != "84912345678" || c.Price != "820" {
		t.Errorf("call %+v", c)
	}
}

// The signature is the documented one: these are the address, form and result of Twilio's own example.
func TestTwilioSignsAsDocumented(t *testing.T) {
	form := url.Values{
		"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "Digits": {"1234"}, "From": {"+14158675309"}, "To": {"+18005551212"},
	}
	if got := twilioSign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", form); got != "RSOYDt4T1cUTdK1PDd93/VVr8B8=" {
		t.Errorf("got %s", got)
	}
}

func TestTwilioRefusals(t *testing.T) {
	service := "MG" + strings.Repeat("0", 32)
	tests := map[string]struct {
		account Account
		rule    Rule
		more    []string
		status  int
		code    int
	}{
		"number without a plus": {Account{}, Rule{}, []string{"To", "84912345678"}, 400, 21211},
		"no sender":             {Account{}, Rule{}, []string{"From", ""}, 400, 21212},
		"another's sender":      {Account{Senders: []string{"+1"}}, Rule{}, nil, 400, 21606},
		"no such service":       {Account{}, Rule{}, []string{"MessagingServiceSid", "MG1"}, 400, 21705},
		"another's service":     {Account{Senders: []string{"+1"}}, Rule{}, []string{"MessagingServiceSid", service}, 400, 21705},
		"no text":               {Account{}, Rule{}, []string{"Body", ""}, 400, 21602},
		"too long":              {Account{}, Rule{}, []string{"Body", strings.Repeat("x", 1601)}, 400, 21617},
		"bad callback":          {Account{}, Rule{}, []string{"StatusCallback", "nowhere"}, 400, 21609},
		"bad validity":          {Account{}, Rule{}, []string{"ValidityPeriod", "36001"}, 400, 20001},
		"no money":              {Account{NoBalance: true}, Rule{}, nil, 403, 20403},
		"scripted":              {Account{}, Rule{Outcome: Refuse, Code: "21610"}, nil, 400, 21610},
		"throttled":             {Account{}, Rule{Outcome: Throttle}, nil, 429, 20429},
		"bad credentials":       {Account{}, Rule{Outcome: Refuse, Code: CodeToken}, nil, 401, 20003},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := startTwilio(t, Options{}, tt.account)
			b.sim.SetRule("+84912345678", tt.rule)
			r := b.twilio(tt.more...)
			var said struct{ Code, Status int }
			r.into(t, &said)
			if r.status != tt.status || said.Code != tt.code || said.Status != tt.status {
				t.Errorf("got %d %+v", r.status, said)
			}
			if calls := b.sim.Calls(); len(calls) != 1 || calls[0].Taken() {
				t.Errorf("calls %+v", calls)
			}
		})
	}
}

func TestTwilioCredentials(t *testing.T) {
	b := startTwilio(t, Options{}, Account{APIKey: "SK1:s3"})
	for pair, status := range map[[2]string]int{
		{twilioSID, "12345"}: 200, {"SK1", "s3"}: 200, {twilioSID, "12346"}: 401, {"SK1", "12345"}: 401, {"AC2", "12345"}: 401, {"", ""}: 401,
	} {
		if r := b.call(http.MethodGet, twilioAccounts+twilioSID+"/Balance.json", "", basic(pair[0], pair[1])); r.status != status {
			t.Errorf("%v gets %d, want %d", pair, r.status, status)
		}
	}
	if r := b.call(http.MethodGet, twilioAccounts+"AC2/Balance.json", "", basic("AC2", "x")); r.status != 401 {
		t.Errorf("an unknown account gets %d", r.status)
	}
	open := start(t, Options{Open: true})
	if r := open.call(http.MethodGet, twilioAccounts+"AC2.json", "", basic("AC2", "x")); r.status != 200 {
		t.Errorf("an open simulator answers an unknown account %d", r.status)
	}
}

func TestTwilioLookUps(t *testing.T) {
	b := startTwilio(t, Options{}, Account{Senders: []string{"+15005550006"}})
	b.sim.SetRule("+84912345678", Rule{Deliver: new(time.Duration(-1))})
	var m, now twilioMessageBody
	b.twilio().into(t, &m)
	b.twilioGet("/Messages/"+m.SID+".json").into(t, &now)
	if now.Status != "queued" || now.Price != nil {
		t.Errorf("a silent message is %+v", now)
	}
	for path, want := range map[string]string{
		"/Messages/SM1.json": `"code":20404`, "/Messages/r1.json": `"code":20404`, "/Nothing.json": `"code":20404`, ".json": `"status":"active"`,
		"/IncomingPhoneNumbers.json?PhoneNumber=%2B15005550006": `"sms":true`, "/IncomingPhoneNumbers.json?PhoneNumber=%2B1": `"incoming_phone_numbers":[]`,
	} {
		if r := b.twilioGet(path); !strings.Contains(r.text, want) {
			t.Errorf("%s answers %d %s", path, r.status, r.text)
		}
	}
}

func TestTwilioFailuresToldLater(t *testing.T) {
	for name, tt := range map[string]struct {
		rule Rule
		code string
	}{
		"unknown handset": {Rule{Outcome: Refuse, Code: CodeUnknownUser}, "30005"},
		"scripted":        {Rule{Outcome: Fail, Code: "30007"}, "30007"},
		"queue overflow":  {Rule{Outcome: Fail, Code: CodeQuota}, "30001"},
		"anything":        {Rule{Outcome: Fail, Code: "broken"}, "30008"},
	} {
		t.Run(name, func(t *testing.T) {
			b := startTwilio(t, Options{}, Account{})
			b.sim.SetRule("+84912345678", tt.rule)
			service := "MG" + strings.Repeat("a", 32)
			var m, now twilioMessageBody
			b.twilio("MessagingServiceSid", service).into(t, &m)
			form, err := url.ParseQuery(string(b.next().body))
			if err != nil || form.Get("MessageStatus") != "undelivered" || form.Get("ErrorCode") != tt.code || form.Get("MessagingServiceSid") != service || m.Status != "accepted" {
				t.Errorf("callback %v, %v", form, err)
			}
			b.twilioGet("/Messages/"+m.SID+".json").into(t, &now)
			if now.Status != "undelivered" || now.ErrorCode == nil || itoa(int64(*now.ErrorCode)) != tt.code {
				t.Errorf("look-up %+v", now)
			}
		})
	}
}
