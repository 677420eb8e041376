package httpgw

import (
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"cascade/channels"
	"cascade/policy"
)

// Preset is a gateway that an account can name instead of describing it.
type Preset struct {
	// Name is what settings.preset says.
	Name  string `json:"name"`
	Title string `json:"title"`
	About string `json:"about"`
	// Channels that the gateway carries in this way.
	Channels []policy.Channel `json:"channels"`
	// Needs are the values that the account gives.
	Needs []Need `json:"needs"`
	// BaseURL is the gateway's address unless the account says otherwise; empty if there is none for everybody.
	BaseURL string `json:"base_url,omitempty"`
	// Unsure is what the sources do not settle, to be asked of the gateway or tried.
	Unsure []string `json:"unsure"`
}

// Need is one value that a preset wants from the account.
type Need struct {
	// Name is the setting: from, base_url, secrets.NAME or values.NAME.
	Name string `json:"name"`
	Help string `json:"help"`
	// Default stands where the account gives none; without one the value is required.
	Default string `json:"default,omitempty"`
}

// presetFile is a file under presets: what people read, and the settings.
type presetFile struct {
	Title    string           `json:"title"`
	About    string           `json:"about"`
	Channels []policy.Channel `json:"channels"`
	Needs    []Need           `json:"needs"`
	Unsure   []string         `json:"unsure"`
	BaseURL  string           `json:"base_url"`
	Request  json.RawMessage  `json:"request"`
	Response json.RawMessage  `json:"response"`
	Receipt  json.RawMessage  `json:"receipt"`
	Status   json.RawMessage  `json:"status"`
	Receipts json.RawMessage  `json:"receipts"`
}

//go:embed presets/*.json
var presetFiles embed.FS

// presets are read once: the files are part of the program.
var presets = sync.OnceValues(func() (map[string]presetFile, error) {
	read := map[string]presetFile{}
	for _, name := range presetNames() {
		raw, err := presetFiles.ReadFile("presets/" + name + ".json")
		if err != nil {
			return nil, err
		}
		var f presetFile
		for _, e := range policy.DecodeStrict(raw, &f) {
			return nil, fmt.Errorf("preset %s: %w", name, e)
		}
		read[name] = f
	}
	return read, nil
})

func presetNames() []string {
	files, _ := presetFiles.ReadDir("presets") // it is in the program
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(f.Name(), path.Ext(f.Name())))
	}
	slices.Sort(names) // "a-b.json" comes before "a.json", and "a" before "a-b"
	return names
}

// Presets lists the gateways that are known by name, in alphabetical order.
func Presets() []Preset {
	known, _ := presets() // a test holds that all files can be read
	var list []Preset
	for _, name := range slices.Sorted(maps.Keys(known)) {
		f := known[name]
		list = append(list, Preset{name, f.Title, f.About, slices.Clone(f.Channels), slices.Clone(f.Needs), f.BaseURL, slices.Clone(f.Unsure)})
	}
	return list
}

// readSettings reads an account's settings, over those of the preset that it names. Errors: *channels.SettingError.
func readSettings(c channels.Config) (tree, error) {
	name := c.String("preset")
	if name == "" {
		return readTree(c.Settings)
	}
	known, err := presets()
	if err != nil {
		return tree{}, err
	}
	f, ok := known[name]
	if !ok {
		return tree{}, bad("preset", "%q is not known; use one of %s", name, strings.Join(presetNames(), ", "))
	}
	if !slices.Contains(f.Channels, c.Channel) {
		return tree{}, bad("preset", "%s is for %v, and the account is for %s", name, f.Channels, c.Channel)
	}
	settings := f.settings()
	maps.Copy(settings, c.Settings)
	t, err := readTree(settings)
	if err != nil {
		return tree{}, err
	}
	err = f.provide(&t, settings)
	return t, err
}

// settings are those that an account could have written itself.
func (f presetFile) settings() map[string]json.RawMessage {
	s := map[string]json.RawMessage{
		"request": f.Request, "response": f.Response, "receipt": f.Receipt, "status": f.Status, "receipts": f.Receipts,
	}
	maps.DeleteFunc(s, func(_ string, raw json.RawMessage) bool { return raw == nil })
	return s
}

// provide gives defaults to what the account left out. A value that nothing reads, since the account overrides the
// part that would, is not asked for.
func (f presetFile) provide(t *tree, settings map[string]json.RawMessage) error {
	if t.BaseURL == "" && reads(settings, "base_url") {
		t.BaseURL = f.BaseURL
	}
	for _, need := range f.Needs {
		group, key, _ := strings.Cut(need.Name, ".")
		value := t.given(group, key)
		switch {
		case value != "" || !reads(settings, variable(group, key)):
		case need.Default == "":
			return bad(need.Name, "is required by the preset: %s", need.Help)
		default:
			if t.Values == nil {
				t.Values = map[string]string{}
			}
			t.Values[key] = need.Default
		}
	}
	return nil
}

// given is the account's own value of a need.
func (t *tree) given(group, key string) string {
	switch group {
	case "secrets":
		return t.Secrets[key]
	case "values":
		return t.Values[key]
	case "base_url":
		return t.BaseURL
	default:
		return t.From
	}
}

// variable is how templates read a need.
func variable(group, key string) string {
	switch group {
	case "secrets":
		return "secret." + key
	case "values":
		return "value." + key
	default:
		return group
	}
}

// reads reports whether a template anywhere in settings reads a variable.
func reads(settings map[string]json.RawMessage, name string) bool {
	place := regexp.MustCompile(`\{\{\s*` + regexp.QuoteMeta(name) + `[\s|}=]`)
	for _, raw := range settings {
		if place.Match(raw) {
			return true
		}
	}
	return false
}
