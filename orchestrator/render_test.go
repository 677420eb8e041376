package orchestrator

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cascade/channels"
)

func TestRenderingReadsNoFile(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("the master key"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(secret))
	for _, name := range []string{"secret", "./secret", secret} {
		r, err := parseRendering(channels.Content{Text: "{{> " + name + "}}"})
		if err != nil {
			continue
		}
		if out, _ := r.render(nil); strings.Contains(out.Text, "master") {
			t.Errorf("{{> %s}} reads %q", name, out.Text)
		}
	}
}

func FuzzRendering(f *testing.F) {
	for _, text := range []string{"Chào {{name}}", "{{#a}}{{/a}}", "{{> x}}", "{{=<% %>=}}", "{{{name}}}", "{{", "{{!x}}"} {
		f.Add(text, "Lan")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		r, err := parseRendering(channels.Content{Text: text})
		if err != nil {
			return
		}
		once, err1 := r.render(map[string]string{"name": value})
		again, err2 := r.render(map[string]string{"name": value})
		if once.Text != again.Text || (err1 == nil) != (err2 == nil) {
			t.Errorf("%q renders as %q, then as %q", text, once.Text, again.Text)
		}
	})
}
