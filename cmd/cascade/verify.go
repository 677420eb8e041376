package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"cascade/models"
)

// verifyCmd checks the stored data. It only reads, in small pieces, so it may run beside the service.
type verifyCmd struct {
	storage `embed:""`
	Share   float64 `help:"Work for this share of the time at most, so that a service beside it does not notice; 1: without pauses." default:"0.25"`
	JSON    bool    `name:"json" help:"Print JSON, a line for each violation."`
}

// violation is a models.Violation as JSON.
type violation struct {
	Invariant string `json:"invariant"`
	What      string `json:"what"`
	TenantID  string `json:"tenant_id"`
	MessageID string `json:"message_id"`
}

// Validate names the variable at fault. No key is needed to verify.
func (c *verifyCmd) Validate() error { return c.reachable() }

// Run prints every breach of what must always hold, and fails if there is one.
func (c *verifyCmd) Run(ctx context.Context, std *streams) (err error) {
	store, err := models.Open(ctx, models.Options{URL: c.DatabaseURL, Now: time.Now})
	if err != nil {
		return &codedError{exitMissing, err}
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	found := 0
	out := json.NewEncoder(std.out)
	pace := models.Pace{Now: time.Now, Share: func() float64 { return c.Share }}
	err = store.VerifyBeside(ctx, pace, func(v models.Violation) error {
		found++
		if c.JSON {
			return out.Encode(violation{v.Invariant, v.What, v.TenantID.String(), v.MessageID.String()})
		}
		_, err := fmt.Fprintf(std.out, "%s  tenant %s  message %s  %s\n", cell(v.Invariant, 26), v.TenantID, v.MessageID, v.What)
		return err
	})
	switch {
	case err != nil:
		return err
	case found > 0:
		return fmt.Errorf("%d violations", found)
	}
	fmt.Fprintln(std.err, "everything holds")
	return nil
}
