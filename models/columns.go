package models

import "github.com/google/uuid"

// The columns of the hot tables: key, what never changes, what does. They follow migrations/*/0001_init.sql.
var (
	messageKey = []column[Message]{
		id("tenant_id", func(m *Message) *uuid.UUID { return &m.TenantID }),
		id("id", func(m *Message) *uuid.UUID { return &m.ID }),
	}
	messageFixed = []column[Message]{
		text("to_phone", func(m *Message) *string { return &m.To }),
		text("country", func(m *Message) *string { return &m.Country }),
		text("operator", func(m *Message) *string { return &m.Operator }),
		text("category", func(m *Message) *string { return (*string)(&m.Category) }),
		text("template", func(m *Message) *string { return &m.Template }),
		text("transaction_id", func(m *Message) *string { return &m.TransactionID }),
		text("policy_name", func(m *Message) *string { return &m.PolicyName }),
		integer("policy_version", func(m *Message) *int64 { return &m.PolicyVersion }),
		id("plan_id", func(m *Message) *uuid.UUID { return &m.PlanID }),
		document("content", func(m *Message) *[]byte { return &m.Content }),
		document("metadata", func(m *Message) *[]byte { return &m.Metadata }),
		text("currency", func(m *Message) *string { return &m.Currency }),
		boolean("test", func(m *Message) *bool { return &m.Test }),
		integer("priority", func(m *Message) *int64 { return &m.Priority }),
		integer("created_at", func(m *Message) *int64 { return &m.CreatedAt }),
		integer("expires_at", func(m *Message) *int64 { return &m.ExpiresAt }),
		sparse("send_at", func(m *Message) *int64 { return &m.SendAt }),
	}
	messageMutable = []column[Message]{
		text("status", func(m *Message) *string { return (*string)(&m.Status) }),
		text("reason", func(m *Message) *string { return &m.Reason }),
		text("channel", func(m *Message) *string { return (*string)(&m.Channel) }),
		integer("attempts", func(m *Message) *int64 { return &m.Attempts }),
		sparse("cost", func(m *Message) *int64 { return &m.Cost }),
		sparse("exposure", func(m *Message) *int64 { return &m.Exposure }),
		sparse("completed_at", func(m *Message) *int64 { return &m.CompletedAt }),
		sparse("canceled_at", func(m *Message) *int64 { return &m.CanceledAt }),
		sparse("confirmed_at", func(m *Message) *int64 { return &m.ConfirmedAt }),
		integer("due_at", func(m *Message) *int64 { return &m.DueAt }),
		sparseID("queue_account", func(m *Message) *uuid.UUID { return &m.QueueAccount }),
		sparse("queued_at", func(m *Message) *int64 { return &m.QueuedAt }),
		integer("sequence", func(m *Message) *int64 { return &m.Sequence }),
		sparseID("lease_owner", func(m *Message) *uuid.UUID { return &m.LeaseOwner }),
		integer("version", func(m *Message) *int64 { return &m.Version }),
	}
	messageColumns = join(messageKey, messageFixed, messageMutable)

	attemptKey = []column[Attempt]{
		id("tenant_id", func(a *Attempt) *uuid.UUID { return &a.TenantID }),
		id("message_id", func(a *Attempt) *uuid.UUID { return &a.MessageID }),
		integer("n", func(a *Attempt) *int64 { return &a.N }),
	}
	attemptFixed = []column[Attempt]{
		integer("step", func(a *Attempt) *int64 { return &a.Step }),
		text("channel", func(a *Attempt) *string { return (*string)(&a.Channel) }),
		integer("created_at", func(a *Attempt) *int64 { return &a.CreatedAt }),
		id("account_id", func(a *Attempt) *uuid.UUID { return &a.AccountID }),
		text("account", func(a *Attempt) *string { return &a.Account }),
		integer("segments", func(a *Attempt) *int64 { return &a.Segments }),
	}
	attemptMutable = []column[Attempt]{
		text("status", func(a *Attempt) *string { return (*string)(&a.Status) }),
		text("class", func(a *Attempt) *string { return (*string)(&a.Class) }),
		text("code", func(a *Attempt) *string { return &a.Code }),
		text("provider_code", func(a *Attempt) *string { return &a.ProviderCode }),
		text("detail", func(a *Attempt) *string { return &a.Detail }),
		text("advice", func(a *Attempt) *string { return &a.Advice }),
		text("reason", func(a *Attempt) *string { return &a.Reason }),
		text("provider_id", func(a *Attempt) *string { return &a.ProviderID }),
		sparse("cost", func(a *Attempt) *int64 { return &a.Cost }),
		sparse("told_cost", func(a *Attempt) *int64 { return &a.ToldCost }),
		sparse("lines", func(a *Attempt) *int64 { return &a.Lines }),
		integer("calls", func(a *Attempt) *int64 { return &a.Calls }),
		sparse("called_at", func(a *Attempt) *int64 { return &a.CalledAt }),
		sparse("sent_at", func(a *Attempt) *int64 { return &a.SentAt }),
		sparse("delivered_at", func(a *Attempt) *int64 { return &a.DeliveredAt }),
		sparse("read_at", func(a *Attempt) *int64 { return &a.ReadAt }),
		sparse("failed_at", func(a *Attempt) *int64 { return &a.FailedAt }),
		sparse("ended_at", func(a *Attempt) *int64 { return &a.EndedAt }),
		sparse("asked_at", func(a *Attempt) *int64 { return &a.AskedAt }),
		sparse("retry_at", func(a *Attempt) *int64 { return &a.RetryAt }),
	}
	attemptColumns = join(attemptKey, attemptFixed, attemptMutable)

	receiptKey = []column[Receipt]{
		id("tenant_id", func(r *Receipt) *uuid.UUID { return &r.TenantID }),
		id("account_id", func(r *Receipt) *uuid.UUID { return &r.AccountID }),
		text("event_key", func(r *Receipt) *string { return &r.EventKey }),
	}
	receiptFixed = []column[Receipt]{
		integer("received_at", func(r *Receipt) *int64 { return &r.ReceivedAt }),
		text("kind", func(r *Receipt) *string { return (*string)(&r.Kind) }),
		integer("at", func(r *Receipt) *int64 { return &r.At }),
		text("reference", func(r *Receipt) *string { return &r.Reference }),
		text("provider_id", func(r *Receipt) *string { return &r.ProviderID }),
		text("detail", func(r *Receipt) *string { return &r.Detail }),
		sparse("told_cost", func(r *Receipt) *int64 { return &r.ToldCost }),
		sparseDocument("reply", func(r *Receipt) *[]byte { return &r.Reply }),
		binary("raw", func(r *Receipt) *[]byte { return &r.Raw }),
	}
	receiptMutable = []column[Receipt]{
		text("state", func(r *Receipt) *string { return (*string)(&r.State) }),
		id("message_id", func(r *Receipt) *uuid.UUID { return &r.MessageID }),
		integer("n", func(r *Receipt) *int64 { return &r.N }),
	}
	receiptColumns = join(receiptKey, receiptFixed, receiptMutable)

	chargeKey = []column[Charge]{
		id("tenant_id", func(c *Charge) *uuid.UUID { return &c.TenantID }),
		id("message_id", func(c *Charge) *uuid.UUID { return &c.MessageID }),
		integer("n", func(c *Charge) *int64 { return &c.N }),
		integer("line", func(c *Charge) *int64 { return &c.Line }),
	}
	chargeColumns = join(chargeKey, []column[Charge]{
		integer("at", func(c *Charge) *int64 { return &c.At }),
		text("channel", func(c *Charge) *string { return (*string)(&c.Channel) }),
		id("account_id", func(c *Charge) *uuid.UUID { return &c.AccountID }),
		integer("units", func(c *Charge) *int64 { return &c.Units }),
		integer("amount", func(c *Charge) *int64 { return &c.Amount }),
		text("currency", func(c *Charge) *string { return &c.Currency }),
		text("reason", func(c *Charge) *string { return &c.Reason }),
		boolean("test", func(c *Charge) *bool { return &c.Test }),
	})

	dedupeKey = []column[DedupeKey]{
		id("tenant_id", func(k *DedupeKey) *uuid.UUID { return &k.TenantID }),
		text("kind", func(k *DedupeKey) *string { return (*string)(&k.Kind) }),
		text("key", func(k *DedupeKey) *string { return &k.Key }),
	}
	dedupeColumns = join(dedupeKey, []column[DedupeKey]{
		text("request_hash", func(k *DedupeKey) *string { return &k.RequestHash }),
		id("message_id", func(k *DedupeKey) *uuid.UUID { return &k.MessageID }),
		integer("created_at", func(k *DedupeKey) *int64 { return &k.CreatedAt }),
		document("response", func(k *DedupeKey) *[]byte { return &k.Response }),
		integer("status", func(k *DedupeKey) *int64 { return &k.Status }),
	})

	deliveryKey = []column[Delivery]{
		id("tenant_id", func(d *Delivery) *uuid.UUID { return &d.TenantID }),
		id("id", func(d *Delivery) *uuid.UUID { return &d.ID }),
	}
	deliveryColumns = join(deliveryKey, []column[Delivery]{
		id("callback_id", func(d *Delivery) *uuid.UUID { return &d.CallbackID }),
		id("message_id", func(d *Delivery) *uuid.UUID { return &d.MessageID }),
		integer("sequence", func(d *Delivery) *int64 { return &d.Sequence }),
		text("type", func(d *Delivery) *string { return &d.Type }),
		document("payload", func(d *Delivery) *[]byte { return &d.Payload }),
		integer("created_at", func(d *Delivery) *int64 { return &d.CreatedAt }),
		text("state", func(d *Delivery) *string { return (*string)(&d.State) }),
		integer("tries", func(d *Delivery) *int64 { return &d.Tries }),
		integer("next_at", func(d *Delivery) *int64 { return &d.NextAt }),
		integer("last_status", func(d *Delivery) *int64 { return &d.LastStatus }),
		text("last_error", func(d *Delivery) *string { return &d.LastError }),
		integer("done_at", func(d *Delivery) *int64 { return &d.DoneAt }),
	})

	planKey = []column[plan]{
		id("tenant_id", func(p *plan) *uuid.UUID { return &p.TenantID }),
		id("id", func(p *plan) *uuid.UUID { return &p.ID }),
	}
	planColumns = join(planKey, []column[plan]{document("body", func(p *plan) *[]byte { return &p.Body })})

	markKey = []column[Mark]{
		id("tenant_id", func(m *Mark) *uuid.UUID { return &m.TenantID }),
		integer("hour", func(m *Mark) *int64 { return &m.Hour }),
		id("mark", func(m *Mark) *uuid.UUID { return &m.Mark }),
	}
	markColumns = join(markKey, []column[Mark]{boolean("messages", func(m *Mark) *bool { return &m.Messages })})

	unreachableKey = []column[Unreachable]{
		id("tenant_id", func(u *Unreachable) *uuid.UUID { return &u.TenantID }),
		text("phone", func(u *Unreachable) *string { return &u.Phone }),
		text("channel", func(u *Unreachable) *string { return (*string)(&u.Channel) }),
	}
	unreachableColumns = join(unreachableKey, []column[Unreachable]{
		text("code", func(u *Unreachable) *string { return &u.Code }),
		integer("since", func(u *Unreachable) *int64 { return &u.Since }),
		integer("until", func(u *Unreachable) *int64 { return &u.Until }),
	})
	budgetKey = []column[Budget]{
		id("tenant_id", func(b *Budget) *uuid.UUID { return &b.TenantID }),
		text("period", func(b *Budget) *string { return &b.Period }),
	}
	budgetColumns = join(budgetKey, []column[Budget]{
		integer("starts_at", func(b *Budget) *int64 { return &b.StartsAt }),
		integer("ends_at", func(b *Budget) *int64 { return &b.EndsAt }),
		integer("used", func(b *Budget) *int64 { return &b.Used }),
		integer("recount_at", func(b *Budget) *int64 { return &b.RecountAt }),
	})
	personColumns = []column[Person]{
		id("tenant_id", func(p *Person) *uuid.UUID { return &p.TenantID }),
		text("phone", func(p *Person) *string { return &p.Phone }),
	}
	refColumns = []column[Ref]{
		id("tenant_id", func(r *Ref) *uuid.UUID { return &r.TenantID }),
		id("id", func(r *Ref) *uuid.UUID { return &r.ID }),
	}
	providerRefColumns = []column[ProviderRef]{
		id("tenant_id", func(r *ProviderRef) *uuid.UUID { return &r.TenantID }),
		id("account_id", func(r *ProviderRef) *uuid.UUID { return &r.AccountID }),
		text("provider_id", func(r *ProviderRef) *string { return &r.ProviderID }),
	}
)

func join[R any](parts ...[]column[R]) (all []column[R]) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}
