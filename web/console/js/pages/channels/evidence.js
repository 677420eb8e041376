// What an account's provider keeps, and when messages were moved away from the account.
import { post, query } from "../../api.js";
import { html, useState } from "../../html.js";
import { number, share } from "../../format.js";
import { spoken, t, word } from "../../lang.js";
import { useLoad } from "../../live.js";
import { may } from "../../session.js";
import { useSaving } from "../../ui/form.js";
import { Code, Empty, Failure, Section, Status, Time, Waiting } from "../../ui/parts.js";
import { Pages, Table } from "../../ui/table.js";

// ProviderTemplates are the templates that the provider approved for the account.
export function ProviderTemplates({ path }) {
  const [cursor, setCursor] = useState("");
  const list = useLoad(path + "/templates" + query({ cursor }));
  const saving = useSaving();
  const sync = () => saving.run(async () => {
    await post(path + "/sync");
    setCursor("");
    list.again();
  });
  const rows = list.data?.data ?? [];
  return html`<${Section} title=${t("provider_templates.title")} note=${t("provider_templates.note")} actions=${may("config:write") && html`<button type="button" disabled=${saving.busy} onClick=${sync}>${t(saving.busy ? "provider_templates.syncing" : "provider_templates.sync")}</button>`}>
    <${Failure} problem=${saving.problem} again=${sync} />
    <${Failure} problem=${list.problem} again=${list.again} />
    ${!list.data && !list.problem && html`<${Waiting} />`}
    ${list.data && rows.length === 0 && html`<${Empty} title=${t("provider_templates.none")}>${t("provider_templates.none_note")}<//>`}
    ${rows.length > 0 && html`<${Table} caption=${t("provider_templates.title")} rows=${rows} rowKey=${(r) => r.template_id} columns=${columns()} />
      <${Pages} next=${list.data.next_cursor} first=${!cursor} onNext=${setCursor} onFirst=${() => setCursor("")} />`}
  <//>`;
}

const columns = () => [
  { key: "name", label: t("provider_templates.name"), cell: (r) => html`${r.name ? html`<span>${r.name}</span>` : html`<span class="faint">–</span>`} <span class="block-line"><${Code}>${r.template_id}<//></span>` },
  { key: "status", label: t("provider_templates.status"), cell: (r) => html`<${Status} of=${r.status} group="provider_template" />${r.reason && html`<span class="block-line faint">${r.reason}</span>`}` },
  { key: "quality", label: t("account_health.quality"), cell: (r) => (r.quality ? word("account_quality", r.quality) : html`<span class="faint">–</span>`) },
  { key: "params", label: t("provider_templates.params"), cell: (r) => html`<span class="path">${(r.params ?? []).map((p) => html`<${Code}>${p.required ? html`<span>${p.name}</span>*` : p.name}<//>`)}</span>` },
  { key: "price", label: t("provider_templates.price"), num: true, cell: (r) => (r.price ? number(r.price, { maximumFractionDigits: 4 }) : html`<span class="faint">–</span>`) },
  { key: "at", label: t("provider_templates.synced"), wide: true, cell: (r) => html`<${Time} at=${r.synced_at} />` },
];

// Moves tell when the account got fewer messages, why, and when it was well again.
export function Moves({ path }) {
  const [cursor, setCursor] = useState("");
  const { data, problem, again } = useLoad(path + "/moves" + query({ cursor }));
  return html`<${Section} title=${t("channel_moves.title")} note=${t("channel_moves.note")}>
    <${Failure} problem=${problem} again=${again} />
    ${!data && !problem && html`<${Waiting} lines=${2} />`}
    ${data && data.data.length === 0 && html`<p class="faint">${t("channel_moves.none")}</p>`}
    ${data && data.data.length > 0 && html`<${Table} caption=${t("channel_moves.title")} rows=${data.data} columns=${[
      { key: "at", label: t("app.when"), cell: (m) => html`<${Time} at=${m.at} />` },
      { key: "share", label: t("channel_moves.share"), num: true, cell: (m) => share(m.share) },
      { key: "why", label: t("channel_moves.why"), cell: (m) => (m.reason ? word("reason", m.reason) : t("channel_moves.well")) },
      { key: "detail", label: t("channel_moves.detail"), cell: (m) => html`<span class="faint">${spoken(m, "detail")}</span>` },
    ]} /><${Pages} next=${data.next_cursor} first=${!cursor} onNext=${setCursor} onFirst=${() => setCursor("")} />`}
  <//>`;
}
