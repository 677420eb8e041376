package orchestrator

import (
	"encoding/json"
	"testing"

	"cascade/policy"
)

// An event tells which channel it is about, as it stands in the outbox.
func TestEventsAreAboutAChannel(t *testing.T) {
	const failed, timedOut, sent = policy.AttemptFailed, policy.AttemptTimedOut, policy.AttemptSent
	attempts := func(statuses ...policy.AttemptStatus) []AttemptView {
		all := make([]AttemptView, len(statuses))
		for i, status := range statuses {
			all[i] = AttemptView{Channel: policy.Channels()[i], Status: status}
		}
		return all
	}
	first, second := policy.Channels()[0], policy.Channels()[1]
	for name, tt := range map[string]struct {
		kind        string
		before, now []AttemptView
		want        policy.Channel
	}{
		"the first fails":          {EventAttemptFailed, nil, attempts(failed), first},
		"the second fails":         {EventAttemptFailed, attempts(failed, sent), attempts(failed, failed), second},
		"both at once":             {EventAttemptFailed, attempts(sent, sent), attempts(failed, failed), first},
		"the first fails late":     {EventAttemptFailed, attempts(timedOut, failed), attempts(failed, failed), first},
		"the first is waited out":  {EventAttemptTimedOut, attempts(sent), attempts(timedOut, sent), first},
		"nothing is known of then": {EventAttemptFailed, attempts(failed, failed), attempts(failed, failed), second},
		"nobody failed":            {EventAttemptFailed, nil, attempts(sent), ""},
		"the message":              {EventMessageDelivered, nil, attempts(failed, sent), second},
	} {
		t.Run(name, func(t *testing.T) {
			stored, err := json.Marshal(callbackEvent{Type: tt.kind, Data: callbackData{Message: MessageView{Channel: second, Attempts: tt.now}}})
			if err != nil {
				t.Fatal(err)
			}
			var event callbackEvent
			if err := json.Unmarshal(stored, &event); err != nil {
				t.Fatal(err)
			}
			if got := event.about(tt.before); got != tt.want {
				t.Errorf("about %q, want %q", got, tt.want)
			}
		})
	}
}
