package faulttest

import (
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"cascade/channels/simulator"
	"cascade/models"
)

// Number makes the i-th phone number.
func Number(i int64) string { return fmt.Sprintf("+8491%07d", i) }

// Reference is what attempt n of a message is called on the wire.
func Reference(message uuid.UUID, n int64) string {
	id := models.AttemptID(message, n)
	return hex.EncodeToString(id[:])
}

// CalledOnce checks the provider's log: an attempt is called again only if its calls before were surely not taken.
func CalledOnce(t testing.TB, sim *simulator.Simulator) {
	t.Helper()
	before := map[string][]simulator.Call{}
	for _, c := range sim.Calls() {
		for _, old := range before[c.Reference] {
			if old.Taken() || old.Outcome != simulator.OutcomeRefused && old.Outcome != simulator.OutcomeCutNotTaken {
				t.Errorf("attempt %s was called again at %s on %s after %s at %s", c.Reference, c.At, c.Channel, old.Outcome, old.At)
			}
		}
		before[c.Reference] = append(before[c.Reference], c)
	}
}
