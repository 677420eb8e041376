package policy

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPriceBookLookup(t *testing.T) {
	line := func(units int64, change func(*Price)) Price {
		p := Price{Channel: SMS, Unit: UnitSegment, Moment: MomentTaken, Price: vnd(units)}
		change(&p)
		return p
	}
	year := func(y int) time.Time { return time.Date(y, 1, 1, 0, 0, 0, 0, time.UTC) }
	book := PriceBook{[]Price{
		line(1, func(*Price) {}),
		line(2, func(p *Price) { p.Country = "VN" }),
		line(3, func(p *Price) { p.Category = OTP }),
		line(4, func(p *Price) { p.Operator = "viettel" }),
		line(5, func(p *Price) { p.Template = "login" }),
		line(6, func(p *Price) { p.Account = "main" }),
		line(7, func(p *Price) { p.Operator = "viettel"; p.Category = OTP }),
		line(8, func(p *Price) { p.Country = "SG"; p.ValidFrom = year(2026) }),
		line(9, func(p *Price) { p.Country = "SG"; p.ValidFrom = year(2027) }),
		line(10, func(p *Price) { p.Country = "SG"; p.ValidFrom = year(2025) }),
	}}
	tests := map[string]struct {
		key  PriceKey
		at   time.Time
		want int64 // 0 is none
	}{
		"anything":                 {PriceKey{Channel: SMS}, year(2026), 1},
		"country":                  {PriceKey{Channel: SMS, Country: "VN"}, year(2026), 2},
		"category before country":  {PriceKey{Channel: SMS, Country: "VN", Category: OTP}, year(2026), 3},
		"operator before country":  {PriceKey{Channel: SMS, Country: "VN", Operator: "viettel"}, year(2026), 4},
		"operator and category":    {PriceKey{Channel: SMS, Category: OTP, Operator: "viettel"}, year(2026), 7},
		"template before operator": {PriceKey{Channel: SMS, Template: "login", Category: OTP, Operator: "viettel"}, year(2026), 5},
		"account before all":       {PriceKey{Channel: SMS, Account: "main", Template: "login", Category: OTP, Operator: "viettel"}, year(2026), 6},
		"latest that is valid":     {PriceKey{Channel: SMS, Country: "SG"}, year(2026), 8},
		"the one before":           {PriceKey{Channel: SMS, Country: "SG"}, year(2026).Add(-1), 10},
		"the next one":             {PriceKey{Channel: SMS, Country: "SG"}, year(2027), 9},
		"none valid yet":           {PriceKey{Channel: SMS, Country: "SG"}, year(2024), 1},
		"no line for the channel":  {PriceKey{Channel: ZNS, Country: "VN"}, year(2026), 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := book.Lookup(tt.key, tt.at)
			if ok != (tt.want != 0) || ok && got.Price != vnd(tt.want) {
				t.Errorf("got %v, %v, want %d", got.Price, ok, tt.want)
			}
		})
	}
}

// A message by the provider's id of the person may cost less than one by number.
func TestPriceByRecipient(t *testing.T) {
	at := func(micros int64) Money { return Money{Micros: micros, Currency: "VND"} }
	line := func(by Recipient, country string, micros int64) Price {
		return Price{Channel: ZNS, Recipient: by, Country: country, Unit: UnitMessage, Moment: MomentTaken, Price: at(micros)}
	}
	book := PriceBook{[]Price{line("", "", 1), line(RecipientUserID, "", 2), line(RecipientPhone, "LA", 3), line("", "KH", 4)}}
	if errs := book.Validate(); len(errs) > 0 {
		t.Fatal(errs)
	}
	for name, tt := range map[string]struct {
		key  PriceKey
		want int64
	}{
		"not told":           {PriceKey{Channel: ZNS}, 1},
		"by phone":           {PriceKey{Channel: ZNS, Recipient: RecipientPhone}, 1},
		"by id":              {PriceKey{Channel: ZNS, Recipient: RecipientUserID}, 2},
		"by phone, as told":  {PriceKey{Channel: ZNS, Country: "LA"}, 3},
		"by id, elsewhere":   {PriceKey{Channel: ZNS, Country: "LA", Recipient: RecipientUserID}, 2},
		"country before ids": {PriceKey{Channel: ZNS, Country: "KH", Recipient: RecipientUserID}, 4},
	} {
		if got, _ := book.Lookup(tt.key, time.Unix(0, 0)); got.Price.Micros != tt.want {
			t.Errorf("%s: costs %d, want %d", name, got.Price.Micros, tt.want)
		}
	}
	if errs := (PriceBook{[]Price{line("email", "", 1)}}).Validate(); len(errs) != 1 || errs[0].Field != "prices[0].recipient" {
		t.Errorf("a recipient that is none: %v", errs)
	}
}

func TestPriceBookValidate(t *testing.T) {
	good := Price{Channel: SMS, Unit: UnitSegment, Moment: MomentTaken, Price: vnd(820)}
	with := func(change func(*Price)) []Price { p := good; change(&p); return []Price{p} }
	tests := map[string]struct {
		prices []Price
		want   []string
	}{
		"empty":            {nil, nil},
		"good":             {[]Price{good}, nil},
		"free":             {with(func(p *Price) { p.Price.Micros = 0 }), nil},
		"all missing":      {[]Price{{}}, []string{"prices[0].channel", "prices[0].unit", "prices[0].moment", "prices[0].price"}},
		"ZNS segments":     {with(func(p *Price) { p.Channel = ZNS }), []string{"prices[0].unit"}},
		"negative":         {with(func(p *Price) { p.Price.Micros = -1 }), []string{"prices[0].price.amount"}},
		"absurd":           {with(func(p *Price) { p.Price.Micros = math.MaxInt64 }), []string{"prices[0].price.amount"}},
		"within and taken": {with(func(p *Price) { p.Within = Duration(time.Hour) }), []string{"prices[0].within"}},
		"words":            {with(func(p *Price) { p.Category, p.Operator, p.Country = "ads", "Viettel", "vn" }), []string{"prices[0].category", "prices[0].operator", "prices[0].country"}},
		"twice":            {[]Price{good, good}, []string{"prices[1]"}},
		"two currencies":   {append(with(func(p *Price) { p.Country = "VN" }), Price{Channel: SMS, Unit: UnitMessage, Moment: MomentTaken, Price: Money{1, "USD"}}), []string{"prices[1].price.currency"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := fieldsOf(PriceBook{tt.prices}.Validate()); !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestTermsDue(t *testing.T) {
	taken := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	soon, late, unknown := taken.Add(2*time.Hour), taken.Add(2*time.Hour+1), time.Time{}
	onTaken := Terms{UnitPrice: vnd(820), Units: 2, Moment: MomentTaken}
	onDelivered := Terms{UnitPrice: vnd(300), Units: 1, Moment: MomentDelivered}
	inTwoHours := Terms{UnitPrice: vnd(300), Units: 1, Moment: MomentDelivered, Within: 2 * time.Hour}
	tests := map[string]struct {
		terms            Terms
		taken, delivered time.Time
		want             int64
	}{
		"nothing known":                 {onTaken, unknown, unknown, 0},
		"taken":                         {onTaken, taken, unknown, 1640},
		"delivery proves taking":        {onTaken, unknown, soon, 1640},
		"taken is not delivered":        {onDelivered, taken, unknown, 0},
		"delivered":                     {onDelivered, taken, late, 300},
		"delivered in time":             {inTwoHours, taken, soon, 300},
		"delivered too late":            {inTwoHours, taken, late, 0},
		"delivered, taken nobody knows": {inTwoHours, unknown, late, 300},
		"free":                          {Terms{}, taken, soon, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := tt.terms.Due(tt.taken, tt.delivered); got.Micros != vnd(tt.want).Micros || got.Currency != tt.terms.UnitPrice.Currency {
				t.Errorf("got %v, want %d", got, tt.want)
			}
		})
	}
}

func FuzzPriceBook(f *testing.F) {
	f.Add([]byte(`{"prices":[{"channel":"sms","unit":"segment","moment":"taken","price":{"amount":"820","currency":"VND"},"valid_from":"2026-01-01T00:00:00Z"}]}`))
	f.Add([]byte(`{"prices":[{"channel":"zns","unit":"message","moment":"delivered","within":"2h","price":{"amount":"300","currency":"VND"}}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var book PriceBook
		if len(DecodeStrict(raw, &book)) > 0 || len(book.Validate()) > 0 {
			return
		}
		text, err := json.Marshal(book)
		if err != nil {
			t.Fatal(err)
		}
		var back PriceBook
		if errs := DecodeStrict(text, &back); len(errs) > 0 {
			t.Fatalf("%s does not read back: %v", text, errs)
		}
		if diff := cmp.Diff(book, back); diff != "" {
			t.Error(diff)
		}
		for _, p := range book.Prices {
			if _, ok := book.Lookup(p.key(), p.ValidFrom); !ok {
				t.Errorf("%+v does not match itself", p)
			}
		}
	})
}
