package web

import "testing"

func TestHarmless(t *testing.T) {
	for cell, want := range map[string]string{
		"": "", "sms-main": "sms-main", "a=b": "a=b", "=1+1": "'=1+1", "+84": "'+84", "-1": "'-1", "@SUM(1)": "'@SUM(1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1",
		"＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠1": "'＠1",
	} {
		if got := harmless(cell); got != want {
			t.Errorf("%q becomes %q, not %q", cell, got, want)
		}
	}
}
