// The report's money over time. Its sum stands under it, beside that of the table.
import { query } from "../../api.js";
import { html } from "../../html.js";
import { money } from "../../format.js";
import { same, size, sum } from "../../amount.js";
import { plusDays, plusMonths, today } from "../../days.js";
import { t, word } from "../../lang.js";
import { useLoad } from "../../live.js";
import { Bars } from "../../ui/chart.js";
import { Failure, Section, Waiting } from "../../ui/parts.js";
import { messagesOf, valueText } from "./query.js";

const order = ["zns", "viber", "sms"];
const mostDays = 93;

// stretch lists every day, or every month of a long span, so that one without cost is seen as such.
function stretch({ from, to }) {
  const end = to < today() ? to : today();
  const days = [];
  for (let day = from; day <= end && days.length <= mostDays; day = plusDays(day, 1)) days.push(day);
  if (days.length <= mostDays) return ["day", days];
  const months = [];
  for (let day = from.slice(0, 7) + "-01"; day <= end && months.length < 600; day = plusMonths(day, 1)) months.push(day.slice(0, 7));
  return ["month", months];
}

export function Picture({ span, narrow, total, again }) {
  const [unit, steps] = stretch(span);
  const { data, problem, again: redraw } = useLoad("/v1/reports/costs" + query({ ...span, group_by: unit + ",channel", ...narrow }));
  const shown = data && data.group_by[0] === unit;
  const both = () => {
    again();
    redraw();
  };
  return html`<${Section} title=${t("costs.picture")}>
    <${Failure} problem=${problem} again=${redraw} />
    ${!shown && !problem && html`<${Waiting} />`}
    ${shown && html`<${Drawn} rows=${data.data} unit=${unit} steps=${steps} span=${span} narrow=${narrow} total=${total} again=${both} />`}
  <//>`;
}

function Drawn({ rows, unit, steps, span, narrow, total, again }) {
  const by = new Map(rows.map((row) => [row[unit] + row.channel, row]));
  const channels = order.filter((channel) => rows.some((row) => row.channel === channel));
  const dong = (n) => money({ amount: n, currency: total.currency });
  const all = sum(rows.map((row) => row.cost), total.currency);
  return html`<${Bars} title=${t(unit === "day" ? "costs.picture_day" : "costs.picture_month")} format=${dong} brief=${(n) => money({ amount: n, currency: total.currency }, { compact: n >= 1000 })}
      series=${channels.map((name) => ({ name, label: word("channel", name), tone: name }))}
      buckets=${steps.map((step) => ({
        label: valueText(unit, step), tick: unit === "day" ? valueText(unit, step).slice(0, 5) : undefined, href: messagesOf({ [unit]: step }, span, narrow),
        values: Object.fromEntries(channels.map((channel) => [channel, size(by.get(step + channel)?.cost)])),
      }))} />
    <p class="agree num">${same(all, total) ? t("costs.agree", { sum: money(all) }) : html`${t("costs.apart", { picture: money(all), table: money(total) })} <button type="button" class="small" onClick=${again}>${t("app.again")}</button>`}</p>`;
}
