// What a person agreed to, and where they said so.
import { del, put } from "../../api.js";
import { html, useState } from "../../html.js";
import { t } from "../../lang.js";
import { Confirm, Dialog } from "../../ui/dialog.js";
import { Field, Form, useSaving } from "../../ui/form.js";
import { Facts, Section, Time } from "../../ui/parts.js";
import { Categories, named } from "./categories.js";

export function Consent({ of: person, change, again }) {
  const [asking, setAsking] = useState("");
  const { consent } = person;
  const close = () => setAsking("");
  const actions = change && html`
    ${consent && html`<button type="button" onClick=${() => setAsking("withdraw")}>${t("recipients.withdraw")}</button>`}
    <button type="button" onClick=${() => setAsking("agree")}>${t("recipients.agree")}</button>`;
  return html`<${Section} title=${t("recipients.consent")} actions=${actions}>
    ${consent ? html`<${Facts} rows=${[
      [t("recipients.agreed"), named(consent.categories)],
      consent.source && [t("recipients.source"), html`<span class="words">${consent.source}</span>`],
      [t("recipients.agreed_at"), html`<${Time} at=${consent.at} />`],
    ]} />` : html`<p>${t("recipients.no_consent")}</p>`}
    ${asking === "agree" && html`<${Agreeing} of=${person} onClose=${close} again=${again} />`}
    ${asking === "withdraw" && html`<${Confirm} title=${t("recipients.withdraw")} yes=${t("recipients.withdraw")} onClose=${close}
      act=${() => del("/v1/consents/" + encodeURIComponent(person.phone)).then(again)}><p>${t("recipients.withdraw_note", { phone: person.phone })}</p><//>`}
  <//>`;
}

function Agreeing({ of: person, onClose, again }) {
  const [draft, setDraft] = useState({ categories: person.consent?.categories ?? [], source: person.consent?.source ?? "" });
  const saving = useSaving();
  const save = () => saving.run(async () => {
    await put("/v1/consents/" + encodeURIComponent(person.phone), draft);
    onClose();
    again();
  });
  return html`<${Dialog} title=${t("recipients.agree")} onClose=${onClose}>
    <${Form} onSubmit=${save} saving=${saving} onCancel=${onClose} said=${["categories", "source"]}>
      <p>${t("recipients.agree_note", { phone: person.phone })}</p>
      <${Categories} label=${t("recipients.agreed")} value=${draft.categories} onInput=${(categories) => setDraft({ ...draft, categories })} error=${saving.wrong("categories")} />
      <${Field} label=${t("recipients.source")} hint=${t("recipients.source_hint")} value=${draft.source} onInput=${(source) => setDraft({ ...draft, source })} error=${saving.wrong("source")} autocomplete="off" />
    <//>
  <//>`;
}
