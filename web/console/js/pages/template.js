// One template, and a new one: written for every channel side by side, and tried out while it is written.
import { del, get, put, query } from "../api.js";
import { html, useState } from "../html.js";
import { t, word } from "../lang.js";
import { useLoad } from "../live.js";
import { go } from "../router.js";
import { may } from "../session.js";
import { Confirm } from "../ui/dialog.js";
import { Field, Form, useDraft, useSaving } from "../ui/form.js";
import { Copy, Failure, Notice, Page, Section, Time, Waiting, curl } from "../ui/parts.js";
import { Columns } from "./template/columns.js";
import { Params } from "./template/params.js";
import { Preview, usePreview } from "./template/preview.js";
import { bodyOf, empty, formOf, usedIn } from "./template/shape.js";

const crumbs = () => [["/templates", t("nav.templates")]];

export const NewTemplate = () => html`<${Editor} title=${t("templates.add")} was=${empty} fresh />`;

export function TemplatePage({ name }) {
  const { data, problem, again } = useLoad("/v1/templates/" + encodeURIComponent(name));
  if (!data) return html`<${Page} title=${name} crumbs=${crumbs()}>${problem ? html`<${Failure} problem=${problem} again=${again} />` : html`<${Waiting} lines=${8} />`}<//>`;
  return html`<${Editor} title=${name} was=${formOf(data)} updated=${data.updated_at} onSaved=${again} />`;
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

// save puts a template. A new one does not take the place of another of its name.
async function save(form, fresh) {
  const name = form.name.trim();
  if (fresh && (await get("/v1/templates" + query({ name }))).data.length > 0) throw taken();
  return put("/v1/templates/" + encodeURIComponent(name), bodyOf(form));
}

const taken = () => Object.assign(new Error(t("template.taken")), { code: "already_exists", errors: [{ field: "name", message: t("template.taken") }], of: (field) => (field === "name" ? t("template.taken") : "") });

function Editor({ title, was, updated, fresh = false, onSaved }) {
  const [draft, setDraft, drop] = useDraft("template." + (fresh ? "" : was.name), null);
  const [values, setValues] = useState({});
  const [to, setTo] = useState("");
  const [said, setSaid] = useState();
  const [deleting, setDeleting] = useState(false);
  const saving = useSaving();
  const form = draft ?? was;
  const locked = !may("config:write");
  const used = usedIn(form);
  const tried = Object.fromEntries(Object.entries(values).filter(([name, v]) => v && form.params.some((p) => p.name === name)));
  const shown = usePreview(bodyOf(form), tried, to.trim());
  // what the preview finds wrong stands at its field at once, without waiting for the first try to save; empty fields of a fresh form do not
  const found = (field) => shown.data?.errors.find((e) => e.field === "template." + field)?.message ?? "";
  const wrong = (field) => saving.wrong(field) || (fresh && !saving.problem ? "" : found(field));
  const change = (some) => {
    setSaid(undefined);
    setDraft((now) => ({ ...(now ?? was), ...some }));
  };
  const dirty = Boolean(draft) && !same(draft, was);
  const send = () => saving.run(async () => {
    const done = await save(form, fresh);
    drop(null);
    if (fresh) return go("/templates/" + encodeURIComponent(done.name));
    setSaid(done.warnings);
    return onSaved();
  });
  const path = "/v1/templates/" + encodeURIComponent(was.name);
  const actions = !fresh && html`<${Copy} text=${curl("GET", path)} label=${t("message.copy_curl")} />
    ${!locked && html`<button type="button" onClick=${() => setDeleting(true)}>${t("template.delete")}</button>`}`;
  return html`<${Page} title=${title} crumbs=${crumbs()} actions=${actions} lead=${fresh ? t("template.new_lead") : html`${word("category", was.category)} · ${t("template.updated")} <${Time} at=${updated} />`}>
    ${locked && html`<${Notice}>${t("channels.may_not")}<//>`}
    ${said && html`<${Notice} tone=${said.length ? "doubt" : "good"}><strong>${t("template.saved")}</strong>${said.length > 0 && html`<ul class="advice">${said.map((w) => html`<li>${word("warning", w.code) === w.code ? w.message || w.detail : word("warning", w.code)}</li>`)}</ul>`}<//>`}
    <${Form} onSubmit=${send} saving=${saving} submit=${fresh ? t("template.create") : t("app.save")} onCancel=${dirty ? () => { drop(null); saving.clear(); } : undefined} said=${stands(form)}>
      <${Section} title=${t("template.about")}><div class="fields">
        ${fresh && html`<${Field} label=${t("template.name")} hint=${t("template.name_hint")} mono required maxlength="64" value=${form.name} onInput=${(name) => change({ name })} error=${wrong("name")} />`}
        <${Field} label=${t("template.category")} hint=${t("template.category_hint")} kind="select" disabled=${locked} value=${form.category} onInput=${(category) => change({ category })} error=${wrong("category")}
          options=${["otp", "transaction", "care", "promotion"].map((c) => [c, word("category", c)])} />
      </div><//>
      <${Columns} form=${form} change=${change} wrong=${wrong} shown=${shown.data} locked=${locked} />
      <${Params} form=${form} used=${used} change=${change} values=${values} setValues=${setValues} to=${to} setTo=${setTo} wrong=${wrong} locked=${locked} />
      <${Preview} of=${shown} onPlain=${!locked && (() => change({ content: { ...form.content, sms: { text: withoutMarks(form.content.sms.text) } } }))} />
      ${dirty && html`<p class="unsaved">${t("channels.unsaved")}</p>`}
    <//>
    ${deleting && html`<${Confirm} title=${t("template.delete_title", { name: was.name })} yes=${t("template.delete")} onClose=${() => setDeleting(false)}
      act=${async () => { await del(path); drop(null); go("/templates"); }}><p>${t("template.delete_note")}</p><//>`}
  <//>`;
}

// withoutMarks drops the Vietnamese marks of a text, placeholders as they are: they hold no mark.
const withoutMarks = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").replaceAll("đ", "d").replaceAll("Đ", "D").normalize("NFC");

// stands lists the fields that say themselves what is wrong with them.
const stands = (form) => ["name", "category", "content", "content.sms.text", "content.viber.text", "content.viber.image_url", "content.viber.button.text", "content.viber.button.url", "content.zns.template_id",
  ...form.params.map((_, i) => `params[${i}].name`), ...(form.content.zns?.template_data ?? []).map(([name]) => "content.zns.template_data." + name)];
