package channeltest

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTwists(t *testing.T) {
	got := map[string]string{}
	for _, tw := range twists(json.RawMessage(`{"ok":true,"list":[7,{"id":"a"}],"none":null}`)) {
		got[tw.body] = tw.last
	}
	want := map[string]string{
		`{"ok":true,"ok":false,"list":[7,{"id":"a"}],"none":null}`:          `{"ok":false,"list":[7,{"id":"a"}],"none":null}`,
		`{"ok":false,"ok":true,"list":[7,{"id":"a"}],"none":null}`:          `{"ok":true,"list":[7,{"id":"a"}],"none":null}`,
		`{"ok":true,"list":[7,{"id":"a","id":"4711-another"}],"none":null}`: `{"ok":true,"list":[7,{"id":"4711-another"}],"none":null}`,
		`{"ok":true,"list":[7,{"id":"4711-another","id":"a"}],"none":null}`: `{"ok":true,"list":[7,{"id":"a"}],"none":null}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, raw := range []string{`Success "1"`, `[]`, `"x"`, ``} {
		if all := twists(json.RawMessage(raw)); all != nil {
			t.Errorf("%s is twisted into %v", raw, all)
		}
	}
}
