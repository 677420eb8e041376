package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
)

// zaloTexts are the codes that the simulator answers, with the words Zalo uses or a paraphrase.
var zaloTexts = map[int]string{
	-100:  "Unknown error",
	-106:  "Method unsupported",
	-107:  "Message id invalid",
	-108:  "Phone number invalid",
	-109:  "Template id invalid",
	-111:  "Template data empty",
	-112:  "Template data invalid",
	-114:  "User is inactive, or reject the message, or using an outdated Zalo version, or other internal errors",
	-115:  "Out of quota",
	-118:  "Zalo account not existed",
	-121:  "Body empty",
	-122:  "Body is not valid JSON",
	-124:  "Access token invalid",
	-131:  "Template is not approved",
	-132:  "Parameter invalid",
	-139:  "User refuses this type of message",
	-141:  "User refuses messages from this OA",
	-144:  "ZNS daily quota exceeded",
	-161:  "Sending mode invalid",
	-162:  "Sending mode is not allowed for this tag",
	-32:   "Rate limit reached",
	-1121: "A parameter is break max length",
	-1122: "A parameter is missing",
	-1241: "appsecret_proof invalid",
	-201:  "Params is invalid",
	-211:  "Out of quota",
	-213:  "User has not followed OA",
	-216:  "Access token is invalid",
	-242:  "appsecret_proof is invalid",
	-249:  "Template cannot be sent by user id",
	-321:  "Out of money",
}

// zaloCode turns a Rule's code into Zalo's.
func zaloCode(code string) int {
	switch code {
	case "", CodeUnknownUser:
		return -118
	case CodeQuota:
		return -144
	case CodeToken:
		return -124
	case codeBalance:
		return -115
	case Throttle:
		return -32
	}
	n, err := strconv.Atoi(code)
	if err != nil {
		return -100
	}
	return n
}

type zaloEnvelope struct {
	Error    int    `json:"error"`
	Message  string `json:"message"`
	Data     any    `json:"data,omitempty"`
	Metadata any    `json:"metadata,omitempty"`
}

func zaloError(code int) zaloEnvelope {
	text, ok := zaloTexts[code]
	if !ok {
		text = "Error " + strconv.Itoa(code)
	}
	return zaloEnvelope{Error: code, Message: text}
}

func zaloOK(data any) zaloEnvelope { return zaloEnvelope{Message: "Success", Data: data} }

func (s *Simulator) routesZalo() {
	s.zalo.init()
	s.mux.HandleFunc("/zalo/api/message/template", s.zaloSend(zaloByPhone))
	s.mux.HandleFunc("/zalo/api/message/template/hashphone", s.zaloSend(zaloByHash))
	s.mux.HandleFunc("/zalo/openapi/v3.0/oa/message/template", s.zaloSend(zaloByUser))
	s.mux.HandleFunc("/zalo/api/message/status", s.zaloGet(s.zaloStatus))
	s.mux.HandleFunc("/zalo/api/message/quota", s.zaloGet(s.zaloQuota))
	s.mux.HandleFunc("/zalo/api/template/all", s.zaloGet(s.zaloTemplates))
	s.mux.HandleFunc("/zalo/api/template/info/v2", s.zaloGet(s.zaloTemplate))
	s.mux.HandleFunc("/zalo/api/quality", s.zaloGet(s.zaloQuality))
	s.mux.HandleFunc("/zalo/api/", func(w http.ResponseWriter, r *http.Request) { s.plain(w, r, http.StatusOK, zaloError(-106)) })
	s.mux.HandleFunc("/zalo/oauth/v4/oa/access_token", s.zaloToken)
	s.mux.HandleFunc("/zalo/oauth/v4/oa/permission", s.zaloPermission)
	s.mux.HandleFunc("POST /zalo/events", s.postZaloEvent)
	s.mux.HandleFunc("PUT /zalo/quality", s.putZaloQuality)
}

// zaloAccount checks the token and, where the account wants it, appsecret_proof. code 0 is good.
func (s *Simulator) zaloAccount(r *http.Request) (acc *account, code int) {
	token := r.Header.Get("access_token")
	acc, ok := s.byToken(token)
	if !ok {
		return nil, -124
	}
	if acc.RequireProof {
		mac := hmac.New(sha256.New, []byte(acc.AppSecret))
		mac.Write([]byte(token))
		if r.Header.Get("appsecret_proof") != hex.EncodeToString(mac.Sum(nil)) {
			return acc, -1241
		}
	}
	return acc, 0
}

func (s *Simulator) zaloGet(answer func(*account, *http.Request) zaloEnvelope) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			s.plain(w, r, http.StatusOK, zaloError(-106))
			return
		}
		acc, code := s.zaloAccount(r)
		if code != 0 {
			s.plain(w, r, http.StatusOK, zaloError(code))
			return
		}
		if s.broken(w, r, acc) {
			return
		}
		s.plain(w, r, http.StatusOK, answer(acc, r))
	}
}

// broken plays an account's faults that concern any call: it waits when slow, and answers for one that is down.
func (s *Simulator) broken(w http.ResponseWriter, r *http.Request, acc *account) bool {
	switch acc.faultNow() {
	case FaultSlow:
		s.pause(r.Context(), slowness)
	case FaultDown:
		webPage(w, http.StatusBadGateway)
		return true
	}
	return false
}

func (s *Simulator) zaloStatus(acc *account, r *http.Request) zaloEnvelope {
	s.queries.Add(1)
	id := r.URL.Query().Get("message_id")
	if id == "" {
		return zaloError(-107)
	}
	rec, ok := s.book.find(Zalo, acc.ID, id)
	if !ok || rec.call.ProviderID != id {
		return zaloOK(map[string]any{"status": -1, "message": "The message does not exist"})
	}
	if c := rec.view(); c.DeliveredAt != nil {
		return zaloOK(map[string]any{
			"status": 1, "message": "The message was delivered to the user's phone", "delivery_time": millis(*c.DeliveredAt),
		})
	}
	return zaloOK(map[string]any{
		"status": 0, "message": "The message is pushed successfully to Zalo server but has not yet delivered to user's phone", "delivery_time": "",
	})
}

func (s *Simulator) zaloQuota(acc *account, _ *http.Request) zaloEnvelope {
	return zaloOK(map[string]any{
		"dailyQuota": itoa(acc.daily()), "remainingQuota": itoa(acc.left(s.opt.Now())),
		"dailyQuotaPromotion": nil, "remainingQuotaPromotion": nil,
	})
}

func (s *Simulator) zaloQuality(acc *account, _ *http.Request) zaloEnvelope {
	quality := s.zalo.qualityOf(acc.ID)
	return zaloOK(map[string]string{"oaCurrentQuality": quality, "oa7dayQuality": quality})
}
