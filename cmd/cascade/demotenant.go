package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// demoTenant is who sends in the demo.
type demoTenant struct {
	id       uuid.UUID
	key      string
	sentence string // what the default policy does
}

const demoPolicy = `{"steps": [
	{"channel": "zns", "until": "delivered", "timeout": "4s", "accounts": ["oa-main"]},
	{"channel": "viber", "until": "delivered", "timeout": "4s", "accounts": ["viber-main"]},
	{"channel": "sms", "until": "delivered", "timeout": "10s", "accounts": ["sms-main"]}
], "ttl": "5m"}`

const demoOTPPolicy = `{"steps": [
	{"channel": "zns", "until": "delivered", "timeout": "3s", "accounts": ["oa-main"]},
	{"channel": "sms", "until": "delivered", "timeout": "10s", "accounts": ["sms-main"]}
], "ttl": "2m"}`

// demoPrices are what the simulated providers bill.
const demoPrices = `{"prices": [
	{"channel": "zns", "unit": "message", "moment": "delivered", "within": "2h", "price": {"amount": "200", "currency": "VND"}},
	{"channel": "viber", "unit": "message", "moment": "delivered", "price": {"amount": "470", "currency": "VND"}},
	{"channel": "sms", "unit": "segment", "moment": "taken", "price": {"amount": "820", "currency": "VND"}}
]}`

const demoRoutes = `{"rules": [{"when": "category == 'otp'", "policy": "otp"}], "default": "default"}`

// The SMS texts do without Vietnamese marks: one mark makes it UCS-2, and 160 characters become 70.
var demoTemplates = []models.Template{
	{
		Name: "order_shipped", Category: policy.Transaction,
		Params: []byte(`[{"name": "customer", "example": "Lan"}, {"name": "order_id", "example": "A-1029"}]`),
		Content: []byte(`{
			"zns": {"template_id": "412345", "template_data": {"customer": "{{customer}}", "order_id": "{{order_id}}"}},
			"viber": {"text": "Chào {{customer}}, đơn hàng {{order_id}} đang trên đường giao đến bạn."},
			"sms": {"text": "Chao {{customer}}, don hang {{order_id}} dang tren duong giao den ban."}}`),
	},
	{
		Name: "otp", Category: policy.OTP,
		Params: []byte(`[{"name": "otp", "sensitive": true, "example": "482913"}]`),
		Content: []byte(`{
			"zns": {"template_id": "412346", "template_data": {"otp": "{{otp}}"}},
			"sms": {"text": "{{otp}} la ma xac thuc cua ban, co hieu luc trong 2 phut."}}`),
	},
}

// furnish makes the tenant, its accounts at the simulated providers, and everything that sending needs.
func (d *demo) furnish(ctx context.Context) (demoTenant, error) {
	now := time.Now().UnixMilli()
	t := demoTenant{id: uuid.Must(uuid.NewV7())}
	key, plain := models.NewAPIKey(t.id, models.ModeLive, nil, now)
	t.key = plain
	store := d.service.store
	err := store.CreateTenant(ctx, models.Tenant{
		ID: t.id, Name: "Demo shop", DefaultRegion: "VN", Timezone: "Asia/Ho_Chi_Minh", Currency: "VND", CreatedAt: now,
	}, key)
	if err != nil {
		return t, err
	}
	if err := d.accounts(ctx, t.id); err != nil {
		return t, err
	}
	if err := d.subscribe(ctx, t.id, now); err != nil {
		return t, err
	}
	for _, tpl := range demoTemplates {
		tpl.TenantID, tpl.UpdatedAt = t.id, now
		if err := store.PutTemplate(ctx, tpl); err != nil {
			return t, err
		}
	}
	for name, body := range map[string]string{"default": demoPolicy, "otp": demoOTPPolicy, "every_provider": everyProvider} {
		if _, _, err := d.service.engine.PutPolicy(ctx, t.id, name, compact(body)); err != nil {
			return t, fmt.Errorf("policy %s: %w", name, err)
		}
	}
	p, _ := policy.ParsePolicy([]byte(demoPolicy))
	t.sentence = p.Sentence()
	if err := store.PutPrices(ctx, t.id, compact(demoPrices), now); err != nil {
		return t, err
	}
	if err := store.PutRoutes(ctx, t.id, compact(demoRoutes), now); err != nil {
		return t, err
	}
	d.service.engine.Reload()
	return t, nil
}

// accounts opens accounts at the simulated providers and here: one a channel for the default policy, and one of each other
// adapter.
func (d *demo) accounts(ctx context.Context, tenant uuid.UUID) error {
	oa := orchestrator.AccountInput{
		ID: uuid.Must(uuid.NewV7()), Name: "oa-main", Channel: policy.ZNS, Adapter: "zalo",
		Settings: raw(map[string]string{
			"api_url": d.simURL + "/zalo/api", "openapi_url": d.simURL + "/zalo/openapi", "oauth_url": d.simURL + "/zalo/oauth", "app_id": "1000000000000000001", "app_secret": "demo-app",
			"oa_id": "3000000000000000001", "oa_secret": "demo-oa", "refresh_token": "demo-refresh", "access_token": "demo-access",
		}),
	}
	d.sim.Register(simulator.Account{
		Provider: simulator.Zalo, ID: "3000000000000000001", AppID: "1000000000000000001", AppSecret: "demo-app", OASecret: "demo-oa",
		RefreshToken: "demo-refresh", AccessToken: "demo-access", WebhookURL: d.service.publicURL + "/hooks/zalo/" + oa.ID.String(),
		Templates: []simulator.Template{
			{ID: 412345, Name: "Order shipped", Tag: "TRANSACTION", Params: []simulator.TemplateParam{{Name: "customer"}, {Name: "order_id"}}},
			{ID: 412346, Name: "One-time password", Tag: "OTP", Params: []simulator.TemplateParam{{Name: "otp"}}},
		},
	})
	d.sim.Register(simulator.Account{Provider: simulator.Infobip, ID: "demo-key"})
	rented := func(name string, ch policy.Channel) orchestrator.AccountInput {
		return orchestrator.AccountInput{Name: name, Channel: ch, Adapter: "infobip", Settings: raw(map[string]string{
			"base_url": d.simURL + "/infobip", "api_key": "demo-key", "sender": "DEMOSHOP", "webhook_secret": "demo-hook",
		})}
	}
	others, err := d.otherAccounts()
	if err != nil {
		return err
	}
	for _, in := range append(others, oa, rented("viber-main", policy.Viber), rented("sms-main", policy.SMS)) {
		if _, err := d.service.engine.CreateAccount(ctx, tenant, in); err != nil {
			return fmt.Errorf("account %s: %w", in.Name, err)
		}
	}
	return nil
}

func raw(in map[string]string) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage, len(in))
	for name, value := range texts(in) {
		out[name] = value
	}
	return out
}

// compact takes the layout out of a document, which is stored as it is given.
func compact(document string) []byte {
	return []byte(strings.NewReplacer("\n\t", "", "\n", "").Replace(document))
}
