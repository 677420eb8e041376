package bench

import (
	"context"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"cascade/models"
)

// Memory is what the service's process has resident, in MB (a million bytes): before anything is stored, once it is, and
// at the end; Peak is the most since it was stored.
type Memory struct {
	Before float64 `json:"before"`
	Filled float64 `json:"filled"`
	End    float64 `json:"end"`
	Peak   float64 `json:"peak"`
}

func newMemory() *Memory {
	debug.FreeOSMemory()
	return &Memory{Before: resident("VmRSS:")}
}

// filled notes the memory after the storing, without what the storing itself left behind.
func (m *Memory) filled() {
	debug.FreeOSMemory()
	m.Filled = resident("VmRSS:")
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // forgets the peak so far, see proc_pid_clear_refs(5)
}

func (m *Memory) end() { m.End, m.Peak = resident("VmRSS:"), resident("VmHWM:") }

// resident reads a size from /proc/self/status, in MB; see proc_pid_status(5).
func resident(name string) float64 {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kilobytes, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			return round(kilobytes * 1024 / 1e6)
		}
	}
	return 0
}

// Stored is what was stored before the load. Sizes are in MB (a million bytes) per million messages, indexes included.
type Stored struct {
	Kind       string  `json:"kind"`
	N          int     `json:"n"`
	Seconds    float64 `json:"seconds"`
	PerMillion float64 `json:"disk_mb_per_million"`
	// Tables tell them apart, on Postgres.
	Tables map[string]float64 `json:"tables_mb_per_million,omitempty"`
}

func newStored(k stock, took time.Duration, before, after map[string]int64) Stored {
	s := Stored{Kind: k.name, N: k.n, Seconds: round(took.Seconds())}
	var total int64
	for table, size := range after {
		grown := size - before[table]
		total += grown
		if table != "" && grown > 0 {
			if s.Tables == nil {
				s.Tables = map[string]float64{}
			}
			s.Tables[table] = round(float64(grown) / float64(k.n))
		}
	}
	s.PerMillion = round(float64(total) / float64(k.n))
	return s
}

// disk is the size of each hot table with its indexes, in bytes; on SQLite that of the file, under "".
func (db *database) disk(ctx context.Context) (map[string]int64, error) {
	conn, _, err := db.connect()
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if db.store.Dialect() == models.SQLite {
		if _, err := conn.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
			return nil, err
		}
		var pages, size int64
		err := conn.QueryRowContext(ctx, "SELECT page_count, page_size FROM pragma_page_count(), pragma_page_size()").Scan(&pages, &size)
		return map[string]int64{"": pages * size}, err
	}
	sizes := map[string]int64{}
	for _, table := range []string{"messages", "attempts", "dedupe_keys", "receipts", "charges"} {
		var size int64
		if err := conn.QueryRowContext(ctx, "SELECT pg_total_relation_size($1)", table).Scan(&size); err != nil {
			return nil, err
		}
		sizes[table] = size
	}
	return sizes, nil
}
