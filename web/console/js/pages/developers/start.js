// The first steps of an app: send, hear back, and try what can go wrong.
import { html, useState } from "../../html.js";
import { t } from "../../lang.js";
import { Section, Snippet, curl } from "../../ui/parts.js";

const message = { to: "+84900000004", content: { zns: { template_id: "1", template_data: { code: "A-1029" } }, viber: { text: "Order A-1029 is on its way." }, sms: { text: "Order A-1029 is on its way." } } };

const samples = {
  "Node.js": `import { Webhook } from "standardwebhooks";
app.post("/cascade", express.raw({ type: "*/*" }), (req, res) => {
  const event = new Webhook(process.env.CASCADE_SECRET).verify(req.body, req.headers); // throws if forged
  if (!seen(req.headers["webhook-id"])) handle(event); // a repetition carries the same id
  res.sendStatus(204);
});`,
  Python: `from standardwebhooks import Webhook
@app.post("/cascade")
def cascade():
    event = Webhook(os.environ["CASCADE_SECRET"]).verify(request.data, dict(request.headers))  # raises if forged
    if not seen(request.headers["webhook-id"]): handle(event)  # a repetition carries the same id
    return "", 204`,
  Go: `func cascade(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil || hook.Verify(body, r.Header) != nil { // hook, err := standardwebhooks.NewWebhook(secret)
		w.WriteHeader(http.StatusUnauthorized); return
	}
	if !seen(r.Header.Get("webhook-id")) { handle(body) } // a repetition carries the same id
}`,
};

const numbers = Array.from({ length: 12 }, (_, i) => `+849000000${String(i + 1).padStart(2, "0")}`);

export function Start() {
  const [shown, setShown] = useState("Node.js");
  return html`
    <${Section} title=${t("quickstart.send")} note=${t("quickstart.send_note")} id="send"><${Snippet} text=${curl("POST", "/v1/messages", message)} /><//>
    <${Section} title=${t("quickstart.verify")} note=${t("quickstart.verify_note")} id="verify" actions=${html`<div class="one-of" role="group" aria-label=${t("quickstart.language")}>
      ${Object.keys(samples).map((name) => html`<button type="button" class="small" key=${name} aria-pressed=${name === shown} onClick=${() => setShown(name)}>${name}</button>`)}</div>`}>
      <${Snippet} text=${samples[shown]} />
    <//>
    <${Section} title=${t("quickstart.numbers")} note=${t("quickstart.numbers_note")} id="numbers">
      <div class="table-room" role="group" aria-label=${t("quickstart.numbers")} tabindex="0"><table>
        <thead><tr><th scope="col">${t("quickstart.number")}</th><th scope="col">${t("quickstart.happens")}</th></tr></thead>
        <tbody>${numbers.map((number, i) => html`<tr key=${number}><td><code class="whole">${number}</code></td><td>${t("testnumber." + (i + 1))}</td></tr>`)}</tbody>
      </table></div>
    <//>`;
}
