// The rows of a report, each with the messages behind it, and their sum.
import { html, useState } from "../../html.js";
import { money, number, share } from "../../format.js";
import { compare, part, size } from "../../amount.js";
import { t } from "../../lang.js";
import { Link } from "../../router.js";
import { Channel, Section } from "../../ui/parts.js";
import { messagesOf, valueText } from "./query.js";

const counts = ["attempts", "billable", "units"];
const first = 200;

const compared = (name, a, b) => {
  if (name === "cost") return compare(a.cost, b.cost);
  if (counts.includes(name)) return a[name] - b[name];
  return String(a[name]).localeCompare(String(b[name]));
};

// sorted orders by "cost" or, falling, by "-cost".
function sorted(rows, sort) {
  const name = sort.replace("-", "");
  const way = sort.startsWith("-") ? -1 : 1;
  return [...rows].sort((a, b) => way * compared(name, a, b));
}

export function CostTable({ report, groups, span, narrow, sort, set, busy }) {
  const [all, setAll] = useState(false);
  const usual = ["day", "month"].includes(groups[0]) ? groups[0] : "-cost";
  const known = [...groups, ...counts, "cost"].includes((sort || "").replace("-", ""));
  const order = known ? sort : usual;
  const rows = sorted(report.data, order);
  const { totals } = report;
  const shown = all ? rows : rows.slice(0, first);
  const count = (name) => rows.reduce((n, row) => n + row[name], 0);
  const head = (name, label, num) => html`<${Head} key=${name} name=${name} label=${label} num=${num} order=${order} wide=${name === "billable" || name === "units"} onSort=${(next) => set({ sort: next === usual ? "" : next })} />`;
  return html`<${Section} title=${t("costs.table")} note=${t("costs.table_note", { n: rows.length })}>
    <div class="table-room" role="group" aria-label=${t("costs.table")} aria-busy=${busy} tabindex="0"><table class="rows costs">
      <caption class="unseen">${t("costs.table")}</caption>
      <thead><tr>${groups.map((name) => head(name, t("costs.by_" + name)))}${counts.map((name) => head(name, t("costs." + name), true))}${head("cost", t("costs.cost"), true)}
        <th scope="col" class="share-head wide-only">${t("costs.share")}</th></tr></thead>
      <tbody>${shown.map((row) => html`<tr key=${groups.map((name) => row[name]).join("\n")}>
        ${groups.map((name, i) => html`<td key=${name}>${i === 0 ? html`<${Link} class="row-link" href=${messagesOf(row, span, narrow)}><${Value} name=${name} of=${row[name]} /><//>` : html`<${Value} name=${name} of=${row[name]} />`}</td>`)}
        ${counts.map((name) => html`<td key=${name} class=${name === "attempts" ? "right" : "right wide-only"}>${number(row[name])}</td>`)}
        <td class="right">${money(row.cost)}</td>
        <td class="share wide-only"><progress class="meter" data-tone=${row.channel} max="1000" value=${Math.round(1000 * part(row.cost, totals.cost))} aria-hidden="true"></progress><span class="num">${share(part(row.cost, totals.cost))}</span></td>
      </tr>`)}</tbody>
      <tfoot>
        <tr><td colspan=${groups.length}>${t("costs.sum")}</td>${counts.map((name) => html`<td key=${name} class=${name === "attempts" ? "right" : "right wide-only"}>${number(count(name))}</td>`)}<td class="right">${money(totals.cost)}</td><td class="wide-only"></td></tr>
        ${totals.unknown && html`<${Unknown} of=${totals.unknown} columns=${groups.length} href=${messagesOf({}, span, narrow, { unknown: "true" })} />`}
      </tfoot>
    </table></div>
    ${rows.length > shown.length && html`<p class="more"><button type="button" onClick=${() => setAll(true)}>${t("costs.all_rows", { n: number(rows.length) })}</button></p>`}
  <//>`;
}

function Value({ name, of }) {
  if (!of) return html`<span class="faint">${valueText(name, of)}</span>`;
  return name === "channel" ? html`<${Channel} of=${of} />` : html`<span class=${["day", "month"].includes(name) ? "num whole" : "words"}>${valueText(name, of)}</span>`;
}

function Head({ name, label, num, wide, order, onSort }) {
  const mine = order.replace("-", "") === name;
  const falls = order.startsWith("-");
  const next = mine ? (falls ? name : "-" + name) : num ? "-" + name : name;
  return html`<th scope="col" class=${[num && "right", wide && "wide-only"].filter(Boolean).join(" ")} aria-sort=${mine ? (falls ? "descending" : "ascending") : undefined}>
    <button type="button" class="sort" onClick=${() => onSort(next)}>${label}<span class="sort-mark" aria-hidden="true">${mine ? (falls ? "↓" : "↑") : ""}</span></button></th>`;
}

// Unknown is what may still have to be paid; it is in no sum, as nothing is booked before it is known.
const Unknown = ({ of, columns, href }) => html`<tr class="beside"><td colspan=${columns}>${of.attempts > 0 ? html`<${Link} href=${href}>${t("costs.unknown")}<//>` : t("costs.unknown")}</td>
  <td class="right">${number(of.attempts)}</td><td class="wide-only"></td><td class="wide-only"></td><td class="right">${size(of.cost) > 0 ? t("costs.up_to", { cost: money(of.cost) }) : money(of.cost)}</td><td class="wide-only"></td></tr>`;
