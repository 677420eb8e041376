package orchestrator_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/orchestrator/orchestratortest"
	"cascade/policy"
)

// templateRig is a rig whose OA keeps templates and whose clock the test moves.
type templateRig struct {
	*orchestratortest.Rig
	t     *testing.T
	oa    models.Account
	ahead atomic.Int64 // in nanoseconds
	log   lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func newTemplateRig(t *testing.T, s *models.Store, templates ...simulator.Template) *templateRig {
	t.Helper()
	r := &templateRig{t: t}
	r.Rig = orchestratortest.New(t, s, orchestratortest.Config{Now: r.now, Sim: simulator.Options{Now: r.now}, Log: slog.New(slog.NewTextHandler(&r.log, nil))})
	r.oa = r.Accounts["oa-main"]
	r.keep(templates...)
	return r
}

func (r *templateRig) now() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) }

func (r *templateRig) oaID() string {
	r.t.Helper()
	var settings struct {
		OA string `json:"oa_id"`
	}
	if err := json.Unmarshal(r.oa.Settings, &settings); err != nil || settings.OA == "" {
		r.t.Fatalf("settings %s: %v", r.oa.Settings, err)
	}
	return settings.OA
}

// keep makes templates the provider's whole set.
func (r *templateRig) keep(templates ...simulator.Template) {
	r.t.Helper()
	oa := r.oaID()
	r.Sim.Register(simulator.Account{
		Provider: simulator.Zalo, ID: oa, AppID: "2" + oa, AppSecret: "app-secret-" + oa, OASecret: "oa-secret-" + oa,
		RefreshToken: "rt-" + oa, AccessToken: "at-" + oa, Quota: -1, Templates: templates,
	})
}

// upkeep runs the job, as the schedule does.
func (r *templateRig) upkeep(e *orchestrator.Engine) {
	r.t.Helper()
	for _, job := range e.Upkeep() {
		if job.Name == "templates" {
			if err := job.Run(r.t.Context()); err != nil {
				r.t.Error(err)
			}
			return
		}
	}
	r.t.Fatal("no job syncs templates")
}

// known lists what is stored for the OA, by id and status.
func (r *templateRig) known() map[string]string {
	r.t.Helper()
	rows, err := r.Store.ProviderTemplates(r.t.Context(), r.Tenant.ID, r.oa.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	got := map[string]string{}
	for _, t := range rows {
		got[t.TemplateID] = t.Status
	}
	return got
}

func (r *templateRig) wantKnown(when string, want map[string]string) {
	r.t.Helper()
	if diff := cmp.Diff(want, r.known()); diff != "" {
		r.t.Errorf("%s, known templates -want +got\n%s", when, diff)
	}
}

func TestTemplatesAreSynced(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := newTemplateRig(t, s,
			simulator.Template{ID: 412345, Name: "Cập nhật đơn hàng", Price: 250, Params: []simulator.TemplateParam{{Name: "order", MaxLength: 20}, {Name: "note", Optional: true}}},
			simulator.Template{ID: 412346, Name: "Cũ", Status: "DISABLE"})
		r.upkeep(r.Engine)
		rows, err := s.ProviderTemplates(t.Context(), r.Tenant.ID, r.oa.ID)
		if err != nil || len(rows) != 2 {
			t.Fatalf("%d templates, %v", len(rows), err)
		}
		if age := r.now().Sub(time.UnixMilli(rows[0].SyncedAt)); age < -time.Second || age > time.Minute {
			t.Errorf("synced %s ago", age)
		}
		var params []orchestrator.ProviderParam
		if err := json.Unmarshal(rows[0].Params, &params); err != nil {
			t.Fatal(err)
		}
		rows[0].Params, rows[0].SyncedAt = nil, 0
		want := models.ProviderTemplate{
			TenantID: r.Tenant.ID, AccountID: r.oa.ID, TemplateID: "412345", Name: "Cập nhật đơn hàng", Status: "ENABLE", Quality: "HIGH", Price: 250_000_000, UserPrice: 175_000_000,
		}
		if diff := cmp.Diff(want, rows[0]); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
		wantParams := []orchestrator.ProviderParam{{Name: "order", Required: true, Type: "STRING", MaxLength: 20}, {Name: "note", Type: "STRING", MaxLength: 30}}
		if diff := cmp.Diff(wantParams, params); diff != "" {
			t.Errorf("params -want +got\n%s", diff)
		}

		r.keep(simulator.Template{ID: 412347})
		r.upkeep(r.Engine)
		r.wantKnown("minutes later", map[string]string{"412345": "ENABLE", "412346": "DISABLE"})
		r.ahead.Store(int64(6 * time.Hour))
		r.upkeep(r.Engine)
		r.wantKnown("hours later", map[string]string{"412347": "ENABLE"})
	})
}

// While a provider is down the set that is known stays, the log says so once, and the next answer is taken.
func TestKnownTemplatesOutliveAProviderThatIsDown(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := newTemplateRig(t, s, simulator.Template{ID: 1})
		r.upkeep(r.Engine)
		r.keep(simulator.Template{ID: 2})
		r.Sim.SetAccountFault(simulator.Zalo, r.oaID(), simulator.FaultDown)
		for i := range 3 {
			r.ahead.Add(int64(6 * time.Hour))
			r.upkeep(r.Engine)
			r.wantKnown("down, run "+string(rune('1'+i)), map[string]string{"1": "ENABLE"})
		}
		_, err := r.Engine.SyncTemplates(t.Context(), r.Tenant.ID, r.oa.ID)
		if _, failed := errors.AsType[*channels.Failure](err); !failed {
			t.Errorf("a sync by hand ends in %v", err)
		}
		if n := strings.Count(r.log.String(), "templates not synced"); n != 1 {
			t.Errorf("logged %d times:\n%s", n, r.log.String())
		}
		r.Sim.SetAccountFault(simulator.Zalo, r.oaID(), "")
		r.ahead.Add(int64(time.Hour))
		r.upkeep(r.Engine)
		r.wantKnown("up again", map[string]string{"2": "ENABLE"})
	})
}

// Two replicas whose schedules fall together ask the provider once in hours, and an expired token is renewed as for a
// send.
func TestTemplatesAreAskedForOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := newTemplateRig(t, s, simulator.Template{ID: 1})
		target, err := url.Parse(r.SimURL)
		if err != nil {
			t.Fatal(err)
		}
		var lists atomic.Int64
		proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			if strings.HasSuffix(p.In.URL.Path, "/template/all") && p.In.Header.Get("access_token") != "at-"+r.oaID() {
				lists.Add(1) // not with the token that has expired
			}
		}}
		server := httptest.NewServer(proxy)
		defer server.Close()
		settings := map[string]json.RawMessage{"api_url": json.RawMessage(`"` + server.URL + `/zalo/api"`)}
		if _, err := r.Engine.UpdateAccount(t.Context(), r.Tenant.ID, r.oa.ID, orchestrator.AccountPatch{Settings: settings}); err != nil {
			t.Fatal(err)
		}
		r.Sim.ExpireTokens()
		engines := []*orchestrator.Engine{r.Engine, r.NewEngine(orchestratortest.Config{Now: r.now})}
		for round := int64(1); round <= 3; round++ {
			for range 3 {
				var wg sync.WaitGroup
				for _, e := range engines {
					wg.Go(func() { r.upkeep(e) })
				}
				wg.Wait()
			}
			if n := lists.Load(); n != round {
				t.Errorf("asked %d times in %d rounds of hours", n, round)
			}
			r.ahead.Add(int64(6 * time.Hour))
		}
		r.wantKnown("after both", map[string]string{"1": "ENABLE"})
		if n := r.Sim.Refreshes(); n != 1 {
			t.Errorf("%d refreshes, want 1", n)
		}
	})
}

func TestSyncTemplatesByHand(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := newTemplateRig(t, s, simulator.Template{ID: 1})
		for i, want := range []string{"1", "2"} {
			r.keep(simulator.Template{ID: int64(i + 1)})
			rows, err := r.Engine.SyncTemplates(t.Context(), r.Tenant.ID, r.oa.ID)
			if err != nil || len(rows) != 1 || rows[0].TemplateID != want {
				t.Errorf("%+v, %v, want template %s", rows, err, want)
			}
		}
		for name, tt := range map[string]struct {
			tenant, account uuid.UUID
			want            error
		}{
			"an adapter without templates": {r.Tenant.ID, r.Accounts["sms-main"].ID, orchestrator.ErrNoTemplates},
			"no such account":              {r.Tenant.ID, uuid.New(), models.ErrNotFound},
			"another tenant's account":     {orchestratortest.New(t, s, orchestratortest.Config{}).Tenant.ID, r.oa.ID, models.ErrNotFound},
		} {
			if _, err := r.Engine.SyncTemplates(t.Context(), tt.tenant, tt.account); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", name, err, tt.want)
			}
		}
	})
}

func TestTemplateWarnings(t *testing.T) {
	const params = `[{"name":"order","required":true,"max_length":10},{"name":"note","required":false,"max_length":5}]`
	enabled := models.ProviderTemplate{Status: "ENABLE", Params: []byte(params)}
	tests := map[string]struct {
		known   models.ProviderTemplate
		id      string // "" is the known one's
		data    map[string]string
		want    []string // code and field, of a content that is stored
		preview []string // as well, of one that is rendered
	}{
		"all is well":                       {known: enabled, data: map[string]string{"order": "A-1029"}},
		"as long as may be":                 {known: enabled, data: map[string]string{"order": "Đơn hàng ạ", "note": "12345"}},
		"a template that is not known":      {known: enabled, id: "999", data: map[string]string{"other": "x"}},
		"disabled":                          {known: models.ProviderTemplate{Status: "DISABLE"}, want: []string{"template_not_enabled template_id"}},
		"rejected, with the provider's why": {known: models.ProviderTemplate{Status: "REJECT", Reason: "bad logo"}, want: []string{"template_not_enabled template_id"}},
		"still under review":                {known: models.ProviderTemplate{Status: "PENDING_REVIEW"}, want: []string{"template_not_enabled template_id"}},
		"a status that is not told":         {known: models.ProviderTemplate{Params: []byte("[]")}, data: map[string]string{"order": "A"}},
		"params that are not told":          {known: models.ProviderTemplate{Status: "ENABLE", Params: []byte("[]")}, data: map[string]string{"order": "A"}},
		"a required one is missing":         {known: enabled, data: map[string]string{"note": "x"}, want: []string{"template_param_missing template_data.order"}},
		"one too many": {
			known: enabled, data: map[string]string{"order": "A", "zone": "x", "city": "x"},
			want: []string{"template_param_unknown template_data.city", "template_param_unknown template_data.zone"},
		},
		"too long": {
			known: enabled, data: map[string]string{"order": "12345678901"},
			preview: []string{"template_param_too_long template_data.order"},
		},
		"all at once": {
			known: models.ProviderTemplate{Status: "DISABLE", Params: []byte(params)}, data: map[string]string{"note": "123456", "zone": "x"},
			want:    []string{"template_not_enabled template_id", "template_param_missing template_data.order", "template_param_unknown template_data.zone"},
			preview: []string{"template_param_too_long template_data.note"},
		},
	}
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := newTemplateRig(t, s)
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				tt.known.TemplateID = "412345"
				sync := models.TemplateSync{TenantID: r.Tenant.ID, AccountID: r.oa.ID, SyncedAt: 1, NextAt: 1}
				if err := s.ReplaceProviderTemplates(t.Context(), sync, []models.ProviderTemplate{tt.known}); err != nil {
					t.Fatal(err)
				}
				sub := r.Submission("0912345001")
				content := channels.Content{TemplateID: "412345", TemplateData: tt.data}
				if tt.id != "" {
					content.TemplateID = tt.id
				}
				sub.Content[policy.ZNS] = content

				got, err := r.Engine.TemplateWarnings(t.Context(), r.Tenant.ID, content)
				sameWarnings(t, "stored", got, err, tt.want)
				preview, err := r.Engine.Preview(t.Context(), r.Caller, sub)
				if err == nil {
					err = r.Engine.WarnPreview(t.Context(), r.Tenant.ID, &preview)
				}
				sameWarnings(t, "previewed", preview.Warnings, err, append(tt.preview, tt.want...))
				if _, err := r.Engine.Accept(t.Context(), r.Caller, sub); err != nil {
					t.Errorf("what is only warned of is refused: %v", err)
				}
				if tt.known.Reason != "" && !strings.Contains(got[0].Message, tt.known.Reason) {
					t.Errorf("%q does not tell the reason", got[0].Message)
				}
			})
		}
	})
}

// sameWarnings compares codes and fields, in any order.
func sameWarnings(t *testing.T, which string, got []policy.Warning, err error, want []string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	set := func(list []string) map[string]bool {
		m := map[string]bool{}
		for _, s := range list {
			m[s] = true
		}
		return m
	}
	var codes []string
	for _, w := range got {
		if !strings.HasPrefix(w.Code, "template_") {
			continue // about the policy
		}
		codes = append(codes, w.Code+" "+strings.TrimPrefix(w.Field, "content.zns."))
		if !strings.Contains(w.Message, "oa-main") {
			t.Errorf("%s: %q does not name the account", which, w.Message)
		}
	}
	if diff := cmp.Diff(set(want), set(codes)); diff != "" || len(codes) != len(want) {
		t.Errorf("%s, -want +got\n%s", which, diff)
	}
}

// A warning about an account that is out of use helps nobody.
func TestNoTemplateWarningOfAccountsOutOfUse(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		r := newTemplateRig(t, s, simulator.Template{ID: 412345, Status: "REJECT", Reason: "bad logo"})
		content := channels.Content{TemplateID: "412345"}
		got, err := r.Engine.SyncTemplates(t.Context(), r.Tenant.ID, r.oa.ID)
		if err != nil || len(got) != 1 || got[0].Reason != "bad logo" {
			t.Fatalf("templates %+v, %v", got, err)
		}
		warnings := func() int {
			t.Helper()
			got, err := r.Engine.TemplateWarnings(t.Context(), r.Tenant.ID, content)
			if err != nil {
				t.Fatal(err)
			}
			return len(got)
		}
		if n := warnings(); n != 1 {
			t.Errorf("%d warnings, want 1", n)
		}
		yes := true
		if _, err := r.Engine.UpdateAccount(t.Context(), r.Tenant.ID, r.oa.ID, orchestrator.AccountPatch{Disabled: &yes}); err != nil {
			t.Fatal(err)
		}
		if n := warnings(); n != 0 {
			t.Errorf("%d warnings of a disabled account", n)
		}
	})
}
