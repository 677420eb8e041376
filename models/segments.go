package models

import (
	"encoding/json"

	"cascade/policy"
)

// smsSegments answers the segments of a message's SMS text, at least 1: what its plan's SMS step says, else those of
// the text among its contents, else 1.
func smsSegments(plan, content []byte) int64 {
	if len(content) == 0 {
		var p policy.Plan
		_ = json.Unmarshal(plan, &p) // a plan that is none knows no segments
		for _, step := range p.Steps {
			if step.Channel == policy.SMS && len(step.Accounts) > 0 {
				return int64(max(1, step.Accounts[0].Segments))
			}
		}
		return 1
	}
	var byChannel map[policy.Channel]struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(content, &byChannel) != nil {
		return 1
	}
	n, _ := policy.Segments(byChannel[policy.SMS].Text)
	return int64(n)
}
