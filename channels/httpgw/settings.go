package httpgw

import (
	"encoding/json"
	"errors"
	"fmt"

	"cascade/channels"
	"cascade/policy"
)

// The settings tree as a tenant writes it. RawMessage stands where numbers must stay as they are written.
type (
	tree struct {
		Preset   string            `json:"preset"`
		BaseURL  string            `json:"base_url"`
		Request  *requestSettings  `json:"request"`
		Response responseSettings  `json:"response"`
		Receipt  *receiptSettings  `json:"receipt"`
		Status   *statusSettings   `json:"status"`
		Secrets  map[string]string `json:"secrets"`
		Values   map[string]string `json:"values"`
		From     string            `json:"from"`
		Receipts []string          `json:"receipts"`
	}
	requestSettings struct {
		Method  string            `json:"method"`
		URL     string            `json:"url"`
		Query   json.RawMessage   `json:"query"`
		Headers map[string]string `json:"headers"`
		Auth    authSettings      `json:"auth"`
		// ContentType is form, json, xml or literal; a literal's media type is a header.
		ContentType string          `json:"content_type"`
		Body        json.RawMessage `json:"body"`
	}
	authSettings struct {
		Basic  *basicSettings `json:"basic"`
		Bearer string         `json:"bearer"`
		// Header is the whole value of the Authorization header.
		Header string `json:"header"`
	}
	basicSettings struct {
		User     string `json:"user"`
		Password string `json:"password"`
	}
	responseSettings struct {
		Success    []conditionSettings `json:"success"`
		ProviderID *idSettings         `json:"provider_id"`
		Code       *extractSettings    `json:"code"`
		Message    *extractSettings    `json:"message"`
		CodeMap    map[string]string   `json:"code_map"`
	}
	conditionSettings struct {
		Status  []int             `json:"status"`
		Pointer *string           `json:"pointer"`
		Equals  json.RawMessage   `json:"equals"`
		In      []json.RawMessage `json:"in"`
		Regex   string            `json:"regex"`
	}
	// extractSettings takes one of its three.
	extractSettings struct {
		Pointer *string `json:"pointer"`
		Regex   string  `json:"regex"`
		Header  string  `json:"header"`
	}
	// idSettings is an extract, or the text "ours".
	idSettings      struct{ extract *extractSettings }
	receiptSettings struct {
		Method       string            `json:"method"`
		Items        *string           `json:"items"`
		ID           *fieldSettings    `json:"id"`
		Status       *fieldSettings    `json:"status"`
		StatusDetail *fieldSettings    `json:"status_detail"`
		StatusMap    map[string]string `json:"status_map"`
		ErrorCode    *fieldSettings    `json:"error_code"`
		ErrorMessage *fieldSettings    `json:"error_message"`
		ErrorMap     map[string]string `json:"error_map"`
		At           *fieldSettings    `json:"at"`
		Price        *fieldSettings    `json:"price"`
		Currency     *fieldSettings    `json:"currency"`
		Verify       verifySettings    `json:"verify"`
		Answer       answerSettings    `json:"answer"`
	}
	statusSettings struct {
		Request      *requestSettings    `json:"request"`
		NotFound     []conditionSettings `json:"not_found"`
		Status       *fieldSettings      `json:"status"`
		StatusDetail *fieldSettings      `json:"status_detail"`
		StatusMap    map[string]string   `json:"status_map"`
		ErrorCode    *fieldSettings      `json:"error_code"`
		ErrorMessage *fieldSettings      `json:"error_message"`
		ErrorMap     map[string]string   `json:"error_map"`
		At           *fieldSettings      `json:"at"`
		Price        *fieldSettings      `json:"price"`
		Currency     *fieldSettings      `json:"currency"`
	}
	// factSettings is what a receipt and a status answer have in common.
	factSettings struct {
		// status is looked up in statusMap as "status/detail" first, then alone.
		status, detail          *fieldSettings
		statusMap               map[string]string
		errorCode, errorMessage *fieldSettings
		// errorMap says what a failure's code means, in the words of code_map.
		errorMap            map[string]string
		at, price, currency *fieldSettings
	}
	fieldSettings struct {
		Pointer *string `json:"pointer"`
		// Field is a name in the query or in a form body.
		Field string `json:"field"`
		// Kind is for id: ours or provider.
		Kind string `json:"kind"`
		// Format and Zone are for at: rfc3339, unix, unix_ms or a Go layout, and the zone of a layout without one.
		Format string `json:"format"`
		Zone   string `json:"zone"`
	}
	verifySettings struct {
		Token  string          `json:"token"`
		Header *headerSettings `json:"header"`
		Basic  *basicSettings  `json:"basic"`
		HMAC   *hmacSettings   `json:"hmac"`
	}
	headerSettings struct {
		Name   string `json:"name"`
		Equals string `json:"equals"`
	}
	hmacSettings struct {
		Header    string `json:"header"`
		Key       string `json:"key"`
		Algorithm string `json:"algorithm"`
		Encoding  string `json:"encoding"`
		Prefix    string `json:"prefix"`
	}
	answerSettings struct {
		Status      int    `json:"status"`
		ContentType string `json:"content_type"`
		Body        string `json:"body"`
	}
)

func (s *receiptSettings) factSettings() factSettings {
	return factSettings{s.Status, s.StatusDetail, s.StatusMap, s.ErrorCode, s.ErrorMessage, s.ErrorMap, s.At, s.Price, s.Currency}
}

func (s *statusSettings) factSettings() factSettings {
	return factSettings{s.Status, s.StatusDetail, s.StatusMap, s.ErrorCode, s.ErrorMessage, s.ErrorMap, s.At, s.Price, s.Currency}
}

// UnmarshalJSON takes an object or "ours".
func (s *idSettings) UnmarshalJSON(b []byte) error {
	if string(b) == `"ours"` {
		return nil
	}
	s.extract = &extractSettings{}
	for _, e := range policy.DecodeStrict(b, s.extract) {
		return errors.New(e.Error() + `; or write "ours"`)
	}
	return nil
}

// readTree decodes every setting; the first unknown or mistyped one is named by its path.
func readTree(settings map[string]json.RawMessage) (tree, error) {
	var t tree
	raw, err := json.Marshal(settings)
	if err != nil {
		return tree{}, bad("request", "is not valid JSON")
	}
	for _, e := range policy.DecodeStrict(raw, &t) {
		return tree{}, bad(e.Field, "%s", e.Message)
	}
	return t, nil
}

func bad(path, format string, args ...any) error {
	return &channels.SettingError{Field: path, Message: fmt.Sprintf(format, args...)}
}
