package crashtest

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"cascade/channels/simulator"
	"cascade/orchestrator/orchestratortest/faulttest"
)

// mix scripts numbers by their last digit, so that a kill meets every kind of call: 0 to 2 are delivered.
func (b *bench) mix() {
	never := new(time.Duration(-1))
	for digit, rules := range map[string][]simulator.Rule{
		"3": {{Channel: simulator.ZNS, Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser}},
		"4": {{Channel: simulator.ZNS, Deliver: never}},
		"5": {{Channel: simulator.ZNS, Outcome: simulator.CutTaken}},
		"6": {{Channel: simulator.ZNS, Outcome: simulator.CutNotTaken}},
		"7": {{Channel: simulator.ZNS, Outcome: simulator.Hang, Taken: true}},
		"8": {{Channel: simulator.ZNS, Deliver: never}, {Channel: simulator.Viber, Outcome: simulator.Fail, Code: simulator.CodeUnknownUser}},
		"9": {{Channel: simulator.ZNS, Outcome: simulator.Throttle, For: 200 * time.Millisecond}},
	} {
		for _, r := range rules {
			b.sim.SetRule("*"+digit, r)
		}
	}
}

// errNobody: no worker runs.
var errNobody = errors.New("no worker runs")

// startLoad sends about rate messages a second, spread over the workers that run. What is not accepted is the app's to send
// again.
func (b *bench) startLoad(rate int) *faulttest.Load {
	return faulttest.Apps{Apps: 8, Rate: rate, Send: func(i int64) (uuid.UUID, error) {
		if p := b.next(); p != nil {
			return p.send(faulttest.Number(i))
		}
		return uuid.Nil, errNobody
	}}.Start()
}
