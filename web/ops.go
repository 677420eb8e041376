package web

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/goccy/go-yaml"
)

//go:embed openapi.yaml
var openAPI []byte

// pagePolicy lets a page carry its own style, and nothing else.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

type readyStore interface {
	Current(ctx context.Context) error
}

// ops answers those who run the service.
type ops struct {
	store   readyStore
	metrics http.Handler
	log     func(ctx context.Context, msg string, args ...any)
}

// healthz tells that the process is alive, whatever the database does: a restart would not mend that.
func (h *ops) healthz(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"status": "alive"}) }

// readyz tells whether the database can be reached and has the schema of this binary.
func (h *ops) readyz(c *gin.Context) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), 2*time.Second)
	defer cancel()
	if err := h.store.Current(ctx); err != nil {
		h.log(ctx, "not ready", "error", err)
		fail(c, notReady("The database cannot be reached, or its schema is not that of this version."))
		return
	}
	c.JSON(http.StatusOK, gin.H{"status": "ready"})
}

func (h *ops) prometheus(c *gin.Context) {
	if h.metrics == nil {
		fail(c, notFound())
		return
	}
	h.metrics.ServeHTTP(c.Writer, c.Request)
}

func (h *ops) openapi(c *gin.Context) {
	c.Data(http.StatusOK, "application/yaml; charset=utf-8", openAPI)
}

// openapiJSON answers the same document for programs that read no YAML.
func (h *ops) openapiJSON(c *gin.Context) {
	doc, err := openAPIAsJSON()
	if err != nil {
		fail(c, err)
		return
	}
	c.Data(http.StatusOK, "application/json; charset=utf-8", doc)
}

// openAPIAsJSON keeps the order of the document.
var openAPIAsJSON = sync.OnceValues(func() ([]byte, error) {
	doc, err := yaml.YAMLToJSON(openAPI)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	return doc, nil
})
