package zalo

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"cascade/channels"
	"cascade/policy"
)

// Query asks what became of a msg_id (§5.1). Zalo knows "not delivered yet" and "delivered"; no failure, no reading.
// Whether it knows the message_id of a send by user id is not documented; if not, Found is false.
func (a *Adapter) Query(ctx context.Context, q channels.Query) (channels.Answer, error) {
	if q.ProviderID == "" {
		return channels.Answer{}, &channels.Failure{
			Class: policy.ClassRequest, Code: "no_provider_id", Detail: "Zalo can be asked about a msg_id only, and this attempt has none",
		}
	}
	address := a.api + "/message/status?" + url.Values{"message_id": {q.ProviderID}}.Encode()
	env, f := a.ask(ctx, http.MethodGet, address, nil)
	if f != nil {
		return channels.Answer{}, f
	}
	var data struct {
		Status       channels.Text `json:"status"`
		DeliveryTime channels.Text `json:"delivery_time"`
	}
	if err := json.Unmarshal(env.Data, &data); err != nil {
		data.Status = ""
	}
	receipt := channels.Receipt{Reference: q.Reference, ProviderID: q.ProviderID}
	switch data.Status {
	case "-1":
		return channels.Answer{}, nil
	case "0":
		return channels.Answer{Found: true, Receipt: receipt}, nil
	case "1":
		receipt.Kind, receipt.At = policy.ReceiptDelivered, millis(data.DeliveryTime)
		receipt.Key = eventKey(eventReceived, channels.Text(q.ProviderID), data.DeliveryTime)
		return channels.Answer{Found: true, Receipt: receipt}, nil
	}
	return channels.Answer{}, &channels.Failure{
		Class: policy.ClassUnknown, Code: "unreadable_answer", Detail: "Zalo answers a status that is not documented",
	}
}
