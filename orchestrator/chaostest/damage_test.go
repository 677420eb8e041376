//go:build chaos

package chaostest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/channels/infobip"
	"cascade/channels/simulator"
	"cascade/channels/zalo"
	"cascade/orchestrator"
)

// shown is what the service tells of each message.
type shown map[uuid.UUID]string

func (s shown) add(ctx context.Context, e *orchestrator.Engine, tenant, id uuid.UUID) error {
	v, err := e.Message(ctx, tenant, id)
	if err != nil {
		return err
	}
	text, err := json.Marshal(v)
	s[id] = string(text)
	return err
}

// The file of a stopped service is damaged: bytes are changed, or its end is cut off. The service then refuses to start
// and says why, or it serves: what it cannot read any more is an error, never a panic. SQLite keeps no checksum of its
// pages, so a byte that changed inside a text shows; how often is counted.
func TestDamagedSQLite(t *testing.T) {
	const seeds = 100
	dir := t.TempDir()
	file := filepath.Join(dir, "whole.db")
	whole, tenant := shown{}, uuid.Nil
	t.Run("fill", func(t *testing.T) {
		r := newRig(t, "sqlite://"+file)
		r.Sim.SetRule("*3", simulator.Rule{Channel: simulator.ZNS, Outcome: simulator.Refuse, Code: simulator.CodeUnknownUser})
		l := startLoad(r, 400, true)
		l.AwaitMore(t, 300)
		ids := l.End(t)
		settle(t, r, ids)
		tenant = r.Tenant.ID
		for _, id := range ids {
			if err := whole.add(t.Context(), r.Engine, tenant, id); err != nil {
				t.Fatal(err)
			}
		}
	})
	bytes, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for seed := range uint64(seeds) {
		path := filepath.Join(dir, fmt.Sprintf("damaged-%d.db", seed))
		damaged, cut := damage(bytes, rand.New(rand.NewPCG(seed, 17)))
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		what := serveDamaged(t, fmt.Sprintf("seed %d", seed), path, tenant, whole)
		if cut && what != refused {
			t.Errorf("seed %d: a file without its end is served", seed)
		}
		found[what]++
	}
	t.Logf("of %d damaged files: %v", seeds, found)
}

// damage answers a copy of a file with up to 128 of its bytes changed, or with its end cut off.
func damage(file []byte, rng *rand.Rand) (damaged []byte, cut bool) {
	damaged = slices.Clone(file)
	if rng.IntN(4) == 0 {
		return damaged[:rng.IntN(len(file))], true
	}
	for range 1 << rng.IntN(8) {
		damaged[rng.IntN(len(file))] ^= byte(1 + rng.IntN(255))
	}
	return damaged, false
}

// What becomes of a damaged file.
const (
	refused = "refused at the start"
	partly  = "served, messages that cannot be read are errors"
	altered = "served, messages with changed text in them"
	intact  = "served intact"
)

// serveDamaged starts the service on a file, asks it for every message, and compares.
func serveDamaged(t *testing.T, name, path string, tenant uuid.UUID, whole shown) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s, err := openStore(ctx, "sqlite://"+path)
	if err != nil {
		if !strings.Contains(err.Error(), "SQLite file") && !strings.Contains(err.Error(), "migrate") {
			t.Errorf("%s: it is not clear from this what is wrong: %v", name, err)
		}
		return refused
	}
	defer s.Close() // what is damaged may not be written
	registry, err := channels.NewRegistry(zalo.Spec(), infobip.Spec())
	if err != nil {
		t.Fatal(err)
	}
	e := orchestrator.New(orchestrator.Options{
		Store: s, Registry: registry, HTTP: channels.NewHTTPClient(nil), Callbacks: channels.NewHTTPClient(nil), Now: time.Now, Lease: lease,
	})
	if err := e.Start(ctx); err != nil {
		return refused
	}
	defer func() {
		if err := e.Stop(ctx); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}()
	now, end := shown{}, intact
	for id := range whole {
		switch err := now.add(ctx, e, tenant, id); {
		case ctx.Err() != nil:
			t.Fatalf("%s: it takes too long: %v", name, err)
		case err != nil && end == intact:
			end = partly
		case err == nil && now[id] != whole[id]:
			end = altered
		}
	}
	return end
}
