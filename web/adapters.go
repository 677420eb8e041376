package web

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"cascade/channels"
	"cascade/policy"
)

// adapters describe what accounts can be made of.
type adapters struct{ registry *channels.Registry }

type adapterView struct {
	Name     string           `json:"name"`
	Channels []policy.Channel `json:"channels"`
	Settings []settingView    `json:"settings"`
	// OpenSettings: settings beyond these are taken.
	OpenSettings bool `json:"open_settings"`
	// Receipts that an account gives on any of the channels, weakest first, and by channel; none are told where the settings decide.
	Receipts        []policy.Receipt                    `json:"receipts"`
	ChannelReceipts map[policy.Channel][]policy.Receipt `json:"channel_receipts"`
	Can             []string                            `json:"can"`
}

type settingView struct {
	Name     string `json:"name"`
	Label    string `json:"label"`
	Secret   bool   `json:"secret"`
	Required bool   `json:"required"`
	Default  string `json:"default"`
	Example  string `json:"example"`
	Help     string `json:"help"`
	LabelVI  string `json:"label_vi"`
	HelpVI   string `json:"help_vi"`
}

func (h *adapters) list(c *gin.Context) {
	out := []adapterView{}
	if h.registry != nil {
		for _, name := range h.registry.Names() {
			spec, _ := h.registry.Get(name)
			out = append(out, viewAdapter(spec))
		}
	}
	c.JSON(http.StatusOK, gin.H{"data": out})
}

func viewAdapter(spec channels.Spec) adapterView {
	v := adapterView{
		Name: spec.Name, Channels: spec.Channels, Settings: make([]settingView, 0, len(spec.Fields)), OpenSettings: spec.OpenSettings,
		Receipts: []policy.Receipt{}, ChannelReceipts: map[policy.Channel][]policy.Receipt{}, Can: []string{},
	}
	for _, f := range spec.Fields {
		v.Settings = append(v.Settings, settingView{f.Name, f.Title(), f.Secret, f.Required, f.Default, f.Example, f.Help, f.TitleVI(), f.HelpVI})
	}
	if spec.Blank == nil {
		return v
	}
	for _, ch := range spec.Channels {
		blank := spec.Blank(ch)
		receipts := blank.Capabilities().Receipts
		v.ChannelReceipts[ch] = emptyIfNil(receipts)
		v.Receipts = append(v.Receipts, receipts...)
		v.Can = append(v.Can, abilities(blank)...)
	}
	slices.SortFunc(v.Receipts, func(a, b policy.Receipt) int { return a.Rank() - b.Rank() })
	v.Receipts = slices.Compact(v.Receipts)
	slices.Sort(v.Can)
	v.Can = slices.Compact(v.Can)
	return v
}

// abilities are what an adapter can do besides sending.
func abilities(a channels.Adapter) (can []string) {
	if _, ok := a.(channels.StatusQuerier); ok {
		can = append(can, "query")
	}
	if _, ok := a.(channels.AccountChecker); ok {
		can = append(can, "check")
	}
	if _, ok := a.(channels.Authorizer); ok {
		can = append(can, "authorize")
	}
	if _, ok := a.(channels.TemplateLister); ok {
		can = append(can, "templates")
	}
	return can
}
