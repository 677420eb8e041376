package sinch

import (
	"context"
	"fmt"

	"cascade/channels"
)

// Check asks for the list of batches, which proves address, service plan and token. The balance is not told by this API.
func (a *adapter) Check(ctx context.Context) []channels.Finding {
	var list struct {
		Batches []struct{} `json:"batches"`
	}
	f := a.getInto(ctx, batchesPath+"?page_size=1", &list)
	if f == nil && list.Batches == nil {
		f = unreadable("the answer has no list of batches", nil)
	}
	if f == nil {
		return []channels.Finding{{
			Level: "ok", Code: "authorized", Message: "Sinch accepts the service plan's token.", MessageVI: "Sinch chấp nhận token của service plan.",
		}}
	}
	f = a.clean(f, "")
	ad := advice{f.Advice, f.AdviceVI}
	if ad == adviceNone {
		ad = adviceAddress
	}
	return []channels.Finding{{
		Level: "error", Code: f.Code, Message: fmt.Sprintf("The check of the service plan failed: %v", f),
		MessageVI: "Không kiểm tra được service plan: " + f.VI(), Advice: ad.en, AdviceVI: ad.vi,
	}}
}
