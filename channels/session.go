package channels

import (
	"context"
	"net"
)

// SessionKeeper is an Adapter whose provider is reached over a connection that stays up, by which its receipts come too
// (SMPP). Every replica keeps a session of its own.
type SessionKeeper interface {
	// Keep holds the account's connection until ctx ends, and connects again by itself after every loss. hand takes the
	// receipts of one message of the provider; once it answers nil they are on disk, and the provider may be told so. After an
	// error they are not, and the provider has to send them again. Send works while Keep runs; before and after it fails
	// with ClassDown. Keep answers nil when ctx ended, otherwise a *Failure that a person has to mend.
	Keep(ctx context.Context, hand func(context.Context, []Receipt) error) error
}

// Dial opens a connection of an adapter that does not speak HTTP. It obeys the egress rules.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)
