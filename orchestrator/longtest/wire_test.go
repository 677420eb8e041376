package longtest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
)

// Addresses of the two sides. Nothing listens there: every call stays in the process.
const (
	providerURL = "http://127.0.0.1:1"
	hooksURL    = "http://127.0.0.1:2"
)

// wire carries requests to the simulator.
type wire struct{ w *world }

// RoundTrip has the simulator answer, unless the caller gives up first.
func (x wire) RoundTrip(req *http.Request) (*http.Response, error) {
	var body []byte
	if req.Body != nil {
		var err error
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close() // it is in memory
	}
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil {
		if trace.GotConn != nil {
			trace.GotConn(httptrace.GotConnInfo{})
		}
		if trace.WroteHeaders != nil {
			trace.WroteHeaders()
		}
	}
	ctx, cancel := context.WithCancel(req.Context())
	in := req.Clone(ctx)
	in.RequestURI, in.Header, in.Body = req.URL.RequestURI(), arrived(req.Header), io.NopCloser(bytes.NewReader(body))
	rec := httptest.NewRecorder()
	done := make(chan struct{})
	x.w.servers.Go(func() {
		defer close(done)
		defer cancel()
		x.w.sim.Handler().ServeHTTP(rec, in)
	})
	select {
	case <-done:
		resp := rec.Result()
		resp.Request = req
		return resp, nil
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}
