package orchestrator

import (
	"cascade/models"
	"cascade/policy"
)

// toldCost is what a provider says it charged, as it is stored. A price in another currency than the tenant's is not used: the
// price book is.
func toldCost(price *policy.Money, currency string) int64 {
	switch {
	case price == nil || price.Currency != currency:
		return 0
	case price.Micros == 0:
		return models.ToldNothing
	default:
		return price.Micros
	}
}

// told adds what a provider says attempt n cost. Of several words the highest counts, in whatever order they come.
func (c *change) told(n, cost int64) {
	if a := c.peek(n); a != nil && higherCost(a.ToldCost, cost) != a.ToldCost {
		c.attempt(n).ToldCost = cost
	}
}

// higherCost joins two told costs: any price goes before nothing, and nothing before silence.
func higherCost(a, b int64) int64 {
	if a <= 0 && b <= 0 {
		return min(a, b)
	}
	return max(a, b)
}

// owed is what an attempt costs by its evidence: what the provider says, else what the price book does.
func owed(a *models.Attempt, t policy.Terms) int64 {
	switch {
	case a.ToldCost > 0:
		return a.ToldCost
	case a.ToldCost == models.ToldNothing:
		return 0
	default:
		return t.Due(fromMS(a.SentAt), fromMS(a.DeliveredAt)).Micros
	}
}
