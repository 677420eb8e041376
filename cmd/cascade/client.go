package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// client speaks to a running service for the commands that use the API.
type client struct {
	URL    string `help:"Address of the service." default:"http://127.0.0.1:8080" env:"CASCADE_URL"`
	APIKey string `help:"A tenant's API key; better given by the variable than on the command line." env:"CASCADE_API_KEY"`
	JSON   bool   `name:"json" help:"Print JSON."`
}

// callBound bounds one API call.
const callBound = 30 * time.Second

// maxReply is the longest answer that is read, in bytes.
const maxReply = 64 << 20

// apiError is a problem that the service answered with.
type apiError struct {
	Status    int    `json:"status"`
	Title     string `json:"title"`
	Detail    string `json:"detail"`
	Code      string `json:"code"`
	RequestID string `json:"request_id"`
	Errors    []struct {
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"errors"`
	Steps []struct {
		Step    int    `json:"step"`
		Channel string `json:"channel"`
		Detail  string `json:"detail"`
	} `json:"steps"`
}

// Error tells the problem, a field a line.
func (e *apiError) Error() string {
	text := e.Detail
	if text == "" {
		text = e.Title
	}
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	for _, f := range e.Errors {
		text += "\n  " + f.Field + ": " + f.Message
	}
	for _, s := range e.Steps {
		text += fmt.Sprintf("\n  step %d, %s: %s", s.Step, s.Channel, s.Detail)
	}
	return text
}

// get asks for path and decodes the answer into out.
func (c client) get(ctx context.Context, path string, out any) error {
	raw, err := c.call(ctx, http.MethodGet, path, nil, nil)
	if err != nil {
		return err
	}
	return decodeReply(raw, out)
}

// post sends body and decodes the answer into out. idempotencyKey may be "".
func (c client) post(ctx context.Context, path, idempotencyKey string, body, out any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	header := http.Header{}
	if idempotencyKey != "" {
		header.Set("Idempotency-Key", idempotencyKey)
	}
	reply, err := c.call(ctx, http.MethodPost, path, header, raw)
	if err != nil {
		return err
	}
	return decodeReply(reply, out)
}

// call makes one request and answers the body of a 2xx. Its errors carry the exit code: a service that cannot be
// reached and a thing that is not there are told apart from a refusal.
func (c client) call(ctx context.Context, method, path string, header http.Header, body []byte) ([]byte, error) {
	if c.APIKey == "" {
		return nil, &codedError{exitUsage, errors.New("CASCADE_API_KEY: is not set; take a key of your tenant")}
	}
	ctx, cancel := context.WithTimeout(ctx, callBound)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(c.URL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, &codedError{exitUsage, errors.New("CASCADE_URL: write it like http://127.0.0.1:8080")}
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("Authorization", "Bearer "+c.APIKey)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, &codedError{exitMissing, fmt.Errorf("the service does not answer: %w", err)}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxReply))
	if err != nil {
		return nil, &codedError{exitMissing, fmt.Errorf("the answer broke off: %w", err)}
	}
	if resp.StatusCode/100 == 2 {
		return raw, nil
	}
	problem := &apiError{Title: resp.Status}
	_ = json.Unmarshal(raw, problem) // what is no problem document is told by its status
	code := exitFailure
	if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusServiceUnavailable {
		code = exitMissing
	}
	return nil, &codedError{code, problem}
}

func decodeReply(raw []byte, out any) error {
	if to, ok := out.(*json.RawMessage); ok {
		*to = raw
		return nil
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("the service answers something else than expected: %w", err)
	}
	return nil
}

// printJSON writes a value, or an answer as it came, with indentation.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
