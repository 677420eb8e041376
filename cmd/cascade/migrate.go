package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cascade/models"
)

// migrateCmd brings the schema up to date. It needs no keys.
type migrateCmd struct {
	storage `embed:""`
}

// Validate names the variable at fault.
func (c *migrateCmd) Validate() error { return c.reachable() }

// Run migrates.
func (c *migrateCmd) Run(ctx context.Context, std *streams) (err error) {
	store, err := models.Open(ctx, models.Options{URL: c.DatabaseURL, Now: time.Now})
	if err != nil {
		return &codedError{exitMissing, err}
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	fmt.Fprintln(std.err, "the schema is up to date")
	return nil
}
