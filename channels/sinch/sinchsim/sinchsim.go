// Package sinchsim is Sinch's side of the wire, for the simulator. An account's ID is its service plan's, AppSecret its API
// token, and WebhookSecret signs its callbacks, which are unsigned without one.
package sinchsim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cascade/channels/simulator"
)

// Provider is Sinch's name in the simulator.
const Provider = "sinch"

// Wire plays Sinch's SMS API below /sinch, which stands for the region's host.
func Wire() simulator.Wire {
	return simulator.Wire{Provider: Provider, Routes: func(mux *http.ServeMux, d *simulator.Desk) {
		p := plans{d}
		const batches = "/sinch/xms/v1/{plan}/batches"
		mux.HandleFunc("POST "+batches, p.send)
		mux.HandleFunc("GET "+batches, p.ask(p.list))
		mux.HandleFunc("GET "+batches+"/{batch}/delivery_report", p.ask(p.batchReport))
		mux.HandleFunc("GET "+batches+"/{batch}/delivery_report/{recipient}", p.ask(p.recipientReport))
		mux.HandleFunc("/sinch/", func(w http.ResponseWriter, r *http.Request) { p.refuse(w, r, simulator.Verdict{}, notFound) })
	}}
}

// plans answers for the service plans.
type plans struct{ *simulator.Desk }

// Codes of refusals: Sinch's own, and a status's name where the answer has no code.
const (
	invalidJSON   = "syntax_invalid_json"
	invalidFormat = "syntax_invalid_parameter_format"
	violated      = "syntax_constraint_violation"
	noCallback    = "missing_callback_url"
	blocked       = "blocked_account"
	illegalNumber = "illegal_number_type"
	unauthorized  = "unauthorized"
	throttled     = "throttled"
	notFound      = "not_found"
	badMediaType  = "unsupported_media_type"
)

// bare are the refusals without a documented body.
var bare = map[string]int{
	unauthorized: http.StatusUnauthorized, throttled: http.StatusTooManyRequests, notFound: http.StatusNotFound, badMediaType: http.StatusUnsupportedMediaType,
}

// batch is the body of a send.
type batch struct {
	From            string   `json:"from"`
	To              []string `json:"to"`
	Body            string   `json:"body"`
	Type            string   `json:"type"`
	DeliveryReport  string   `json:"delivery_report"`
	CallbackURL     string   `json:"callback_url,omitempty"`
	ClientReference string   `json:"client_reference,omitempty"`
	ExpireAt        string   `json:"expire_at,omitempty"`
}

// created is a batch as answers tell of it.
type created struct {
	ID string `json:"id"`
	batch
	Canceled   bool   `json:"canceled"`
	CreatedAt  string `json:"created_at"`
	ModifiedAt string `json:"modified_at"`
}

var (
	msisdn = regexp.MustCompile(`^\+?[1-9]\d{7,14}$`)
	sender = regexp.MustCompile(`^(\+?\d{3,15}|[A-Za-z0-9 &._+-]{1,11})$`)
)

// check answers the code of what is wrong with the batch, "" if nothing is. One recipient is all that is played.
func (b *batch) check(now time.Time) string {
	if b.Type == "" {
		b.Type = "mt_text"
	}
	if b.DeliveryReport == "" {
		b.DeliveryReport = "none"
	}
	hook, err := url.Parse(b.CallbackURL)
	expires, timeErr := time.Parse(time.RFC3339, b.ExpireAt)
	switch {
	case len(b.To) != 1 || b.Body == "" || utf8.RuneCountInString(b.Body) > 1600 || b.Type != "mt_text":
		return violated
	case !msisdn.MatchString(b.To[0]) || !sender.MatchString(b.From):
		return invalidFormat
	case b.ExpireAt != "" && timeErr != nil, b.CallbackURL != "" && (err != nil || hook.Host == ""):
		return invalidFormat
	case b.ExpireAt != "" && !expires.After(now), len(b.ClientReference) > 128:
		return violated
	case !slices.Contains([]string{"none", "summary", "full", perRecipient, perRecipientFinal}, b.DeliveryReport):
		return violated
	case b.DeliveryReport != "none" && b.CallbackURL == "":
		return noCallback
	}
	return ""
}

// owner answers the account whose token the call carries.
func (p plans) owner(r *http.Request) (simulator.Account, bool) {
	acc, ok := p.Account(r.PathValue("plan"))
	token, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return acc, ok && bearer && token != "" && (acc.AppSecret == "" || acc.AppSecret == token)
}

func (p plans) send(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20)) // a broken body is no JSON
	acc, ok := p.owner(r)
	stop := func(code string) {
		p.Refuse(acc.ID, simulator.SMS, code)
		p.refuse(w, r, simulator.Verdict{}, code)
	}
	var b batch
	switch {
	case !ok:
		acc.ID = ""
		stop(unauthorized)
		return
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		stop(badMediaType)
		return
	case json.Unmarshal(raw, &b) != nil:
		stop(invalidJSON)
		return
	}
	if code := b.check(p.Now()); code != "" {
		stop(code)
		return
	}
	v := p.Place(r.Context(), p.message(acc, b))
	if v.Refused() {
		p.refuse(w, r, v, v.Call.Code)
		return
	}
	p.Answer(w, r, v, http.StatusCreated, resource(v.Call, b))
}

func (p plans) message(acc simulator.Account, b batch) simulator.Message {
	m := simulator.Message{
		Account: acc.ID, Channel: simulator.SMS, Reference: b.ClientReference, To: b.To[0], Text: b.Body,
		Refusal: refusal, Failure: failure, ToldLater: toldLater, NewID: batchID, Tell: p.teller(acc, b),
	}
	if expires, err := time.Parse(time.RFC3339, b.ExpireAt); err == nil {
		m.ValidFor = expires.Sub(p.Now())
	}
	return m
}

// batchID writes 20 hex digits as a ULID, whose alphabet has them all.
func batchID(hex string) string { return "01" + strings.ToUpper(hex) + "0000" }

func resource(c simulator.Call, b batch) created {
	at := c.At.UTC().Format(timeFormat)
	return created{ID: c.ProviderID, batch: b, CreatedAt: at, ModifiedAt: at}
}

// refuse answers a refusal with the status that goes with its code.
func (p plans) refuse(w http.ResponseWriter, r *http.Request, v simulator.Verdict, code string) {
	if status, ok := bare[code]; ok {
		p.Answer(w, r, v, status, nil)
		return
	}
	status := http.StatusForbidden
	if strings.HasPrefix(code, "syntax_") {
		status = http.StatusBadRequest
	}
	p.Answer(w, r, v, status, map[string]string{"code": code, "text": "The request was refused: " + code})
}

// refusal says a rule's reason in the words of an answer.
func refusal(reason string) string {
	switch reason {
	case simulator.Throttle:
		return throttled
	case simulator.CodeToken:
		return unauthorized
	case simulator.CodeQuota, simulator.CodeBalance:
		return blocked
	case "":
		return illegalNumber
	default:
		return reason
	}
}

// ask guards a look-up.
func (p plans) ask(answer func(http.ResponseWriter, *http.Request, simulator.Account)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		acc, ok := p.owner(r)
		switch {
		case !ok:
			p.refuse(w, r, simulator.Verdict{}, unauthorized)
		case !p.Broken(w, r, acc.ID):
			answer(w, r, acc)
		}
	}
}

// list answers the batch that client_reference names. Without one it is empty.
func (p plans) list(w http.ResponseWriter, r *http.Request, acc simulator.Account) {
	found := []created{}
	if reference := r.FormValue("client_reference"); reference != "" {
		c, ok := p.Find(acc.ID, reference)
		if since, err := time.Parse(time.RFC3339, r.FormValue("start_date")); ok && c.Reference == reference && (err != nil || !c.At.Before(since)) {
			found = append(found, resource(c, batch{To: []string{c.To}, Type: "mt_text", ClientReference: c.Reference}))
		}
	}
	p.Answer(w, r, simulator.Verdict{}, http.StatusOK, map[string]any{"count": len(found), "page": 0, "page_size": len(found), "batches": found})
}
