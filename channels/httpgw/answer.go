package httpgw

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cascade/channels"
	"cascade/policy"
)

// verdict is what a word of code_map means. An empty class is taken.
type verdict struct {
	class            policy.Class
	advice, adviceVI string
}

const (
	accountAdvice   = "Check the account's credentials, balance and permissions at the gateway."
	accountAdviceVI = "Kiểm tra thông tin xác thực, số dư và quyền của tài khoản tại nhà cung cấp."
)

var verdicts = map[string]verdict{
	"accepted":          {},
	"duplicate":         {},
	"refused_recipient": {class: policy.ClassRecipient},
	"refused_content":   {class: policy.ClassRequest},
	"config":            {policy.ClassAccount, accountAdvice, accountAdviceVI},
	"account":           {policy.ClassAccount, accountAdvice, accountAdviceVI},
	"throttled":         {class: policy.ClassThrottled},
	"down":              {class: policy.ClassDown},
	"unknown":           {class: policy.ClassUnknown},
}

// statusPrefix marks a key of code_map as an HTTP status: "http:503".
const statusPrefix = "http:"

// answer is a provider's answer, its JSON read if it is JSON.
type answer struct {
	*channels.Response
	doc any
}

func newAnswer(r *channels.Response) answer {
	doc, err := parseJSON(r.Body)
	if err != nil {
		doc = nil
	}
	return answer{r, doc}
}

// condition is one thing that must hold. matched false with told true: the answer speaks of it, and says otherwise.
type condition func(answer) (matched, told bool)

// response is a checked response configuration.
type response struct {
	success                   []condition
	providerID, code, message extractor
	codeMap                   map[string]string
}

// extractor answers a text out of an answer; nil is not configured.
type extractor func(answer) (string, bool)

func compileResponse(s responseSettings) (response, error) {
	r := response{codeMap: s.CodeMap}
	var err error
	if r.success, err = compileConditions(s.Success, "response.success"); err != nil {
		return response{}, err
	}
	if !slices.ContainsFunc(s.Success, func(c conditionSettings) bool { return len(c.Status) > 0 }) {
		r.success = append(r.success, is2xx)
	}
	if s.ProviderID != nil {
		if r.providerID, err = compileExtract(s.ProviderID.extract, "response.provider_id"); err != nil {
			return response{}, err
		}
	}
	if r.code, err = compileExtract(s.Code, "response.code"); err != nil {
		return response{}, err
	}
	if r.message, err = compileExtract(s.Message, "response.message"); err != nil {
		return response{}, err
	}
	return r, knownWords("response.code_map", s.CodeMap, verdicts)
}

func is2xx(a answer) (matched, told bool) { return a.Status >= 200 && a.Status < 300, false }

func compileConditions(list []conditionSettings, path string) ([]condition, error) {
	var conditions []condition
	for i, s := range list {
		c, err := compileCondition(s, fmt.Sprintf("%s[%d]", path, i))
		if err != nil {
			return nil, err
		}
		conditions = append(conditions, c)
	}
	return conditions, nil
}

func compileCondition(s conditionSettings, path string) (condition, error) {
	kinds := 0
	for _, set := range []bool{len(s.Status) > 0, s.Pointer != nil, s.Regex != ""} {
		if set {
			kinds++
		}
	}
	if kinds != 1 {
		return nil, bad(path, "needs one of status, pointer and regex")
	}
	switch {
	case s.Pointer != nil:
		return pointerCondition(s, path)
	case s.Equals != nil || s.In != nil:
		return nil, bad(path, "equals and in belong to a pointer")
	case s.Regex != "":
		re, err := regexp.Compile(s.Regex)
		if err != nil {
			return nil, bad(path+".regex", "%s", err)
		}
		return func(a answer) (bool, bool) { return re.Match(a.Body), false }, nil
	default:
		for _, status := range s.Status {
			if status < 200 || status > 599 {
				return nil, bad(path+".status", "%d is not an HTTP status that ends a call", status)
			}
		}
		return func(a answer) (bool, bool) { return slices.Contains(s.Status, a.Status), false }, nil
	}
}

// pointerCondition compares as text, so 0 and "0" are equal while 0 and "00" are not.
func pointerCondition(s conditionSettings, path string) (condition, error) {
	p, err := parsePointer(*s.Pointer)
	if err != nil {
		return nil, bad(path+".pointer", "%s", err)
	}
	raws := s.In
	if s.Equals != nil {
		raws = append(raws, s.Equals)
	}
	if (s.Equals == nil) == (len(s.In) == 0) {
		return nil, bad(path, "needs either equals or in beside the pointer")
	}
	var allowed []string
	for _, raw := range raws {
		text, ok := scalarOf(raw)
		if !ok {
			return nil, bad(path, "compares with texts, numbers and booleans only")
		}
		allowed = append(allowed, text)
	}
	return func(a answer) (bool, bool) {
		text, ok := p.text(a.doc)
		return ok && slices.Contains(allowed, text), ok
	}, nil
}

func scalarOf(raw json.RawMessage) (string, bool) {
	v, err := parseJSON(raw)
	if err != nil {
		return "", false
	}
	return scalar(v)
}

func compileExtract(s *extractSettings, path string) (extractor, error) {
	switch {
	case s == nil:
		return nil, nil
	case s.Pointer != nil && s.Regex == "" && s.Header == "":
		p, err := parsePointer(*s.Pointer)
		if err != nil {
			return nil, bad(path+".pointer", "%s", err)
		}
		return func(a answer) (string, bool) { return p.text(a.doc) }, nil
	case s.Pointer == nil && s.Regex != "" && s.Header == "":
		re, err := regexp.Compile(s.Regex)
		if err != nil {
			return nil, bad(path+".regex", "%s", err)
		}
		return func(a answer) (string, bool) {
			m := re.FindSubmatch(a.Body)
			if m == nil {
				return "", false
			}
			return string(m[min(1, len(m)-1)]), true // the first group, or the whole match
		}, nil
	case s.Pointer == nil && s.Regex == "" && s.Header != "":
		return func(a answer) (string, bool) { v := a.Header.Get(s.Header); return v, v != "" }, nil
	default:
		return nil, bad(path, "needs one of pointer, regex and header")
	}
}

// text is "" where nothing is configured or found.
func (e extractor) text(a answer) (string, bool) {
	if e == nil {
		return "", false
	}
	return e(a)
}

// judge answers nil when the message was taken. Order: the success conditions, the code map, the HTTP status; a 2xx
// that says neither yes nor no in a way that was configured is unknown.
func (r response) judge(a answer, now time.Time) *channels.Failure {
	ok, told := holds(r.success, a)
	if ok {
		return nil
	}
	code, hasCode := r.code.text(a)
	words, _ := r.message.text(a)
	if word, mapped := r.mapped(a.Status, code, hasCode); mapped {
		v := verdicts[word]
		if v.class == "" {
			return nil
		}
		f := &channels.Failure{Class: v.class, Code: word, ProviderCode: code, Detail: words, Advice: v.advice, AdviceVI: v.adviceVI}
		if v.class == policy.ClassThrottled {
			f.RetryAfter = channels.RetryAfter(a.Header, now)
		}
		return described(f, a.Status)
	}
	f := a.StatusFailure(now)
	switch {
	case f != nil:
	case told || hasCode:
		f = &channels.Failure{Class: policy.ClassRequest, Code: "refused"}
	default:
		f = &channels.Failure{Class: policy.ClassUnknown, Code: "unreadable_answer"}
	}
	if code != "" {
		f.ProviderCode = code
	}
	if words != "" {
		f.Detail = words
	}
	return described(f, a.Status)
}

func described(f *channels.Failure, status int) *channels.Failure {
	if f.ProviderCode == "" {
		f.ProviderCode = strconv.Itoa(status)
	}
	if f.Detail == "" {
		f.Detail = strings.TrimSpace(fmt.Sprintf("HTTP %d %s", status, http.StatusText(status)))
	}
	return f
}

// mapped looks the code up, then the HTTP status. A bare number is an HTTP status only where the gateway has no codes of
// its own: its 304 or 500 need not mean what HTTP means by them.
func (r response) mapped(status int, code string, hasCode bool) (string, bool) {
	if word, ok := r.codeMap[code]; ok && hasCode {
		return word, true
	}
	number := strconv.Itoa(status)
	if word, ok := r.codeMap[statusPrefix+number]; ok {
		return word, true
	}
	word, ok := r.codeMap[number]
	return word, ok && r.code == nil
}

// holds reports whether all conditions match, and whether any answer to them was told.
func holds(conditions []condition, a answer) (all, told bool) {
	all = true
	for _, c := range conditions {
		matched, said := c(a)
		all, told = all && matched, told || said
	}
	return all, told
}
