package zalo

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"cascade/channels"
	"cascade/channels/simulator"
	"cascade/policy"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// world is an adapter with the simulator behind it, and the webhooks that the simulator sent.
type world struct {
	t     *testing.T
	sim   *simulator.Simulator
	a     *Adapter
	hooks chan channels.Hook
}

const worldOA = "3000000000000000001"

func newWorld(t *testing.T, more map[string]string) *world {
	t.Helper()
	w := &world{t: t, hooks: make(chan channels.Hook, 20)}
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.hooks <- channels.Hook{Method: r.Method, Header: r.Header, Body: body}
	}))
	sim, err := simulator.New(simulator.Options{Scale: 0.001, Now: func() time.Time { return testNow }})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		srv.Close()
		receiver.Close()
	})
	sim.Register(simulator.Account{
		Provider: simulator.Zalo, ID: worldOA, AppID: "1000000000000000001", AppSecret: "app-secret-for-tests", OASecret: "oa-secret-key-for-tests",
		AccessToken: "AT", Quota: 100, WebhookURL: receiver.URL, RequireProof: true,
		Templates: []simulator.Template{{ID: 412345, Params: []simulator.TemplateParam{{Name: "customer_name"}, {Name: "order_code"}}}, {ID: 7, Tag: "OTP"}},
	})
	s := map[string]string{
		"api_url": srv.URL + "/zalo/api", "oauth_url": srv.URL + "/zalo/oauth", "openapi_url": srv.URL + "/zalo/openapi",
		"access_token": "AT", "appsecret_proof": "true",
	}
	for name, value := range more {
		s[name] = value
	}
	w.a, err = newAdapter(channels.Config{
		Channel: policy.ZNS, Settings: settings(s), HTTP: channels.NewHTTPClient(nil), Now: func() time.Time { return testNow },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.sim = sim
	return w
}

func (w *world) next() channels.Hook {
	w.t.Helper()
	select {
	case h := <-w.hooks:
		return h
	case <-time.After(10 * time.Second):
		w.t.Fatal("no webhook came")
		return channels.Hook{}
	}
}

// receipt reads the next webhook as the one receipt that it holds.
func (w *world) receipt() channels.Receipt {
	w.t.Helper()
	got, err := w.a.ReadHook(w.next())
	if err != nil || len(got) != 1 {
		w.t.Fatalf("got %+v, %v", got, err)
	}
	return got[0]
}

func (w *world) emit(e simulator.ZaloEvent) {
	w.t.Helper()
	e.Account = worldOA
	if err := w.sim.EmitZalo(e); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) notice() channels.Notice {
	w.t.Helper()
	h := w.next()
	if receipts, err := w.a.ReadHook(h); err != nil || receipts != nil {
		w.t.Fatalf("as a hook: %+v, %v", receipts, err)
	}
	got, err := w.a.ReadNotices(h)
	if err != nil || len(got) != 1 {
		w.t.Fatalf("got %+v, %v", got, err)
	}
	return got[0]
}

func TestAnswersFromTheSimulator(t *testing.T) {
	ways := map[string]struct {
		settings map[string]string
		user     bool
		ref      string
	}{
		"by phone":        {ref: testReference},
		"by hash":         {settings: map[string]string{"hash_phone": "lower"}, ref: testReference},
		"by capital hash": {settings: map[string]string{"hash_phone": "upper"}, ref: testReference},
		"by user id":      {user: true},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, way.settings)
			w.sim.SetRule("84900000099", simulator.Rule{Read: new(2 * time.Second)})
			out := testOutbound
			out.To = "+84900000099"
			if way.user {
				out.Content.UserID = simulator.ZaloUserID(out.To)
			}
			sent, err := w.a.Send(t.Context(), out)
			if err != nil {
				t.Fatal(err)
			}
			want := func(kind policy.Receipt, ref string, reply *channels.Reply) channels.Receipt {
				return channels.Receipt{Reference: ref, ProviderID: sent.ProviderID, Kind: kind, At: testNow.UTC(), Reply: reply}
			}
			wants := []channels.Receipt{want(policy.ReceiptDelivered, way.ref, nil), want(policy.ReceiptRead, "", nil)}
			got := []channels.Receipt{w.receipt(), w.receipt()}
			if got[0].Kind != policy.ReceiptDelivered { // nobody promises an order
				got[0], got[1] = got[1], got[0]
			}

			w.emit(simulator.ZaloEvent{Event: simulator.ZaloFeedback, MsgID: sent.ProviderID, Text: "tốt", Rating: 4, Options: []string{"Đúng giờ", "Rẻ"}})
			got = append(got, w.receipt())
			w.emit(simulator.ZaloEvent{Event: simulator.ZaloButton, MsgID: sent.ProviderID, Text: "CONFIRM"})
			got = append(got, w.receipt())
			w.emit(simulator.ZaloEvent{Event: simulator.ZaloText, MsgID: sent.ProviderID, Text: "Cảm ơn"})
			got = append(got, w.receipt())
			wants = append(wants,
				want(policy.ReceiptRead, way.ref, &channels.Reply{Text: "tốt", Rating: 4, Options: []string{"Đúng giờ", "Rẻ"}}),
				want(policy.ReceiptRead, way.ref, &channels.Reply{Text: "CONFIRM"}),
				want(policy.ReceiptRead, "", &channels.Reply{Text: "Cảm ơn"}),
			)
			if diff := cmp.Diff(wants, got, cmpopts.IgnoreFields(channels.Receipt{}, "Key")); diff != "" {
				t.Error(diff)
			}
			keys := map[string]bool{}
			for _, r := range got {
				keys[r.Key] = true
			}
			if len(keys) != len(got) || keys[""] {
				t.Errorf("keys %v", keys)
			}
		})
	}
}

func TestNoticesFromTheSimulator(t *testing.T) {
	w := newWorld(t, nil)
	const phone = "+84912345678"
	user := simulator.ZaloUserID(phone)
	tests := []struct {
		event simulator.ZaloEvent
		want  channels.Notice
	}{
		{
			simulator.ZaloEvent{Event: simulator.ZaloTemplateStatus, TemplateID: 412345, Status: "DISABLE", Reason: "reports"},
			channels.Notice{Kind: channels.NoticeTemplate, TemplateID: "412345", Status: "DISABLE", Reason: "reports"},
		},
		{
			simulator.ZaloEvent{Event: simulator.ZaloTemplateQuality, TemplateID: 412345, Quality: "LOW"},
			channels.Notice{Kind: channels.NoticeTemplate, TemplateID: "412345", Quality: "LOW"},
		},
		{
			simulator.ZaloEvent{Event: simulator.ZaloQuota, Quota: 50},
			channels.Notice{Kind: channels.NoticeQuota, Quota: &channels.Quota{Left: 50, Total: 50, ResetsAt: testNow.Add(3 * time.Hour)}},
		},
		{
			simulator.ZaloEvent{Event: simulator.ZaloSubmitInfo, Phone: phone},
			channels.Notice{Kind: channels.NoticeUserKnown, UserID: user, Phone: phone},
		},
		{
			simulator.ZaloEvent{Event: simulator.ZaloWithdraw, Phone: phone},
			channels.Notice{Kind: channels.NoticeUserUnknown, UserID: user},
		},
	}
	for _, tt := range tests {
		w.emit(tt.event)
		tt.want.At = testNow.UTC()
		if diff := cmp.Diff(tt.want, w.notice()); diff != "" {
			t.Errorf("%s: %s", tt.event.Event, diff)
		}
	}

	// What was told holds from then on.
	out := testOutbound
	codes := func() (codes []string) {
		for _, content := range []channels.Content{
			{TemplateID: "412345", TemplateData: out.Content.TemplateData},
			{TemplateID: "7", UserID: simulator.ZaloUserID("+84912345679")},
			{TemplateID: "7", UserID: user},
			{TemplateID: "7", UserID: "stranger"},
		} {
			out.Content = content
			_, err := w.a.Send(t.Context(), out)
			codes = append(codes, channels.AsFailure(err).Code)
		}
		return codes
	}()
	if diff := cmp.Diff([]string{"template_not_approved", "template_not_by_user_id", "not_a_follower", "not_a_follower"}, codes); diff != "" {
		t.Error(diff)
	}
	w.sim.SetZaloQuality(worldOA, "LOW")
	quality, err := w.a.Quality(t.Context())
	quota, err2 := w.a.Quota(t.Context())
	templates, err3 := w.a.Templates(t.Context())
	if err != nil || err2 != nil || err3 != nil || quality != "LOW" || quota.Total != 50 || len(templates) != 2 ||
		templates[0].Status != "DISABLE" || templates[0].Quality != "LOW" || templates[0].Reason != "reports" {
		t.Errorf("quality %s, quota %+v, templates %+v, %v %v %v", quality, quota, templates, err, err2, err3)
	}
	var found []string
	for _, f := range w.a.Check(t.Context()) {
		found = append(found, f.Level+" "+f.Code)
	}
	if diff := cmp.Diff([]string{"ok token_ok", "ok quota_ok", "warning quality_low", "ok templates_ok"}, found); diff != "" {
		t.Error(diff)
	}
}

// TestUserRefusals: the magic numbers hold for user ids, in the Official Account API's words.
func TestUserRefusals(t *testing.T) {
	tests := map[string]struct{ code, provider string }{
		"+84900000003": {"not_a_follower", "-213"},
		"+84900000010": {"throttled", "-32"},
		"+84900000011": {"quota", "-211"},
		"+84900000012": {codeNeedsReauth, ""}, // refused as -216, and nothing here renews the token
	}
	w := newWorld(t, nil)
	for phone, want := range tests {
		out := testOutbound
		out.Content.UserID = simulator.ZaloUserID(phone)
		_, err := w.a.Send(t.Context(), out)
		if f := channels.AsFailure(err); f.Code != want.code || f.ProviderCode != want.provider {
			t.Errorf("%s: got %v, want %+v", phone, err, want)
		}
	}
}
