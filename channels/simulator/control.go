package simulator

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

func (s *Simulator) routesControl() {
	s.mux.HandleFunc("GET /calls", s.getCalls)
	s.mux.HandleFunc("PUT /script", s.putScript)
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		s.plain(w, r, http.StatusOK, map[string]string{"status": "ok"})
	})
}

// getCalls writes the calls as JSON lines; ?since=ID leaves out those up to ID.
func (s *Simulator) getCalls(w http.ResponseWriter, r *http.Request) {
	var since uint64
	if text := r.FormValue("since"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			http.Error(w, "since: give the id of a call, a whole number", http.StatusBadRequest)
			return
		}
		since = n
	}
	w.Header().Set("Content-Type", "application/jsonl")
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	for _, c := range s.book.snapshot(since) {
		if enc.Encode(c) != nil {
			return
		}
	}
	_ = out.Flush() // the caller may be gone
}

// script is the body of PUT /script. What it names is changed; rules, if given, replace all that were set.
type script struct {
	Rules    []scriptRule `json:"rules"`
	Accounts []Account    `json:"accounts"`
	Faults   []struct {
		Provider string `json:"provider"`
		ID       string `json:"id"`
		Fault    string `json:"fault"`
	} `json:"faults"`
	DropWebhooks map[string]bool `json:"drop_webhooks"`
	ExpireTokens bool            `json:"expire_tokens"`
}

type scriptRule struct {
	Match        string `json:"match"`
	Channel      string `json:"channel"`
	Outcome      string `json:"outcome"`
	Code         string `json:"code"`
	For          span   `json:"for"`
	AnswerAfter  span   `json:"answer_after"`
	Taken        bool   `json:"taken"`
	Deliver      *span  `json:"deliver"`
	Read         *span  `json:"read"`
	AfterNext    bool   `json:"after_next"`
	Repeat       int    `json:"repeat"`
	Shuffle      bool   `json:"shuffle"`
	Late         *span  `json:"late"`
	DropWebhooks bool   `json:"drop_webhooks"`
}

// span is a duration as text: "3s", "-1s", or "never".
type span time.Duration

// UnmarshalText reads a span.
func (d *span) UnmarshalText(text []byte) error {
	if string(text) == "never" {
		*d = -1
		return nil
	}
	v, err := time.ParseDuration(string(text))
	*d = span(v)
	return err
}

func (r scriptRule) rule() Rule {
	return Rule{
		Channel: r.Channel, Outcome: r.Outcome, Code: r.Code, For: time.Duration(r.For), AnswerAfter: time.Duration(r.AnswerAfter),
		Taken: r.Taken, Deliver: (*time.Duration)(r.Deliver), Read: (*time.Duration)(r.Read), AfterNext: r.AfterNext,
		Repeat: r.Repeat, Shuffle: r.Shuffle, Late: (*time.Duration)(r.Late), DropWebhooks: r.DropWebhooks,
	}
}

var outcomes = map[string]bool{
	"": true, Refuse: true, Fail: true, Hang: true, CutTaken: true, CutNotTaken: true, Throttle: true, HTML: true, Truncated: true, HTTP502: true,
}

func (s *Simulator) putScript(w http.ResponseWriter, r *http.Request) {
	dec := json.NewDecoder(bytes.NewReader(body(r)))
	dec.DisallowUnknownFields()
	var sc script
	err := dec.Decode(&sc)
	for i, rule := range sc.Rules {
		switch {
		case rule.Match == "":
			err = fmt.Errorf("rules[%d].match: give a phone number or a suffix like *118", i)
		case !outcomes[rule.Outcome]:
			err = fmt.Errorf("rules[%d].outcome: %q is not an outcome", i, rule.Outcome)
		}
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.apply(sc)
	w.WriteHeader(http.StatusNoContent)
}

func (s *Simulator) apply(sc script) {
	if sc.Rules != nil {
		s.ClearRules()
	}
	for _, rule := range sc.Rules {
		s.SetRule(rule.Match, rule.rule())
	}
	for _, a := range sc.Accounts {
		s.Register(a)
	}
	for _, f := range sc.Faults {
		s.SetAccountFault(f.Provider, f.ID, f.Fault)
	}
	for provider, drop := range sc.DropWebhooks {
		s.DropWebhooks(provider, drop)
	}
	if sc.ExpireTokens {
		s.ExpireTokens()
	}
}
