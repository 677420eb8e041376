package web

import (
	"context"
	_ "embed"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/orchestrator"
	"cascade/policy"
)

//go:embed linked.html
var linkedHTML string

// linkedPage is given a linkedView.
var linkedPage = template.Must(template.New("linked").Parse(linkedHTML))

// linkedPolicy is stricter than pagePolicy: the page answers an address that anybody can write.
const linkedPolicy = pagePolicy + "; base-uri 'none'; form-action 'none'"

type linkEngine interface {
	StartLink(ctx context.Context, tenant, id uuid.UUID) (orchestrator.Link, error)
	FinishLink(ctx context.Context, adapter string, query url.Values) (orchestrator.Linked, error)
}

// links let a person consent, at the provider, to an account's use.
type links struct{ engine linkEngine }

type linkView struct {
	URL       string            `json:"url"`
	ExpiresAt orchestrator.Time `json:"expires_at"`
}

// authorize makes the address that links an account.
func (h *links) authorize(c *gin.Context) {
	id, err := pathID(c.Param("id"))
	if err != nil {
		fail(c, err)
		return
	}
	link, err := h.engine.StartLink(c.Request.Context(), tenantOf(c), id)
	if errors.Is(err, orchestrator.ErrNotLinkable) {
		err = conflict("not_linkable", "This account's provider links no accounts by consent: give its credentials in settings.")
	}
	answer(c, linkView{link.URL, orchestrator.Time(link.ExpiresAt.UnixMilli())}, err)
}

// linkedView is what the person sees: whether it worked, and what to do, in two languages.
type linkedView struct {
	OK               bool
	Account          string
	Vietnamese, What string
	// Detail is the provider's own word, or what exactly is wrong; "" for none.
	Detail string
}

// finish is where the provider sends the browser back to. Whoever comes here has no key of ours: the sealed state tells which
// account it is about.
func (h *links) finish(c *gin.Context) {
	query := c.Request.URL.Query()
	if query.Get("code") == "" {
		showLinked(c, http.StatusBadRequest, refusedByPerson(query))
		return
	}
	done, err := h.engine.FinishLink(c.Request.Context(), c.Param("adapter"), query)
	status, view := http.StatusOK, linkedView{
		OK: true, Vietnamese: "Tài khoản đã được liên kết và có thể gửi tin. Bạn có thể đóng trang này.",
		What: "The account is linked and can send. You may close this page.",
	}
	if err != nil {
		status, view = notLinked(c, err)
	}
	view.Account = done.Name
	showLinked(c, status, view)
}

func showLinked(c *gin.Context, status int, v linkedView) {
	var page strings.Builder
	if err := linkedPage.Execute(&page, v); err != nil {
		fail(c, err)
		return
	}
	c.Header("Content-Security-Policy", linkedPolicy)
	c.Data(status, "text/html; charset=utf-8", []byte(page.String()))
}

// detailMost bounds what the page repeats of an address, in bytes.
const detailMost = 200

// refusedByPerson is an answer without a code, RFC 6749 §4.1.2.1: its error is the provider's word.
func refusedByPerson(query url.Values) linkedView {
	word := query.Get("error")
	return linkedView{
		Vietnamese: "Chưa cấp quyền. Hãy xin một liên kết mới và đồng ý cấp quyền để liên kết tài khoản.",
		What:       "No consent was given. Ask for a new link, and agree to link the account.",
		Detail:     strings.ToValidUTF8(word[:min(len(word), detailMost)], ""),
	}
}

// notLinked says what went wrong and what to do.
func notLinked(c *gin.Context, err error) (int, linkedView) {
	const again, againVI = "Ask for a new link and open it again.", "Hãy xin một liên kết mới rồi mở lại."
	failure, failed := errors.AsType[*channels.Failure](err)
	switch {
	case errors.Is(err, orchestrator.ErrLinkExpired):
		return http.StatusGone, linkedView{Vietnamese: "Liên kết đã hết hạn. " + againVI, What: "The link has expired. " + again}
	case errors.Is(err, orchestrator.ErrLinkState):
		return http.StatusBadRequest, linkedView{Vietnamese: "Liên kết không hợp lệ. " + againVI, What: "The link is not valid. " + again}
	case errors.Is(err, orchestrator.ErrOtherAccount):
		return http.StatusConflict, linkedView{
			Vietnamese: "Bạn đã chọn một tài khoản khác với tài khoản cần liên kết. " + againVI,
			What:       "You chose another account than the one that is to be linked. " + again, Detail: err.Error(),
		}
	case errors.Is(err, models.ErrNotFound):
		return http.StatusNotFound, linkedView{Vietnamese: "Tài khoản này không còn tồn tại.", What: "This account does not exist any more."}
	case failed && failure.Class == policy.ClassAccount:
		return http.StatusBadGateway, linkedView{
			Vietnamese: "Nhà cung cấp từ chối mã cấp quyền; mỗi liên kết chỉ dùng được một lần. " + againVI,
			What:       "The provider refused the consent; a link works once. " + again, Detail: failure.Detail,
		}
	case failed:
		return http.StatusBadGateway, linkedView{
			Vietnamese: "Nhà cung cấp không trả lời như mong đợi. " + againVI, What: "The provider did not answer as expected. " + again, Detail: failure.Detail,
		}
	default:
		p := problemOf(err)
		loggerOf(c).ErrorContext(c.Request.Context(), "account not linked", "request_id", requestID(c), "err", err)
		return p.Status, linkedView{
			Vietnamese: "Hệ thống đang gặp sự cố. " + againVI, What: "Something failed here. " + again, Detail: "request " + requestID(c),
		}
	}
}
