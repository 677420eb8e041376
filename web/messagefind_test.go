package web

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator/orchestratortest"
)

func TestMessageFilters(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		id := a.id(a.want(202, "POST", "/v1/messages", messageBody("0912345678", `"metadata":{"order":"A=1"},"transaction_id":"=T-1",`)))
		waiting := a.id(a.want(202, "POST", "/v1/messages", messageBody("0912345679", scheduled())))
		a.rig.Await(uuid.MustParse(id), orchestratortest.Final)
		for query, want := range map[string][]string{
			"":                               {waiting, id},
			"last4=5678":                     {id},
			"last4=0000":                     {},
			"id=" + id:                       {id},
			"id=" + strings.ToUpper(id[:35]): {id},
			"id=" + uuid.NewString():         {},
			"metadata=order=A%3D1":           {id},
			"metadata=order%3D":              {},
			"category=transaction&test=false&operator=vinaphone": {waiting, id},
			"test=true":                           {},
			"reason=scheduled":                    {waiting},
			"open=true":                           {waiting},
			"unknown=true":                        {},
			"account=oa-main":                     {id},
			"account=oa-main&attempt_channel=sms": {},
			"attempt_channel=zns":                 {id},
			"transaction_id=%3DT-1&last4=5678":    {id},
		} {
			var got struct{ Data []struct{ ID string } }
			decodeReply(t, a.want(200, "GET", "/v1/messages?"+query, ""), &got)
			ids := []string{}
			for _, m := range got.Data {
				ids = append(ids, m.ID)
			}
			if !slices.Equal(ids, want) {
				t.Errorf("%s: got %v, want %v", query, ids, want)
			}
		}
		var got struct{ Data []struct{ ID string } }
		body := `{"last4":"5678","metadata":"order=A=1","test":false,"id":"` + id[:8] + `","account":"oa-main","attempt_channel":"zns","category":"transaction"}`
		if decodeReply(t, a.want(200, "POST", "/v1/messages/search", body), &got); len(got.Data) != 1 || got.Data[0].ID != id {
			t.Errorf("a search finds %v", got.Data)
		}
		for _, query := range []string{
			"last4=123", "last4=12345", "last4=12a4", "last4=", "id=0190d3a", "id=nothing-of-hex", "id=" + id + "0", "metadata=order", "metadata==x", "test=maybe", "test=",
			"open=false", "unknown=1", "attempt_channel=fax", "category=news", "colour=red", "last4=1234&last4=1235", "format=pdf", "format=csv&limit=5",
			"format=csv&format=csv", "format=xlsx&cursor=x", "format=csv&last4=1",
		} {
			if r := a.do("GET", "/v1/messages?"+query, a.key, ""); r.status != 422 || r.code() != "validation_failed" {
				t.Errorf("%s answers %d %s", query, r.status, r.body)
			}
		}
	})
}

func TestMessageExport(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		id := a.id(a.want(202, "POST", "/v1/messages", messageBody("0912345678", `"transaction_id":"=1+2","metadata":{"order":"A-1"},`)))
		a.rig.Await(uuid.MustParse(id), orchestratortest.Final)
		a.want(202, "POST", "/v1/messages", messageBody("0912345679", scheduled()))

		r := a.want(200, "GET", "/v1/messages?format=csv&metadata=order%3DA-1", "")
		rows, err := csv.NewReader(bytes.NewReader(r.body)).ReadAll()
		if err != nil || len(rows) != 2 || !slices.Equal(rows[0], exportColumns) {
			t.Fatalf("the file is %q, %v", r.body, err)
		}
		cell := func(name string) string { return rows[1][slices.Index(exportColumns, name)] }
		for name, want := range map[string]string{
			"id": id, "to": "84912345678", "status": "delivered", "channel": "zns", "category": "transaction", "policy": "default", "version": "1",
			"transaction_id": "'=1+2", "cost": "200", "currency": "VND", "attempts": "1", "reason": "until_reached", "test": "false",
		} {
			if cell(name) != want {
				t.Errorf("%s is %q, want %q", name, cell(name), want)
			}
		}
		if cell("created_at") == "" || cell("completed_at") == "" || cell("seconds_to_reach") == "" {
			t.Errorf("a delivered message has no times: %q", rows[1])
		}
		res := a.fetch("/v1/messages?format=csv")
		if res.Trailer.Get("X-Truncated") != "false" {
			t.Errorf("the trailer is %v", res.Trailer)
		}

		r = a.want(200, "GET", "/v1/messages?format=xlsx", "")
		if r.header.Get("X-Truncated") != "false" {
			t.Errorf("the header is %v", r.header)
		}
		book, err := excelize.OpenReader(bytes.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		defer book.Close()
		cells, err := book.GetRows("Sheet1")
		if err != nil || len(cells) != 3 || cells[2][slices.Index(exportColumns, "to")] != "+84912345678" {
			t.Errorf("the sheet is %q, %v", cells, err)
		}
		if kind, err := book.GetCellType("Sheet1", "C3"); err != nil || kind != excelize.CellTypeInlineString && kind != excelize.CellTypeSharedString {
			t.Errorf("a phone number is of type %v, %v", kind, err)
		}
		if formula, err := book.GetCellFormula("Sheet1", "J3"); err != nil || formula != "" {
			t.Errorf("a cell is the formula %q, %v", formula, err)
		}
	})
}

// fetch reads an answer to its end, trailer included.
func (a *api) fetch(path string) *http.Response {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), "GET", a.url+path, http.NoBody)
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.key)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := new(bytes.Buffer).ReadFrom(res.Body); err != nil {
		a.t.Fatal(err)
	}
	return res
}

func TestTraceOverHTTP(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		callback := a.newCallback()
		id := a.id(a.want(202, "POST", "/v1/messages", messageBody("0912345678")))
		a.rig.Await(uuid.MustParse(id), orchestratortest.Final)
		a.flush()
		r := a.want(200, "GET", "/v1/messages/"+id+"/trace", "")
		var v struct {
			Message   struct{ ID, Status string }
			Plan      []struct{ Channel string }
			Calls     []struct{ Kind string }
			Callbacks []struct {
				Callback string `json:"callback_id"`
				Type     string
				URL      string
			}
		}
		decodeReply(t, r, &v)
		if v.Message.ID != id || len(v.Plan) != 3 || len(v.Calls) == 0 || len(v.Callbacks) == 0 || v.Callbacks[0].Callback != callback || v.Callbacks[0].URL == "" {
			t.Errorf("the trace is %s", r.body)
		}
		stranger, key := models.Tenant{ID: uuid.Must(uuid.NewV7()), Name: "stranger", DefaultRegion: "VN", Timezone: "UTC", Currency: "VND"}, ""
		row, _ := models.NewAPIKey(stranger.ID, models.ModeLive, scopes(), 1)
		if err := store.CreateTenant(t.Context(), stranger, row); err != nil {
			t.Fatal(err)
		}
		key = a.newKey(stranger.ID)
		a.wantAs(404, key, "GET", "/v1/messages/"+id+"/trace", "")
		a.want(404, "GET", "/v1/messages/nothing/trace", "")
	})
}

func TestRequestsAreListed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		a.want(200, "GET", "/v1/messages?last4=5678", "")
		bad := a.want(422, "POST", "/v1/messages", `{"to":"0912345678","template":"482913","secret":"planted"}`)
		a.want(404, "GET", "/v1/messages/"+uuid.NewString(), "")
		a.wantAs(401, "cas_live_nobody", "GET", "/v1/messages", "")
		a.flush()
		for query, want := range map[string][]string{
			"":                        {"GET /v1/messages/{id} 404 not_found", "POST /v1/messages 422 validation_failed", "GET /v1/messages 200 "},
			"status=4xx":              {"GET /v1/messages/{id} 404 not_found", "POST /v1/messages 422 validation_failed"},
			"status=200":              {"GET /v1/messages 200 "},
			"status=5xx":              {},
			"route=/v1/messages/{id}": {"GET /v1/messages/{id} 404 not_found"},
			"request_id=" + bad.header.Get("X-Request-Id"):            {"POST /v1/messages 422 validation_failed"},
			"status=200&request_id=" + bad.header.Get("X-Request-Id"): {},
			"request_id=" + uuid.NewString():                          {},
		} {
			r := a.want(200, "GET", "/v1/requests?"+query, "")
			var got requestListed
			decodeReply(t, r, &got)
			lines := []string{}
			for _, e := range got.Data {
				lines = append(lines, e.Method+" "+e.Route+" "+itoa(e.Status)+" "+e.Code)
				if !strings.HasPrefix(a.key, e.Actor) || e.Actor == "" {
					t.Errorf("the actor is %q", e.Actor)
				}
			}
			if !slices.Equal(lines, want) {
				t.Errorf("%s: got %q, want %q", query, lines, want)
			}
			for _, planted := range []string{"912345678", "482913", "5678", "planted", a.key} {
				if bytes.Contains(withoutIDs(t, r.body), []byte(planted)) {
					t.Errorf("%s: %s is told in %s", query, planted, r.body)
				}
			}
		}
		for _, query := range []string{"status=abc", "status=6xx", "status=999", "request_id=1", "colour=red", "limit=0"} {
			if r := a.do("GET", "/v1/requests?"+query, a.key, ""); r.status != 422 {
				t.Errorf("%s answers %d", query, r.status)
			}
		}
		var first requestListed
		if decodeReply(t, a.want(200, "GET", "/v1/requests?limit=1", ""), &first); len(first.Data) != 1 || first.NextCursor == nil {
			t.Errorf("a page of one is %+v", first)
		}
	})
}

type requestListed struct {
	Data []struct {
		Method, Route, Code, Actor string
		Status                     int64
	}
	NextCursor *string `json:"next_cursor"`
}

// withoutIDs drops ids and times, whose digits are chance.
func withoutIDs(t *testing.T, body []byte) []byte {
	t.Helper()
	var list struct{ Data []map[string]any }
	if err := json.Unmarshal(body, &list); err != nil {
		t.Fatal(err)
	}
	for _, entry := range list.Data {
		delete(entry, "request_id")
		delete(entry, "at")
	}
	out, err := json.Marshal(list.Data)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
