// What last week's messages would have met under the policy as it stands, beside what they met.
import { post } from "../../api.js";
import { html, useEffect, useState } from "../../html.js";
import { duration, millis, money, number, share } from "../../format.js";
import { t, word } from "../../lang.js";
import { useSaving } from "../../ui/form.js";
import { Channel, Empty, Failure, Money, Notice, Section, Time } from "../../ui/parts.js";
import { Table } from "../../ui/table.js";
import { weekAgo } from "./funnel.js";

const percent = (x) => number(x, { style: "percent", maximumFractionDigits: 1 });
const points = (x) => t("compare.points", { n: number(x * 100, { maximumFractionDigits: 1 }) });

const ms = (v) => (v === undefined || v === null || v === "" ? NaN : typeof v === "number" ? v : millis(v));

// rows are what is compared: [key, value, how it is written, whether less is better, how a difference is written].
const rows = [
  ["cost", (s) => Number(s.cost?.amount), (x, s) => money(s.cost && { ...s.cost, amount: x }), true],
  ["reached", (s) => s.reached, number, false],
  ["delivered_share", (s) => s.delivered_share, percent, false, points],
  ["read_share", (s) => s.read_share, percent, false, points],
  ["p50", (s) => ms(s.time_to_reach?.p50), duration, true],
  ["p95", (s) => ms(s.time_to_reach?.p95), duration, true],
  ["fallback_share", (s) => s.fallback_share, percent, true, points],
];

export function Compare({ name, policy, changed }) {
  const [answer, setAnswer] = useState();
  const saving = useSaving();
  const text = JSON.stringify(policy);
  useEffect(() => setAnswer(undefined), [text]);
  const run = () => saving.run(async () => setAnswer(await post(`/v1/policies/${encodeURIComponent(name)}/simulate`, { policy, from: weekAgo() })));
  const actions = html`<button type="button" disabled=${saving.busy} onClick=${run}>${saving.busy ? t("compare.running") : t("compare.run")}</button>`;
  return html`<${Section} title=${t("compare.title")} note=${t(changed ? "compare.note_changed" : "compare.note")} actions=${actions} id="compare">
    <${Failure} problem=${saving.problem} />
    <div aria-live="polite">${answer && (answer.messages > 0 ? html`<${Answer} answer=${answer} />` : html`<${Empty} title=${t("compare.none")} />`)}</div>
  <//>`;
}

function Answer({ answer: a }) {
  const seen = a.assumed?.seen ?? 0;
  const drawn = a.assumed?.drawn ?? 0;
  return html`<p>${t("compare.span", { n: a.messages, count: number(a.messages) })} <${Time} at=${a.from} /> – <${Time} at=${a.to} /></p>
    <div class="table-room" role="group" aria-label=${t("compare.title")} tabindex="0"><table>
      <thead><tr><th scope="col"><span class="unseen">${t("compare.what")}</span></th><th scope="col" class="right">${t("compare.real")}</th><th scope="col" class="right">${t("compare.simulated")}</th><th scope="col" class="right">${t("compare.difference")}</th></tr></thead>
      <tbody>${rows.map(([key, of, write, lessIsBetter, writeGap = write]) => html`<${Row} key=${key} label=${t("compare." + key)} real=${of(a.real)} simulated=${of(a.simulated)} write=${(x) => write(x, a.real)} writeGap=${(x) => writeGap(x, a.real)} lessIsBetter=${lessIsBetter} />`)}</tbody>
    </table></div>
    ${seen + drawn > 0 && html`<p class="note">${t("compare.drawn", { seen: number(seen), drawn: number(drawn), share: share(drawn / (seen + drawn)) })}</p>`}
    ${a.assumed?.without_history?.length > 0 && html`<${Notice} tone="doubt"><p>${t("compare.without_history", { channels: a.assumed.without_history.map((c) => word("channel", c)).join(", ") })}</p><//>`}
    ${a.by_step?.length > 0 && html`<h3 class="by-step">${t("compare.by_step")}</h3><${Table} caption=${t("compare.by_step")} rows=${a.by_step} rowKey=${(s) => s.step} columns=${byStep()} />`}
    ${a.complete === false && html`<${Notice} tone="doubt"><p>${t("compare.incomplete")}</p><//>`}`;
}

const byStep = () => [
  { key: "step", label: t("compare.step"), cell: (s) => html`<span class="num">${s.step}.</span> <${Channel} of=${s.channel} />` },
  { key: "started", label: t("compare.started"), num: true, cell: (s) => number(s.started) },
  { key: "reached", label: t("compare.reached"), num: true, cell: (s) => number(s.reached) },
  { key: "cost", label: t("compare.cost"), num: true, cell: (s) => html`<${Money} of=${s.cost} />` },
];

function Row({ label, real, simulated, write, writeGap, lessIsBetter }) {
  const shown = (x) => (Number.isFinite(x) ? write(x) : "–");
  const gap = simulated - real;
  const same = !Number.isFinite(gap) || shown(real) === shown(simulated);
  return html`<tr><th scope="row">${label}</th><td class="right num">${shown(real)}</td><td class="right num">${shown(simulated)}</td>
    <td class="right num">${same ? html`<span class="faint">${Number.isFinite(gap) ? "±0" : "–"}</span>` : html`<span class="gap" data-tone=${gap < 0 === lessIsBetter ? "good" : "bad"}>${gap > 0 ? "+" : "−"}${writeGap(Math.abs(gap))}</span>`}</td></tr>`;
}
