package zalo

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// notice is a callback about the account (§4.4).
type notice struct {
	event
	TemplateID channels.Text   `json:"template_id"`
	Status     json.RawMessage `json:"status"`
	Quality    json.RawMessage `json:"quality"`
	Reason     channels.Text   `json:"reason"`
	Quota      json.RawMessage `json:"quota"`
	Info       json.RawMessage `json:"info"`
	UserID     channels.Text   `json:"user_id"`
	// Other places where the quality of a template may stand.
	TemplateQuality json.RawMessage `json:"template_quality"`
	NewQuality      channels.Text   `json:"new_quality"`
}

// ReadNotices reads what Zalo reports of templates, of the daily quota and of people. No event tells of the Official
// Account's own quality; Quality asks for it. As with receipts, events of another Official Account say nothing.
func (a *Adapter) ReadNotices(h channels.Hook) ([]channels.Notice, error) {
	var n notice
	if err := json.Unmarshal(h.Body, &n); err != nil {
		return nil, fmt.Errorf("%w: not a JSON object", channels.ErrUnreadable)
	}
	if a.foreign(n.event) {
		return nil, nil
	}
	at := millis(n.Timestamp)
	switch n.Name {
	case "change_template_status":
		return n.template(channels.Notice{Status: statusWord(newest(n.Status)), Reason: string(n.Reason), At: at})
	case "change_template_quality":
		return n.template(channels.Notice{Quality: n.quality(), Reason: string(n.Reason), At: at})
	case "change_oa_daily_quota":
		return n.quota(at, a.midnight())
	case "user_submit_info":
		return a.known(n, at), nil
	case "user_withdraw":
		if n.UserID == "" {
			return nil, unreadableNotice(n, "user_id")
		}
		return []channels.Notice{{Kind: channels.NoticeUserUnknown, At: at, UserID: string(n.UserID)}}, nil
	}
	return nil, nil
}

func unreadableNotice(n notice, missing string) error {
	return fmt.Errorf("%w: %s without a readable %s", channels.ErrUnreadable, n.Name, missing)
}

// template completes a notice about a template.
func (n notice) template(is channels.Notice) ([]channels.Notice, error) {
	if n.TemplateID == "" {
		return nil, unreadableNotice(n, "template_id")
	}
	if is.Status == "" && is.Quality == "" {
		return nil, unreadableNotice(n, strings.TrimPrefix(string(n.Name), "change_template_"))
	}
	is.Kind, is.TemplateID = channels.NoticeTemplate, string(n.TemplateID)
	return []channels.Notice{is}, nil
}

// quality looks wherever the new quality may stand: how the event nests it is not documented (§4.4).
func (n notice) quality() string {
	for _, word := range []channels.Text{newest(n.Quality), newest(n.TemplateQuality), n.NewQuality} {
		if word != "" {
			return qualityWord(word)
		}
	}
	return ""
}

// quota reads the new daily quota. What is left of it is not told, so Left is the most that it can be; asking with Quota
// tells. A new value that is no number above zero is no limit that is known.
func (n notice) quota(at, resets time.Time) ([]channels.Notice, error) {
	text := newest(n.Quota)
	if text == "" {
		return nil, unreadableNotice(n, "quota.new_value")
	}
	q := &channels.Quota{}
	if total, ok := text.Int64(); ok && total > 0 {
		q.Total, q.Left, q.ResetsAt = total, total, resets
	}
	return []channels.Notice{{Kind: channels.NoticeQuota, At: at, Quota: q}}, nil
}

// newest reads a change: an object with the old and the new value, or the new value alone.
func newest(raw json.RawMessage) channels.Text {
	var change struct {
		Status  channels.Text `json:"new_status"`
		Value   channels.Text `json:"new_value"`
		Quality channels.Text `json:"new_quality"`
		New     channels.Text `json:"new"`
	}
	if json.Unmarshal(raw, &change) == nil {
		for _, t := range []channels.Text{change.Status, change.Value, change.Quality, change.New} {
			if t != "" {
				return t
			}
		}
		return ""
	}
	var alone channels.Text
	if json.Unmarshal(raw, &alone) != nil || strings.HasPrefix(string(alone), "[") {
		return ""
	}
	return alone
}

// known reads whom a person says to be: the number that they put in belongs to the user id at this Official Account. A
// number that no message can go to links nothing.
func (a *Adapter) known(n notice, at time.Time) []channels.Notice {
	var info struct {
		Phone channels.Text `json:"phone"`
	}
	user := n.Sender
	if user == party(a.oaID) {
		user = n.Recipient
	}
	if json.Unmarshal(n.Info, &info) != nil || user == "" {
		return nil
	}
	phone, err := policy.ParsePhone(international(string(info.Phone)), "VN")
	if err != nil {
		return nil
	}
	return []channels.Notice{{Kind: channels.NoticeUserKnown, At: at, UserID: string(user), Phone: phone.E164}}
}

// international puts the plus in front of a number in Zalo's form, 84 and nine digits. Without the leading zero or the
// country code it is no number that anybody writes.
func international(phone string) string {
	if strings.HasPrefix(phone, "84") && len(phone) == len("84")+9 {
		return "+" + phone
	}
	return phone
}
