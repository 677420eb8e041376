package zalo

import (
	"cmp"
	"encoding/json"

	"cascade/channels"
	"cascade/policy"
)

// answered is what a person said in answer to a message (§4.4).
type answered struct {
	// Note, Rate and Feedbacks are of user_feedback.
	Note      channels.Text   `json:"note"`
	Rate      channels.Text   `json:"rate"`
	Feedbacks json.RawMessage `json:"feedbacks"`
	// Data is the pressed button's, of user_click_response_button.
	Data channels.Text `json:"data"`
	// Text and QuoteID, the message that it answers, are of user_send_text.
	Text    channels.Text `json:"text"`
	QuoteID channels.Text `json:"quote_msg_id"`
}

// replied reads an answer as the proof of reading that it is (§4.4), with its words. A chat message that quotes nothing
// answers none of ours.
func replied(e event, m eventMessage) ([]channels.Receipt, error) {
	if e.Name == eventText {
		return quoted(e, m), nil
	}
	receipts, err := one(e, m, policy.ReceiptRead, m.SubmitTime)
	if err != nil {
		return nil, err
	}
	receipts[0].Reply = m.reply(e.Name)
	return receipts, nil
}

func (m answered) reply(event channels.Text) *channels.Reply {
	if event == eventButton {
		return &channels.Reply{Text: string(m.Data)}
	}
	return &channels.Reply{Text: string(m.Note), Rating: m.rating(), Options: m.options()}
}

// rating is 1 to 5 stars; 0 for anything else.
func (m answered) rating() int {
	if n, ok := m.Rate.Int64(); ok && n >= 1 && n <= 5 {
		return int(n)
	}
	return 0
}

// options are the answers chosen beside the stars; nil if they are no list.
func (m answered) options() []string {
	var chosen []channels.Text
	if json.Unmarshal(m.Feedbacks, &chosen) != nil {
		return nil
	}
	var options []string
	for _, c := range chosen {
		if c != "" {
			options = append(options, string(c))
		}
	}
	return options
}

// quoted reads a chat message that quotes one. Its own msg_id tells two answers to one message apart.
func quoted(e event, m eventMessage) []channels.Receipt {
	if m.QuoteID == "" {
		return nil
	}
	return []channels.Receipt{{
		ProviderID: string(m.QuoteID), Kind: policy.ReceiptRead, At: millis(e.Timestamp),
		Key: eventKey(e.Name, cmp.Or(m.ID, m.QuoteID), e.Timestamp), Reply: &channels.Reply{Text: string(m.Text)},
	}}
}
