package simulator

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkSend measures sends over loopback with the log on disk.
func BenchmarkSend(b *testing.B) {
	sim, err := New(Options{LogPath: filepath.Join(b.TempDir(), "calls.jsonl"), DeliverAfter: time.Millisecond})
	if err != nil {
		b.Fatal(err)
	}
	sim.Register(Account{Provider: Zalo, ID: "oa", AccessToken: "AT", Quota: -1})
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	var n atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			id := n.Add(1)
			body := `{"phone":"849` + strconv.FormatInt(10000000+id%80000000, 10) + `","template_id":"1","template_data":{"name":"Lan"},"tracking_id":"r` + itoa(id) + `"}`
			req, err := http.NewRequest(http.MethodPost, server.URL+"/zalo/api/message/template", strings.NewReader(body))
			if err != nil {
				b.Error(err)
				return
			}
			req.Header.Set("access_token", "AT")
			req.Header.Set("Content-Type", "application/json")
			resp, err := client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	})
	if err := sim.Close(); err != nil {
		b.Fatal(err)
	}
}
