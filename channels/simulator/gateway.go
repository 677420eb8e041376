package simulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

func (s *Simulator) routesGateway() {
	s.mux.HandleFunc("POST /gateway/send", s.gatewaySend)
	s.mux.HandleFunc("GET /gateway/status", s.gatewayStatus)
	s.mux.HandleFunc("GET /gateway/balance", s.gatewayBalance)
}

type gatewayMessage struct {
	From string `json:"from"`
	To   string `json:"to"`
	Text string `json:"text"`
	Ref  string `json:"ref"`
	// Channel is sms unless said otherwise.
	Channel string `json:"channel"`
}

type gatewayAnswer struct {
	Status   string `json:"status"`
	ID       string `json:"id,omitempty"`
	Segments int    `json:"segments,omitempty"`
	Code     string `json:"code,omitempty"`
}

func (s *Simulator) gatewayAccount(r *http.Request) (*account, bool) {
	user, pass, _ := r.BasicAuth()
	acc, ok := s.byKey(Gateway, user)
	return acc, ok && (acc.AppSecret == "" || acc.AppSecret == pass)
}

func (s *Simulator) gatewaySend(w http.ResponseWriter, r *http.Request) {
	raw := body(r)
	refuse := func(status int, account, code string) {
		s.refusedCall(Gateway, account, SMS, code)
		s.plain(w, r, status, gatewayAnswer{Status: "error", Code: code})
	}
	acc, ok := s.gatewayAccount(r)
	if !ok {
		refuse(http.StatusUnauthorized, "", "unauthorized")
		return
	}
	if acc.faultNow() == FaultSlow {
		s.pause(r.Context(), slowness)
	}
	var m gatewayMessage
	if json.Unmarshal(raw, &m) != nil {
		refuse(http.StatusBadRequest, acc.ID, "not_json")
		return
	}
	if m.Channel == "" {
		m.Channel = SMS
	}
	if code := m.check(); code != "" {
		refuse(http.StatusOK, acc.ID, code)
		return
	}
	parts := segments(m.Text)
	rec, v := s.place(order{
		provider: Gateway, channel: m.Channel, acc: acc, ref: m.Ref, to: digits(m.To), segments: parts,
		bill: billFor(m.Channel, parts), hook: s.gatewayHook(acc, m.Ref),
	}, gatewayCode)
	switch {
	case v.refuse == Throttle:
		throttled(w, v.retry)
		s.answer(w, r, v, http.StatusTooManyRequests, gatewayAnswer{Status: "error", Code: "throttled"})
	case v.outcome == OutcomeRefused:
		s.answer(w, r, v, http.StatusOK, gatewayAnswer{Status: "error", Code: gatewayCode(v)})
	default:
		s.answer(w, r, v, http.StatusOK, gatewayAnswer{Status: "ok", ID: rec.call.ProviderID, Segments: parts})
	}
}

func (m gatewayMessage) check() string {
	switch {
	case m.From == "":
		return "from_missing"
	case m.Text == "":
		return "text_missing"
	case !e164Digits.MatchString(digits(m.To)):
		return "to_invalid"
	case m.Channel != SMS && m.Channel != Viber && m.Channel != ZNS:
		return "channel_invalid"
	}
	return ""
}

func gatewayCode(v verdict) string {
	switch {
	case v.outcome != OutcomeRefused:
		return v.spoil
	case v.refuse == Throttle:
		return "throttled"
	case v.refuse == "":
		return CodeUnknownUser
	case v.refuse == CodeToken:
		return "unauthorized"
	default:
		return v.refuse
	}
}

// gatewayStatus answers what became of the message named by id or ref.
func (s *Simulator) gatewayStatus(w http.ResponseWriter, r *http.Request) {
	acc, ok := s.gatewayAccount(r)
	if !ok {
		s.plain(w, r, http.StatusUnauthorized, gatewayAnswer{Status: "error", Code: "unauthorized"})
		return
	}
	if s.broken(w, r, acc) {
		return
	}
	s.queries.Add(1)
	id := r.FormValue("id")
	if id == "" {
		id = r.FormValue("ref")
	}
	rec, ok := s.book.find(Gateway, acc.ID, id)
	if !ok {
		s.plain(w, r, http.StatusOK, gatewayAnswer{Status: "error", Code: "unknown_id"})
		return
	}
	e := lastEvent(rec.view())
	if e.Kind == "" {
		e.Kind = "sent"
	}
	s.plain(w, r, http.StatusOK, gatewayReceipt{rec.call.ProviderID, rec.call.Reference, e.Kind, e.At.Unix()})
}

func (s *Simulator) gatewayBalance(w http.ResponseWriter, r *http.Request) {
	acc, ok := s.gatewayAccount(r)
	if !ok {
		s.plain(w, r, http.StatusUnauthorized, gatewayAnswer{Status: "error", Code: "unauthorized"})
		return
	}
	if s.broken(w, r, acc) {
		return
	}
	balance := 1000000
	if acc.NoBalance {
		balance = 0
	}
	s.plain(w, r, http.StatusOK, map[string]any{"balance": balance, "currency": "VND"})
}

type gatewayReceipt struct {
	ID     string `json:"id"`
	Ref    string `json:"ref"`
	Status string `json:"status"`
	At     int64  `json:"at"`
}

// gatewayPause doubles from 10 s and gives up after six retries.
func gatewayPause(tries int) (time.Duration, bool) {
	return 10 * time.Second << min(tries-1, 10), tries <= 6
}

func (s *Simulator) gatewayHook(acc *account, ref string) func(*record, event) (delivery, bool) {
	return func(rec *record, e event) (delivery, bool) {
		if e.Kind == accepted || (e.Kind == read && rec.call.Channel != Viber) {
			return delivery{}, false
		}
		to, err := url.Parse(acc.WebhookURL)
		if err != nil || acc.WebhookURL == "" {
			return delivery{}, false
		}
		if acc.WebhookSecret != "" {
			q := to.Query()
			q.Set("token", acc.WebhookSecret)
			to.RawQuery = q.Encode()
		}
		raw, err := json.Marshal(gatewayReceipt{rec.call.ProviderID, ref, e.Kind, e.At.Unix()})
		return delivery{
			acc: acc, provider: Gateway, url: to.String(), body: raw, budget: 5 * time.Second, pause: gatewayPause,
			header: map[string]string{"Content-Type": "application/json"},
		}, err == nil
	}
}
