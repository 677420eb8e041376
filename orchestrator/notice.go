package orchestrator

import (
	"context"
	"errors"
	"time"

	"cascade/channels"
	"cascade/models"
	"cascade/policy"
)

// notice keeps what a verified callback tells of the account itself: it is on disk once this answers nil. ErrUnreadable: the
// callback was not understood. A test twin's news are of another world.
func (e *Engine) notice(ctx context.Context, acc *account, reader channels.HookReader, live bool, h channels.Hook) error {
	told, ok := reader.(channels.NoticeReader)
	if !ok || !live {
		return nil
	}
	notices, err := told.ReadNotices(h)
	if err != nil {
		return err
	}
	for _, n := range notices {
		if err := e.noticed(ctx, acc, n); err != nil {
			return &BusyError{RetryAfter: time.Second, Cause: err}
		}
	}
	if len(notices) > 0 {
		e.dir.forget()
		e.log.Info("account notices", "account", acc.Name, "count", len(notices), "first", notices[0].Kind)
	}
	return nil
}

// noticed stores one notice. What something newer is known of stays.
func (e *Engine) noticed(ctx context.Context, acc *account, n channels.Notice) error {
	s, now := e.o.Store, e.now()
	at := ms(now)
	if told := ms(n.At); told > 0 {
		at = min(told, at) // a provider's clock may be ahead
	}
	switch n.Kind {
	case channels.NoticeTemplate:
		if n.TemplateID == "" || !keyable(n.TemplateID) {
			return nil // nothing could be sent with it
		}
		return s.NoteTemplate(ctx, models.TemplateNotice{
			TenantID: acc.TenantID, AccountID: acc.ID, TemplateID: n.TemplateID, Status: n.Status, Quality: n.Quality, Reason: n.Reason, At: at,
		})
	case channels.NoticeQuality:
		if n.Quality == "" {
			return nil
		}
		return s.NoteQuality(ctx, acc.TenantID, acc.ID, n.Quality)
	case channels.NoticeQuota:
		if n.Quota == nil || n.Quota.Total < 1 {
			return nil
		}
		return s.NoteQuota(ctx, acc.TenantID, acc.ID, quotaRow(*n.Quota, at))
	case channels.NoticeUserKnown:
		phone, err := policy.ParsePhone(n.Phone, "VN") // E.164, so no region matters
		if err != nil || !keyable(n.UserID) || n.UserID == "" {
			return nil // nothing could be sent to it
		}
		return s.PutKnownUser(ctx, models.KnownUser{TenantID: acc.TenantID, AccountID: acc.ID, Phone: phone.E164, UserID: n.UserID, At: at})
	case channels.NoticeUserUnknown:
		return s.ForgetKnownUser(ctx, acc.TenantID, acc.ID, n.UserID, at)
	default:
		return nil
	}
}

// unreadable reports whether err says that a genuine callback was not understood.
func unreadable(err error) bool { return errors.Is(err, channels.ErrUnreadable) }
