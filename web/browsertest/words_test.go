package browsertest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// words are the console's sentences in a language, by their keys.
type words map[string]any

var catalogues = sync.OnceValues(func() (map[string]words, error) {
	all := map[string]words{}
	for _, lang := range []string{"en", "vi"} {
		all[lang] = words{}
		files, err := filepath.Glob("../console/lang/" + lang + "/*.json")
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			w := all[lang]
			if err := json.Unmarshal(raw, &w); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
	}
	return all, nil
})

// speak answers what the console says in a language.
func speak(t *testing.T, lang string) words {
	t.Helper()
	all, err := catalogues()
	if err != nil {
		t.Fatal(err)
	}
	return all[lang]
}

// say answers the sentence of a key with name, value pairs in place; what is no key is said as it is.
func (w words) say(key string, pairs ...string) string {
	sentence := key
	switch found := w[key].(type) {
	case string:
		sentence = found
	case map[string]any: // a form per plural category: as of one, where the language knows it
		one, ok := found["one"].(string)
		if !ok {
			one, _ = found["other"].(string)
		}
		sentence = strings.ReplaceAll(one, "{n}", "1")
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		sentence = strings.ReplaceAll(sentence, "{"+pairs[i]+"}", pairs[i+1])
	}
	return sentence
}
