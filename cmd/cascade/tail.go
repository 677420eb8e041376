package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"cascade/orchestrator"
	"cascade/policy"
)

// tailCmd follows a tenant's messages.
type tailCmd struct {
	client `embed:""`
	Status string        `help:"Only messages of this status."`
	Last   int           `short:"n" help:"How many of the latest messages to begin with." default:"10"`
	Follow bool          `short:"f" help:"Go on until interrupted." default:"true" negatable:""`
	Every  time.Duration `help:"How often to look." default:"1s"`
}

// tailMost is how many of the latest messages one look covers: the API's longest page.
const tailMost = 200

// Run prints each message when it is new and whenever its status changes, oldest first.
func (c *tailCmd) Run(ctx context.Context, std *streams) error {
	seen := map[uuid.UUID]string{}
	limit := max(1, min(c.Last, tailMost))
	for {
		page, err := c.page(ctx, limit)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if err := c.print(std.out, page, seen); err != nil {
			return err
		}
		if !c.Follow {
			return nil
		}
		limit = tailMost
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(max(c.Every, 100*time.Millisecond)):
		}
		if len(seen) > 50*tailMost { // the oldest have left the page for good
			clear(seen)
			for _, v := range page {
				seen[v.ID] = mark(v)
			}
		}
	}
}

// page answers the latest messages, oldest first.
func (c *tailCmd) page(ctx context.Context, limit int) ([]orchestrator.MessageView, error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	if c.Status != "" {
		query.Set("status", c.Status)
	}
	var list struct {
		Data []orchestrator.MessageView `json:"data"`
	}
	err := c.get(ctx, "/v1/messages?"+query.Encode(), &list)
	slices.Reverse(list.Data)
	return list.Data, err
}

func (c *tailCmd) print(w io.Writer, page []orchestrator.MessageView, seen map[uuid.UUID]string) error {
	p := paintFor(w)
	for _, v := range page {
		if seen[v.ID] == mark(v) {
			continue
		}
		seen[v.ID] = mark(v)
		var err error
		if c.JSON {
			err = json.NewEncoder(w).Encode(v)
		} else {
			_, err = fmt.Fprintf(w, "%s  %s  %s  %s  %s\n", v.CreatedAt.Std().Local().Format("15:04:05"), p.as(dim, v.ID.String()),
				cell(policy.MaskPhone(v.To), 11), cell(v.Template, 16), headline(p, v))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// mark is what has to change for a message to be printed again.
func mark(v orchestrator.MessageView) string {
	return fmt.Sprint(v.Status, v.Channel, len(v.Attempts))
}
