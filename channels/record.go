package channels

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Exchange is one HTTP call to a provider as it went over the wire, for a Recorder. Headers are left out: they carry
// credentials. Texts are as they were sent and came, with all their secrets: see Conceal.
type Exchange struct {
	At              time.Time
	Took            time.Duration
	Method, URL     string
	Request, Answer []byte // at most RecordedMost bytes each
	Status          int    // 0: no answer
	Failure         *Failure
}

// RecordedMost is how many bytes of a body is handed to a Recorder.
const RecordedMost = 64 << 10

// Recorder is told of the calls made under a context.
type Recorder struct {
	Now func() time.Time
	// Tell must be quick; it keeps what it is given.
	Tell func(Exchange)
}

type recorderKey struct{}

// WithRecorder has Call tell r of the calls it makes under ctx.
func WithRecorder(ctx context.Context, r Recorder) context.Context {
	return context.WithValue(ctx, recorderKey{}, r)
}

// recorded makes a call and tells the context's recorder of it, if there is one.
func recorded(ctx context.Context, req *http.Request, call func() (*Response, *Failure)) (*Response, *Failure) {
	record, ok := ctx.Value(recorderKey{}).(Recorder)
	if !ok {
		return call()
	}
	x := Exchange{At: record.Now(), Method: req.Method, URL: req.URL.String(), Request: bodyOf(req)}
	resp, failure := call()
	x.Took = record.Now().Sub(x.At)
	if failure != nil {
		as := *failure // the adapter puts its own words into it
		x.Failure = &as
	}
	if resp != nil {
		x.Status, x.Answer = resp.Status, resp.Body[:min(len(resp.Body), RecordedMost)]
	}
	record.Tell(x)
	return resp, failure
}

// bodyOf reads what a request is going to send; nil where that can be read only once.
func bodyOf(req *http.Request) []byte {
	if req.GetBody == nil {
		return nil
	}
	body, err := req.GetBody()
	if err != nil {
		return nil
	}
	defer body.Close()
	text, _ := io.ReadAll(io.LimitReader(body, RecordedMost)) // from memory
	return text
}
