package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator/orchestratortest"
)

func TestOverview(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		a.rig.Policy("default", `{"steps":[{"channel":"viber","until":"delivered","timeout":"1m"},{"channel":"sms","until":"delivered","timeout":"1m"}]}`)
		for _, to := range []string{"0912345678", "0912345679"} {
			a.rig.Await(uuid.MustParse(a.id(a.want(202, "POST", "/v1/messages", messageBody(to)))), orchestratortest.Final)
		}
		a.want(202, "POST", "/v1/messages", messageBody("0912345680", scheduled()))
		a.want(200, "PUT", "/v1/limits", `{"cap_per_day":{"amount":"5000000","currency":"VND"}}`)
		a.want(200, "PATCH", "/v1/channels/"+a.rig.Accounts["sms-main"].ID.String(), `{"disabled":true}`)

		var got overviewView
		decodeReply(t, a.want(200, "GET", "/v1/overview?window=1h", ""), &got)
		if got.counts != (counts{Sent: 3, Reached: 2, Open: 1}) || got.Scheduled != 1 || got.FallbackShare != 0 || got.Test {
			t.Errorf("counted %+v", got)
		}
		if got.TimeToReach == nil || got.TimeToReach.P95.Std() > time.Minute || got.TimeToReach.P95 < got.TimeToReach.P50 {
			t.Errorf("time to reach %+v", got.TimeToReach)
		}
		if got.Cost == nil || got.Cost.Micros != 2*orchestratortest.PriceViber*1_000_000 {
			t.Errorf("cost %v", got.Cost)
		}
		if day := got.Caps["day"]; day.Limit == nil || day.Used == nil || got.Caps["month"].Limit != nil {
			t.Errorf("caps %+v", day)
		}
		if len(got.Trouble) != 1 || got.Trouble[0].Name != "sms-main" || got.Trouble[0].Code == "" || got.Trouble[0].ReasonVI != "đang tắt" {
			t.Errorf("accounts in trouble: %+v", got.Trouble)
		}
		var accepted, sent int64
		for _, part := range got.Series {
			accepted += part.Accepted
			sent += part.Channels["viber"].Sent
		}
		if len(got.Series) != 24 || accepted != 3 || sent != 2 {
			t.Errorf("the series has %d parts, %d accepted, %d sent", len(got.Series), accepted, sent)
		}
		if got.To <= got.Series[23].At {
			t.Errorf("to %d, the last part at %d", got.To, got.Series[23].At)
		}
		for window := range windows {
			decodeReply(t, a.want(200, "GET", "/v1/overview?test=true&window="+window, ""), &got)
			if !got.Test || got.Sent != 0 || got.TimeToReach != nil {
				t.Errorf("tests of %s: %+v", window, got)
			}
		}
		s := openStream(t, a.url+"/v1/overview?window=1h", a.key, "")
		if first := s.next("state"); s.res.StatusCode != http.StatusOK || !strings.Contains(first.data, `"sent":3`) {
			t.Errorf("live: %+v", first)
		}
	})
}
