package channels

// HookAnswerer is a HookReader whose provider insists on a certain answer to a callback that was kept. Without it the
// answer is 200 with an empty body.
type HookAnswerer interface {
	// HookAnswer is the HTTP status, the content type and the exact body.
	HookAnswer() (status int, contentType string, body []byte)
}
