package hostiletest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"

	"cascade/channels"
	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator"
	"cascade/policy"
)

// Texts, names and documents that break careless programs, in every place where an app may write one, between
// neighbours that are well. Each is sent or refused for a reason that its sender can mend; the neighbours are sent.
func TestPoisonSubmissions(t *testing.T) {
	poisons := map[string]string{
		"NUL":                   "a\x00b",
		"only NUL":              "\x00",
		"bad UTF-8":             "a\xff\xfe\xc3b",
		"an overlong slash":     "a\xc0\xafb",
		"half a surrogate":      "a\xed\xa0\x80b",
		"NFD Vietnamese":        "Đơn hàng của bạn đã gửi",
		"right to left":         "\u202eשלום עליכם\u202c مرحبا",
		"control characters":    "a\x01\x02\x1b[31m\x7fb\r\n\u2028\u2029",
		"a BOM":                 "\ufeffa",
		"noncharacters":         "a\uffff\ufffeb\U0010ffff",
		"a family of emoji":     strings.Repeat("👨‍👩‍👧‍👦", 30),
		"a tower of marks":      "a" + strings.Repeat("\u0301", 20_000),
		"10 MB":                 strings.Repeat("x", 10<<20),
		"10,000 deep":           strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000),
		"a template in a text":  "{{{{#a}}{{/b}}",
		"an SQL sentence":       "'; DROP TABLE messages; --",
		"a format":              "%s%n%d%!(EXTRA",
		"backslashes and quote": `\\"\u0000\'`,
	}
	places := map[string]func(s *orchestrator.Submission, poison string){
		"text": func(s *orchestrator.Submission, p string) {
			s.Content = map[policy.Channel]channels.Content{policy.SMS: {Text: p}}
		},
		"template data": func(s *orchestrator.Submission, p string) {
			s.Content[policy.ZNS] = channels.Content{TemplateID: p, TemplateData: map[string]string{p: p}}
		},
		"number":         func(s *orchestrator.Submission, p string) { s.To = p },
		"metadata":       func(s *orchestrator.Submission, p string) { s.Metadata = map[string]string{p: p} },
		"transaction id": func(s *orchestrator.Submission, p string) { s.TransactionID = p },
		"key":            func(s *orchestrator.Submission, p string) { s.IdempotencyKey, s.RequestHash = p, "h" },
		"policy's name":  func(s *orchestrator.Submission, p string) { s.PolicyName = p },
		"policy":         func(s *orchestrator.Submission, p string) { s.Policy = []byte(p) },
		"policy's text": func(s *orchestrator.Submission, p string) {
			name, _ := json.Marshal(p)
			s.Policy = fmt.Appendf(nil, `{"steps":[{"channel":"sms","when":%s}]}`, name)
		},
		"channel": func(s *orchestrator.Submission, p string) {
			s.Content = map[policy.Channel]channels.Content{policy.Channel(p): {Text: "a"}}
		},
		"template":  func(s *orchestrator.Submission, p string) { s.Content, s.Template = nil, p },
		"category":  func(s *orchestrator.Submission, p string) { s.Category = policy.Category(p) },
		"image":     func(s *orchestrator.Submission, p string) { s.Content[policy.Viber] = channels.Content{ImageURL: p} },
		"parameter": func(s *orchestrator.Submission, p string) { s.Params = map[string]string{p: p} },
	}
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		h := newHostile(t, s, hostileTimes{}, nil)
		h.scripted("gw", 0, func(_ context.Context, out channels.Outbound) (channels.Taken, error) {
			if !utf8.ValidString(out.Content.Text) || strings.ContainsRune(out.Content.Text, 0) {
				return channels.Taken{}, &channels.Failure{Class: policy.ClassRequest, Code: "bad_text", Detail: "the text has bytes that no provider takes"}
			}
			return channels.Taken{}, nil
		})
		h.policy("one", "1h", "2h", "gw")
		var taken []uuid.UUID
		refused, busy := 0, 0
		for place, put := range places {
			for name, poison := range poisons {
				batch := make([]orchestrator.Submission, 3)
				for i := range batch {
					batch[i] = orchestrator.Submission{
						To: hostileNumber(i), Category: policy.Transaction, PolicyName: "one",
						Content: map[policy.Channel]channels.Content{policy.SMS: {Text: "Ma 4821"}},
					}
				}
				put(&batch[1], poison)
				for i, out := range h.engine.AcceptBatch(t.Context(), h.caller, batch) {
					if i != 1 && out.Err != nil {
						t.Errorf("%s in %s: its neighbour was answered %v", name, place, out.Err)
					}
					if i != 1 {
						continue
					}
					_, invalid := errors.AsType[*orchestrator.InvalidError](out.Err)
					_, unfit := errors.AsType[*orchestrator.RefusedError](out.Err)
					switch {
					case out.Err == nil:
						taken = append(taken, out.Accepted.Message.ID)
					case invalid, unfit:
						refused++
					default:
						busy++
						t.Errorf("%s in %s: answered %.200s", name, place, out.Err)
					}
				}
			}
		}
		for _, id := range taken {
			h.await(id, func(v orchestrator.MessageView) bool { return v.Status.Final() })
		}
		t.Logf("%d taken, %d refused, %d neither", len(taken), refused, busy)
		h.verify()
	})
}
