package channeltest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"cascade/channels"
	"cascade/policy"
)

// neverLeft has nobody, or somebody else, at the other end: the message may go another way at once.
func (h Harness) neverLeft(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		srv := httptest.NewServer(http.NotFoundHandler())
		srv.Close()
		_, err := h.send(t, srv.URL)
		h.failure(t, err, policy.ClassDown)
	})
	t.Run("certificate of nobody", func(t *testing.T) {
		var calls atomic.Int32
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
		srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // of the handshakes that fail
		srv.StartTLS()
		t.Cleanup(srv.Close)
		_, err := h.send(t, srv.URL)
		h.failure(t, err, policy.ClassDown)
		if n := calls.Load(); n != 0 {
			t.Errorf("%d requests over a connection to somebody unknown", n)
		}
	})
	t.Run("certificate of another", func(t *testing.T) {
		var calls atomic.Int32
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
		srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		srv.StartTLS()
		t.Cleanup(srv.Close)
		trusting := srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs // the certificate is for example.com
		client := channels.NewHTTPClient(nil)
		client.Transport = &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: trusting, MinVersion: tls.VersionTLS12},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, srv.Listener.Addr().String())
			},
		}
		_, err := h.New(t, "https://provider.invalid", client).Send(t.Context(), h.Outbound)
		f := h.failure(t, err, policy.ClassDown)
		if _, other := errors.AsType[x509.HostnameError](f); !other || calls.Load() != 0 {
			t.Errorf("got %v after %d requests, want the certificate's name refused", f, calls.Load())
		}
	})
	t.Run("name of nobody", func(t *testing.T) {
		client := channels.NewHTTPClient(nil)
		client.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "provider.example", IsNotFound: true}}
		}}
		_, err := h.New(t, "http://provider.example", client).Send(t.Context(), h.Outbound)
		h.failure(t, err, policy.ClassDown)
	})
	t.Run("cancelled before", func(t *testing.T) {
		url, calls := provider(t, h.Success)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := h.New(t, url, channels.NewHTTPClient(nil)).Send(ctx, h.Outbound)
		h.failure(t, err, policy.ClassDown)
		if n := calls.Load(); n != 0 {
			t.Errorf("%d requests, want none", n)
		}
	})
}
