package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// linkPoll is how often the service is asked whether the account is linked, and linkProgress how often that is shown.
const (
	linkPoll     = time.Second
	linkProgress = 30 * time.Second
)

type channelsLinkCmd struct {
	client  `embed:""`
	Account string `arg:"" help:"Name or id of the account."`
	NoWait  bool   `help:"Print the link and end."`
}

// consentLink is where a person lets an account be used.
type consentLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// linkedAccount is what of an account tells that it was linked.
type linkedAccount struct {
	State    string `json:"state"`
	LinkedAt string `json:"linked_at"`
}

// Run prints the link and waits for the person. Whoever stops waiting breaks nothing: the link stays good.
func (c *channelsLinkCmd) Run(ctx context.Context, std *streams) error {
	account, err := c.find(ctx)
	if err != nil {
		return err
	}
	path := "/v1/channels/" + account.ID
	var before linkedAccount
	if err := c.get(ctx, path, &before); err != nil {
		return err
	}
	var link consentLink
	if err := c.post(ctx, path+"/authorize", "", struct{}{}, &link); err != nil {
		return err
	}
	if c.JSON {
		if err := printJSON(std.out, link); err != nil {
			return err
		}
	} else {
		fmt.Fprintln(std.out, link.URL)
	}
	if c.NoWait {
		return nil
	}
	fmt.Fprintf(std.err, "Open it as an admin of %s and agree. Good until %s; Ctrl-C stops waiting and breaks nothing.\n",
		account.Name, link.ExpiresAt.Local().Format(time.TimeOnly))
	return c.wait(ctx, std, account.Name, path, before, link.ExpiresAt)
}

// find is the account that was named.
func (c *channelsLinkCmd) find(ctx context.Context) (providerAccount, error) {
	all, err := c.accounts(ctx)
	if err != nil {
		return providerAccount{}, err
	}
	for _, a := range all {
		if a.Name == c.Account || a.ID == c.Account {
			return a, nil
		}
	}
	return providerAccount{}, &codedError{exitMissing, fmt.Errorf("there is no account %q; cascade channels lists them", c.Account)}
}

// wait ends when the account is linked anew, when the link has expired, or with ctx.
func (c *channelsLinkCmd) wait(ctx context.Context, std *streams, name, path string, before linkedAccount, until time.Time) error {
	tick := time.NewTicker(linkPoll)
	defer tick.Stop()
	shown := time.Now()
	for {
		select {
		case <-ctx.Done():
			fmt.Fprintln(std.err, "not waiting any more; the link stays good until it expires")
			return nil
		case now := <-tick.C:
			var account linkedAccount
			err := c.get(ctx, path, &account)
			switch {
			case ctx.Err() != nil:
				continue
			case err != nil:
				return err
			case account.LinkedAt != before.LinkedAt:
				fmt.Fprintf(std.err, "%s is linked; its state is %s\n", name, account.State)
				return nil
			case now.After(until):
				return errors.New("nobody agreed in time; run the command again for a new link")
			case now.Sub(shown) >= linkProgress:
				shown = now
				fmt.Fprintf(std.err, "waiting, %s left\n", until.Sub(now).Round(time.Second))
			}
		}
	}
}
