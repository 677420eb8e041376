// The request log: what the API was asked of late and how it answered.
import { query } from "../../api.js";
import { html } from "../../html.js";
import { duration } from "../../format.js";
import { t } from "../../lang.js";
import { useLoad } from "../../live.js";
import { useFilters } from "../../router.js";
import { Field } from "../../ui/form.js";
import { Empty, Facts, Failure, Notice, Section, Time, Waiting, curl } from "../../ui/parts.js";
import { Search } from "../../ui/search.js";
import { Pages } from "../../ui/table.js";
import { LookBack } from "../../ui/lookback.js";
import { Unfold } from "../../ui/unfold.js";
import { Developers } from "./frame.js";

export function Requests() {
  const [filters, set] = useFilters();
  const { row: open, ...asked } = filters;
  const { data, problem, again } = useLoad("/v1/requests" + query(asked));
  const narrowed = Boolean(asked.status || asked.route || asked.request_id);
  const narrow = (changes) => set({ ...changes, cursor: "", row: "" });
  return html`<${Developers}>
    <${Section} title=${t("requests.title")} note=${t("requests.note")} actions=${html`<button type="button" onClick=${again}>${t("requests.reload")}</button>`}>
      <${Search} fields=${[["status", t("requests.status"), "422"], ["route", t("requests.route"), "/v1/messages"], ["request_id", t("requests.id"), ""]]} values=${asked} onSearch=${narrow}>
        <${Field} label=${t("requests.answered")} kind="select" value=${["2xx", "4xx", "5xx"].includes(asked.status) ? asked.status : ""} onInput=${(status) => narrow({ status })}
          options=${[["", t("requests.any")], ["2xx", t("requests.2xx")], ["4xx", t("requests.4xx")], ["5xx", t("requests.5xx")]]} />
      <//>
      <${Failure} problem=${problem} again=${again} />
      ${!data && !problem && html`<${Waiting} lines=${8} />`}
      ${data?.dropped > 0 && html`<${Notice} tone="doubt"><p>${t("requests.dropped", { n: data.dropped })}</p><//>`}
      ${data && data.data.length === 0 && html`<${LookBack} path=${(cursor) => "/v1/requests" + query({ ...asked, cursor })} next=${data.next_cursor} onFound=${(cursor) => set({ cursor })}>
        <${Empty} title=${t(narrowed ? "requests.none_found" : "requests.none")} command=${narrowed ? undefined : curl("GET", "/v1/messages?limit=1")} /><//>`}
      ${data && data.data.length > 0 && html`
        <${Unfold} caption=${t("requests.title")} rows=${data.data} rowKey=${(r) => r.request_id} open=${open} href=${(r) => "/developers/requests" + query({ ...filters, row: r?.request_id })} columns=${columns()}>${(r) => html`<${Request} of=${r} />`}<//>
        <${Pages} next=${data.next_cursor} first=${!asked.cursor} onNext=${(cursor) => set({ cursor, row: "" }, { replace: false })} onFirst=${() => set({ cursor: "", row: "" })} />`}
    <//>
  <//>`;
}

const who = (r) => r.actor || "";

// tone colours a status by what it means for the app.
const tone = (status) => (status >= 500 ? "bad" : status >= 400 ? "doubt" : "good");

const columns = () => [
  { key: "at", label: t("app.when"), cell: (r) => html`<${Time} at=${r.at} exact dated />` },
  { key: "what", label: t("requests.request"), cell: (r) => html`<code><strong>${r.method}</strong> ${r.route}</code>` },
  { key: "status", label: t("requests.status"), cell: (r) => html`<span class="status num" data-tone=${tone(r.status)}>${r.status}</span> ${r.code && html`<code>${r.code}</code>`}` },
  { key: "who", label: t("requests.who"), wide: true, cell: (r) => html`<span class="words">${who(r) || "–"}</span>` },
  { key: "took", label: t("requests.took"), num: true, cell: (r) => duration(r.took_ms) },
];

const Request = ({ of: r }) => html`<div class="opened"><${Facts} rows=${[
  [t("requests.id"), html`<code>${r.request_id}</code>`],
  [t("requests.who"), html`<span class="words">${who(r) || "–"}</span>`],
  r.code && [t("requests.code"), html`<code>${r.code}</code>`],
  r.detail && [t("requests.detail"), typeof r.detail === "string" ? html`<span class="words">${r.detail}</span>` : html`<pre class="block" tabindex="0">${JSON.stringify(r.detail, null, 2)}</pre>`],
]} /></div>`;
