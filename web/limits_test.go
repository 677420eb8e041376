package web

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"cascade/models"
	"cascade/models/modelstest"
)

// A cap is set, used up, and says so with the way out; what it is set to wrongly is told by field.
func TestLimits(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		a := newAPI(t, s)
		for body, field := range map[string]string{
			`{"cap_per_day":{"amount":"0","currency":"VND"}}`:        "cap_per_day.amount",
			`{"cap_per_month":{"amount":"1000","currency":"USD"}}`:   "cap_per_month.currency",
			`{"unreachable_for":"2161h"}`:                            "unreachable_for",
			`{"unreachable_for":"-1s"}`:                              "unreachable_for",
			`{"cap_per_year":{"amount":"1000","currency":"VND"}}`:    "cap_per_year",
			`{"cap_per_day":{"amount":"ten","currency":"VND"}}`:      "cap_per_day.amount",
			`{"cap_per_day":{"amount":"1000000000000000000000000"}}`: "cap_per_day",
		} {
			if r := a.want(http.StatusUnprocessableEntity, "PUT", "/v1/limits", body); !strings.Contains(string(r.body), `"field":"`+field) {
				t.Errorf("%s: %s", body, r.body)
			}
		}
		a.want(http.StatusOK, "PUT", "/v1/limits", `{"cap_per_day":{"amount":"1500","currency":"VND"},"unreachable_for":"0s"}`)
		a.want(http.StatusAccepted, "POST", "/v1/messages", messageBody("0912345678"))
		full := a.want(http.StatusTooManyRequests, "POST", "/v1/messages", messageBody("0912345679"))
		if wait, err := strconv.Atoi(full.header.Get("Retry-After")); err != nil || wait < 1 || wait > 86_400 {
			t.Errorf("come back after %q seconds", full.header.Get("Retry-After"))
		}
		var p problem
		if err := json.Unmarshal(full.body, &p); err != nil || p.Code != "spending_cap_reached" || !strings.Contains(p.Detail, "1490 VND") {
			t.Errorf("%v: %s", err, full.body)
		}
		var limits limitsView
		r := a.want(http.StatusOK, "GET", "/v1/limits", "")
		if err := json.Unmarshal(r.body, &limits); err != nil || limits.Used["day"].Used.Micros == 0 || limits.CapPerMonth != nil {
			t.Errorf("%v: %s", err, r.body)
		}
		a.want(http.StatusOK, "PUT", "/v1/limits", `{}`)
		a.want(http.StatusAccepted, "POST", "/v1/messages", messageBody("0912345679"))
	})
}
