package channels

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestCallsAreRecorded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusTeapot)
		w.Write([]byte("got " + string(body) + "\xff\x00"))
	}))
	defer server.Close()
	var seen []Exchange
	clock := time.Unix(1_700_000_000, 0)
	ctx := WithRecorder(t.Context(), Recorder{
		Now:  func() time.Time { clock = clock.Add(time.Second); return clock },
		Tell: func(x Exchange) { seen = append(seen, x) },
	})
	request := func(url, body string) *http.Request {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		return req
	}
	resp, failure := Call(ctx, server.Client(), request(server.URL+"/send?x=1", "hello"))
	if failure != nil || string(resp.Body) != "got hello\xff\x00" {
		t.Fatalf("a recorded call answers %v, %v", resp, failure)
	}
	server.Close()
	_, failure = Call(ctx, server.Client(), request(server.URL, "again"))
	if failure == nil {
		t.Fatal("a server that is gone answers")
	}
	failure.Code = "of the adapter" // which goes on with it while the record is read
	if len(seen) != 2 {
		t.Fatalf("recorded %d calls, want 2", len(seen))
	}
	x := seen[0]
	if x.Method != "POST" || x.URL != server.URL+"/send?x=1" || string(x.Request) != "hello" || string(x.Answer) != "got hello\xff\x00" ||
		x.Status != http.StatusTeapot || x.Failure != nil || x.Took != time.Second {
		t.Errorf("the first call was recorded as %+v", x)
	}
	if x := seen[1]; x.Status != 0 || x.Answer != nil || x.Failure == nil || x.Failure.Code == "of the adapter" || string(x.Request) != "again" {
		t.Errorf("the second call was recorded as %+v", x)
	}
}
