// Whether a person must not be contacted.
import { del, put } from "../../api.js";
import { html, useState } from "../../html.js";
import { t } from "../../lang.js";
import { Confirm, Dialog } from "../../ui/dialog.js";
import { Field, Form, useSaving } from "../../ui/form.js";
import { Facts, Notice, Section, Time } from "../../ui/parts.js";
import { Categories, named } from "./categories.js";

export function Stop({ of: person, change, again }) {
  const [asking, setAsking] = useState("");
  const stop = person.suppression;
  const close = () => setAsking("");
  const actions = change && html`
    ${stop && html`<button type="button" onClick=${() => setAsking("lift")}>${t("recipients.lift")}</button>`}
    <button type="button" class=${stop ? "" : "danger"} onClick=${() => setAsking("stop")}>${t(stop ? "recipients.change" : "recipients.stop")}</button>`;
  return html`<${Section} title=${t("recipients.may")} actions=${actions}>
    ${stop ? html`<${Notice} tone="bad"><p><strong>${t(stop.categories.length > 0 ? "recipients.stopped_some" : "recipients.stopped")}</strong> ${t("recipients.stopped_note")}</p><//>
      <${Facts} rows=${[
        [t("recipients.kinds"), named(stop.categories)],
        stop.reason && [t("recipients.reason"), html`<span class="words">${stop.reason}</span>`],
        [t("recipients.since"), html`<${Time} at=${stop.created_at} />`],
      ]} />` : html`<p>${t("recipients.free")}</p>`}
    ${asking === "stop" && html`<${Stopping} of=${person} onClose=${close} again=${again} />`}
    ${asking === "lift" && html`<${Confirm} title=${t("recipients.lift")} yes=${t("recipients.lift")} danger=${false} onClose=${close}
      act=${() => del("/v1/suppressions/" + encodeURIComponent(person.phone)).then(again)}><p>${t("recipients.lift_note", { phone: person.phone })}</p><//>`}
  <//>`;
}

function Stopping({ of: person, onClose, again }) {
  const [draft, setDraft] = useState({ categories: person.suppression?.categories ?? [], reason: person.suppression?.reason ?? "" });
  const saving = useSaving();
  const save = () => saving.run(async () => {
    await put("/v1/suppressions/" + encodeURIComponent(person.phone), draft);
    onClose();
    again();
  });
  return html`<${Dialog} title=${t("recipients.stop")} onClose=${onClose}>
    <${Form} onSubmit=${save} saving=${saving} submit=${t("recipients.stop")} onCancel=${onClose} said=${["reason"]}>
      <p>${t("recipients.stop_note", { phone: person.phone })}</p>
      <${Categories} label=${t("recipients.stop_kinds")} value=${draft.categories} onInput=${(categories) => setDraft({ ...draft, categories })} />
      <${Field} label=${t("recipients.reason")} hint=${t("recipients.reason_hint")} value=${draft.reason} onInput=${(reason) => setDraft({ ...draft, reason })} error=${saving.wrong("reason")} autocomplete="off" />
    <//>
  <//>`;
}
