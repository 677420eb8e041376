package channels

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"cascade/policy"
)

// Field describes one setting of an adapter: it drives validation, masking and the form in the console.
type Field struct {
	Name     string `json:"name"`
	Required bool   `json:"required"`
	Secret   bool   `json:"secret"`
	// Label is the provider's own word for it; empty: Title makes one of Name.
	Label string `json:"label,omitempty"`
	// LabelVI is it in Vietnamese; empty where people know the field by the provider's own word there too.
	LabelVI string `json:"label_vi,omitempty"`
	// Default is what holds where it is left out; empty if nothing does, or it depends on the channel.
	Default string `json:"default,omitempty"`
	// Example shows a person what belongs here.
	Example string `json:"example,omitempty"`
	// Help says what it is and where to find it, in English and Vietnamese.
	Help   string `json:"help,omitempty"`
	HelpVI string `json:"help_vi,omitempty"`
}

// Title is what a form calls the field.
func (f Field) Title() string {
	if f.Label != "" {
		return f.Label
	}
	words := strings.Split(f.Name, "_")
	for i, word := range words {
		if short := strings.ToUpper(word); slices.Contains([]string{"API", "CA", "HMAC", "ID", "NPI", "OA", "SID", "SMS", "TLS", "TON", "URL", "ZNS"}, short) {
			words[i] = short
		}
	}
	text := strings.Join(words, " ")
	return strings.ToUpper(text[:1]) + text[1:]
}

// TitleVI is what a form in Vietnamese calls the field.
func (f Field) TitleVI() string {
	if f.LabelVI != "" {
		return f.LabelVI
	}
	return f.Title()
}

// Config is what an adapter is built from.
type Config struct {
	Channel policy.Channel
	// Settings holds every setting, secrets included, as the tenant wrote them: string values for string settings.
	Settings map[string]json.RawMessage
	// HTTP is the client to use: egress rules, timeouts and the refusal to follow redirects are its own.
	HTTP *http.Client
	// Dial is for adapters that do not speak HTTP; nil is a plain net.Dialer.
	Dial Dial
	// Tokens is the source of access tokens, for adapters that are a TokenRefresher.
	Tokens TokenSource
	Now    func() time.Time
	Log    *slog.Logger
}

// Spec is one adapter in the registry.
type Spec struct {
	Name     string
	Channels []policy.Channel
	Fields   []Field
	// OpenSettings: settings beyond Fields are allowed (the http adapter's are a tree).
	OpenSettings bool
	// Session: its adapters are SessionKeepers.
	Session bool
	// Blank is an adapter for a channel without any settings, which cannot be used: it shows what the adapter can do. Nil where
	// the settings decide that.
	Blank func(policy.Channel) Adapter
	// New checks the settings. A *SettingError names the one at fault.
	New func(Config) (Adapter, error)
}

// SettingError names a setting that is missing or wrong, and the mend.
type SettingError struct{ Field, Message string }

// Error is the sentence for people.
func (e *SettingError) Error() string { return fmt.Sprintf("settings.%s: %s", e.Field, e.Message) }

// Registry holds the adapters that this binary can speak.
type Registry struct{ specs map[string]Spec }

// NewRegistry holds specs. Two of one name are a fault in the wiring.
func NewRegistry(specs ...Spec) (*Registry, error) {
	r := &Registry{specs: make(map[string]Spec, len(specs))}
	for _, s := range specs {
		if _, twice := r.specs[s.Name]; twice {
			return nil, fmt.Errorf("adapter %q is registered twice", s.Name)
		}
		r.specs[s.Name] = s
	}
	return r, nil
}

// Get answers the spec of an adapter.
func (r *Registry) Get(name string) (Spec, bool) { s, ok := r.specs[name]; return s, ok }

// Names lists the adapters in alphabetical order.
func (r *Registry) Names() []string { return slices.Sorted(maps.Keys(r.specs)) }

// Sessions lists the adapters that keep a session.
func (r *Registry) Sessions() (names []string) {
	for _, name := range r.Names() {
		if r.specs[name].Session {
			names = append(names, name)
		}
	}
	return names
}

// Build makes the adapter of an account. Errors: *SettingError for the account's settings.
func (r *Registry) Build(name string, c Config) (Adapter, error) {
	s, ok := r.Get(name)
	if !ok {
		return nil, &SettingError{Field: "adapter", Message: fmt.Sprintf("%q is not an adapter; use one of %v", name, r.Names())}
	}
	if !slices.Contains(s.Channels, c.Channel) {
		return nil, &SettingError{Field: "channel", Message: fmt.Sprintf("the %s adapter does not carry %q; it carries %v", name, c.Channel, s.Channels)}
	}
	known := map[string]bool{}
	for _, f := range s.Fields {
		known[f.Name] = true
		if f.Required && len(c.Settings[f.Name]) == 0 {
			return nil, &SettingError{Field: f.Name, Message: "is required: " + f.Help}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Settings)) {
		if !known[name] && !s.OpenSettings {
			return nil, &SettingError{Field: name, Message: "is not a setting of the " + s.Name + " adapter"}
		}
	}
	return s.New(c)
}

// String reads a text setting; a number or boolean is read as its JSON text. Missing is "".
func (c Config) String(name string) string {
	raw, ok := c.Settings[name]
	if !ok {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}
