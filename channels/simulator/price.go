package simulator

import (
	"strconv"
	"time"
)

// Prices in VND before tax that accounts are billed unless a template says otherwise.
const (
	PriceZNS   = 200 // a message, once delivered within its commit window
	PriceViber = 470 // a message, once delivered
	PriceSMS   = 820 // a segment, once taken
)

// CommitWindow is how soon a ZNS message must be delivered to be billed, unless its template says otherwise.
// Source: Zalo's template "timeout", 7,200,000 ms.
const CommitWindow = 2 * time.Hour

// bill is what a taken message costs and from when.
type bill struct {
	// Amount in VND for the whole message.
	Amount int64 `json:"amount"`
	// OnDelivery: due when delivered; otherwise when taken.
	OnDelivery bool `json:"on_delivery,omitempty"`
	// Within is the commit window; 0 is none.
	Within time.Duration `json:"within,omitempty"`
}

func billFor(channel string, segments int) bill {
	switch channel {
	case ZNS:
		return bill{Amount: PriceZNS, OnDelivery: true, Within: CommitWindow}
	case Viber:
		return bill{Amount: PriceViber, OnDelivery: true}
	default:
		return bill{Amount: PriceSMS * int64(segments)}
	}
}

// price answers what c costs by now, as decimal VND.
func (b bill) price(c Call) string {
	switch {
	case !c.Taken():
		return "0"
	case !b.OnDelivery:
	case c.DeliveredAt == nil:
		return "0"
	case b.Within > 0 && c.DeliveredAt.Sub(c.At) > b.Within:
		return "0"
	}
	return strconv.FormatInt(b.Amount, 10)
}
