// Of what was handed to each channel, how much came how far.
import { query } from "../../api.js";
import { html, useState } from "../../html.js";
import { duration, millis, number, share } from "../../format.js";
import { t } from "../../lang.js";
import { useLoad } from "../../live.js";
import { Channel, Empty, Failure, Section, Waiting } from "../../ui/parts.js";
import { Table } from "../../ui/table.js";

const order = ["zns", "viber", "sms"];
const stages = ["taken", "delivered", "read", "failed", "timed_out", "unknown", "skipped"];

export function Funnel({ from, to }) {
  const [span] = useState({ from, to }); // a window moves on all the time: a report is not made anew for that
  const { data, problem, loading, again } = useLoad("/v1/reports/delivery" + query({ ...span, group_by: "channel" }));
  const list = (row, more) => "/messages" + query({ attempt_channel: row.channel, created_after: span.from, test: "false", ...more });
  return html`<${Section} title=${t("funnel.title")} note=${t("funnel.note")} id="delivery"
      actions=${html`<button type="button" class="small" disabled=${loading} onClick=${again}>${t("funnel.again")}</button>`}>
    <${Failure} problem=${problem} again=${again} />
    ${!data && !problem && html`<${Waiting} />`}
    ${data && data.data.length === 0 && html`<${Empty} title=${t("funnel.none")} />`}
    ${data && data.data.length > 0 && html`<${Table} caption=${t("funnel.title")} rows=${[...data.data].sort((a, b) => order.indexOf(a.channel) - order.indexOf(b.channel))} rowKey=${(r) => r.channel} href=${(r) => list(r)} columns=${[
      { key: "channel", label: t("funnel.channel"), cell: (r) => html`<${Channel} of=${r.channel} />` },
      { key: "attempts", label: t("funnel.attempts"), num: true, cell: (r) => number(r.attempts) },
      ...stages.map((stage) => ({ key: stage, label: t("funnel." + stage), num: true, wide: stage === "skipped" || stage === "taken", cell: (r) => html`<${Stage} n=${r[stage]} of=${r.attempts} stage=${stage} />` })),
      { key: "took", label: t("funnel.took"), num: true, cell: (r) => html`<${Took} of=${r.time_to_delivered} />` },
    ]} />`}
  <//>`;
}

function Stage({ n = 0, of, stage }) {
  if (stage === "skipped") return number(n);
  const tone = { delivered: "good", read: "good", failed: "bad", timed_out: "doubt", unknown: "doubt" }[stage];
  return html`<span class="stage"><span>${number(n)}</span><progress class="meter" data-tone=${tone} max=${of || 1} value=${n} aria-hidden="true"></progress><span class="faint">${of > 0 ? share(n / of) : "–"}</span></span>`;
}

const spell = (took) => duration(typeof took === "number" ? took : millis(took));

const Took = ({ of }) => (of?.p50 ? html`<span class="stage"><span>${spell(of.p50)}</span><span class="faint under">p95 ${spell(of.p95)}</span></span>` : html`<span class="faint">–</span>`);
