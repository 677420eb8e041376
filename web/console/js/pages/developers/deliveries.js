import { post, query } from "../../api.js";
import { html, useState } from "../../html.js";
import { t } from "../../lang.js";
import { useLoad } from "../../live.js";
import { Link, useFilters } from "../../router.js";
import { may } from "../../session.js";
import { Field } from "../../ui/form.js";
import { Empty, Facts, Failure, ID, Section, Status, Time, Waiting } from "../../ui/parts.js";
import { Pages } from "../../ui/table.js";
import { Unfold } from "../../ui/unfold.js";

const states = ["pending", "delivered", "failed"];

// Deliveries lists the events for one endpoint; each opens to what was sent and what the app answered.
export function Deliveries({ id }) {
  const [filters, set] = useFilters();
  const path = `/v1/callbacks/${id}/deliveries`;
  const { data, problem, again } = useLoad(path + query({ state: filters.state, cursor: filters.cursor }));
  const href = (row) => `/developers/callbacks/${id}` + query({ ...filters, row: row?.id });
  return html`<${Section} title=${t("deliveries.title")} note=${t("deliveries.note")} actions=${html`<button type="button" onClick=${again}>${t("deliveries.reload")}</button>`}>
    <div class="filters"><${Field} label=${t("deliveries.state")} kind="select" value=${filters.state} onInput=${(state) => set({ state, cursor: "", row: "" })}
      options=${[["", t("deliveries.any")], ...states.map((s) => [s, t("delivery." + s)])]} /></div>
    <${Failure} problem=${problem} again=${again} />
    ${!data && !problem && html`<${Waiting} />`}
    ${data && data.data.length === 0 && html`<${Empty} title=${t(filters.state ? "deliveries.none_found" : "deliveries.none")}>${!filters.state && t("deliveries.none_note")}<//>`}
    ${data && data.data.length > 0 && html`
      <${Unfold} caption=${t("deliveries.title")} rows=${data.data} open=${filters.row} href=${href} columns=${columns()}>${(d) => html`<${Delivery} of=${d} path=${path} again=${again} />`}<//>
      <${Pages} next=${data.next_cursor} first=${!filters.cursor} onNext=${(cursor) => set({ cursor, row: "" }, { replace: false })} onFirst=${() => set({ cursor: "", row: "" })} />`}
  <//>`;
}

const columns = () => [
  { key: "when", label: t("app.when"), cell: (d) => html`<${Time} at=${d.created_at} exact dated />` },
  { key: "type", label: t("deliveries.event"), cell: (d) => html`<code class="whole">${d.type}</code>` },
  { key: "state", label: t("deliveries.state"), cell: (d) => html`<${Status} of=${d.state} group="delivery" />` },
  { key: "answer", label: t("deliveries.answer"), cell: (d) => (d.last_status ? html`<code class="whole">HTTP ${d.last_status}</code>` : d.last_error ? html`<span>${t("deliveries.no_answer")}</span>` : html`<span class="faint">–</span>`) },
  { key: "tries", label: t("deliveries.tries"), num: true, cell: (d) => d.tries },
  { key: "message", label: t("deliveries.message"), wide: true, cell: (d) => html`<${Link} href=${"/messages/" + d.message_id}><${ID} of=${d.message_id} /><//>` },
];

function Delivery({ of: d, path, again }) {
  const [problem, setProblem] = useState();
  const [busy, setBusy] = useState(false);
  const replay = async () => {
    setBusy(true);
    setProblem(undefined);
    await post(`${path}/${d.id}/replay`).then(() => again(), setProblem);
    setBusy(false);
  };
  return html`<div class="opened">
    <${Facts} rows=${[
      [t("deliveries.id"), html`<code>${d.id}</code>`],
      [t("deliveries.message"), html`<${Link} href=${"/messages/" + d.message_id}><code>${d.message_id}</code><//>`],
      [t("deliveries.sequence"), html`<span class="num">${d.sequence}</span>`],
      [t("deliveries.answered"), d.last_status || d.last_error ? html`${d.last_status > 0 && html`<code>HTTP ${d.last_status}</code>`} ${d.last_error}` : html`<span class="faint">${t(d.done_at ? "deliveries.no_words" : "deliveries.not_asked")}</span>`],
      d.next_at && d.state === "pending" && [t("deliveries.next"), html`<${Time} at=${d.next_at} exact dated />`],
      d.done_at && [t("deliveries.done"), html`<${Time} at=${d.done_at} exact dated />`],
    ]} />
    <div><h3>${t("deliveries.payload")}</h3><pre class="block" tabindex="0">${JSON.stringify(d.payload, null, 2)}</pre></div>
    ${may("config:write") && html`<div class="actions"><button type="button" disabled=${busy} onClick=${replay}>${t("deliveries.replay")}</button><span class="faint">${t("deliveries.replay_note")}</span></div>`}
    <${Failure} problem=${problem} />
  </div>`;
}
