package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"cascade/channels/simulator"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// concurrency is how many calls an account may have under way.
const concurrency = 1024

// tenant is one that messages are for.
type tenant struct {
	id  uuid.UUID
	key string
}

// waitPolicy is the policy of the messages that are stored before the load. They wait longest.
const (
	waitPolicy = "wait"
	waitLong   = policy.MaxTimeout
)

// policyName is the policy that sends by ZNS account i; that of account 0 is the tenant's default.
func policyName(i int) string { return numbered("default", i) }

func accountName(ch policy.Channel, i int) string { return numbered(string(ch), i) }

func numbered(name string, i int) string {
	if i == 0 {
		return name
	}
	return fmt.Sprintf("%s-%d", name, i)
}

// providerAccounts are what messages are sent by, as the providers know them, by serial number.
func providerAccounts(serial int) (oa, gateway simulator.Account) {
	oa = simulator.Account{
		Provider: simulator.Zalo, ID: strconv.Itoa(1000000000000000001 + serial), AppID: "2000000000000000001", AppSecret: "bench-app-secret",
		OASecret: "bench-oa-secret", RefreshToken: numbered("bench-refresh", serial), AccessToken: numbered("bench-access", serial), Quota: -1,
	}
	return oa, simulator.Account{Provider: simulator.Infobip, ID: numbered("bench-api-key", serial)}
}

// furnish makes the tenants.
func (s *service) furnish(ctx context.Context, simulatorURL string) error {
	for i := range s.o.Tenants {
		if err := s.addTenant(ctx, i, simulatorURL); err != nil {
			return err
		}
	}
	return nil
}

// addTenant makes tenant i with its accounts, prices and policies.
func (s *service) addTenant(ctx context.Context, i int, simulatorURL string) error {
	now := time.Now().UnixMilli()
	row := models.Tenant{
		ID: uuid.Must(uuid.NewV7()), Name: numbered("bench", i), DefaultRegion: "VN", Timezone: "Asia/Ho_Chi_Minh", Currency: "VND", CreatedAt: now,
	}
	keyRow, key := models.NewAPIKey(row.ID, "live", nil, now)
	t := tenant{row.ID, key}
	s.tenants = append(s.tenants, t)
	if err := s.db.store.CreateTenant(ctx, row, keyRow); err != nil {
		return err
	}
	for a := range s.o.ZNSAccounts {
		if err := s.addZNS(ctx, t, i*s.o.ZNSAccounts+a, a, simulatorURL); err != nil {
			return err
		}
	}
	_, gateway := providerAccounts(i)
	s.known = append(s.known, gateway)
	for _, ch := range []policy.Channel{policy.Viber, policy.SMS} {
		if ch == policy.Viber && !s.o.Ladder {
			continue
		}
		if _, err := s.addAccount(ctx, t, ch, accountName(ch, 0), "infobip", map[string]string{
			"base_url": simulatorURL + "/infobip", "api_key": gateway.ID, "sender": "ACME", "webhook_secret": "bench-hook-secret",
		}); err != nil {
			return err
		}
	}
	if err := s.db.store.PutPrices(ctx, t.id, []byte(`{"prices":[
		{"channel":"zns","unit":"message","moment":"delivered","price":{"amount":"200","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"},
		{"channel":"viber","unit":"message","moment":"delivered","price":{"amount":"470","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"},
		{"channel":"sms","unit":"segment","moment":"taken","price":{"amount":"820","currency":"VND"},"valid_from":"2020-01-01T00:00:00Z"}]}`), now); err != nil {
		return err
	}
	return s.putPolicies(ctx, t)
}

// addZNS makes account a of a tenant; no other account of any tenant has its serial number.
func (s *service) addZNS(ctx context.Context, t tenant, serial, a int, simulatorURL string) error {
	oa, _ := providerAccounts(serial)
	row, err := s.addAccount(ctx, t, policy.ZNS, accountName(policy.ZNS, a), "zalo", map[string]string{
		"app_id": oa.AppID, "app_secret": oa.AppSecret, "oa_id": oa.ID, "oa_secret": oa.OASecret,
		"refresh_token": oa.RefreshToken, "access_token": oa.AccessToken,
		"api_url": simulatorURL + "/zalo/api", "oauth_url": simulatorURL + "/zalo/oauth",
	})
	if err != nil {
		return err
	}
	oa.WebhookURL = s.replicas[0].engine.HookURL(row)
	s.known = append(s.known, oa)
	return nil
}

func (s *service) addAccount(
	ctx context.Context, t tenant, ch policy.Channel, name, adapter string, settings map[string]string,
) (models.Account, error) {
	raw := map[string]json.RawMessage{}
	for name, value := range settings {
		raw[name] = json.RawMessage(`"` + value + `"`)
	}
	return s.replicas[0].engine.CreateAccount(ctx, t.id, orchestrator.AccountInput{
		Name: name, Channel: ch, Adapter: adapter, Settings: raw, PerSecond: 1e5, Concurrency: concurrency,
	})
}

// putPolicies makes a policy for each ZNS account, and that of messages that are stored before the load.
func (s *service) putPolicies(ctx context.Context, t tenant) error {
	wait := Wait
	if s.o.Burst > 0 {
		wait = burstWait
	}
	engine := s.replicas[0].engine
	for a := range s.o.ZNSAccounts {
		if _, _, err := engine.PutPolicy(ctx, t.id, policyName(a), s.ladder(a, wait, 2*wait+10*time.Minute)); err != nil {
			return err
		}
	}
	_, _, err := engine.PutPolicy(ctx, t.id, waitPolicy, s.ladder(0, waitLong, policy.MaxTTL))
	return err
}

// ladder is a policy that starts with ZNS account a and waits for its receipt.
func (s *service) ladder(a int, wait, ttl time.Duration) []byte {
	first := fmt.Sprintf(`{"channel":"zns","until":"delivered","timeout":%q,"accounts":[%q]}`, wait.String(), accountName(policy.ZNS, a))
	second := ""
	if s.o.Ladder {
		second = fmt.Sprintf(`,{"channel":"viber","until":"delivered","timeout":%q}`, wait.String())
	}
	return fmt.Appendf(nil, `{"steps":[%s%s,{"channel":"sms","until":"sent","timeout":%q}],"ttl":%q}`, first, second, Wait.String(), ttl.String())
}
