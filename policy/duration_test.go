package policy

import (
	"encoding/json"
	"testing"
	"time"
)

func TestDurationText(t *testing.T) {
	tests := map[string]string{
		"90s": "90s", "5m": "5m", "24h": "24h", "2m0s": "2m", "60s": "1m", "1h0m0s": "1h", "100ms": "100ms",
		"1.5s": "1.5s", "90m": "90m", "1h0m5s": "1h5s", "0s": "0s", "10m": "10m", "20h": "20h", "-90s": "-90s",
	}
	for in, want := range tests {
		t.Run(in, func(t *testing.T) {
			var d Duration
			if err := json.Unmarshal([]byte(`"`+in+`"`), &d); err != nil {
				t.Fatal(err)
			}
			if got, _ := json.Marshal(d); string(got) != `"`+want+`"` {
				t.Errorf("got %s, want %q", got, want)
			}
			if back, err := time.ParseDuration(d.String()); err != nil || back != d.Std() {
				t.Errorf("%q does not read back: %v, %v", d, back, err)
			}
		})
	}
}

func TestDurationRefused(t *testing.T) {
	for _, in := range []string{`""`, `"90"`, `90`, `"5 m"`, `"1d"`, `true`} {
		var d Duration
		if err := json.Unmarshal([]byte(in), &d); err == nil {
			t.Errorf("%s was taken as %s", in, d)
		}
	}
}
