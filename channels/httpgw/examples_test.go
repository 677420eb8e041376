package httpgw

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"cascade/channels"
	"cascade/policy"
)

// unlisted is a gateway without a preset, by configuration alone.
const unlisted = `{
	"base_url": "BASE/v2", "from": "MYBRAND", "secrets": {"key": "tok-123", "hook": "h00k"}, "values": {"route": "7"},
	"request": {"url": "{{base_url}}/messages", "headers": {"X-Api-Key": "{{secret.key}}"}, "content_type": "json", "body": {
		"to": "{{to_national}}", "sender": "{{from}}", "text": "{{text|ascii}}", "ref": "{{id}}", "route": "{{value.route|number}}", "ttl": "{{ttl_seconds|number}}",
		"data": [{"each_param": {"key": "{{param_name}}", "value": "{{param_value}}"}}, "end"],
		"picture": {"url": "{{image_url|omit_empty}}"}, "button": "{{button_url|omit_empty}}", "nothing": {}
	}},
	"response": {"success": [{"pointer": "/ok", "equals": true}], "provider_id": {"pointer": "/id"}, "code": {"pointer": "/error/code"},
		"code_map": {"E1": "refused_recipient"}},
	"receipt": {"items": "/events", "id": {"pointer": "/ref", "kind": "ours"}, "status": {"pointer": "/state"}, "status_detail": {"pointer": "/why"},
		"status_map": {"done": "delivered", "failed": "failed", "failed/retrying": "ignored"}, "error_code": {"pointer": "/code"},
		"error_map": {"B1": "account"}, "price": {"pointer": "/cost"}, "currency": {"pointer": "/unit"}, "verify": {"token": "{{secret.hook}}"}}
}`

func TestUnlistedGateway(t *testing.T) {
	base, last := gateway(t, 200, `{"ok":true,"id":"m-1"}`)
	a := build(t, unlisted, base)
	taken, err := a.Send(t.Context(), outbound())
	if err != nil || taken.ProviderID != "m-1" {
		t.Fatalf("got %+v, %v", taken, err)
	}
	want := call{
		"POST", "/v2/messages", "", "application/json",
		`{"data":[{"key":"name","value":"Lan <3"},{"key":"otp","value":"4821"},"end"],"nothing":{},"ref":"` + reference +
			`","route":7,"sender":"MYBRAND","text":"Don \"A\" & B","to":"0912345678","ttl":60}`,
	}
	if diff := cmp.Diff(want, *last); diff != "" {
		t.Errorf("wire (-want +got):\n%s", diff)
	}

	got, err := a.(channels.HookReader).ReadHook(channels.Hook{Method: "POST", URL: callback + "?token=h00k", Body: []byte(`{"events":[
		{"ref":"r1","state":"done","cost":"250","unit":"VND"},{"ref":"r2","state":"failed","why":"retrying"},{"ref":"r3","state":"failed","why":"other","code":"B1"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	receipts := []channels.Receipt{
		{Reference: "r1", Kind: policy.ReceiptDelivered, Key: "r1:done:", Price: channels.ReadPrice("250", "VND")},
		{Reference: "r3", Kind: policy.ReceiptFailed, Class: policy.ClassAccount, Code: "account", ProviderCode: "B1", Key: "r3:failed/other:B1"},
	}
	if diff := cmp.Diff(receipts, got); diff != "" {
		t.Errorf("receipts (-want +got):\n%s", diff)
	}
}

func TestOmitEmptyInForms(t *testing.T) {
	const config = `{"request": {"url": "BASE/s", "query": {"a": "{{image_url|omit_empty}}", "b": "{{to_digits}}"}, "headers": {"X-Button": "{{button_url|omit_empty}}"},
		"content_type": "form", "body": {"t": "{{button_text|omit_empty}}", "n": "{{encoding == 'ucs2' ? '' : 'x' | upper | omit_empty}}", "m": "{{segments|number}}"}}}`
	base, last := gateway(t, 200, "") // which fails the test for a header that was not asked for
	if _, err := build(t, config, base).Send(t.Context(), outbound()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(call{"POST", "/s?b=84912345678", "", "application/x-www-form-urlencoded", "m=1"}, *last); diff != "" {
		t.Errorf("wire (-want +got):\n%s", diff)
	}
}
