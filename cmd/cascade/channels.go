package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"

	"cascade/channels"
	"cascade/channels/httpgw"
)

// channelsCmd groups what is done with provider accounts.
type channelsCmd struct {
	List  channelsListCmd  `cmd:"" help:"List the tenant's provider accounts." default:"withargs"`
	Check channelsCheckCmd `cmd:"" help:"Ask providers whether accounts can really send, and what to mend. Sends nothing."`
	Link  channelsLinkCmd  `cmd:"" help:"Print the link by which a person lets an account be used, and wait until that is done."`
	// Presets needs no service.
	Presets channelsPresetsCmd `cmd:"" help:"List the gateways that the http adapter knows, and what each needs."`
}

type channelsPresetsCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run prints each preset with what its account has to give.
func (c *channelsPresetsCmd) Run(std *streams) error {
	presets := httpgw.Presets()
	if c.JSON {
		return printJSON(std.out, presets)
	}
	for _, p := range presets {
		fmt.Fprintf(std.out, "%s  %s\n", cell(p.Name, 18), p.Title)
		for _, n := range p.Needs {
			fmt.Fprintf(std.out, "    %s  %s\n", cell(n.Name, 18), n.Help)
		}
	}
	return nil
}

// providerAccount is what these commands show of an account.
type providerAccount struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Channel    string `json:"channel"`
	Adapter    string `json:"adapter"`
	State      string `json:"state"`
	WebhookURL string `json:"webhook_url"`
}

type channelsListCmd struct {
	client `embed:""`
}

// Run prints a line for each account.
func (c *channelsListCmd) Run(ctx context.Context, std *streams) error {
	accounts, err := c.accounts(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(std.out, accounts)
	}
	w := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	for _, a := range accounts {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.Name, a.Channel, a.Adapter, a.State, a.WebhookURL)
	}
	return w.Flush()
}

// accounts lists the tenant's accounts.
func (c client) accounts(ctx context.Context) (all []providerAccount, err error) {
	var page struct {
		Data       []providerAccount `json:"data"`
		NextCursor string            `json:"next_cursor"`
	}
	for cursor := ""; ; {
		page.NextCursor, page.Data = "", nil
		if err := c.get(ctx, "/v1/channels?limit=200&cursor="+url.QueryEscape(cursor), &page); err != nil {
			return nil, err
		}
		all = append(all, page.Data...)
		if cursor = page.NextCursor; cursor == "" {
			return all, nil
		}
	}
}

type channelsCheckCmd struct {
	client   `embed:""`
	Accounts []string `arg:"" optional:"" help:"Names or ids; none: every account."`
	Lang     string   `help:"Language of findings and advice: en or vi. Left out, by LANG." enum:",en,vi" default:""`
}

// accountCheck is the findings about one account.
type accountCheck struct {
	Account  string             `json:"account"`
	OK       bool               `json:"ok"`
	Findings []channels.Finding `json:"findings"`
}

// Run prints what was found, and fails if an account cannot send.
func (c *channelsCheckCmd) Run(ctx context.Context, std *streams) error {
	accounts, err := c.accounts(ctx)
	if err != nil {
		return err
	}
	chosen, err := c.choose(accounts)
	if err != nil {
		return err
	}
	var checks []accountCheck
	bad := 0
	for _, a := range chosen {
		check := accountCheck{Account: a.Name}
		if err := c.post(ctx, "/v1/channels/"+a.ID+"/check", "", struct{}{}, &check); err != nil {
			return err
		}
		if !check.OK {
			bad++
		}
		if checks = append(checks, check); !c.JSON {
			c.print(std, check)
		}
	}
	if c.JSON {
		if err := printJSON(std.out, checks); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d accounts cannot send as they should", bad, len(chosen))
	}
	return nil
}

// choose finds the accounts that were named.
func (c *channelsCheckCmd) choose(all []providerAccount) ([]providerAccount, error) {
	if len(c.Accounts) == 0 {
		return all, nil
	}
	var chosen []providerAccount
	for _, name := range c.Accounts {
		found := false
		for _, a := range all {
			if a.Name == name || a.ID == name {
				chosen, found = append(chosen, a), true
			}
		}
		if !found {
			return nil, &codedError{exitMissing, fmt.Errorf("there is no account %q; cascade channels lists them", name)}
		}
	}
	return chosen, nil
}

func (c *channelsCheckCmd) print(std *streams, check accountCheck) {
	fmt.Fprintln(std.out, check.Account)
	for _, f := range check.Findings {
		fmt.Fprintf(std.out, "  %-8s %s  %s\n", f.Level, cell(f.Code, 24), c.say(f.Message, f.MessageVI))
		if advice := c.say(f.Advice, f.AdviceVI); advice != "" {
			fmt.Fprintf(std.out, "           → %s\n", advice)
		}
	}
}

// say chooses the caller's language; a server of an older version may have no Vietnamese.
func (c *channelsCheckCmd) say(en, vi string) string {
	if vi != "" && (c.Lang == "vi" || c.Lang == "" && strings.HasPrefix(os.Getenv("LANG"), "vi")) {
		return vi
	}
	return en
}
