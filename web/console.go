package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
)

//go:embed console
var consoleFiles embed.FS

// consolePolicy is what a page of the console may do: load its own files, and call the API it came from.
const consolePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// consolePages are the first words of the addresses that the console's script knows; "" is the start.
var consolePages = []string{
	"", "messages", "recipients", "policies", "costs", "channels", "templates", "developers", "people", "audit", "tenants", "system", "account",
}

// console serves the pages. Their address carries a hash of all their files, so that a browser may keep them for ever and
// still never mixes two versions.
type console struct {
	// open answers the files and their hash: once for those in the binary, at every request for those of a folder.
	open func() (*consoleBundle, error)
}

// consoleBundle is every file of one version, as it is served.
type consoleBundle struct {
	version string
	index   *template.Template
	files   map[string]consoleFile
	modules []string // the scripts: a page names all of them at once, or a browser would find them level by level
}

// frame is what a page is made of: where the files are, and which the browser fetches ahead.
type frame struct {
	Base    string
	Modules []string
}

type consoleFile struct {
	kind        string
	plain, gzip []byte
}

// newConsole serves from the binary, or from a folder that somebody is working on.
func newConsole(folder fs.FS) *console {
	if folder != nil {
		return &console{func() (*consoleBundle, error) { return bundle(folder) }}
	}
	inside, err := fs.Sub(consoleFiles, "console")
	return &console{sync.OnceValues(func() (*consoleBundle, error) {
		if err != nil {
			return nil, err
		}
		return bundle(inside)
	})}
}

// bundle reads a folder of console files.
func bundle(folder fs.FS) (*consoleBundle, error) {
	b := &consoleBundle{files: map[string]consoleFile{}}
	catalogues := map[string]map[string]json.RawMessage{}
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		if lang, ok := strings.CutPrefix(path.Dir(name), "lang/"); ok {
			return addCatalogue(catalogues, lang, name, raw)
		}
		b.add(name, raw)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	for lang, sentences := range catalogues {
		raw, err := json.Marshal(sentences)
		if err != nil {
			return nil, fmt.Errorf("console: %w", err)
		}
		b.add("lang/"+lang+".json", raw)
	}
	b.seal()
	b.index, err = template.New("index").Parse(string(b.files["index.html"].plain))
	return b, err
}

// addCatalogue merges the sentences of one page into those of its language.
func addCatalogue(all map[string]map[string]json.RawMessage, lang, name string, raw []byte) error {
	var sentences map[string]json.RawMessage
	if err := json.Unmarshal(raw, &sentences); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if all[lang] == nil {
		all[lang] = map[string]json.RawMessage{}
	}
	for key, sentence := range sentences {
		if _, twice := all[lang][key]; twice {
			return fmt.Errorf("%s: %s stands in another file too", name, key)
		}
		all[lang][key] = sentence
	}
	return nil
}

func (b *consoleBundle) add(name string, raw []byte) {
	kind := mime.TypeByExtension(path.Ext(name))
	switch path.Ext(name) { // not left to the machine's own table of types
	case ".js", ".mjs":
		kind = "text/javascript; charset=utf-8"
	case ".css":
		kind = "text/css; charset=utf-8"
	case ".json":
		kind = "application/json"
	case ".svg":
		kind = "image/svg+xml"
	}
	var small bytes.Buffer
	w, _ := gzip.NewWriterLevel(&small, gzip.BestCompression) // the level is valid
	_, _ = w.Write(raw)                                       // a buffer takes everything
	_ = w.Close()
	b.files[name] = consoleFile{kind: kind, plain: raw, gzip: small.Bytes()}
}

func (b *consoleBundle) seal() {
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(b.files)) {
		fmt.Fprintf(sum, "%s %d\n", name, len(b.files[name].plain))
		sum.Write(b.files[name].plain)
	}
	b.version = hex.EncodeToString(sum.Sum(nil)[:8])
	for name := range b.files {
		if kind := path.Ext(name); kind == ".js" || kind == ".mjs" {
			b.modules = append(b.modules, name)
		}
	}
	slices.Sort(b.modules)
}

// page answers a page's frame; the script in it draws the rest.
func (h *console) page(c *gin.Context) { h.frame(c, http.StatusOK) }

func (h *console) frame(c *gin.Context, status int) {
	b, err := h.open()
	if err != nil {
		fail(c, err)
		return
	}
	var page bytes.Buffer
	if err := b.index.Execute(&page, frame{"/console/" + b.version, b.modules}); err != nil {
		fail(c, err)
		return
	}
	c.Header("Content-Security-Policy", consolePolicy)
	c.Data(status, "text/html; charset=utf-8", page.Bytes())
}

// file answers one file of a version.
func (h *console) file(c *gin.Context, name string) {
	b, err := h.open()
	if err != nil {
		fail(c, err)
		return
	}
	version, name, _ := strings.Cut(name, "/")
	file, ok := b.files[name]
	if !ok {
		fail(c, notFound())
		return
	}
	if version == b.version { // a page of another version gets today's file, and does not keep it
		c.Header("Cache-Control", "public, max-age=31536000, immutable")
	}
	c.Header("Vary", "Accept-Encoding")
	body := file.plain
	if strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") {
		c.Header("Content-Encoding", "gzip")
		body = file.gzip
	}
	c.Data(http.StatusOK, file.kind, body)
}

// elsewhere answers what no route does: the console's files, its pages, and otherwise that there is nothing.
func (h *console) elsewhere(c *gin.Context) {
	reads := c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead
	if name, ok := strings.CutPrefix(c.Request.URL.Path, "/console/"); ok && reads {
		h.file(c, name)
		return
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(c.Request.URL.Path, "/"), "/")
	person := strings.Contains(c.GetHeader("Accept"), "text/html")
	switch {
	case !reads || !person || slices.Contains([]string{"v1", "hooks", "oauth"}, first):
		fail(c, notFound())
	case slices.Contains(consolePages, first):
		h.frame(c, http.StatusOK)
	default:
		h.frame(c, http.StatusNotFound)
	}
}
