package web

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"cascade/policy"
)

// maxDetail is the most that the audit log keeps of a request's body, in bytes.
const maxDetail = 8 << 10

// dropped stands where something was that is not for the audit log.
const dropped = "•••"

// detailOf is what the audit log keeps of a request's body: a JSON object without secrets, phone numbers and the words of
// messages.
func detailOf(c *gin.Context, body []byte) string {
	var fields map[string]any
	if json.Unmarshal(body, &fields) != nil || fields == nil {
		return "{}"
	}
	message := strings.HasPrefix(c.FullPath(), "/v1/messages")
	detail := string(mustJSON(cleanFields(fields, message)))
	if len(detail) <= maxDetail {
		return detail
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, safeName(name))
	}
	return string(mustJSON(map[string]any{"left_out": "the body is too long to be kept", "bytes": len(body), "fields": names[:min(len(names), 32)]}))
}

func cleanFields(fields map[string]any, message bool) map[string]any {
	out := make(map[string]any, len(fields))
	for name, value := range fields {
		out[name] = cleanField(strings.ToLower(name), value, message)
	}
	return out
}

func cleanField(name string, value any, message bool) any {
	switch {
	case value == nil || name == "amount":
		return value
	case secretName(name):
		return dropped
	case name == "settings":
		settings, ok := value.(map[string]any)
		if !ok {
			return dropped
		}
		out := make(map[string]any, len(settings))
		for key := range settings {
			out[key] = dropped
		}
		return out
	case message && (name == "content" || name == "params" || name == "metadata" || name == "user_ids"):
		return dropped
	default:
		return clean(value, message)
	}
}

// secretName finds the fields that hold a secret by how they are called.
func secretName(name string) bool {
	switch name {
	case "old", "new", "key":
		return true
	}
	for _, word := range []string{"password", "secret", "token", "api_key", "admin_key", "private_key", "credential"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

func clean(value any, message bool) any {
	switch value := value.(type) {
	case map[string]any:
		return cleanFields(value, message)
	case []any:
		out := make([]any, len(value))
		for i, v := range value {
			out[i] = clean(v, message)
		}
		return out
	case string:
		return cleanText(value)
	default:
		return value
	}
}

// phoneLike finds eight digits or more, with single separators between them.
var phoneLike = regexp.MustCompile(`\+?\d(?:[ .-]?\d){7,}`)

// cleanText masks phone numbers, and what an address carries beyond its path.
func cleanText(text string) string {
	if _, err := uuid.Parse(text); err == nil {
		return text
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if _, err := time.Parse(layout, text); err == nil {
			return text
		}
	}
	if u, err := url.Parse(text); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		if u.User != nil {
			u.User = url.User(dropped)
		}
		if u.RawQuery != "" {
			u.RawQuery = dropped
		}
		u.Fragment = ""
		text = u.String()
	}
	return phoneLike.ReplaceAllStringFunc(text, policy.MaskPhone)
}
