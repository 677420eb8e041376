package channels

import (
	"context"
	"time"
)

// NoticeReader is a HookReader whose provider also reports of the account itself: its templates, quality and quota, and
// people who became known to it.
type NoticeReader interface {
	// ReadNotices reads a callback that ReadHook has verified. None and a nil error: it is of no consequence for the
	// account. ErrUnreadable: not understood.
	ReadNotices(h Hook) ([]Notice, error)
}

// NoticeKind is what a Notice is about.
type NoticeKind string

// The kinds of notices.
const (
	NoticeTemplate    NoticeKind = "template"     // TemplateID has Status or Quality now
	NoticeQuality     NoticeKind = "quality"      // the account has Quality now
	NoticeQuota       NoticeKind = "quota"        // the account has Quota now
	NoticeUserKnown   NoticeKind = "user_known"   // Phone is UserID at this account
	NoticeUserUnknown NoticeKind = "user_unknown" // UserID withdrew: it must be forgotten
)

// Notice is one thing that a provider reports of an account rather than of a message.
type Notice struct {
	Kind NoticeKind
	// At is when it happened by the provider's clock; zero means when it was received.
	At         time.Time
	TemplateID string
	// Status is the provider's word for a template, upper case; Quality its word for a template or an account. Reason is
	// why. Each is empty if not told.
	Status, Quality, Reason string
	Quota                   *Quota
	// UserID is the provider's id of a person, Phone their number in E.164.
	UserID, Phone string
}

// Quota is how many more messages an account may send. Total below 1 is not known, and then Left says nothing.
type Quota struct {
	Left, Total int64
	// ResetsAt is when it is full again; zero if not known.
	ResetsAt time.Time
}

// QuotaReader is an Adapter whose provider can be asked for what is left of the account's quota.
type QuotaReader interface {
	// Quota asks once. The error is a *Failure.
	Quota(ctx context.Context) (Quota, error)
}

// QualityReader is an Adapter whose provider judges accounts by what recipients say of them.
type QualityReader interface {
	// Quality answers the provider's word, upper case, as "HIGH". The error is a *Failure.
	Quality(ctx context.Context) (string, error)
}

// Authorizer is an Adapter whose account a person links by consenting at the provider: OAuth 2.0 with PKCE, RFC 7636.
type Authorizer interface {
	// AuthorizeURL is where the person consents. The provider sends the browser back to redirect, with state untouched;
	// challenge is the S256 of a verifier.
	AuthorizeURL(redirect, state, challenge string) string
	// Authorize spends the code that came back. The error is a *Failure; of ClassAccount: the code is of no use.
	Authorize(ctx context.Context, code, verifier string) (Token, error)
}
