// Package channels is the contract between the engine and the providers: what an adapter can do, how its answers are
// classified, and which adapters exist. Each provider has a subpackage of its own.
package channels

import (
	"context"
	"net/http"
	"time"

	"cascade/policy"
)

// Adapter speaks one provider's protocol for one account. It keeps no message state and no database, so an HTTP
// server is all a test needs. Its factory checks the settings: an Adapter that exists can be used.
type Adapter interface {
	// Capabilities tells which receipts the account gives and what else the provider can be asked.
	Capabilities() Capabilities
	// Send makes exactly one provider call and ends when the provider answers or ctx does. A nil error means the
	// provider took the message, and may charge for it; delivery is told later by a Receipt. Every other end is a
	// *Failure. out.Reference goes along wherever the protocol has a field for it.
	Send(ctx context.Context, out Outbound) (Taken, error)
}

// HookReader is an Adapter whose provider calls back.
type HookReader interface {
	// ReadHook verifies a callback over its raw bytes and reads the receipts in it. ErrForged: the signature is
	// wrong, nothing may be kept. ErrUnreadable: genuine but not understood, to be quarantined. No receipts and a
	// nil error: genuine, and of no consequence for a message.
	ReadHook(h Hook) ([]Receipt, error)
}

// StatusQuerier is an Adapter whose provider can be asked what became of a message.
type StatusQuerier interface {
	// Query asks once. Found false: the provider does not know the message. The error is a *Failure.
	Query(ctx context.Context, q Query) (Answer, error)
}

// AccountChecker is an Adapter whose provider can say whether the account is able to send.
type AccountChecker interface {
	Check(ctx context.Context) []Finding
}

// TemplateLister is an Adapter whose provider keeps approved templates that can be listed.
type TemplateLister interface {
	Templates(ctx context.Context) ([]ProviderTemplate, error)
}

// TokenRefresher is an Adapter whose access token expires. The engine sees to it that one refresh at a time runs for
// an account, over all replicas; the adapter only makes the call.
type TokenRefresher interface {
	// Refresh spends the refresh token of have. A *Failure of ClassAccount means that a person must authorise the
	// account again; of ClassUnknown, that the token may have been spent.
	Refresh(ctx context.Context, have Token) (Token, error)
}

// Token is an access token with what is needed to renew it. The JSON form is what is sealed at rest.
type Token struct {
	Access    string    `json:"access_token"`
	Refresh   string    `json:"refresh_token"`
	ExpiresAt time.Time `json:"expires_at"`
}

// TokenSource hands an adapter its current access token.
type TokenSource interface {
	// Token answers a token that is believed valid. The error is a *Failure of ClassAccount when there is none.
	Token(ctx context.Context) (string, error)
	// Renew is called when the provider refused bad. It answers a fresh token, renewed once however many callers
	// were refused the same one.
	Renew(ctx context.Context, bad string) (string, error)
}

// Capabilities declares what a provider offers on one channel.
type Capabilities struct {
	// Receipts that the provider documents, weakest first. Empty: it gives none, and "taken" is all there is.
	Receipts []policy.Receipt
	// QueryByProviderID and QueryByReference say by which id Query can ask.
	QueryByProviderID, QueryByReference bool
	// Dedupe: a repeated Reference is refused by the provider, so a resend cannot reach a person twice.
	Dedupe bool
	// MaxText is the longest text in characters that the channel carries; 0 is no limit of its own.
	MaxText int
}

// Outbound is one message for one person on one account.
type Outbound struct {
	// Reference is our id of the attempt, 32 lower-case hex digits, unique for ever.
	Reference string
	// To is the recipient in E.164, with the plus sign.
	To       string
	Category policy.Category
	Content  Content
	// ValidFor is how long the step waits; a provider that can give up by itself is told so. 0 is not known.
	ValidFor time.Duration
	// CallbackURL is where receipts should go, for providers that take it in the request.
	CallbackURL string
}

// Content is what is rendered for one channel. Text is for viber and sms; the template for zns.
type Content struct {
	Text         string            `json:"text,omitempty"`
	ImageURL     string            `json:"image_url,omitempty"`
	Button       *Button           `json:"button,omitempty"`
	TemplateID   string            `json:"template_id,omitempty"`
	TemplateData map[string]string `json:"template_data,omitempty"`
	// UserID is the provider's own id of the recipient, where it is known; the message goes to it instead of the number.
	UserID string `json:"user_id,omitempty"`
}

// Button is a labelled link under a Viber message.
type Button struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

// Taken is the provider's word that it has the message.
type Taken struct {
	// ProviderID is the provider's id of the message; empty when it uses ours.
	ProviderID string
	// At is when the provider took it by its own clock; zero when it does not say.
	At time.Time
	// Quota is what is left for the account after this message; nil when the provider does not say.
	Quota *Quota
}

// Hook is a provider's callback as it came in.
type Hook struct {
	Method string
	// URL is the address as the provider called it, query included; some providers sign it.
	URL    string
	Header http.Header
	Body   []byte
}

// Receipt is one thing that a provider reports about one message.
type Receipt struct {
	// Reference is our attempt's reference where the provider echoes it, and ProviderID its own id. One is set.
	Reference, ProviderID string
	Kind                  policy.Receipt
	// At is when it happened by the provider's clock; zero means when it was received.
	At time.Time
	// Class, Code, ProviderCode and Detail explain a failed receipt.
	Class        policy.Class
	Code         string
	ProviderCode string
	Detail       string
	// Key tells this event from every other of the account: the same event repeated has the same key.
	Key string
	// Hint: the callback carries no proof, so the provider is asked before anything is started or stopped for it.
	Hint bool
	// Price is what the provider says it charged for the message; nil if it does not say.
	Price *policy.Money
	// Reply is what the person answered to the message; nil if this is no answer.
	Reply *Reply
	// Raw is the event as it came over a session. A callback's body is kept without it.
	Raw string
}

// Reply is a person's answer to a message.
type Reply struct {
	Text string `json:"text,omitempty"`
	// Rating is 1 (worst) to 5; 0 is none. Options are the answers that were chosen from those offered.
	Rating  int      `json:"rating,omitempty"`
	Options []string `json:"options,omitempty"`
}

// Query names the attempt that is asked about.
type Query struct {
	Reference, ProviderID, To string
	SentAt                    time.Time
}

// Answer is what the provider says of a message.
type Answer struct {
	Found bool
	// Receipt is the strongest fact the provider confirms. Its zero Kind means: taken, nothing more known yet.
	Receipt Receipt
}

// ProviderTemplate is an approved template as the provider keeps it.
type ProviderTemplate struct {
	ID, Name string
	// Status is the provider's word, upper case: ENABLE, PENDING_REVIEW, REJECT, DISABLE.
	Status, Quality string
	// Reason is why the provider rejected it; empty if not told.
	Reason string
	Params []TemplateParam
	// Price is the provider's own price a message in its currency, as text; empty if not told. UserPrice is the one of a message
	// by the recipient's id: without it the template is sent to numbers only.
	Price, UserPrice string
	// Commit is how soon the provider must deliver for the message to be billed; 0 if not told.
	Commit time.Duration
}

// TemplateParam is one parameter that a provider's template declares.
type TemplateParam struct {
	Name      string
	Required  bool
	Type      string
	MaxLength int
}

// Finding is one result of an account check.
type Finding struct {
	// Level is "ok", "warning" or "error".
	Level string `json:"level"`
	// Code is ours and stable; Message says what was found, MessageVI in Vietnamese. A provider's own words stay as they are in
	// both.
	Code      string `json:"code"`
	Message   string `json:"message"`
	MessageVI string `json:"message_vi,omitempty"`
	// Advice says what to do, in English and Vietnamese; empty when all is well.
	Advice   string `json:"advice,omitempty"`
	AdviceVI string `json:"advice_vi,omitempty"`
}
