package web

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

// reloader is told that configuration changed, so that the next message sees it.
type reloader interface{ Reload() }

type policyEngine interface {
	PutPolicy(ctx context.Context, tenant uuid.UUID, name string, raw []byte) (models.PolicyVersion, []policy.Warning, error)
	CheckPolicy(ctx context.Context, who orchestrator.Caller, d orchestrator.PolicyDraft) (orchestrator.PolicyCheck, error)
	Simulate(ctx context.Context, tenant uuid.UUID, name string, q orchestrator.SimulateQuery) (orchestrator.Simulation, error)
	reloader
}

type policyStore interface {
	Policies(ctx context.Context, tenant uuid.UUID) ([]models.PolicyVersion, error)
	Policy(ctx context.Context, tenant uuid.UUID, name string) (models.PolicyVersion, error)
	PolicyVersions(ctx context.Context, tenant uuid.UUID, name string) ([]models.PolicyVersion, error)
	DeletePolicy(ctx context.Context, tenant uuid.UUID, name string, now int64) error
}

type policies struct {
	engine policyEngine
	store  policyStore
	now    func() time.Time
}

// policyView is one version of a policy, its fields beside its name and number.
type policyView struct {
	Name      string            `json:"name"`
	Version   int64             `json:"version"`
	CreatedAt orchestrator.Time `json:"created_at"`
	Deleted   bool              `json:"deleted,omitempty"` // this version took the policy out of use
	policy.Policy
	Warnings []policy.Warning `json:"warnings,omitempty"`
}

// viewPolicy shows a stored version. What was stored once was valid then; should it not be now, its steps stay empty.
func viewPolicy(v models.PolicyVersion) policyView {
	p, _ := policy.ParsePolicy(v.Body)
	return policyView{Name: v.Name, Version: v.Version, CreatedAt: orchestrator.Time(v.CreatedAt), Deleted: v.Deleted, Policy: p}
}

// put makes a new version. Messages under way keep theirs.
func (h *policies) put(c *gin.Context) {
	name, err := pathName(c)
	if err != nil {
		fail(c, err)
		return
	}
	var p policy.Policy
	raw, err := decode(c, &p)
	if err != nil {
		fail(c, err)
		return
	}
	version, warnings, err := h.engine.PutPolicy(c.Request.Context(), tenantOf(c), name, raw)
	if err != nil {
		fail(c, err)
		return
	}
	view := viewPolicy(version)
	c.JSON(http.StatusOK, struct {
		policyView
		Warnings []policy.Warning `json:"warnings"`
	}{view, emptyIfNil(warnings)})
}

// policyDraft is a policy to check, and the message to try it on.
type policyDraft struct {
	Policy   json.RawMessage   `json:"policy"`
	Template string            `json:"template"`
	To       string            `json:"to"`
	Params   map[string]string `json:"params"`
}

// check tells what a policy would do while it is being written: one that cannot be used is an answer, no problem.
func (h *policies) check(c *gin.Context) {
	var body policyDraft
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	if len(body.Policy) == 0 {
		fail(c, invalidField("policy", "is required: the policy to check"))
		return
	}
	caller, _ := callerOf(c)
	view, err := h.engine.CheckPolicy(c.Request.Context(), caller, orchestrator.PolicyDraft(body))
	answer(c, view, err)
}

// simulateBody asks what past messages would have come to.
type simulateBody struct {
	Policy json.RawMessage `json:"policy"`
	From   instant         `json:"from"`
	To     instant         `json:"to"`
	Limit  int             `json:"limit"`
}

// simulate replays a policy's past messages under the policy as it stands, or as it is in the body.
func (h *policies) simulate(c *gin.Context) {
	var body simulateBody
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	view, err := h.engine.Simulate(c.Request.Context(), tenantOf(c), c.Param("name"), orchestrator.SimulateQuery{
		Policy: body.Policy, From: body.From.Std(), To: body.To.Std(), Limit: body.Limit,
	})
	answer(c, view, err)
}

func (h *policies) get(c *gin.Context) {
	row, err := h.store.Policy(c.Request.Context(), tenantOf(c), c.Param("name"))
	answer(c, viewPolicy(row), err)
}

func (h *policies) list(c *gin.Context) {
	rows, err := h.store.Policies(c.Request.Context(), tenantOf(c))
	answerPage(c, rows, err, "policies", func(p models.PolicyVersion) string { return p.Name }, viewPolicy)
}

func (h *policies) versions(c *gin.Context) {
	rows, err := h.store.PolicyVersions(c.Request.Context(), tenantOf(c), c.Param("name"))
	if err == nil && len(rows) == 0 {
		err = notFound()
	}
	answerPage(c, rows, err, "versions", func(p models.PolicyVersion) string { return itoa(p.Version) }, viewPolicy)
}

func (h *policies) delete(c *gin.Context) {
	err := h.store.DeletePolicy(c.Request.Context(), tenantOf(c), c.Param("name"), h.now().UnixMilli())
	gone(c, h.engine, err)
}

var namePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// pathName reads the name that something is put under.
func pathName(c *gin.Context) (string, error) {
	name := c.Param("name")
	if !namePattern.MatchString(name) {
		return "", invalidField("name", "must be 1 to 64 letters, digits, dots, dashes or underscores, and begin with a letter or digit")
	}
	return name, nil
}

// gone answers a DELETE.
func gone(c *gin.Context, engine reloader, err error) {
	if err != nil {
		fail(c, err)
		return
	}
	engine.Reload()
	c.Status(http.StatusNoContent)
}

// answerPage answers the page of a short list that was read whole.
func answerPage[R, T any](c *gin.Context, rows []R, err error, kind string, key func(R) string, view func(R) T, filters ...string) {
	if err != nil {
		fail(c, err)
		return
	}
	p, err := pageOf(c.Request.URL.Query(), filters...)
	if err != nil {
		fail(c, err)
		return
	}
	l, err := cut(rows, p, kind, key, view)
	answer(c, l, err)
}

func emptyIfNil[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
