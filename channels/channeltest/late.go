package channeltest

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// deadline is over before the answer is: Send ends with it, and does not know.
func (h Harness) deadline(t *testing.T) {
	handlers := map[string]http.HandlerFunc{
		"silence": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		},
		"slow drip": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-r.Context().Done():
					return
				case <-tick.C:
					_, _ = io.WriteString(w, " ")
					_ = http.NewResponseController(w).Flush()
				}
			}
		},
	}
	for name, handler := range handlers {
		t.Run(name, func(t *testing.T) {
			url, _ := provider(t, handler)
			ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
			defer cancel()
			done := make(chan error, 1)
			go func() {
				_, err := h.New(t, url, channels.NewHTTPClient(nil)).Send(ctx, h.Outbound)
				done <- err
			}()
			select {
			case err := <-done:
				h.failure(t, err, policy.ClassUnknown)
			case <-time.After(5 * time.Second):
				t.Fatal("Send goes on long after its deadline")
			}
		})
	}
}
