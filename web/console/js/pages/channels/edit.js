// An account's name, settings and rate. Only what changed is sent; a secret that is not written anew stays as it is.
import { patch } from "../../api.js";
import { html, useState } from "../../html.js";
import { t, word } from "../../lang.js";
import { may } from "../../session.js";
import { Check, Field, Form, useDraft, useSaving } from "../../ui/form.js";
import { Notice } from "../../ui/parts.js";
import { Rate, Settings, readSetting, writeSetting } from "./settings.js";

const receipts = ["sent", "delivered", "read"];

// formOf is an account as a form holds it.
const formOf = (a) => ({
  name: a.name, per_second: String(a.rate.per_second || ""), concurrency: String(a.rate.concurrency || ""), receipts: a.receipts,
  settings: Object.fromEntries(Object.entries(a.settings).map(([name, v]) => [name, writeSetting(v)])),
});

// changesOf is the PATCH from one form to another; a setting that was emptied is removed.
function changesOf(was, is, secrets) {
  const settings = {};
  for (const name of new Set([...Object.keys(was.settings), ...Object.keys(is.settings)])) {
    if ((was.settings[name] ?? "") !== (is.settings[name] ?? "")) settings[name] = is.settings[name] ? readSetting(is.settings[name]) : null;
  }
  for (const [name, v] of Object.entries(secrets)) if (v) settings[name] = readSetting(v);
  return {
    ...(is.name !== was.name && { name: is.name.trim() }),
    ...(Object.keys(settings).length > 0 && { settings }),
    ...((is.per_second !== was.per_second || is.concurrency !== was.concurrency) && { rate: { per_second: Number(is.per_second), concurrency: Number(is.concurrency) } }),
    ...(String(is.receipts) !== String(was.receipts) && { receipts: is.receipts }),
  };
}

export function Edit({ account, adapter, onSaved }) {
  const was = formOf(account);
  const [draft, setDraft, drop] = useDraft("channel." + account.id, null);
  const [secrets, setSecrets] = useState({});
  const saving = useSaving();
  const form = draft ?? was;
  const fields = adapter?.settings ?? Object.keys(account.settings).map((name) => ({ name, secret: false, required: false, help: "" }));
  const changes = changesOf(was, form, secrets);
  const dirty = Object.keys(changes).length > 0;
  const change = (some) => setDraft((now) => ({ ...(now ?? was), ...some }));
  const forget = () => {
    drop(null);
    setSecrets({});
    saving.clear();
  };
  const save = () => dirty && saving.run(async () => {
    await patch("/v1/channels/" + account.id, changes);
    forget();
    onSaved();
  });
  const locked = !may("config:write");
  const ticked = (r, on) => change({ receipts: receipts.filter((one) => (one === r ? on : form.receipts.includes(one))) });
  return html`<${Form} onSubmit=${save} saving=${saving} submit=${dirty ? t("app.save") : t("channels.nothing_changed")} onCancel=${dirty ? forget : undefined}
      said=${["name", "rate.per_second", "rate.concurrency", ...fields.map((s) => "settings." + s.name)]}>
    ${locked && html`<${Notice}>${t("channels.may_not")}<//>`}
    ${dirty && html`<p class="unsaved">${t("channels.unsaved")}</p>`}
    <fieldset class="bare" disabled=${locked}>
      <${Field} label=${t("channels.name")} hint=${t("channels.rename_hint")} value=${form.name} onInput=${(name) => change({ name })} required maxlength="64" error=${saving.wrong("name")} />
      <${Settings} fields=${fields} kept open=${form.settings} secrets=${secrets} setSecrets=${setSecrets} wrong=${saving.wrong} setOpen=${(make) => change({ settings: make(form.settings) })} />
      <${Rate} of=${form} change=${change} wrong=${saving.wrong} />
      <fieldset class="ticks-set"><legend>${t("channels.receipts")}</legend><p class="hint">${t("channels.receipts_hint")}</p>
        <p class="choices">${receipts.map((r) => html`<${Check} label=${word("receipt", r)} value=${form.receipts.includes(r)} onInput=${(on) => ticked(r, on)} />`)}</p></fieldset>
    </fieldset>
  <//>`;
}
