package main

import (
	"context"
	"encoding/json"
	"net/url"

	"cascade/orchestrator"
)

// explainCmd tells how a message came to where it is.
type explainCmd struct {
	client `embed:""`
	ID     string `arg:"" help:"Id of the message."`
}

// Run prints the message's ladder and timeline.
func (c *explainCmd) Run(ctx context.Context, std *streams) error {
	path := "/v1/messages/" + url.PathEscape(c.ID)
	if c.JSON {
		var raw json.RawMessage
		if err := c.get(ctx, path, &raw); err != nil {
			return err
		}
		return printJSON(std.out, raw)
	}
	var v orchestrator.MessageView
	if err := c.get(ctx, path, &v); err != nil {
		return err
	}
	story(std.out, paintFor(std.out), v)
	return nil
}
