import { patch, post } from "../../api.js";
import { html, useRef } from "../../html.js";
import { t, word } from "../../lang.js";
import { Dialog } from "../../ui/dialog.js";
import { Check, Field, Form, useDraft, useSaving } from "../../ui/form.js";

// events lists what an endpoint can hear of.
export const events = [
  "message.sent", "message.delivered", "message.read", "message.failed", "message.expired", "message.canceled",
  "message.replied", "attempt.failed", "attempt.timed_out",
];

// EndpointForm makes an endpoint, or changes one.
export function EndpointForm({ endpoint, onClose, onSaved }) {
  const [draft, setDraft, drop] = useDraft("callback." + (endpoint?.id || "new"), { url: endpoint?.url || "", events: endpoint?.events || events });
  const once = useRef(crypto.randomUUID());
  const saving = useSaving();
  const save = () => saving.run(async () => {
    const body = { url: draft.url.trim(), events: draft.events };
    const saved = endpoint ? await patch("/v1/callbacks/" + endpoint.id, body) : await post("/v1/callbacks", body, { headers: { "Idempotency-Key": once.current } });
    drop();
    onSaved(saved);
    onClose();
  }).finally(() => { once.current = crypto.randomUUID(); });
  const turn = (event) => (on) => setDraft({ ...draft, events: events.filter((e) => (e === event ? on : draft.events.includes(e))) });
  const cancel = () => {
    drop();
    onClose();
  };
  return html`<${Dialog} title=${t(endpoint ? "callbacks.edit" : "callbacks.make")} onClose=${onClose}>
    <${Form} onSubmit=${() => draft.events.length > 0 && save()} saving=${saving} onCancel=${cancel} said=${["url"]}>
      <${Field} label=${t("callbacks.url")} kind="url" value=${draft.url} onInput=${(url) => setDraft({ ...draft, url })} required mono
        placeholder="https://app.example.com/cascade" hint=${t("callbacks.url_hint")} error=${saving.wrong("url")} />
      <fieldset class="boxes"><legend>${t("callbacks.events")}</legend>
        ${events.map((e) => html`<${Check} key=${e} label=${html`<code>${e}</code> <span class="faint">${word("hears", e)}</span>`} value=${draft.events.includes(e)} onInput=${turn(e)} />`)}
        ${draft.events.length === 0 && html`<p class="error">${t("callbacks.one_event")}</p>`}
      </fieldset>
    <//>
  <//>`;
}
