package web

import (
	"errors"

	"github.com/gin-gonic/gin"

	"cascade/models"
)

// recipientView is what is known of a number.
type recipientView struct {
	Phone       string           `json:"phone"`
	Country     string           `json:"country"`
	Operator    string           `json:"operator"` // by its prefix: numbers are ported
	Suppression *suppressionView `json:"suppression"`
	Consent     *consentView     `json:"consent"`
}

// getRecipient answers 200 for every number that can be sent to: nothing known of it is an answer, too.
func (h *people) getRecipient(c *gin.Context) {
	ctx, tenant := c.Request.Context(), tenantOf(c)
	phone, err := h.parsed(c)
	if err != nil {
		fail(c, err)
		return
	}
	view := recipientView{Phone: phone.E164, Country: phone.Country, Operator: phone.Operator}
	stop, err := h.store.Suppression(ctx, tenant, phone.E164)
	if err == nil {
		s := viewSuppression(stop)
		view.Suppression = &s
	} else if !errors.Is(err, models.ErrNotFound) {
		fail(c, err)
		return
	}
	agreed, err := h.store.Consent(ctx, tenant, phone.E164)
	if err == nil {
		s := viewConsent(agreed)
		view.Consent = &s
	} else if errors.Is(err, models.ErrNotFound) {
		err = nil
	}
	answer(c, view, err)
}
