package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"cascade/channels/simulator"
	"cascade/orchestrator"
)

// scenario is one person and what happens on the way to them.
type scenario struct {
	title, to, template string
	policy              string // "": what the tenant's routes say
	// rules script the number where test mode's table of numbers does not do it already.
	rules []simulator.Rule
}

// never is a receipt that does not come.
const never = time.Duration(-1)

// scenarios begin with one of each ending, and with the other adapters; after them the traffic draws from all.
var scenarios = []scenario{
	{title: "Lan reads Zalo", to: "+84900000001", template: "order_shipped"},
	{title: "Minh's Zalo stays silent", to: "+84912000102", template: "order_shipped", rules: []simulator.Rule{{Channel: simulator.ZNS, Deliver: new(never)}}},
	{title: "Hoa has neither Zalo nor Viber", to: "+84912000103", template: "order_shipped", rules: []simulator.Rule{
		{Channel: simulator.ZNS, Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser},
		{Channel: simulator.Viber, Outcome: simulator.Fail, Code: simulator.CodeUnknownUser},
	}},
	{title: "Zalo's receipt for Tuan is late", to: "+84900000007", template: "order_shipped"},
	{title: "the call for Linh is cut off", to: "+84900000005", template: "order_shipped"},
	{title: "An hears by eSMS", to: "+84912000113", template: "order_shipped", policy: "every_provider"},
	{title: "Binh hears by Vonage", to: "+84912000114", template: "order_shipped", policy: "every_provider", rules: []simulator.Rule{
		{Channel: simulator.ZNS, Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser},
	}},
	{title: "Chi hears by SMPP", to: "+84912000115", template: "order_shipped", policy: "every_provider", rules: []simulator.Rule{
		{Channel: simulator.ZNS, Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser},
		{Channel: simulator.Viber, Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser},
	}},
	{title: "Dung hears by Sinch", to: "+84982000116", template: "order_shipped", policy: "every_provider", rules: []simulator.Rule{
		{Channel: simulator.ZNS, Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser},
		{Channel: simulator.Viber, Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser},
	}},
	{title: "Khanh has no Zalo account", to: "+84900000003", template: "order_shipped"},
	{title: "Thao: Zalo silent, no Viber", to: "+84900000004", template: "order_shipped"},
	{title: "receipts come twice, in disorder", to: "+84900000008", template: "order_shipped"},
	{title: "a one-time password by Zalo", to: "+84912000110", template: "otp"},
	{title: "a one-time password by SMS", to: "+84912000111", template: "otp", rules: []simulator.Rule{
		{Channel: simulator.ZNS, Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser},
	}},
	{title: "an order on its way", to: "+84912000112", template: "order_shipped"},
}

// overture is how many scenarios are played in turn before the traffic becomes random.
const overture = 9

// traffic sends until ctx ends: first one of every ending, then a trickle.
func (d *demo) traffic(ctx context.Context) {
	for _, s := range scenarios {
		for _, r := range s.rules {
			d.sim.SetRule(s.to, r)
		}
	}
	for n := 0; ; n++ {
		s, wait := scenarios[min(n, overture-1)], 700*time.Millisecond
		if n >= overture {
			s, wait = scenarios[rand.N(len(scenarios))], time.Second+rand.N(3*time.Second)
		}
		if err := d.send(ctx, s, n); err != nil && ctx.Err() == nil {
			d.service.log.Error("demo message", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func (d *demo) send(ctx context.Context, s scenario, n int) error {
	order := fmt.Sprintf("A-%d", 1001+n)
	params := map[string]string{"customer": customers[n%len(customers)], "order_id": order}
	if s.template == "otp" {
		params = map[string]string{"otp": fmt.Sprintf("%06d", rand.N(1_000_000))}
	}
	_, err := d.service.engine.Accept(ctx, orchestrator.Caller{TenantID: d.tenant.id}, orchestrator.Submission{
		To: s.to, Template: s.template, Params: params, PolicyName: s.policy, TransactionID: order + ":" + uuid.NewString()[:8],
		Metadata: map[string]string{"order": order, "scenario": s.title},
	})
	return err
}

var customers = []string{"Lan", "Minh", "Hoa", "Tuan", "Linh"}
