package orchestrator

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// blocking are the statuses of a provider's template that cannot be sent, as channels.ProviderTemplate has them. Under any
// other word it is sent, and the provider decides.
var blocking = []string{"REJECT", "DISABLE", "PENDING_REVIEW"}

// loadKnown reads what providers told of the tenant's templates and people, as far as planning a message needs it.
func (c *tenantConf) loadKnown(ctx context.Context, s *models.Store) error {
	rows, err := s.TemplatesWith(ctx, c.tenant.ID, blocking...)
	if err != nil {
		return err
	}
	c.blocked = make(map[blockedTemplate]models.ProviderTemplate, len(rows))
	for _, t := range rows {
		c.blocked[blockedTemplate{t.AccountID, t.TemplateID}] = t
	}
	c.knowsUsers, err = s.KnowsUsers(ctx, c.tenant.ID)
	return err
}

// blockedTemplate names a template that its provider would refuse.
type blockedTemplate struct {
	account uuid.UUID
	id      string
}

// blocks says why an account's provider would refuse a content; "" if it is not known to.
func (c *tenantConf) blocks(a *account, content channels.Content) string {
	t, is := c.blocked[blockedTemplate{a.ID, content.TemplateID}]
	if !is || content.TemplateID == "" {
		return ""
	}
	detail := fmt.Sprintf("template %s is %s at %s", t.TemplateID, t.Status, a.Name)
	if t.Reason != "" {
		detail += ": " + t.Reason
	}
	return detail
}

// terms is what an attempt on an account costs a resolved message.
func (c *tenantConf) terms(r *resolved, ch policy.Channel, account string, segments int, by policy.Recipient, now time.Time) policy.Terms {
	price, ok := c.prices.Lookup(policy.PriceKey{
		Channel: ch, Account: account, Template: r.template, Operator: r.phone.Operator, Country: r.phone.Country, Category: r.category, Recipient: by,
	}, now)
	if !ok {
		return policy.Terms{}
	}
	terms := policy.Terms{UnitPrice: price.Price, Units: 1, Moment: price.Moment, Within: price.Within.Std()}
	if price.Unit == policy.UnitSegment {
		terms.Units = max(segments, 1)
	}
	return terms
}

// address takes over the ids by which a submission names the person.
func (r *resolved) address(s Submission, fault func(string, string, ...any)) {
	for ch, content := range s.Content {
		if !keyable(content.UserID) {
			fault("content."+string(ch)+".user_id", "must be at most %d characters, none of them a control character", keyMost)
		}
	}
	if len(s.UserIDs) == 0 {
		return
	}
	if s.Template == "" {
		fault("user_ids", "goes with a template; with content, write content.zns.user_id")
		return
	}
	for ch, id := range s.UserIDs {
		field := "user_ids." + string(ch)
		switch content, has := r.content[ch]; {
		case ch != policy.ZNS:
			fault(field, "is no channel that takes ids; use zns")
		case id == "" || !keyable(id):
			fault(field, "must have 1 to %d characters, none of them a control character", keyMost)
		case has:
			content.UserID = id
			r.content[ch] = content // rendered from the template, so nobody else's
		}
	}
}

// idAccount is the account that the person's id on a channel is of: the first that the message goes to. An id says nothing at
// any other account, where the number is used.
func idAccount(p policy.Plan, ch policy.Channel) string {
	for _, s := range p.Steps {
		if s.Channel == ch && len(s.Accounts) > 0 {
			return s.Accounts[0].ID
		}
	}
	return ""
}

// addressed is a channel's content as an account is to send it.
func addressed(p policy.Plan, a models.Attempt, content channels.Content) channels.Content {
	if content.UserID != "" && idAccount(p, a.Channel) != a.AccountID.String() {
		content.UserID = ""
	}
	return content
}

// priceByID sets what the attempts cost that name the person by id.
func (c *tenantConf) priceByID(r *resolved, now time.Time) {
	for _, s := range r.plan.Steps {
		if r.content[s.Channel].UserID == "" {
			continue
		}
		id := idAccount(r.plan, s.Channel)
		for j, pa := range s.Accounts {
			if pa.ID == id {
				s.Accounts[j].Terms = c.terms(r, s.Channel, pa.Name, pa.Segments, policy.RecipientUserID, now)
			}
		}
	}
}

// addressKnown has a message go to the person's id where the first account that it goes to knows them, unless the app named
// one. Providers take no one-time passwords that way, and of templates only those that have a price for it. Errors: *BusyError.
func (e *Engine) addressKnown(ctx context.Context, c *tenantConf, who Caller, r *resolved, now time.Time) error {
	content, has := r.content[policy.ZNS]
	if !c.knowsUsers || who.Test || !has || content.UserID != "" || r.category == policy.OTP {
		return nil
	}
	account, err := uuid.Parse(idAccount(r.plan, policy.ZNS))
	if err != nil {
		return nil // no step goes that way
	}
	user, err := e.o.Store.KnownUser(ctx, c.tenant.ID, account, r.phone.E164, content.TemplateID)
	switch {
	case errors.Is(err, models.ErrNotFound):
		return nil
	case err != nil:
		return e.storeError(err)
	}
	content.UserID = user.UserID
	r.content = maps.Clone(r.content)
	r.content[policy.ZNS] = content
	c.priceByID(r, now)
	return nil
}
