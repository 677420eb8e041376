// What is known about a message from outside: the providers' receipts and answers, the ledger, and what the app said.
import { post } from "../../api.js";
import { html, useState } from "../../html.js";
import { duration, money } from "../../format.js";
import { t, word } from "../../lang.js";
import { may } from "../../session.js";
import { Channel, Code, Failure, Money, Section, Status, Time } from "../../ui/parts.js";
import { Table } from "../../ui/table.js";

export function Receipts({ list, attempts, hidden }) {
  const channelOf = (id) => attempts.find((a) => a.id === id)?.channel;
  return html`<${Section} title=${t("receipts.title")} note=${hidden && list.length > 0 ? `${t("receipts.note")} ${t("receipts.bodies")}` : t("receipts.note")}>
    ${list.length === 0 ? html`<p class="faint">${t("receipts.none")}</p>` : html`<${Table} caption=${t("receipts.title")} rows=${list} rowKey=${(r) => `${r.attempt_id} ${r.kind} ${r.received_at}`} columns=${[
      { key: "at", label: t("receipts.received"), cell: (r) => html`<${Time} at=${r.received_at} exact />` },
      { key: "kind", label: t("receipts.kind"), cell: (r) => html`<${Status} of=${r.kind} group="receipt" /> ${r.late && html`<span class="tag" data-tone="doubt">${t("receipts.late")}</span>`} ${r.repeated && html`<span class="tag">${t("receipts.repeated")}</span>`} ${r.matched === false && html`<span class="tag" data-tone="doubt">${t("receipts.unmatched")}</span>`}` },
      { key: "of", label: t("receipts.of"), cell: (r) => html`<${Channel} of=${channelOf(r.attempt_id)} /> <span class="faint">${r.account}</span>` },
      { key: "says", label: t("receipts.provider_at"), wide: true, cell: (r) => html`<${Time} at=${r.at} exact />` },
      { key: "raw", label: t("receipts.words"), cell: (r) => html`<span class="words">${r.detail}</span> ${r.raw && html`<details><summary>${t("receipts.raw")}</summary><pre class="block" tabindex="0">${r.raw}</pre></details>`}` },
    ]} />`}
  <//>`;
}

export function Charges({ list, cost }) {
  return html`<${Section} title=${t("charges.title")} note=${t("charges.note")}>
    ${list.length === 0 ? html`<p class="faint">${t("charges.none")}</p>` : html`<div class="table-room" role="group" aria-label=${t("charges.title")} tabindex="0"><table>
      <thead><tr><th scope="col">${t("app.when")}</th><th scope="col">${t("charges.for")}</th><th scope="col" class="wide-only">${t("charges.why")}</th><th scope="col" class="right wide-only">${t("charges.units")}</th><th scope="col" class="right">${t("charges.amount")}</th></tr></thead>
      <tbody>${list.map((c) => html`<tr><td><${Time} at=${c.at} exact /></td><td><${Channel} of=${c.channel} /> <span class="faint">${c.account}</span></td><td class="wide-only">${word("charge", c.reason)}</td><td class="right num wide-only">${c.units}</td><td class="right"><${Money} of=${c.amount} /></td></tr>`)}</tbody>
      <tfoot><tr><td colspan="2">${t("charges.sum")}</td><td colspan="2" class="wide-only"></td><td class="right num">${money(cost)}</td></tr></tfoot>
    </table></div>`}
  <//>`;
}

export function Callbacks({ list, again }) {
  return html`<${Section} title=${t("told.title")} note=${t("told.note")}>
    ${list.length === 0 ? html`<p class="faint">${t("told.none")} ${t("told.none_note")}</p>` : html`<${Table} caption=${t("told.title")} rows=${list} columns=${[
      { key: "type", label: t("told.event"), cell: (d) => html`<${Code}>${d.type}<//> ${d.channel && html`<${Channel} of=${d.channel} />`}` },
      { key: "state", label: t("told.answer"), cell: (d) => html`<${Answer} of=${d} />` },
      { key: "when", label: t("app.when"), cell: (d) => html`<${Time} at=${d.done_at || d.created_at} exact />` },
      { key: "tries", label: t("told.tries"), num: true, wide: true, cell: (d) => d.tries },
      { key: "url", label: t("told.url"), wide: true, cell: (d) => html`<code>${d.url}</code>` },
      ...(may("config:write") ? [{ key: "again", label: html`<span class="unseen">${t("told.replay")}</span>`, cell: (d) => html`<${Replay} of=${d} again=${again} />` }] : []),
    ]} />`}
  <//>`;
}

function Answer({ of: d }) {
  return html`<${Status} of=${d.state} group="delivery" /> ${d.last_status > 0 && html`<${Code}>HTTP ${d.last_status}<//>`} ${d.last_error && html`<span class="faint">${d.last_error}</span>`}
    ${d.state === "pending" && d.next_at && html`<span class="faint">${t("told.next")} <${Time} at=${d.next_at} clock /></span>`}`;
}

function Replay({ of: d, again }) {
  const [problem, setProblem] = useState();
  const replay = () => post(`/v1/callbacks/${d.callback_id}/deliveries/${d.id}/replay`).then(again, setProblem);
  return html`<button type="button" class="small" onClick=${replay}>${t("told.replay")}</button><${Failure} problem=${problem} />`;
}

export function Calls({ list, attempts, hidden }) {
  const channelOf = (id) => attempts.find((a) => a.id === id)?.channel;
  return html`<${Section} title=${t("calls.title")} note=${hidden && list.length > 0 ? `${t("calls.note")} ${t("calls.bodies")}` : t("calls.note")}>
    ${list.length === 0 ? html`<p class="faint">${t("calls.none")}</p>` : list.map((c, i) => html`<details class="call" key=${i}>
      <summary><${Time} at=${c.at} exact /> <${Channel} of=${channelOf(c.attempt_id)} /> <code>${c.request.method} ${c.request.url}</code>${" "}
        <span class="call-end num">${c.answer?.status ? `HTTP ${c.answer.status}` : t("calls.no_answer")} · ${c.took_ms > 0 ? duration(c.took_ms) : "<1ms"}</span></summary>
      <div class="columns"><div><h3>${t("calls.request")}</h3><${Body} text=${c.request.body} hidden=${hidden} /></div>
      <div><h3>${t("calls.answer")}</h3><${Body} text=${c.answer?.body || c.error} hidden=${hidden} /></div></div>
    </details>`)}
  <//>`;
}

const Body = ({ text, hidden }) => (text ? html`<pre class="block" tabindex="0">${text}</pre>` : html`<p class="faint">${hidden ? t("content.hidden") : "–"}</p>`);
