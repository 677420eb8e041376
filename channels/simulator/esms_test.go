package simulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	esmsKeys = `"ApiKey":"key","SecretKey":"secret",`
	esmsSMS  = `{` + esmsKeys + `"Phone":"0912345678","Content":"hi","Brandname":"BRAND","SmsType":"2","RequestId":"r1"`
	esmsZNS  = `{` + esmsKeys + `"OAID":"123","Phone":"84912345678","TempID":"300123","TempData":{"name":"Lan"},"RequestId":"r1"`
	esmsVib  = `{` + esmsKeys + `"Phones":["0912345678"],"Content":"hi","Brandname":"BRAND","SmsType":23,"RequestId":"r1"`
)

var esmsCallPaths = map[string]string{SMS: "SendMultipleMessage_V4_post_json/", ZNS: "SendZaloMessage_V6", Viber: "Send_Multiple_Sms_OTT/"}

func startESMS(t *testing.T, o Options, a Account) *bench {
	t.Helper()
	b := start(t, o)
	a.Provider, a.ID, a.AppSecret = ESMS, "key", "secret"
	b.sim.Register(a)
	return b
}

// esms sends head, to which the callback address is added.
func (b *bench) esms(channel, head string) reply {
	b.t.Helper()
	return b.call(http.MethodPost, esmsPath+esmsCallPaths[channel], head+`,"CallbackUrl":"`+b.hook+`/esms?token=s3"}`, nil)
}

func (b *bench) nextQuery() url.Values {
	b.t.Helper()
	q, err := url.ParseQuery(b.next().query)
	if err != nil {
		b.t.Fatal(err)
	}
	return q
}

func TestESMSTellsOfTheDelivery(t *testing.T) {
	tests := map[string]struct{ head, typeID, price string }{
		SMS: {esmsSMS, "2", "820.0000"}, Viber: {esmsVib, "23", "470.0000"}, ZNS: {esmsZNS, "25", "200.0000"},
	}
	for channel, tt := range tests {
		t.Run(channel, func(t *testing.T) {
			b := startESMS(t, Options{}, Account{})
			var a esmsAnswer
			b.esms(channel, tt.head).into(t, &a)
			if a.CodeResult != "100" || a.SMSID == "" {
				t.Fatalf("answer %+v", a)
			}
			q := b.nextQuery()
			want := map[string]string{
				"token": "s3", "SMSID": a.SMSID, "RequestId": "r1", "SendStatus": "5", "SendSuccess": "1", "SendFailed": "0", "TotalReceiver": "1",
				"TotalPrice": tt.price, "TypeId": tt.typeID, "phonenumber": "0912345678", "telcoid": "3",
			}
			for name, value := range want {
				if q.Get(name) != value {
					t.Errorf("%s is %q, want %q", name, q.Get(name), value)
				}
			}
			if c := b.sim.Calls()[0]; c.ProviderID != a.SMSID || c.Reference != "r1" || c.To != "84912345678" || c.Channel != channel {
				t.Errorf("call %+v", c)
			}
		})
	}
}

func TestESMSErrorInfo(t *testing.T) {
	for dress, want := range map[string]string{
		ErrorInfoPlain:  `{"error":-118,"message":"Zalo error -118"}`,
		ErrorInfoString: `"{\"error\":-118,\"message\":\"Zalo error -118\"}"`,
		ErrorInfoTwice:  "%7B%22error%22%3A-118%2C%22message%22%3A%22Zalo+error+-118%22%7D____",
	} {
		t.Run("dress "+dress, func(t *testing.T) {
			b := startESMS(t, Options{}, Account{ErrorInfo: dress})
			b.sim.SetRule("0912345678", Rule{Outcome: Refuse, Code: CodeUnknownUser})
			b.esms(ZNS, esmsZNS)
			q := b.nextQuery()
			if got := q.Get("error_info"); got != want && (dress != ErrorInfoTwice || !strings.HasPrefix(got, want)) {
				t.Errorf("error_info %s", got)
			}
			if q.Get("SendFailed") != "1" || q.Get("TotalPrice") != "0.0000" || q.Get("partnerids") != "" || q.Get("oaid") != "123" || q.Get("tempid") != "300123" {
				t.Errorf("callback %v", q)
			}
		})
	}
}

func TestESMSRefuses(t *testing.T) {
	account := Account{
		Senders: []string{"BRAND", "123"},
		Templates: []Template{
			{ID: 300123, Name: "a", Params: []TemplateParam{{Name: "name", MaxLength: 5}}}, {ID: 300124, Name: "b", Status: "REJECT"},
		},
	}
	change := func(head, part, by string) string { return strings.Replace(head, part, by, 1) }
	tests := map[string]struct {
		channel, head string
		rule          Rule
		code          string
	}{
		"good":                     {SMS, esmsSMS, Rule{}, "100"},
		"wrong key":                {SMS, change(esmsSMS, `"key"`, `"no"`), Rule{}, "101"},
		"wrong secret":             {SMS, change(esmsSMS, `"secret"`, `"no"`), Rule{}, "101"},
		"bad phone":                {SMS, change(esmsSMS, "0912345678", "x"), Rule{}, "108"},
		"two phones":               {Viber, change(esmsVib, `["0912345678"]`, `["0912345678","0912345679"]`), Rule{}, "108"},
		"other brandname":          {SMS, change(esmsSMS, "BRAND", "OTHER"), Rule{}, "104"},
		"no brandname":             {Viber, change(esmsVib, "BRAND", ""), Rule{}, "104"},
		"fixed number":             {SMS, change(change(esmsSMS, "BRAND", ""), `"SmsType":"2"`, `"SmsType":8`), Rule{}, "100"},
		"other type":               {SMS, change(esmsSMS, `"SmsType":"2"`, `"SmsType":"1"`), Rule{}, "118"},
		"no text":                  {SMS, change(esmsSMS, "hi", ""), Rule{}, "110"},
		"viber with nothing":       {Viber, change(esmsVib, "hi", ""), Rule{}, "110"},
		"viber of SMS type":        {Viber, change(esmsVib, `"SmsType":23`, `"SmsType":2`), Rule{}, "118"},
		"zns":                      {ZNS, esmsZNS, Rule{}, "100"},
		"unknown OA":               {ZNS, change(esmsZNS, `"123"`, `"124"`), Rule{}, "204"},
		"no OA":                    {ZNS, change(esmsZNS, `"123"`, `""`), Rule{}, "791"},
		"unknown template":         {ZNS, change(esmsZNS, "300123", "300125"), Rule{}, "789"},
		"rejected template":        {ZNS, change(esmsZNS, "300123", "300124"), Rule{}, "789"},
		"parameter missing":        {ZNS, change(esmsZNS, `"name":"Lan"`, ""), Rule{}, "790"},
		"parameter too long":       {ZNS, change(esmsZNS, "Lan", "Nguyen Lan"), Rule{}, "790"},
		"rule: text of no pattern": {SMS, esmsSMS, Rule{Outcome: Refuse, Code: "146"}, "146"},
		"rule: blocked":            {SMS, esmsSMS, Rule{Outcome: Refuse}, "99"},
		"rule: throttled":          {SMS, esmsSMS, Rule{Outcome: Throttle}, "160"},
		"rule: token":              {ZNS, esmsZNS, Rule{Outcome: Refuse, Code: CodeToken}, "101"},
		"rule: quota":              {SMS, esmsSMS, Rule{Outcome: Refuse, Code: CodeQuota}, "103"},
		"rule: quota at Zalo":      {ZNS, esmsZNS, Rule{Outcome: Refuse, Code: CodeQuota}, "100"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			b := startESMS(t, Options{}, account)
			b.sim.SetRule("0912345678", tt.rule)
			got := b.esms(tt.channel, tt.head)
			var a esmsAnswer
			got.into(t, &a)
			if got.status != http.StatusOK || a.CodeResult != tt.code || (tt.code != "100") != (a.ErrorMessage != "") {
				t.Errorf("answer %d %+v, want %s", got.status, a, tt.code)
			}
			if c := b.sim.Calls()[0]; c.Taken() != (tt.code == "100") || (!c.Taken() && c.Code != tt.code) {
				t.Errorf("call %+v", c)
			}
		})
	}
	b := startESMS(t, Options{}, Account{NoBalance: true})
	var a esmsAnswer
	if b.esms(SMS, esmsSMS).into(t, &a); a.CodeResult != "103" {
		t.Errorf("without money: %+v", a)
	}
	if got := b.call(http.MethodPost, esmsPath+esmsCallPaths[SMS], "{", nil).text; got != `{"error":"Invalid request"}` {
		t.Errorf("no JSON: %s", got)
	}
}

func TestESMSRefusesARepeatedRequestID(t *testing.T) {
	now := time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC)
	b := startESMS(t, Options{Now: func() time.Time { return now }}, Account{})
	code := func(channel, head string) string {
		var a esmsAnswer
		b.esms(channel, head).into(t, &a)
		return a.CodeResult + a.SendStatus
	}
	steps := []struct{ channel, head, want string }{
		{SMS, strings.Replace(esmsSMS, "hi", "", 1), "110"}, // refused: the id is free again
		{SMS, esmsSMS, "100"},
		{SMS, esmsSMS, "1245"},
		{Viber, esmsVib, "1245"},
		{SMS, strings.Replace(esmsSMS, "r1", "r2", 1), "100"},
	}
	for i, s := range steps {
		if got := code(s.channel, s.head); got != s.want {
			t.Errorf("step %d: %s, want %s", i, got, s.want)
		}
	}
	now = now.Add(24*time.Hour + time.Second)
	if got := code(SMS, esmsSMS); got != "100" {
		t.Errorf("a day later: %s", got)
	}
}

func TestESMSRepeatWhileJudged(t *testing.T) {
	b := startESMS(t, Options{Scale: 1}, Account{})
	b.sim.SetRule("0912345678", Rule{AnswerAfter: 100 * time.Millisecond, Deliver: never})
	codes := make(chan string, 8)
	for range cap(codes) {
		go func() {
			var a esmsAnswer
			_ = json.Unmarshal([]byte(b.esms(SMS, esmsSMS).text), &a)
			codes <- a.CodeResult
		}()
	}
	count := map[string]int{}
	for range cap(codes) {
		count[<-codes]++
	}
	if count["100"] != 1 || count["124"] != cap(codes)-1 {
		t.Errorf("answers %v", count)
	}
}

func TestESMSSandboxKeepsNothing(t *testing.T) {
	b := startESMS(t, Options{}, Account{})
	var a esmsAnswer
	b.esms(SMS, esmsSMS+`,"Sandbox":"1"`).into(t, &a)
	if a.CodeResult != "100" || a.SMSID == "" || len(b.sim.Calls()) != 0 {
		t.Errorf("answer %+v, calls %v", a, b.sim.Calls())
	}
	b.esms(Viber, esmsVib+`,"IsSandBox":1`).into(t, &a)
	if a.CodeResult != "100" || len(b.sim.Calls()) != 0 {
		t.Errorf("answer %+v, calls %v", a, b.sim.Calls())
	}
}

func TestESMSLookups(t *testing.T) {
	b := startESMS(t, Options{}, Account{})
	b.sim.SetRule("0912345678", Rule{Channel: ZNS, Outcome: Fail, Code: "-114"})
	status := func(query string) string {
		return b.call(http.MethodGet, esmsPath+"GetSendStatus?"+query, "", nil).text
	}
	zns := func(id string) string {
		return b.call(http.MethodPost, esmsPath+"QueryZnsStatus/", `{`+esmsKeys+`"SmsId":"`+id+`","SmsType":"25"}`, nil).text
	}
	var a esmsAnswer
	b.esms(SMS, esmsSMS).into(t, &a)
	b.next()
	want := `{"CodeResponse":"100","SMSID":"` + a.SMSID + `","SendFailed":0,"SendStatus":5,"SendSuccess":1,"TotalPrice":820.0000,"TotalReceiver":1,"TotalSent":1}`
	if got := status("RefId=" + a.SMSID + "&ApiKey=key&SecretKey=secret"); got != want {
		t.Errorf("GetSendStatus %s", got)
	}
	if got := status("RefId=" + a.SMSID + "&ApiKey=key&SecretKey=no"); got != `{"CodeResponse":"101","SMSID":"`+a.SMSID+`"}` {
		t.Errorf("GetSendStatus with a wrong key %s", got)
	}
	if got := status("RefId=r1&ApiKey=key&SecretKey=secret"); !strings.Contains(got, `"105"`) {
		t.Errorf("GetSendStatus by RequestId %s", got)
	}
	if got := zns(a.SMSID); !strings.Contains(got, `"854"`) {
		t.Errorf("QueryZnsStatus of an SMS %s", got)
	}
	if got := zns(""); !strings.Contains(got, `"851"`) {
		t.Errorf("QueryZnsStatus of nothing %s", got)
	}
	b.esms(ZNS, strings.Replace(esmsZNS, "r1", "r2", 1)).into(t, &a)
	b.next()
	want = `{"CodeResult":"100","Data":{"ErrorInfo":"-114","FinalStatus":"1","SMSID":"` + a.SMSID +
		`","SendFailed":1,"SendStatus":5,"SendSuccess":0,"TotalPrice":0.0,"TotalReceiver":1,"TotalSent":0,"ZaloMsgId":""}}`
	if got := zns(a.SMSID); got != want {
		t.Errorf("QueryZnsStatus %s", got)
	}
}

func TestESMSRepeatsACallbackOnSilenceOnly(t *testing.T) {
	b := startESMS(t, Options{}, Account{})
	b.reply = func(int) int { return http.StatusServiceUnavailable }
	b.esms(SMS, esmsSMS)
	first := b.next()
	b.esms(SMS, strings.Replace(esmsSMS, "r1", "r2", 1))
	if second := b.next(); first.query == second.query {
		t.Error("a callback that was answered came again")
	}
	var pauses int
	for tries := 1; ; tries++ {
		if _, again := esmsPause(tries); !again {
			break
		}
		pauses++
	}
	if pauses != 4 {
		t.Errorf("%d repeats, want 4: five calls in all", pauses)
	}
}
