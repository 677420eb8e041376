package zalo

import (
	"strings"
	"testing"

	"cascade/channels"
	"cascade/policy"

	"github.com/google/go-cmp/cmp"
)

// The hash of 84900000001 is the fact sheet's check value, §1.2.
const testHash = "c1defbf2b2d03f6c060709faa2be37c05d6539c96ebbe5bd1bfea42cdc54032f"

func TestSendVariants(t *testing.T) {
	const rest = `"template_id":"412345","template_data":{"customer_name":"Trần Văn Minh","order_code":"DH-20260101-07"},"tracking_id":"` + testReference + `"`
	tests := map[string]struct {
		settings map[string]string
		want     string
	}{
		"ordinary":           {nil, `POST /message/template [AT-secret-1] {"phone":"84900000001",` + rest + `}`},
		"beyond the quota":   {map[string]string{"sending_mode": "3"}, `POST /message/template [AT-secret-1] {"phone":"84900000001",` + rest + `,"sending_mode":"3"}`},
		"hashed":             {map[string]string{"hash_phone": "lower"}, `POST /message/template/hashphone [AT-secret-1] {"hash_phone":"` + testHash + `",` + rest + `}`},
		"hashed in capitals": {map[string]string{"hash_phone": "upper"}, `POST /message/template/hashphone [AT-secret-1] {"hash_phone":"` + strings.ToUpper(testHash) + `",` + rest + `}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			a, calls := answeringWith(t, tt.settings, &tokens{}, success)
			if _, err := a.Send(t.Context(), testOutbound); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tt.want}, calls()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHashStaysOutOfErrors(t *testing.T) {
	a, _ := answeringWith(t, map[string]string{"hash_phone": "lower"}, &tokens{}, `{"error":-108,"message":"bad `+testHash+`"}`)
	_, err := a.Send(t.Context(), testOutbound)
	if f := channels.AsFailure(err); f.Class != policy.ClassRecipient || f.Detail != "bad •••" {
		t.Errorf("got %v", err)
	}
}

// TestUnlinked: an account that was made before its consent says so, whoever keeps its tokens.
func TestUnlinked(t *testing.T) {
	sources := map[string]channels.TokenSource{"none": nil, "the engine's": &tokens{err: needsReauth("", "nothing to renew it with")}}
	for name, src := range sources {
		t.Run(name, func(t *testing.T) {
			a, _ := answeringWith(t, map[string]string{"refresh_token": ""}, src, `{"error":-124,"message":"Access token invalid"}`)
			_, sent := a.Send(t.Context(), testOutbound)
			_, refreshed := a.Refresh(t.Context(), channels.Token{})
			for _, err := range []error{sent, refreshed} {
				f := channels.AsFailure(err)
				if f.Class != policy.ClassAccount || f.Code != codeNeedsReauth || f.Advice != adviceReauth.en || f.AdviceVI != adviceReauth.vi {
					t.Errorf("got %+v", f)
				}
			}
			if checked := a.Check(t.Context()); checked[0].Level != "error" || checked[0].Advice != adviceReauth.en {
				t.Errorf("check: %+v", checked)
			}
		})
	}
}
