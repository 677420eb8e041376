package zalo

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// Quota asks what is left of today's messages by phone (§5.1). Total is 0 if Zalo tells no limit, or if the account
// sends beyond it. That the quota is full again at midnight in Vietnam is assumed: no document names the hour (§6.3).
func (a *Adapter) Quota(ctx context.Context) (channels.Quota, error) {
	env, f := a.ask(ctx, http.MethodGet, a.api+"/message/quota", nil)
	if f != nil {
		return channels.Quota{}, f
	}
	q, limited := readQuota(env.Data)
	if !limited || a.sendingMode == beyondQuota {
		return channels.Quota{}, nil
	}
	q.ResetsAt = a.midnight()
	return q, nil
}

// beyondQuota is the sending_mode that the daily quota does not stop (§1.1).
const beyondQuota = "3"

// counted completes the quota beside a message that was taken, as Quota would tell it.
func (a *Adapter) counted(t channels.Taken) channels.Taken {
	switch {
	case t.Quota == nil:
	case a.sendingMode == beyondQuota:
		t.Quota = nil
	default:
		t.Quota.ResetsAt = a.midnight()
	}
	return t
}

// midnight is the next one in Vietnam.
func (a *Adapter) midnight() time.Time {
	now := a.now()
	return now.Add(untilHour(now, 0))
}

// readQuota reads a quota whose members are numbers or strings. It is false if there is no limit in it: "unlimited" is
// written in a way that nobody documents (§6.3), and 0 of 0 was seen beside a success (§1.1), so it says nothing.
func readQuota(raw json.RawMessage) (channels.Quota, bool) {
	var quota struct {
		Daily     channels.Text `json:"dailyQuota"`
		Remaining channels.Text `json:"remainingQuota"`
	}
	if json.Unmarshal(raw, &quota) != nil {
		return channels.Quota{}, false
	}
	return quotaOf(quota.Remaining, quota.Daily)
}

// quotaOf is false unless both are known and there is a limit.
func quotaOf(left, total channels.Text) (channels.Quota, bool) {
	all, limited := total.Int64()
	rest, told := left.Int64()
	if !limited || !told || all < 1 || rest < 0 {
		return channels.Quota{}, false
	}
	return channels.Quota{Left: rest, Total: all}, true
}

// Quality asks what recipients' reports made of the account in the last 48 hours: HIGH, MEDIUM, LOW or UNDEFINED
// (§5.1, §6.4).
func (a *Adapter) Quality(ctx context.Context) (string, error) {
	q, f := a.quality(ctx)
	if f != nil {
		return "", f
	}
	return q.current, nil
}

// judgement is the quality over 48 hours and over 7 days.
type judgement struct{ current, week string }

func (a *Adapter) quality(ctx context.Context) (judgement, *channels.Failure) {
	env, f := a.ask(ctx, http.MethodGet, a.api+"/quality", nil)
	if f != nil {
		return judgement{}, f
	}
	var q struct {
		Current channels.Text `json:"oaCurrentQuality"`
		Week    channels.Text `json:"oa7dayQuality"`
	}
	if err := json.Unmarshal(env.Data, &q); err != nil {
		return judgement{}, &channels.Failure{Class: policy.ClassUnknown, Code: "unreadable_answer", Detail: "Zalo's word on quality is not readable", Err: err}
	}
	return judgement{qualityWord(q.Current), qualityWord(q.Week)}, nil
}

// qualityWord is a quality in upper case; none is UNDEFINED, Zalo's word for not judged yet.
func qualityWord(t channels.Text) string {
	if word := strings.ToUpper(strings.TrimSpace(string(t))); word != "" {
		return word
	}
	return "UNDEFINED"
}
