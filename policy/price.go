package policy

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Unit is what a price is for.
type Unit string

// The units of a price.
const (
	UnitMessage Unit = "message"
	UnitSegment Unit = "segment"
)

// Moment is when the provider bills.
type Moment string

// The moments of billing.
const (
	MomentTaken     Moment = "taken"
	MomentDelivered Moment = "delivered"
)

// Recipient is how a message names the person that it is for.
type Recipient string

// The ways to name a person.
const (
	RecipientPhone  Recipient = "phone"
	RecipientUserID Recipient = "user_id" // the provider's own id of them
)

// maxUnitPrice keeps a price times any number of segments far from the int64 limit: one billion in the currency's unit.
const maxUnitPrice = 1_000_000_000 * 1_000_000

// Price is one line of a price book. Account, Template, Operator, Category, Country and Recipient narrow it; left empty,
// they match everything.
type Price struct {
	Channel   Channel   `json:"channel"`
	Account   string    `json:"account,omitempty"`
	Template  string    `json:"template,omitempty"`
	Operator  string    `json:"operator,omitempty"`
	Country   string    `json:"country,omitempty"`
	Category  Category  `json:"category,omitempty"`
	Recipient Recipient `json:"recipient,omitempty"`
	Unit      Unit      `json:"unit"`
	Moment    Moment    `json:"moment"`
	Price     Money     `json:"price"`
	Within    Duration  `json:"within,omitzero"`     // billed only if delivered this soon after being taken; 0 is any time
	ValidFrom time.Time `json:"valid_from,omitzero"` // zero is always
}

// PriceBook is all prices of a tenant, past and coming ones included.
type PriceBook struct {
	Prices []Price `json:"prices"`
}

// PriceKey is what is known about one attempt when its price is looked up.
type PriceKey struct {
	Channel                              Channel
	Account, Template, Operator, Country string
	Category                             Category
	Recipient                            Recipient // "" is RecipientPhone
}

// Validate lists what has to be mended before the book can be used.
func (b PriceBook) Validate() []FieldError {
	var errs []FieldError
	type line struct {
		key  PriceKey
		from int64
	}
	seen := make(map[line]int, len(b.Prices))
	for i, price := range b.Prices {
		at := fmt.Sprintf("prices[%d]", i)
		errs = append(errs, under(at, price.validate())...)
		if price.Price.Currency != b.Prices[0].Price.Currency {
			errs = append(errs, FieldError{at + ".price.currency", "differs from prices[0]: a price book has one currency"})
		}
		l := line{price.key(), price.ValidFrom.UnixMicro()}
		if first, twice := seen[l]; twice {
			errs = append(errs, FieldError{at, fmt.Sprintf("covers the same as prices[%d] from the same time: keep one", first)})
			continue
		}
		seen[l] = i
	}
	return errs
}

var countryPattern = regexp.MustCompile(`^[A-Z]{2}$`)

func (p Price) validate() []FieldError {
	var errs []FieldError
	refuse := func(bad bool, field, message string) {
		if bad {
			errs = append(errs, FieldError{field, message})
		}
	}
	refuse(!p.Channel.Valid(), "channel", "must be zns, viber or sms")
	refuse(p.Unit != UnitMessage && p.Unit != UnitSegment, "unit", "must be message or segment")
	refuse(p.Unit == UnitSegment && p.Channel.Valid() && p.Channel != SMS, "unit", "must be message: only SMS has segments")
	refuse(p.Moment != MomentTaken && p.Moment != MomentDelivered, "moment", "must be taken or delivered")
	refuse(!currencyPattern.MatchString(p.Price.Currency), "price", `is required, such as {"amount": "820", "currency": "VND"}`)
	refuse(p.Price.Micros < 0, "price.amount", "must not be negative")
	refuse(p.Price.Micros > maxUnitPrice, "price.amount", "must be at most 1000000000")
	refuse(p.Within < 0, "within", "must not be negative")
	refuse(p.Within > 0 && p.Moment == MomentTaken, "within", "goes with moment delivered only: drop it or change the moment")
	refuse(p.Category != "" && !p.Category.Valid(), "category", "must be otp, transaction, care or promotion")
	refuse(p.Recipient != "" && p.Recipient != RecipientPhone && p.Recipient != RecipientUserID, "recipient", "must be phone or user_id")
	refuse(p.Operator != "" && !slices.Contains(Operators(), p.Operator), "operator", fmt.Sprintf("must be one of %v", Operators()))
	refuse(p.Country != "" && !countryPattern.MatchString(p.Country), "country", `must be two upper-case letters, such as "VN"`)
	return errs
}

func (p Price) key() PriceKey {
	return PriceKey{p.Channel, p.Account, p.Template, p.Operator, p.Country, p.Category, p.Recipient}
}

// Lookup returns the price that holds for k at the given time; false if the book has none. The most specific line wins: one
// that names the account, then the template, the operator, the category, the country, the recipient. Among equals it is
// the one that became valid last.
func (b PriceBook) Lookup(k PriceKey, at time.Time) (Price, bool) {
	var best Price
	bestRank := -1
	for _, price := range b.Prices {
		rank, ok := price.matches(k)
		if !ok || price.ValidFrom.After(at) {
			continue
		}
		if rank > bestRank || rank == bestRank && price.ValidFrom.After(best.ValidFrom) {
			best, bestRank = price, rank
		}
	}
	return best, bestRank >= 0
}

// matches reports whether p holds for k, and how specific it is.
func (p Price) matches(k PriceKey) (rank int, ok bool) {
	if p.Channel != k.Channel {
		return 0, false
	}
	for _, part := range []struct{ want, got string }{ // most specific first
		{p.Account, k.Account},
		{p.Template, k.Template},
		{p.Operator, k.Operator},
		{string(p.Category), string(k.Category)},
		{p.Country, k.Country},
		{string(p.Recipient), string(cmp.Or(k.Recipient, RecipientPhone))},
	} {
		rank <<= 1
		if part.want == "" {
			continue
		}
		if part.want != part.got {
			return 0, false
		}
		rank |= 1
	}
	return rank, true
}

// Terms is what one attempt costs and when, fixed when the attempt is planned. The zero Terms is free.
type Terms struct {
	UnitPrice Money         `json:"unit_price"`
	Units     int           `json:"units"` // messages or segments
	Moment    Moment        `json:"moment"`
	Within    time.Duration `json:"within,omitempty"` // nanoseconds; 0 is any time
}

// Full returns what the attempt costs once everything that the provider bills for has happened.
func (t Terms) Full() Money { return t.UnitPrice.times(t.Units) }

// Due returns what is owed given the evidence; a zero time means not known. A delivery also proves that the message was
// taken. Where it is not known when the message was taken, a delivery counts as within time.
func (t Terms) Due(takenAt, deliveredAt time.Time) Money {
	taken, delivered := !takenAt.IsZero(), !deliveredAt.IsZero()
	switch {
	case t.Moment == MomentTaken && (taken || delivered):
		return t.Full()
	case t.Moment == MomentDelivered && delivered && t.inTime(takenAt, deliveredAt):
		return t.Full()
	default:
		return Money{Currency: t.UnitPrice.Currency}
	}
}

func (t Terms) inTime(takenAt, deliveredAt time.Time) bool {
	return t.Within == 0 || takenAt.IsZero() || deliveredAt.Sub(takenAt) <= t.Within
}

// Least returns the least that an attempt on an account can cost at a time, whatever the message; false if the book has no
// price for some message, which then costs nothing.
func (b PriceBook) Least(ch Channel, account string, at time.Time) (least Money, ok bool) {
	least, ok = b.least(PriceKey{Channel: ch, Account: account}, at)
	if !ok {
		return Money{}, false
	}
	for _, price := range b.Prices {
		if price.Channel != ch || price.Account != "" && price.Account != account {
			continue
		}
		key := price.key()
		key.Account = account
		if m, ok := b.least(key, at); ok && m.Micros < least.Micros {
			least = m
		}
	}
	return least, true
}

func (b PriceBook) least(k PriceKey, at time.Time) (Money, bool) {
	price, ok := b.Lookup(k, at)
	return price.Price, ok
}
