// The tenant's templates: one text per channel under one name.
import { html } from "../html.js";
import { query } from "../api.js";
import { t, word } from "../lang.js";
import { useLoad } from "../live.js";
import { Link, useFilters } from "../router.js";
import { may } from "../session.js";
import { Channel, Code, Empty, Failure, Page, Section, Time, Waiting, curl } from "../ui/parts.js";
import { Pages, Table } from "../ui/table.js";

const example = { category: "transaction", params: [{ name: "customer", example: "Lan" }], content: { sms: { text: "Chao {{customer}}, don hang cua ban dang den." } } };

export function Templates() {
  const [{ cursor }, setFilters] = useFilters();
  const { data, problem, again } = useLoad("/v1/templates" + query({ limit: 100, cursor }));
  const actions = may("config:write") && html`<${Link} class="button primary" href="/templates/new">${t("templates.add")}<//>`;
  return html`<${Page} title=${t("nav.templates")} lead=${t("templates.lead")} actions=${actions}>
    <${Failure} problem=${problem} again=${again} />
    <${Section} title=${t("templates.list")}>
      ${!data && !problem && html`<${Waiting} lines=${5} />`}
      ${data && data.data.length === 0 && html`<${Empty} title=${t("templates.none")} command=${curl("PUT", "/v1/templates/order_shipped", example)}>${t("templates.none_note")}<//>`}
      ${data && data.data.length > 0 && html`<${Table} caption=${t("templates.list")} rows=${data.data} rowKey=${(r) => r.name} href=${(r) => "/templates/" + encodeURIComponent(r.name)} columns=${columns()} />
        <${Pages} next=${data.next_cursor} first=${!cursor} onNext=${(next) => setFilters({ cursor: next }, { replace: false })} onFirst=${() => setFilters({ cursor: "" })} />`}
    <//>
  <//>`;
}

const columns = () => [
  { key: "name", label: t("template.name"), cell: (r) => r.name },
  { key: "category", label: t("template.category"), cell: (r) => word("category", r.category) },
  { key: "channels", label: t("template.channels"), cell: (r) => html`<span class="path">${["zns", "viber", "sms"].filter((c) => r.content[c]).map((c) => html`<${Channel} of=${c} />`)}</span>` },
  { key: "text", label: t("template.text"), wide: true, cell: (r) => html`<span class="faint excerpt">${r.content.sms?.text || r.content.viber?.text || r.content.zns?.template_id}</span>` },
  { key: "params", label: t("template.params"), wide: true, cell: (r) => html`<span class="path">${r.params.map((p) => html`<${Code}>${p.name}<//>`)}</span>` },
  { key: "at", label: t("template.updated"), wide: true, cell: (r) => html`<${Time} at=${r.updated_at} />` },
];
