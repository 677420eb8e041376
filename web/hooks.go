package web

import (
	"context"
	"errors"
	"net/http"
	"time"

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
	forgers   *forgers
	seen      *seen
	now       func() time.Time
}

// receive answers a callback once it is on disk. What was refused counts against its source, whatever the reason: a
// flood of unknown accounts or of bodies too large costs as much as one of wrong signatures.
func (h *hooks) receive(c *gin.Context) {
	source := sourceOf(c.ClientIP())
	if wait := h.forgers.wait(source, h.now()); wait > 0 {
		fail(c, rateLimited(wait, "Too many callbacks from this address were not genuine."))
		return
	}
	res, err := h.take(c)
	if err != nil {
		if problemOf(err).Status < http.StatusInternalServerError {
			h.forgers.sawRefused(source, h.now())
		}
		fail(c, err)
		return
	}
	h.forgers.sawGenuine(source, h.now())
	if res.Status == 0 {
		res.Status = http.StatusOK
	}
	if res.ContentType == "" {
		res.ContentType = "text/plain; charset=utf-8"
	}
	c.Data(res.Status, res.ContentType, res.Body)
}

// take hands the callback on as it came, to be verified over its raw bytes. The address is the one the provider was
// given: behind a proxy the request's own host is another, and some providers sign it.
func (h *hooks) take(c *gin.Context) (orchestrator.HookAnswer, error) {
	body, err := readBody(c, maxHook)
	if err != nil {
		return orchestrator.HookAnswer{}, err
	}
	id, err := pathID(c.Param("account"))
	if err != nil {
		return orchestrator.HookAnswer{}, err
	}
	res, err := h.engine.Hook(c.Request.Context(), c.Param("adapter"), id, channels.Hook{
		Method: c.Request.Method, URL: h.publicURL + c.Request.URL.RequestURI(), Header: c.Request.Header, Body: body,
	})
	switch {
	case err == nil:
		h.seen.called(id, res.Receipts)
	case errors.Is(err, orchestrator.ErrForged):
		h.seen.forgery(id)
	}
	return res, err
}
