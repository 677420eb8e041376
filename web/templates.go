package web

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

type templateStore interface {
	Templates(ctx context.Context, tenant uuid.UUID) ([]models.Template, error)
	Template(ctx context.Context, tenant uuid.UUID, name string) (models.Template, error)
	PutTemplate(ctx context.Context, t models.Template) error
	DeleteTemplate(ctx context.Context, tenant uuid.UUID, name string) error
}

type templateEngine interface {
	TemplateWarnings(ctx context.Context, tenant uuid.UUID, zns channels.Content) ([]policy.Warning, error)
	PreviewTemplate(ctx context.Context, who orchestrator.Caller, d orchestrator.TemplateDraft) (orchestrator.TemplatePreview, error)
	reloader
}

type templates struct {
	engine templateEngine
	store  templateStore
	now    func() time.Time
}

type templateBody struct {
	Category policy.Category `json:"category"`
	Params   []paramBody     `json:"params"`
	Content  *contentBody    `json:"content"`
}

type paramBody struct {
	Name      string `json:"name"`
	Sensitive bool   `json:"sensitive"`
	Example   string `json:"example,omitempty"`
}

type templateView struct {
	Name      string            `json:"name"`
	Category  policy.Category   `json:"category"`
	Params    json.RawMessage   `json:"params"`
	Content   json.RawMessage   `json:"content"`
	UpdatedAt orchestrator.Time `json:"updated_at"`
}

func viewTemplate(t models.Template) templateView {
	return templateView{Name: t.Name, Category: t.Category, Params: t.Params, Content: t.Content, UpdatedAt: orchestrator.Time(t.UpdatedAt)}
}

func (h *templates) put(c *gin.Context) {
	name, err := pathName(c)
	if err != nil {
		fail(c, err)
		return
	}
	var body templateBody
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	content := body.Content.byChannel()
	if errs := checkTemplate(body, content); len(errs) > 0 {
		fail(c, invalid(errs...))
		return
	}
	warnings, err := h.engine.TemplateWarnings(c.Request.Context(), tenantOf(c), content[policy.ZNS])
	if err != nil {
		fail(c, err)
		return
	}
	t := models.Template{TenantID: tenantOf(c), Name: name, Category: body.Category, UpdatedAt: h.now().UnixMilli()}
	if t.Params, err = json.Marshal(emptyIfNil(body.Params)); err == nil {
		t.Content, err = json.Marshal(content)
	}
	if err == nil {
		err = h.store.PutTemplate(c.Request.Context(), t)
	}
	if err == nil {
		h.engine.Reload()
	}
	answer(c, struct {
		templateView
		Warnings []policy.Warning `json:"warnings"`
	}{viewTemplate(t), emptyIfNil(warnings)}, err)
}

// templateDraft is a template to render, as it would be put or by its name.
type templateDraft struct {
	Template *templateBody     `json:"template"`
	Name     string            `json:"name"`
	Params   map[string]string `json:"params"`
	To       string            `json:"to"`
}

// preview renders a template for every channel while it is being written: what is wrong with it is an answer, no problem.
func (h *templates) preview(c *gin.Context) {
	var body templateDraft
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	if (body.Template == nil) == (body.Name == "") {
		fail(c, invalidField("template", "give either template or name"))
		return
	}
	draft := orchestrator.TemplateDraft{Name: body.Name, Values: body.Params, To: body.To}
	var faults []policy.FieldError
	if t := body.Template; t != nil {
		draft.Category, draft.Content = t.Category, t.Content.byChannel()
		for _, f := range checkTemplate(*t, draft.Content) {
			faults = append(faults, policy.FieldError{Field: "template." + f.Field, Message: f.Message})
		}
		for _, p := range t.Params {
			draft.Params = append(draft.Params, orchestrator.TemplateParam(p))
		}
	}
	caller, _ := callerOf(c)
	view, err := h.engine.PreviewTemplate(c.Request.Context(), caller, draft)
	view.Errors = emptyIfNil(append(faults, view.Errors...))
	answer(c, view, err)
}

func (h *templates) get(c *gin.Context) {
	row, err := h.store.Template(c.Request.Context(), tenantOf(c), c.Param("name"))
	answer(c, viewTemplate(row), err)
}

func (h *templates) list(c *gin.Context) {
	rows, err := h.store.Templates(c.Request.Context(), tenantOf(c))
	if name := c.Query("name"); name != "" {
		rows = slices.DeleteFunc(rows, func(t models.Template) bool { return t.Name != name })
	}
	answerPage(c, rows, err, "templates", func(t models.Template) string { return t.Name }, viewTemplate, "name")
}

func (h *templates) delete(c *gin.Context) {
	gone(c, h.engine, h.store.DeleteTemplate(c.Request.Context(), tenantOf(c), c.Param("name")))
}

const maxParams = 100

var paramPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// checkTemplate lists what has to be mended. A placeholder that no param declares would never be filled in, and a
// declared param without a placeholder is most likely a misspelled one.
func checkTemplate(t templateBody, content map[policy.Channel]channels.Content) []policy.FieldError {
	var errs []policy.FieldError
	refuse := func(field, format string, args ...any) {
		errs = append(errs, policy.FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if !t.Category.Valid() {
		refuse("category", "must be otp, transaction, care or promotion")
	}
	if len(t.Params) > maxParams {
		refuse("params", "has %d params: at most %d are allowed", len(t.Params), maxParams)
		return errs
	}
	unused := map[string]int{}
	for i, p := range t.Params {
		field := fmt.Sprintf("params[%d].name", i)
		_, twice := unused[p.Name]
		switch {
		case !paramPattern.MatchString(p.Name):
			refuse(field, "must be letters, digits and underscores, and begin with a letter")
		case twice:
			refuse(field, "is declared twice: keep one")
		}
		unused[p.Name] = i
	}
	if content[policy.ZNS].UserID != "" {
		refuse("content.zns.user_id", "belongs to one message: leave it out, and give user_ids when you send")
	}
	if len(content) == 0 {
		refuse("content", "is required: give a rendering for at least one of zns, viber and sms")
	}
	declared := maps.Clone(unused)
	for _, place := range places(content) {
		if place.required && strings.TrimSpace(place.text) == "" {
			refuse(place.field, "is required")
		}
		for _, name := range placeholders(place.text) {
			delete(unused, name)
			if _, ok := declared[name]; !ok {
				refuse(place.field, "has the placeholder {{%s}}, which params does not declare: write {{name}} with a declared name", safeName(name))
			}
		}
	}
	for _, i := range slices.Sorted(maps.Values(unused)) {
		refuse(fmt.Sprintf("params[%d].name", i), "is used by no content: use {{%s}} or drop it", safeName(t.Params[i].Name))
	}
	return errs
}

// place is a text of a content where placeholders may stand.
type place struct {
	field, text string
	required    bool
}

func places(content map[policy.Channel]channels.Content) []place {
	var out []place
	if zns, ok := content[policy.ZNS]; ok {
		out = append(out, place{"content.zns.template_id", zns.TemplateID, true})
		for _, name := range slices.Sorted(maps.Keys(zns.TemplateData)) {
			out = append(out, place{"content.zns.template_data." + name, zns.TemplateData[name], false})
		}
	}
	if viber, ok := content[policy.Viber]; ok {
		out = append(out, place{"content.viber.text", viber.Text, viber.ImageURL == ""}, place{"content.viber.image_url", viber.ImageURL, false})
		if viber.Button != nil {
			out = append(out, place{"content.viber.button.text", viber.Button.Text, true}, place{"content.viber.button.url", viber.Button.URL, true})
		}
	}
	if sms, ok := content[policy.SMS]; ok {
		out = append(out, place{"content.sms.text", sms.Text, true})
	}
	return out
}

// placeholders lists what stands between {{ and }}, whatever it is: only a param's name is allowed there, so that
// no other construct of the template language gets through. An opening without an end counts as the rest of the text.
func placeholders(text string) []string {
	var names []string
	for {
		_, rest, ok := strings.Cut(text, "{{")
		if !ok {
			return names
		}
		name, after, _ := strings.Cut(rest, "}}")
		names, text = append(names, strings.TrimSpace(name)), after
	}
}
