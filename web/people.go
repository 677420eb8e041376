package web

import (
	"context"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

type peopleStore interface {
	Tenant(ctx context.Context, id uuid.UUID) (models.Tenant, error)
	Suppression(ctx context.Context, tenant uuid.UUID, phone string) (models.Suppression, error)
	PutSuppression(ctx context.Context, row models.Suppression) error
	DeleteSuppression(ctx context.Context, tenant uuid.UUID, phone string) error
	Consent(ctx context.Context, tenant uuid.UUID, phone string) (models.Consent, error)
	PutConsent(ctx context.Context, row models.Consent) error
	DeleteConsent(ctx context.Context, tenant uuid.UUID, phone string) error
}

// people are the numbers that must not, or may, be contacted.
type people struct {
	engine reloader
	store  peopleStore
	now    func() time.Time
}

// parsed reads the number in the path, E.164 or in the tenant's national form.
func (h *people) parsed(c *gin.Context) (policy.Phone, error) {
	t, err := h.store.Tenant(c.Request.Context(), tenantOf(c))
	if err != nil {
		return policy.Phone{}, err
	}
	phone, err := policy.ParsePhone(c.Param("phone"), t.DefaultRegion)
	if err != nil {
		return policy.Phone{}, invalidField("phone", "%s", err)
	}
	return phone, nil
}

// phone is the number in the path in E.164.
func (h *people) phone(c *gin.Context) (string, error) {
	phone, err := h.parsed(c)
	return phone.E164, err
}

func checkCategories(categories []string) []policy.FieldError {
	var errs []policy.FieldError
	for i, category := range categories {
		if !policy.Category(category).Valid() {
			errs = append(errs, policy.FieldError{Field: fmt.Sprintf("categories[%d]", i), Message: "must be otp, transaction, care or promotion"})
		}
	}
	return errs
}

// maxNote bounds a reason or a source, in bytes.
const maxNote = 500

type suppressionBody struct {
	Categories []string `json:"categories"`
	Reason     string   `json:"reason"`
}

type suppressionView struct {
	Phone      string            `json:"phone"`
	Categories []string          `json:"categories"` // empty: every category
	Reason     string            `json:"reason"`
	CreatedAt  orchestrator.Time `json:"created_at"`
}

func viewSuppression(s models.Suppression) suppressionView {
	return suppressionView{s.Phone, emptyIfNil([]string(s.Categories)), s.Reason, orchestrator.Time(s.CreatedAt)}
}

func (h *people) putSuppression(c *gin.Context) {
	phone, err := h.phone(c)
	if err != nil {
		fail(c, err)
		return
	}
	var body suppressionBody
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	errs := checkCategories(body.Categories)
	if len(body.Reason) > maxNote {
		errs = append(errs, policy.FieldError{Field: "reason", Message: fmt.Sprintf("may have at most %d bytes", maxNote)})
	}
	if len(errs) > 0 {
		fail(c, invalid(errs...))
		return
	}
	row := models.Suppression{TenantID: tenantOf(c), Phone: phone, Categories: body.Categories, Reason: body.Reason, CreatedAt: h.now().UnixMilli()}
	if err = h.store.PutSuppression(c.Request.Context(), row); err == nil {
		h.engine.Reload()
	}
	answer(c, viewSuppression(row), err)
}

func (h *people) getSuppression(c *gin.Context) {
	phone, err := h.phone(c)
	if err != nil {
		fail(c, err)
		return
	}
	row, err := h.store.Suppression(c.Request.Context(), tenantOf(c), phone)
	answer(c, viewSuppression(row), err)
}

func (h *people) deleteSuppression(c *gin.Context) {
	phone, err := h.phone(c)
	if err == nil {
		err = h.store.DeleteSuppression(c.Request.Context(), tenantOf(c), phone)
	}
	gone(c, h.engine, err)
}

type consentBody struct {
	Categories []string `json:"categories"`
	Source     string   `json:"source"`
	At         instant  `json:"at"`
}

type consentView struct {
	Phone      string            `json:"phone"`
	Categories []string          `json:"categories"`
	Source     string            `json:"source"`
	At         orchestrator.Time `json:"at"`
}

func viewConsent(s models.Consent) consentView {
	return consentView{s.Phone, emptyIfNil([]string(s.Categories)), s.Source, orchestrator.Time(s.At)}
}

// putConsent keeps where and when a person agreed; without "at" it is now.
func (h *people) putConsent(c *gin.Context) {
	phone, err := h.phone(c)
	if err != nil {
		fail(c, err)
		return
	}
	var body consentBody
	if _, err := decode(c, &body); err != nil {
		fail(c, err)
		return
	}
	at := body.At.Std()
	if at.IsZero() {
		at = h.now()
	}
	errs := checkCategories(body.Categories)
	if len(body.Categories) == 0 {
		errs = append(errs, policy.FieldError{Field: "categories", Message: "is required: name what the person agreed to"})
	}
	if len(body.Source) > maxNote {
		errs = append(errs, policy.FieldError{Field: "source", Message: fmt.Sprintf("may have at most %d bytes", maxNote)})
	}
	if len(errs) > 0 {
		fail(c, invalid(errs...))
		return
	}
	row := models.Consent{TenantID: tenantOf(c), Phone: phone, Categories: body.Categories, Source: body.Source, At: at.UnixMilli()}
	if err = h.store.PutConsent(c.Request.Context(), row); err == nil {
		h.engine.Reload()
	}
	answer(c, viewConsent(row), err)
}

func (h *people) getConsent(c *gin.Context) {
	phone, err := h.phone(c)
	if err != nil {
		fail(c, err)
		return
	}
	row, err := h.store.Consent(c.Request.Context(), tenantOf(c), phone)
	answer(c, viewConsent(row), err)
}

func (h *people) deleteConsent(c *gin.Context) {
	phone, err := h.phone(c)
	if err == nil {
		err = h.store.DeleteConsent(c.Request.Context(), tenantOf(c), phone)
	}
	gone(c, h.engine, err)
}
