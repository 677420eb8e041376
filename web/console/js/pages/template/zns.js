// ZNS goes by a template that Zalo approved: which one, and what fills its params.
import { html, useState } from "../../html.js";
import { t, word } from "../../lang.js";
import { useLoad } from "../../live.js";
import { Link } from "../../router.js";
import { Field } from "../../ui/form.js";

export function Zns({ of, set, wrong }) {
  const data = of.template_data;
  const change = (i, name, value) => set({ template_data: data.map((row, n) => (n === i ? [name, value] : row)) });
  return html`<${Theirs} of=${of} set=${set} />
    <${Field} label=${t("template_zns.id")} mono value=${of.template_id} onInput=${(v) => set({ template_id: v })} error=${wrong("template_id")} />
    <div class="field"><span class="field-name">${t("template_zns.data")}</span><p class="hint">${t("template_zns.data_hint")}</p>
      ${data.map(([name, value], i) => html`<div class="pair" key=${i}>
        <input class="mono" aria-label=${t("template_zns.param")} placeholder=${t("template_zns.param")} value=${name} onInput=${(e) => change(i, e.currentTarget.value, value)} />
        <input class="mono" aria-label=${t("template_zns.value_of", { name })} placeholder=${"{{name}}"} value=${value} onInput=${(e) => change(i, name, e.currentTarget.value)} />
        <button type="button" class="quiet small" aria-label=${t("template_params.drop_one", { name })} onClick=${() => set({ template_data: data.filter((_, n) => n !== i) })}>×</button>
        ${wrong("template_data." + name) && html`<p class="error">${wrong("template_data." + name)}</p>`}</div>`)}
      <p><button type="button" class="small" onClick=${() => set({ template_data: [...data, ["", ""]] })}>${t("template_zns.add")}</button></p>
    </div>`;
}

// Theirs offers the templates that an account's provider approved, as they were synced last.
function Theirs({ of, set }) {
  const accounts = useLoad("/v1/channels?limit=200");
  const zns = accounts.data?.data.filter((a) => a.channel === "zns") ?? [];
  const [picked, pick] = useState("");
  const account = zns.find((a) => a.id === picked) ?? zns.find((a) => a.adapter === "zalo") ?? zns[0];
  const list = useLoad(account ? `/v1/channels/${account.id}/templates?limit=200` : "");
  const rows = list.data?.data ?? [];
  if (!account) return null;
  const choose = (id) => {
    const found = rows.find((r) => r.template_id === id);
    if (!found) return;
    const before = Object.fromEntries(of.template_data);
    set({ template_id: id, template_data: (found.params ?? []).map((p) => [p.name, before[p.name] ?? `{{${p.name}}}`]) });
  };
  const known = rows.find((r) => r.template_id === of.template_id);
  return html`${zns.length > 1 && html`<${Field} label=${t("template_zns.account")} kind="select" value=${account.id} onInput=${pick} options=${zns.map((a) => [a.id, a.name])} />`}
    ${rows.length > 0 ? html`<${Field} label=${t("template_zns.theirs")} kind="select" value=${known ? of.template_id : ""} onInput=${choose}
        hint=${known ? `${word("provider_template", known.status)}${known.quality ? ` · ${word("account_quality", known.quality)}` : ""}${known.reason ? ` · ${known.reason}` : ""}` : t("template_zns.theirs_hint")}
        options=${[["", t("template_zns.choose")], ...rows.map((r) => [r.template_id, `${r.name || r.template_id} (${r.template_id}) · ${word("provider_template", r.status)}`])]} />`
      : list.data && html`<p class="hint">${t("template_zns.none_synced", { account: account.name })} <${Link} href=${"/channels/" + account.id}>${t("template_zns.sync_there")}<//></p>`}`;
}
