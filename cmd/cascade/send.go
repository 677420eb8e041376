package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"cascade/orchestrator"
)

// sendCmd sends one message.
type sendCmd struct {
	client        `embed:""`
	To            string            `required:"" help:"Who gets it: +84912345678, or the national form."`
	Template      string            `help:"Name of a template." xor:"body" required:""`
	Param         map[string]string `short:"p" help:"A parameter of the template, name=value; may be repeated." mapsep:"none"`
	Text          string            `help:"Text for Viber and SMS, instead of a template." xor:"body" required:""`
	Category      string            `help:"otp, transaction, care or promotion."`
	Policy        string            `help:"Name of a policy; left out, the tenant's routes choose."`
	TransactionID string            `help:"What it is about: a second message for the same is refused."`
	TTL           string            `name:"ttl" help:"How long it may take, such as 30m."`
	Wait          bool              `short:"w" help:"Wait until it is final and tell how it went."`
}

// pollEvery is how often a waiting command looks.
const pollEvery = 500 * time.Millisecond

// Run sends the message. With --wait it fails if the message does not reach its person.
func (c *sendCmd) Run(ctx context.Context, std *streams) error {
	var v orchestrator.MessageView
	if err := c.post(ctx, "/v1/messages", uuid.NewString(), c.body(), &v); err != nil {
		return err
	}
	if c.Wait {
		fmt.Fprintf(std.err, "%s accepted\n", v.ID)
		if err := c.follow(ctx, &v); err != nil {
			return err
		}
	}
	switch {
	case c.JSON:
		if err := printJSON(std.out, v); err != nil {
			return err
		}
	case c.Wait:
		story(std.out, paintFor(std.out), v)
	default:
		fmt.Fprintln(std.out, v.ID)
	}
	if c.Wait && !v.Status.Reached() {
		return fmt.Errorf("the message is %s", v.Status)
	}
	return nil
}

func (c *sendCmd) body() map[string]any {
	body := map[string]any{"to": c.To}
	for name, value := range map[string]string{
		"template": c.Template, "category": c.Category, "policy": c.Policy, "transaction_id": c.TransactionID, "ttl": c.TTL,
	} {
		if value != "" {
			body[name] = value
		}
	}
	if len(c.Param) > 0 {
		body["params"] = c.Param
	}
	if c.Text != "" {
		body["content"] = map[string]any{"viber": map[string]string{"text": c.Text}, "sms": map[string]string{"text": c.Text}}
	}
	return body
}

// follow asks until the message is final.
func (c *sendCmd) follow(ctx context.Context, v *orchestrator.MessageView) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for !v.Status.Final() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		if err := c.get(ctx, "/v1/messages/"+v.ID.String(), v); err != nil {
			return err
		}
	}
	return nil
}
