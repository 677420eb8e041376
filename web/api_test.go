package web

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"cascade/models"
	"cascade/models/modelstest"
	"cascade/orchestrator/orchestratortest"
)

// What belongs to one tenant does not exist for another: the answer is that for an id that nobody has, to the byte.
func TestTenancy(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		things := a.things()
		var other struct {
			ID     uuid.UUID
			APIKey string `json:"api_key"`
		}
		decodeReply(t, a.wantAs(http.StatusCreated, testAdmin, "POST", "/v1/tenants", `{"name":"other"}`), &other)
		admin := a.signIn(a.addPerson(roleAdmin, other.ID))
		tried := 0
		for _, route := range a.router.Routes() {
			if !strings.HasPrefix(route.Path, "/v1/") || strings.HasPrefix(route.Path, "/v1/tenants") || !strings.Contains(route.Path, ":") {
				continue
			}
			key, body, headers := other.APIKey, `{}`, []string(nil)
			if strings.HasPrefix(route.Path, "/v1/users") || strings.HasSuffix(route.Path, "/reveal") { // people only
				key, headers = "", []string{"Cookie", admin}
			}
			if strings.HasSuffix(route.Path, "/reveal") {
				body = `{"reason":"curious"}`
			}
			collection := strings.Split(route.Path, "/")[2]
			thing, ok := things[collection]
			if !ok {
				t.Errorf("%s: this test has nothing of that kind to try", route.Path)
				continue
			}
			tried++
			if route.Method == http.MethodPut { // makes one of the caller's own
				a.putBeside(other.APIKey, fill(route.Path, thing.id, ""), thing.body)
				continue
			}
			theirs := a.do(route.Method, fill(route.Path, thing.id, thing.child), key, body, headers...)
			if collection == "recipients" { // a number is nobody's; what is known of it is a tenant's
				if theirs.status != http.StatusOK || !strings.Contains(string(theirs.body), `"suppression":null,"consent":null`) {
					t.Errorf("%s %s: of another tenant's number %d %s", route.Method, route.Path, theirs.status, theirs.body)
				}
				continue
			}
			nobodys := a.do(route.Method, fill(route.Path, thing.random, uuid.NewString()), key, body, headers...)
			if theirs.status != http.StatusNotFound || withoutRequestID(theirs) != withoutRequestID(nobodys) {
				t.Errorf("%s %s: another tenant's gets %d %s\nnobody's gets %d %s", route.Method, route.Path,
					theirs.status, theirs.body, nobodys.status, nobodys.body)
			}
		}
		if tried < 20 {
			t.Errorf("only %d routes were tried", tried)
		}
		for collection, thing := range things {
			if collection != "users" {
				a.want(http.StatusOK, "GET", "/v1/"+collection+"/"+thing.id, "")
			}
		}
	})
}

// thing is something of a tenant that a path can name.
type thing struct {
	id, random string
	child      string // a second parameter of the path
	body       string // of a PUT
}

// things makes one thing of every kind, by the collection it is in.
func (a *api) things() map[string]thing {
	a.t.Helper()
	const person, nobody = "+84912345678", "+84987654321"
	callback := a.newCallback()
	things := map[string]thing{
		"messages": {id: a.id(a.want(http.StatusAccepted, "POST", "/v1/messages", messageBody("0912345000", scheduled())))},
		"policies": {id: "night", random: "nobodys", body: `{"steps":[{"channel":"sms","until":"delivered","timeout":"1m"}]}`},
		"channels": {id: a.rig.Accounts["sms-main"].ID.String()},
		"templates": {
			id: "receipt", random: "nobodys",
			body: `{"category":"transaction","params":[{"name":"order"}],"content":{"sms":{"text":"Don {{order}}"}}}`,
		},
		"users":        {id: a.userID(a.addPerson(roleViewer, a.rig.Tenant.ID))},
		"callbacks":    {id: callback, child: a.firstDelivery(callback)},
		"suppressions": {id: person, random: nobody, body: `{"categories":["promotion"],"reason":"asked"}`},
		"recipients":   {id: person, random: nobody},
		"consents":     {id: person, random: nobody, body: `{"categories":["promotion"],"source":"form"}`},
	}
	for collection, thing := range things {
		if thing.body != "" {
			a.want(http.StatusOK, "PUT", "/v1/"+collection+"/"+thing.id, thing.body)
		}
		if thing.random == "" {
			thing.random = uuid.NewString()
			things[collection] = thing
		}
	}
	return things
}

// putBeside puts, as another tenant, something under a name that the first has in use, and takes it away again: neither
// may change what the first has.
func (a *api) putBeside(key, path, body string) {
	a.t.Helper()
	before := a.want(http.StatusOK, "GET", path, "")
	a.wantAs(http.StatusOK, key, "PUT", path, body)
	a.wantAs(http.StatusNoContent, key, "DELETE", path, "")
	if after := a.want(http.StatusOK, "GET", path, ""); !bytes.Equal(before.body, after.body) {
		a.t.Errorf("PUT and DELETE %s of one tenant changed that of another from %s to %s", path, before.body, after.body)
	}
}

// fill puts values into the parameters of a path, in order.
func fill(path, first, second string) string {
	parts := strings.Split(path, "/")
	values := []string{first, second}
	for i, part := range parts {
		if strings.HasPrefix(part, ":") {
			parts[i], values = values[0], values[1:]
		}
	}
	return strings.Join(parts, "/")
}

var requestIDField = regexp.MustCompile(`"request_id":"[^"]*"`)

func withoutRequestID(r reply) string {
	return strconv.Itoa(r.status) + r.header.Get("Content-Type") + requestIDField.ReplaceAllString(string(r.body), "")
}

// scheduled puts a message off far enough to stay where it is.
func scheduled() string {
	return `"send_at":"` + time.Now().Add(24*time.Hour).UTC().Format(time.RFC3339) + `",`
}

// A walk through the whole API. Every answer on the way is one that openapi.yaml describes, and every operation there
// has answered with success.
func TestResponsesMatchOpenAPI(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		a.walkTenants()
		a.walkConfiguration()
		a.walkMessages()
		a.walkReports()
		a.walkPeople()
		a.walkSignIn()
		a.walkOperations()
		a.walkProblems()

		doc, err := openapi3.NewLoader().LoadFromData(openAPI)
		if err != nil {
			t.Fatal(err)
		}
		for path, item := range doc.Paths.Map() {
			for method, operation := range item.Operations() {
				if !a.served[operation.OperationID] {
					t.Errorf("the walk had no success from %s %s", method, path)
				}
			}
		}
	})
}

func (a *api) walkTenants() {
	tenant := "/v1/tenants/" + a.id(a.wantAs(201, testAdmin, "POST", "/v1/tenants", `{"name":"walker"}`))
	a.wantAs(200, testAdmin, "GET", tenant, "")
	a.wantAs(200, testAdmin, "GET", "/v1/tenants?limit=1", "")
	a.wantAs(200, testAdmin, "GET", "/v1/system", "")
	key := a.id(a.wantAs(201, testAdmin, "POST", tenant+"/keys", `{"mode":"test","scopes":["messages:read"]}`))
	a.wantAs(204, testAdmin, "DELETE", tenant+"/keys/"+key, "")
	a.wantAs(200, testAdmin, "GET", tenant+"/keys", "")
}

func (a *api) walkConfiguration() {
	account := "/v1/channels/" + a.id(a.want(201, "POST", "/v1/channels", `{"name":"sms-spare","channel":"sms","adapter":"infobip",
		"settings":{"base_url":"`+a.rig.SimURL+`/infobip","api_key":"spare","sender":"ACME","webhook_secret":"hush"},"receipts":["sent"]}`))
	a.want(200, "GET", "/v1/channels", "")
	a.want(200, "GET", "/v1/adapters", "")
	a.want(200, "PATCH", account, `{"rate":{"per_second":5},"settings":{"sender":"SPARE"},"disabled":true}`)
	if shown := a.want(200, "GET", account, ""); bytes.Contains(shown.body, []byte("hush")) {
		a.t.Errorf("an account shows its secret: %s", shown.body)
	}
	a.want(200, "POST", "/v1/channels/"+a.rig.Accounts["oa-main"].ID.String()+"/check", "")
	a.want(200, "POST", "/v1/channels/"+a.rig.Accounts["sms-main"].ID.String()+"/check", "")
	a.want(200, "POST", "/v1/channels/"+a.rig.Accounts["oa-main"].ID.String()+"/sync", "")
	a.wantAs(200, "", "GET", a.consent(a.addDesk()), "")
	a.want(200, "GET", "/v1/channels/"+a.rig.Accounts["oa-main"].ID.String()+"/templates", "")
	a.want(200, "GET", "/v1/channels/"+a.rig.Accounts["oa-main"].ID.String()+"/moves", "")
	a.want(204, "DELETE", account, "")

	a.want(200, "PUT", "/v1/templates/receipt", `{"category":"transaction","params":[{"name":"order","example":"A-1"}],"content":{
		"zns":{"template_id":"412345","template_data":{"order":"{{order}}"}},
		"viber":{"text":"Don {{order}}","button":{"text":"Xem","url":"https://example.com/o"}},"sms":{"text":"Don {{order}}"}}}`)
	a.want(200, "GET", "/v1/templates/receipt", "")
	a.want(200, "POST", "/v1/templates/preview", `{"name":"receipt"}`)
	a.want(200, "POST", "/v1/templates/preview", `{"template":{"category":"otp","params":[{"name":"code"}],"content":{"sms":{"text":"Mã {{cod}}"}}},"params":{"x":"1"},"to":"1"}`)
	a.want(200, "PUT", "/v1/templates/gone", `{"category":"otp","params":[],"content":{"sms":{"text":"x"}}}`)
	a.want(200, "GET", "/v1/templates?limit=1", "")
	a.want(204, "DELETE", "/v1/templates/gone", "")

	a.want(200, "PUT", "/v1/policies/night", `{"steps":[{"channel":"viber","until":"read","timeout":"1m","accounts":["viber-main"],
		"when":"country == \"VN\""},{"channel":"sms","until":"sent","timeout":"90s"}],"ttl":"1h","max_cost":{"amount":"2000","currency":"VND"},
		"quiet_hours":{"from":"22:00","to":"07:00","timezone":"Asia/Ho_Chi_Minh","categories":["promotion"]}}`)
	a.want(200, "PUT", "/v1/policies/night", `{"steps":[{"channel":"sms","until":"sent","timeout":"90s"}]}`)
	a.want(200, "GET", "/v1/policies/night", "")
	a.want(200, "POST", "/v1/policies/check", `{"policy":{"steps":[{"channel":"zns","timeout":"2s"},{"channel":"sms","until":"read","timeout":"90s"}]},
		"template":"receipt","to":"0912345001"}`)
	a.want(200, "POST", "/v1/policies/check", `{"policy":[{"steps":{}}]}`)
	a.want(200, "GET", "/v1/policies", "")
	a.want(204, "DELETE", "/v1/policies/night", "")
	a.want(200, "GET", "/v1/policies/night/versions", "")

	a.want(200, "GET", "/v1/routes", "")
	a.want(200, "PUT", "/v1/routes", `{"rules":[{"when":"category == \"otp\"","policy":"default"}],"default":"default"}`)
	a.want(200, "GET", "/v1/routes", "")
	prices := a.want(200, "GET", "/v1/prices", "")
	a.want(200, "PUT", "/v1/prices", string(prices.body))
	a.want(200, "GET", "/v1/limits", "")
	a.want(200, "PUT", "/v1/limits", `{"cap_per_day":{"amount":"5000000","currency":"VND"},"unreachable_for":"72h"}`)

	callback := "/v1/callbacks/" + a.newCallback()
	a.want(200, "PATCH", callback, `{"events":["message.delivered"]}`)
	a.want(200, "GET", callback, "")
	a.want(200, "GET", "/v1/callbacks", "")
	a.want(204, "DELETE", callback, "")
	heard := a.newCallback()
	a.want(202, "POST", "/v1/callbacks/"+heard+"/deliveries/"+a.firstDelivery(heard)+"/replay", "")
	a.want(200, "GET", "/v1/callbacks/"+heard+"/deliveries?state=delivered", "")
	a.want(422, "GET", "/v1/callbacks/"+heard+"/deliveries?state=lost", "")
}

func (a *api) walkMessages() {
	id := a.id(a.want(202, "POST", "/v1/messages", `{"to":"0912345002","template":"receipt","params":{"order":"A-2"},
		"transaction_id":"order-2","metadata":{"shop":"1"}}`))
	a.rig.Await(uuid.MustParse(id), orchestratortest.Final)
	a.want(200, "GET", "/v1/messages/"+id, "")
	a.want(200, "GET", "/v1/messages/"+id+"/trace", "")
	a.want(200, "GET", "/v1/messages?format=csv&metadata=shop%3D1", "")
	a.want(200, "GET", "/v1/messages?format=xlsx&last4=5002", "")
	a.want(409, "POST", "/v1/messages", `{"to":"0912345002","template":"receipt","params":{"order":"A-2"},"transaction_id":"order-2"}`)
	a.want(200, "GET", "/v1/messages?limit=1&channel=zns", "")
	a.want(200, "POST", "/v1/messages/search", `{"to":"0912345002","limit":5}`)
	batch := a.want(200, "POST", "/v1/messages/batch", `{"messages":[`+messageBody("0912345003")+`,`+messageBody("1")+`,{"too":1}]}`)
	if !bytes.Contains(batch.body, []byte(`{"id":`)) || !bytes.Contains(batch.body, []byte("validation_failed")) {
		a.t.Errorf("a batch of good and bad: %s", batch.body)
	}
	a.want(200, "POST", "/v1/messages/preview", messageBody("0912345004"))
	for _, end := range []string{"cancel", "confirm"} {
		id := a.id(a.want(202, "POST", "/v1/messages", messageBody("0912345005", scheduled())))
		a.want(200, "POST", "/v1/messages/"+id+"/"+end, "")
		a.want(200, "GET", "/v1/messages/"+id, "")
	}
}

func (a *api) walkReports() {
	a.want(200, "POST", "/v1/policies/default/simulate", `{}`)
	a.want(200, "POST", "/v1/policies/default/simulate", `{"policy":{"steps":[{"channel":"sms","until":"sent","timeout":"1m"}]},"from":"2026-01-01T00:00:00Z","limit":5}`)
	a.want(200, "GET", "/v1/reports/delivery?group_by=step,day&policy=default", "")
	a.want(200, "GET", "/v1/overview", "")
	for _, format := range []string{"json", "csv", "xlsx"} {
		a.want(200, "GET", "/v1/reports/costs?group_by=channel,account,day,month,template,category,policy,operator&format="+format, "")
	}
}

func (a *api) walkPeople() {
	for path, body := range map[string]string{
		"/v1/suppressions/0912345678": `{"reason":"asked"}`,
		"/v1/consents/+84912345678":   `{"categories":["promotion"],"source":"form","at":"2026-01-02T03:04:05+07:00"}`,
	} {
		a.want(200, "PUT", path, body)
		a.want(200, "GET", path, "")
		a.want(200, "GET", "/v1/recipients/0912345678", "")
		a.want(204, "DELETE", path, "")
	}
	if known := a.want(200, "GET", "/v1/recipients/0912345678", ""); string(known.body) != `{"phone":"+84912345678","country":"VN","operator":"vinaphone","suppression":null,"consent":null}` {
		a.t.Errorf("of a number nobody knows: %s", known.body)
	}
}

func (a *api) walkSignIn() {
	var created struct{ ID, Password string }
	decodeReply(a.t, a.wantAs(201, testAdmin, "POST", "/v1/users",
		`{"name":"Walker@shop.vn","role":"operator","tenant_id":"`+a.rig.Tenant.ID.String()+`"}`), &created)
	cookie := a.signIn("walker@shop.vn", created.Password)
	a.wantPerson(200, cookie, "GET", "/v1/session", "")
	id := a.id(a.want(202, "POST", "/v1/messages", messageBody("0912345007", scheduled())))
	a.wantPerson(200, cookie, "POST", "/v1/messages/"+id+"/reveal", `{"reason":"the customer asks"}`)
	changed := a.wantPerson(204, cookie, "PUT", "/v1/session/password", `{"old":"`+created.Password+`","new":"another one"}`)
	a.wantPerson(204, cookieOf(changed), "DELETE", "/v1/session", "")
	a.wantAs(200, testAdmin, "GET", "/v1/users?limit=1", "")
	a.wantAs(200, testAdmin, "PATCH", "/v1/users/"+created.ID, `{"role":"admin","password":"yet another","disabled":true}`)
	a.wantAs(204, testAdmin, "DELETE", "/v1/users/"+created.ID, "")
	a.wantAs(200, testAdmin, "GET", "/v1/audit?action=message.reveal&after=2020-01-01T00:00:00Z", "")
}

func (a *api) walkOperations() {
	a.want(200, "GET", "/v1/requests?status=4xx&route=/v1/messages", "")
	for _, path := range []string{"/", "/v1/session", "/healthz", "/readyz", "/metrics", "/openapi.yaml", "/openapi.json", "/docs"} {
		a.wantAs(200, "", "GET", path, "")
	}
	hook := hookPath(a.rig.Accounts["sms-main"]) + "?token=hook-secret-sms-main"
	a.wantAs(200, "", "GET", hook, "")
	a.wantAs(200, "", "POST", hook, `{"results":[]}`)
}

func (a *api) walkProblems() {
	for _, tt := range []struct {
		status                        int
		key, method, path, body, code string
	}{
		{401, "", "GET", "/v1/messages", "", "unauthorized"},
		{401, a.key, "DELETE", "/v1/session", "", "no_session"},
		{401, "", "POST", "/v1/session", `{"name":"nobody","password":"ten letters"}`, "wrong_credentials"},
		{403, a.key, "GET", "/v1/tenants", "", "forbidden"},
		{404, a.key, "GET", "/v1/messages/" + uuid.NewString(), "", "not_found"},
		{400, a.key, "POST", "/v1/messages", `{`, "malformed_json"},
		{422, a.key, "POST", "/v1/messages", `{"to":"1"}`, "validation_failed"},
		{413, a.key, "POST", "/v1/messages", strings.Repeat(" ", maxBody+1), "body_too_large"},
		{422, a.key, "GET", "/v1/reports/costs?group_by=colour", "", "validation_failed"},
		{422, a.key, "GET", "/v1/reports/delivery?group_by=channel,day,step", "", "validation_failed"},
		{422, a.key, "GET", "/v1/reports/delivery?group_by=day,day", "", "validation_failed"},
		{422, a.key, "GET", "/v1/reports/delivery?from=2020-01-01", "", "validation_failed"},
		{422, a.key, "POST", "/v1/policies/default/simulate", `{"policy":{"steps":[]}}`, "validation_failed"},
		{422, a.key, "POST", "/v1/policies/default/simulate", `{"limit":100001}`, "validation_failed"},
		{422, a.key, "PUT", "/v1/policies/bad", `{"steps":[]}`, "validation_failed"},
	} {
		if r := a.do(tt.method, tt.path, tt.key, tt.body); r.status != tt.status || r.code() != tt.code {
			a.t.Errorf("%s %s: got %d %s, want %d %s", tt.method, tt.path, r.status, r.body, tt.status, tt.code)
		}
	}
	noStep := `{"to":"0912345006","category":"otp","policy":{"steps":[{"channel":"viber","until":"read","timeout":"1m"}]},"content":{"sms":{"text":"x"}}}`
	if r := a.do("POST", "/v1/messages", a.key, noStep); r.status != 422 || r.code() != "no_usable_step" {
		a.t.Errorf("no usable step: got %d %s", r.status, r.body)
	}
}

// hookPath is where a provider reports for an account.
func hookPath(account models.Account) string {
	return "/hooks/" + account.Adapter + "/" + account.ID.String()
}

func TestHookOverHTTP(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		path := hookPath(a.rig.Accounts["viber-main"])
		kept := func() []models.Receipt {
			t.Helper()
			rows, err := store.Receipts(t.Context(), a.rig.Tenant.ID, uuid.Nil)
			if err != nil {
				t.Fatal(err)
			}
			return rows
		}
		const unreadable, genuine = "not what the provider documents", "?token=hook-secret-viber-main"

		if r := a.wantAs(401, "", "POST", path+"?token=guess", unreadable); r.code() != "unauthorized" {
			t.Errorf("forged: %s", r.body)
		}
		if r := a.wantAs(413, "", "POST", path+genuine, strings.Repeat("x", maxHook+1)); r.code() != "body_too_large" {
			t.Errorf("too large: %s", r.body)
		}
		if rows := kept(); len(rows) != 0 {
			t.Errorf("a forged and a too large callback left %+v", rows)
		}
		for range 2 { // a repetition is kept once
			a.wantAs(200, "", "POST", path+genuine, unreadable)
		}
		rows := kept()
		if len(rows) != 1 || rows[0].State != models.ReceiptQuarantined || string(rows[0].Raw) != unreadable ||
			rows[0].AccountID != a.rig.Accounts["viber-main"].ID {
			t.Errorf("an unreadable callback left %+v", rows)
		}
	})
}

func TestCostReportCSV(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		a.rig.Policy("default", `{"steps":[{"channel":"sms","until":"delivered","timeout":"1m"}]}`)
		a.rig.Policy("cheap", `{"steps":[{"channel":"zns","until":"delivered","timeout":"1m"}]}`)
		for _, body := range []string{
			messageBody("0912345678"), messageBody("0912345679"),
			strings.Replace(messageBody("0912345680"), `"policy":"default"`, `"policy":"cheap"`, 1),
		} {
			a.rig.Await(uuid.MustParse(a.id(a.want(202, "POST", "/v1/messages", body))), orchestratortest.Final)
		}
		for _, groups := range []string{"channel", "policy,account,day"} {
			query := "/v1/reports/costs?group_by=" + groups + "&format="
			got, err := csv.NewReader(bytes.NewReader(a.want(200, "GET", query+"csv", "").body)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			want := tableOf(t, strings.Split(groups, ","), a.want(200, "GET", query+"json", ""))
			if len(want) != 3 {
				t.Errorf("%s: %d lines, want a head and two rows", groups, len(want))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: the CSV is not the JSON answer (-JSON +CSV):\n%s", groups, diff)
			}
		}
	})
}

// A row of a report is opened by filtering for its groups, and its sums stay what they were; the workbook tells its span.
func TestCostReportFilters(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, store *models.Store) {
		a := newAPI(t, store)
		a.rig.Policy("cheap", `{"steps":[{"channel":"zns","until":"delivered","timeout":"1m"}]}`)
		for _, to := range []string{"0912345678", "0912345679"} {
			for _, policyName := range []string{"default", "cheap"} {
				body := strings.Replace(messageBody(to), `"policy":"default"`, `"policy":"`+policyName+`"`, 1)
				a.rig.Await(uuid.MustParse(a.id(a.want(202, "POST", "/v1/messages", body))), orchestratortest.Final)
			}
		}
		type report struct {
			Data   []map[string]any
			Totals map[string]any
		}
		var whole report
		decodeReply(t, a.want(200, "GET", "/v1/reports/costs?group_by=policy,channel", ""), &whole)
		if len(whole.Data) < 2 || whole.Totals["sms_only"] == nil || whole.Totals["formula"] == "" {
			t.Fatalf("%+v", whole)
		}
		for _, row := range whole.Data {
			var part report
			query := fmt.Sprintf("/v1/reports/costs?group_by=policy,channel&policy=%s&channel=%s", row["policy"], row["channel"])
			decodeReply(t, a.want(200, "GET", query, ""), &part)
			if diff := cmp.Diff([]map[string]any{row}, part.Data); diff != "" {
				t.Errorf("%s: %s", query, diff)
			}
			if part.Totals["sms_only"] != nil || part.Totals["saved"] != nil {
				t.Errorf("%s: %+v", query, part.Totals)
			}
		}
		var none report
		decodeReply(t, a.want(200, "GET", "/v1/reports/costs?template=x", ""), &none)
		if len(none.Data) != 0 || !strings.Contains(fmt.Sprint(none.Totals["sms_only"]), "amount:0") {
			t.Errorf("of no template: %+v", none)
		}
		a.want(422, "GET", "/v1/reports/costs?channel=zns&channel=sms", "")

		book, err := excelize.OpenReader(bytes.NewReader(a.want(200, "GET", "/v1/reports/costs?group_by=month,channel&policy=cheap&format=xlsx&from=2026-01-01", "").body))
		if err != nil {
			t.Fatal(err)
		}
		defer book.Close()
		for cell, want := range map[string]excelize.CellType{"A2": excelize.CellTypeUnset, "B2": excelize.CellTypeSharedString, "C2": excelize.CellTypeUnset, "F2": excelize.CellTypeUnset} {
			if got, err := book.GetCellType("Costs", cell); err != nil || got != want {
				t.Errorf("cell %s has type %v, %v; a number has %v", cell, got, err, excelize.CellTypeUnset)
			}
		}
		rows, err := book.GetRows("About")
		if err != nil {
			t.Fatal(err)
		}
		about := map[string][]string{}
		for _, row := range rows {
			about[row[0]] = row[1:]
		}
		delete(about, "to (not included)") // is now
		want := map[string][]string{
			"from": {"2026-01-01 00:00:00"}, "zone": {"Asia/Ho_Chi_Minh"}, "only policy": {"cheap"}, "rows": {"1"}, "cost": {"400", "VND"},
		}
		if diff := cmp.Diff(want, about); diff != "" {
			t.Errorf("about: %s", diff)
		}
	})
}

// tableOf is a JSON cost report as the table that its CSV has to be.
func tableOf(t *testing.T, groups []string, r reply) [][]string {
	t.Helper()
	var report struct{ Data []map[string]json.RawMessage }
	decodeReply(t, r, &report)
	head := append(append([]string{}, groups...), "attempts", "billable", "units", "cost", "currency")
	table := [][]string{head}
	for _, row := range report.Data {
		var line []string
		for _, word := range groups {
			var text string
			if err := json.Unmarshal(row[word], &text); err != nil {
				t.Fatal(err)
			}
			line = append(line, text)
		}
		var cost struct{ Amount, Currency string }
		if err := json.Unmarshal(row["cost"], &cost); err != nil {
			t.Fatal(err)
		}
		table = append(table, append(line, string(row["attempts"]), string(row["billable"]), string(row["units"]), cost.Amount, cost.Currency))
	}
	return table
}
