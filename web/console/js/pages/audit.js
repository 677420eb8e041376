// Who changed or revealed what. The log only grows.
import { query } from "../api.js";
import { dayAt, dayUntil, endOf, startOf } from "../days.js";
import { html } from "../html.js";
import { t, word } from "../lang.js";
import { useLoad } from "../live.js";
import { useFilters } from "../router.js";
import { isInstallation, useSession } from "../session.js";
import { Field } from "../ui/form.js";
import { Empty, Facts, Failure, ID, Page, Section, Time, Waiting } from "../ui/parts.js";
import { Search } from "../ui/search.js";
import { Pages } from "../ui/table.js";
import { Unfold } from "../ui/unfold.js";
import { actions } from "./audit/actions.js";

const names = ["actor", "action", "object", "after", "before", "tenant_id"];

export function Audit() {
  const session = useSession();
  const [filters, set] = useFilters();
  const { row: open, ...asked } = filters;
  const { data, problem, again } = useLoad("/v1/audit" + query(asked));
  const narrow = (changes) => set({ ...changes, cursor: "", row: "" });
  const narrowed = names.some((name) => asked[name]);
  const day = (name, edge, shown) => html`<${Field} label=${t("audit." + name)} kind="date" value=${shown(asked[name])} onInput=${(v) => narrow({ [name]: v && edge(v) })} />`;
  return html`<${Page} title=${t("nav.audit")} lead=${t("audit.lead")}>
    <${Search} fields=${[["actor", t("audit.actor"), ""], ["object", t("audit.object"), ""]]} values=${Object.fromEntries(names.map((name) => [name, asked[name]]))} onSearch=${narrow}>
      <${Field} label=${t("audit.action")} kind="select" value=${asked.action} onInput=${(action) => narrow({ action })} options=${[["", t("audit.any")], ...actions.map((a) => [a, word("action", a)])]} />
      ${isInstallation() && session.tenants.length > 0 && html`<${Field} label=${t("audit.tenant")} kind="select" value=${asked.tenant_id} onInput=${(tenant_id) => narrow({ tenant_id })} options=${[["", t("audit.any")], ...session.tenants.map((one) => [one.id, one.name])]} />`}
      ${day("after", startOf, dayAt)} ${day("before", endOf, dayUntil)}
    <//>
    <${Failure} problem=${problem} again=${again} />
    <${Section} title=${t("audit.list")}>
      ${!data && !problem && html`<${Waiting} lines=${8} />`}
      ${data && data.data.length === 0 && html`<${Empty} title=${t(narrowed ? "audit.none_found" : "audit.none")} />`}
      ${data && data.data.length > 0 && html`
        <${Unfold} caption=${t("audit.list")} rows=${data.data} open=${open} href=${(r) => "/audit" + query({ ...filters, row: r?.id })} columns=${columns()}>${(r) => html`<${Entry} of=${r} tenants=${session.tenants} />`}<//>
        <${Pages} next=${data.next_cursor} first=${!asked.cursor} onNext=${(cursor) => set({ cursor, row: "" }, { replace: false })} onFirst=${() => set({ cursor: "", row: "" })} />`}
    <//>
  <//>`;
}

const columns = () => [
  { key: "at", label: t("app.when"), cell: (r) => html`<${Time} at=${r.at} />` },
  { key: "actor", label: t("audit.actor"), cell: (r) => html`<${Actor} of=${r} />` },
  { key: "action", label: t("audit.action"), cell: (r) => word("action", r.action) },
  { key: "object", label: t("audit.object"), cell: (r) => (r.object.length === 36 ? html`<${ID} of=${r.object} />` : r.object ? html`<code>${r.object}</code>` : html`<span class="faint">–</span>`) },
  { key: "source", label: t("audit.source"), wide: true, cell: (r) => html`<code>${r.source}</code>` },
];

const Actor = ({ of: r }) => (r.actor_kind === "admin_key" ? word("actor", r.actor_kind)
  : html`<span class="words">${r.actor}</span>${r.actor_kind === "key" && html` <span class="tag">${word("actor", r.actor_kind)}</span>`}`);

const Entry = ({ of: r, tenants }) => html`<div class="opened">
  <${Facts} rows=${[
    [t("audit.action"), html`${word("action", r.action)} <code>${r.action}</code>`],
    [t("audit.actor"), html`<${Actor} of=${r} />`],
    r.object && [t("audit.object"), html`<code>${r.object}</code>`],
    [t("audit.source"), html`<code>${r.source}</code>`],
    isInstallation() && [t("audit.tenant"), r.tenant_id ? tenants.find((one) => one.id === r.tenant_id)?.name || html`<code>${r.tenant_id}</code>` : t("people.whole")],
    [t("audit.id"), html`<code>${r.id}</code>`],
  ]} />
  <div><h3>${t("audit.detail")}</h3><pre class="block" tabindex="0">${JSON.stringify(r.detail, null, 2)}</pre></div>
</div>`;
