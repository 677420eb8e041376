package main

import (
	"context"
	"fmt"
	"net"
)

// serveCmd runs the service until it is told to stop.
type serveCmd struct {
	settings `embed:""`
}

// Run starts the service and serves.
func (c *serveCmd) Run(ctx context.Context, std *streams) error {
	log := c.logger(std.err)
	ln, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("CASCADE_LISTEN: %w", err)
	}
	s, err := newService(ctx, c.settings, ln, log, nil)
	if err != nil {
		return err
	}
	if s.adminKeyFile != "" {
		log.Info("admin key made", "file", s.adminKeyFile)
		if isTerminal(std.err) {
			fmt.Fprintf(std.err, "\n  Admin key: %s\n  It is kept in %s.\n\n", s.adminKey, s.adminKeyFile)
		}
	}
	log.Info("serving", "address", ln.Addr().String(), "url", s.publicURL, "database", s.store.Dialect(), "version", version())
	err = s.run(ctx)
	log.Info("stopped")
	return err
}
