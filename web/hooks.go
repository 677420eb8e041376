package web

import (
	"context"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/orchestrator"
)

// maxHook bounds a provider's callback, in bytes.
const maxHook = 256 << 10

type hookEngine interface {
	Hook(ctx context.Context, adapter string, account uuid.UUID, h channels.Hook) (orchestrator.HookAnswer, error)
}

// hooks take what providers report.
type hooks struct {
	engine    hookEngine
	publicURL string
}

// receive hands the callback on as it came, to be verified over its raw bytes, and answers once it is on disk. The address
// is the one the provider was given: behind a proxy the request's own host is another, and some providers sign it.
func (h *hooks) receive(c *gin.Context) {
	body, err := readBody(c, maxHook)
	if err != nil {
		fail(c, err)
		return
	}
	id, err := pathID(c.Param("account"))
	if err != nil {
		fail(c, err)
		return
	}
	res, err := h.engine.Hook(c.Request.Context(), c.Param("adapter"), id, channels.Hook{
		Method: c.Request.Method, URL: h.publicURL + c.Request.URL.RequestURI(), Header: c.Request.Header, Body: body,
	})
	if err != nil {
		fail(c, err)
		return
	}
	if res.Status == 0 {
		res.Status = 200
	}
	if res.ContentType == "" {
		res.ContentType = "text/plain; charset=utf-8"
	}
	c.Data(res.Status, res.ContentType, res.Body)
}
