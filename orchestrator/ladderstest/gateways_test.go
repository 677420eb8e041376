package ladderstest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"
)

// gatewayFront turns the wire of a gateway that has a preset into that of the simulator's own gateway, so that the
// simulator's log and its receipts serve it too.
type gatewayFront struct {
	sim http.Handler
	// callbacks is where the receipts of a message go, by the gateway's id and by our reference.
	callbacks *sync.Map
}

// order is a message at the simulator's gateway, and taken its answer.
type (
	order struct {
		From string `json:"from"`
		To   string `json:"to"`
		Text string `json:"text"`
		Ref  string `json:"ref"`
	}
	taken struct {
		Status string `json:"status"`
		ID     string `json:"id"`
		Code   string `json:"code"`
	}
	report struct {
		ID     string `json:"id"`
		Ref    string `json:"ref"`
		Status string `json:"status"`
		At     int64  `json:"at"`
	}
)

// place sends an order on and remembers where its receipts go. An answer that the simulator cuts is cut here too.
func (g gatewayFront) place(r *http.Request, user, password, callback string, o order) (taken, bool) {
	raw, err := json.Marshal(o)
	if err != nil {
		return taken{}, false
	}
	inner := httptest.NewRequest(http.MethodPost, "/gateway/send", bytes.NewReader(raw)).WithContext(r.Context())
	inner.SetBasicAuth(user, password)
	rec := httptest.NewRecorder()
	g.sim.ServeHTTP(rec, inner)
	if o.Ref != "" {
		g.callbacks.Store(o.Ref, callback)
	}
	if rec.Code == http.StatusBadGateway { // a recorder cannot be cut
		panic(http.ErrAbortHandler)
	}
	var t taken
	if json.Unmarshal(rec.Body.Bytes(), &t) != nil {
		return taken{}, false
	}
	if t.ID != "" {
		g.callbacks.Store(t.ID, callback)
	}
	return t, rec.Code == http.StatusOK && t.Status == "ok"
}

// relay passes a report of the simulator on. What cannot be passed on is told to the simulator, which tries again.
func (g gatewayFront) relay(w http.ResponseWriter, r *http.Request, contentType, answer string, write func(report) string) {
	var rep report
	err := json.NewDecoder(r.Body).Decode(&rep)
	callback, known := g.callbacks.Load(rep.ID)
	if !known {
		callback, known = g.callbacks.Load(rep.Ref)
	}
	if err != nil || !known {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	resp, err := post(r.Context(), callback.(string), contentType, write(rep))
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || string(said) != answer {
		w.WriteHeader(http.StatusBadGateway)
	}
}

// eight is 8x8's SMS API.
type eight struct{ gatewayFront }

func (e *eight) routes(mux *http.ServeMux) {
	e.callbacks = &sync.Map{}
	mux.HandleFunc("POST /8x8/api/v1/subaccounts/{user}/messages", e.send)
	mux.HandleFunc("POST /8x8/reports", e.report)
}

func (e *eight) send(w http.ResponseWriter, r *http.Request) {
	var m struct {
		Destination, Source, Text, ClientMessageID, DLRCallbackURL string
	}
	w.Header().Set("Content-Type", "application/json")
	if json.NewDecoder(r.Body).Decode(&m) != nil {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"code":1000,"message":"bad JSON"}`)
		return
	}
	t, ok := e.place(r, r.PathValue("user"), strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), m.DLRCallbackURL,
		order{m.Source, m.Destination, m.Text, m.ClientMessageID})
	switch {
	case ok:
		_ = json.NewEncoder(w).Encode(map[string]any{"umid": t.ID, "destination": m.Destination, "status": map[string]string{"code": "QUEUED"}})
	case t.Code == "unauthorized":
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"code":1200,"message":"Invalid credentials"}`)
	default:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"code":1002,"message":"Invalid MSISDN format"}`)
	}
}

func (e *eight) report(w http.ResponseWriter, r *http.Request) {
	e.relay(w, r, "application/json", "", func(rep report) string {
		status := map[string]any{"state": "delivered", "detail": "delivered_to_recipient", "timestamp": time.Unix(rep.At, 0).UTC().Format(time.RFC3339)}
		if rep.Status != "delivered" {
			status["state"], status["detail"], status["errorCode"] = "undelivered", "rejected_by_operator", 1
		}
		raw, _ := json.Marshal(map[string]any{ // texts and a number always marshal
			"namespace": "SMS", "eventType": "outbound_message_status_changed",
			"payload": map[string]any{"umid": rep.ID, "clientMessageId": rep.Ref, "status": status},
		})
		return string(raw)
	})
}

// jasmin is Jasmin's HTTP API.
type jasmin struct{ gatewayFront }

func (j *jasmin) routes(mux *http.ServeMux) {
	j.callbacks = &sync.Map{}
	mux.HandleFunc("GET /jasmin/send", j.send)
	mux.HandleFunc("POST /jasmin/reports", j.report)
}

func (j *jasmin) send(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	t, ok := j.place(r, q.Get("username"), q.Get("password"), q.Get("dlr-url"), order{q.Get("from"), q.Get("to"), q.Get("content"), ""})
	switch {
	case ok:
		_, _ = io.WriteString(w, `Success "`+t.ID+`"`)
	case t.Code == "unauthorized":
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `Error "Authentication failure for username:`+q.Get("username")+`"`)
	default:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `Error "Argument [to] has an invalid value"`)
	}
}

func (j *jasmin) report(w http.ResponseWriter, r *http.Request) {
	j.relay(w, r, "application/x-www-form-urlencoded", "ACK/Jasmin", func(rep report) string {
		status := "DELIVRD"
		if rep.Status != "delivered" {
			status = "UNDELIV"
		}
		return url.Values{"id": {rep.ID}, "level": {"2"}, "message_status": {status}, "err": {"000"}}.Encode()
	})
}
