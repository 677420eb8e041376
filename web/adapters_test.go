package web

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/channels/esms"
	"cascade/channels/httpgw"
	"cascade/channels/infobip"
	"cascade/channels/sinch"
	"cascade/channels/smpp"
	"cascade/channels/twilio"
	"cascade/channels/vonage"
	"cascade/channels/zalo"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/policy"
)

func TestAdapters(t *testing.T) {
	registry, err := channels.NewRegistry(esms.Spec(), httpgw.Spec(), infobip.Spec(), sinch.Spec(), smpp.Spec(), twilio.Spec(), vonage.Spec(), zalo.Spec())
	if err != nil {
		t.Fatal(err)
	}
	a := newAPI(t, modelstest.Open(t, models.SQLite), func(d *Deps) { d.Registry = registry })
	var list struct{ Data []adapterView }
	decodeReply(t, a.want(200, "GET", "/v1/adapters", ""), &list)
	byName := map[string]adapterView{}
	for _, v := range list.Data {
		byName[v.Name] = v
		for _, s := range v.Settings {
			if s.Label == "" || s.Help == "" {
				t.Errorf("%s.%s says nothing of itself: %+v", v.Name, s.Name, s)
			}
			if s.LabelVI == "" || s.HelpVI == "" || s.HelpVI == s.Help {
				t.Errorf("%s.%s says nothing of itself in Vietnamese: %+v", v.Name, s.Name, s)
			}
		}
	}
	if len(byName) != 8 {
		t.Errorf("%d adapters", len(byName))
	}
	can := map[string][]string{}
	for name, v := range byName {
		can[name] = v.Can
	}
	if diff := cmp.Diff(map[string][]string{
		"esms": {"check", "query", "templates"}, "http": {}, "infobip": {"check", "query"}, "sinch": {"check", "query"}, "smpp": {"check"},
		"twilio": {"check", "query"}, "vonage": {"check"}, "zalo": {"authorize", "check", "query", "templates"},
	}, can); diff != "" {
		t.Errorf("what they can (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[policy.Channel][]policy.Receipt{
		policy.ZNS: {"sent", "delivered"}, policy.Viber: {"sent", "delivered", "read"}, policy.SMS: {"sent", "delivered"},
	}, byName["infobip"].ChannelReceipts); diff != "" {
		t.Errorf("infobip's receipts (-want +got):\n%s", diff)
	}
	want := settingView{"app_id", "Application ID", false, true, "", "1000000000000000001", "ID of the application at developers.zalo.me", "Application ID", "ID của ứng dụng tại developers.zalo.me"}
	if got := byName["zalo"].Settings[0]; got != want {
		t.Errorf("zalo's first setting %+v", got)
	}
}
