package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

// healthCmd is the container's health check: the image has no shell and no curl.
type healthCmd struct {
	Listen string `help:"Address that the service listens on." default:"127.0.0.1:8080" env:"CASCADE_LISTEN"`
}

const healthTimeout = 2 * time.Second

// Run fails unless the service on this machine answers that it is alive.
func (c *healthCmd) Run(ctx context.Context) error {
	a, err := net.ResolveTCPAddr("tcp", c.Listen)
	if err != nil {
		return &codedError{exitUsage, fmt.Errorf("CASCADE_LISTEN: %q is no address; write it like 127.0.0.1:8080", c.Listen)}
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, localURL(a)+"/healthz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return &codedError{exitMissing, err}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the service answers %s", resp.Status)
	}
	return nil
}
