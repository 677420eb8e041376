// What became of last week's traffic on a step.
import { query } from "../../api.js";
import { html, useMemo } from "../../html.js";
import { duration, millis, number, share } from "../../format.js";
import { t, word } from "../../lang.js";
import { useLoad } from "../../live.js";
import { may } from "../../session.js";

// weekAgo is the hour seven days before now, so that asking again soon is the same question.
export const weekAgo = () => new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 - 7 * 86_400_000).toISOString();

// useWeek is what became of a policy's attempts in the last seven days: rows by step and channel.
export function useWeek(name) {
  const from = useMemo(weekAgo, []);
  const { data } = useLoad(name && may("reports:read") ? "/v1/reports/delivery" + query({ policy: name, group_by: "step,channel", from }) : "");
  return data?.data;
}

const kept = ["taken", "delivered", "read"];
const lost = ["failed", "timed_out", "unknown", "skipped"];

export function Funnel({ row }) {
  if (!row?.attempts && !row?.skipped) return null;
  const median = wait(row.time_to_delivered?.p50);
  return html`<div class="funnel" role="group" aria-label=${t("stepweek.title")}>
    <p class="funnel-head"><strong>${t("stepweek.title")}</strong> <span class="faint">${t("stepweek.attempts", { n: row.attempts, count: number(row.attempts) })}${median && ` · ${t("stepweek.median", { time: median })}`}</span></p>
    <dl class="funnel-bars">${kept.map((name) => html`<div key=${name}><dt>${t("stepweek." + name)}</dt>
      <dd><progress max=${Math.max(row.attempts, 1)} value=${row[name] || 0} data-kind=${name} aria-hidden="true"></progress><span class="num">${number(row[name] || 0)}</span><span class="num faint">${row.attempts > 0 ? share((row[name] || 0) / row.attempts) : ""}</span></dd></div>`)}</dl>
    <p class="funnel-lost">${lost.filter((name) => row[name] > 0).map((name) => html`<span key=${name}>${word("status", name)} <strong class="num">${number(row[name])}</strong></span>`)}</p>
  </div>`;
}

// wait reads a time of a report, which is a duration as text or milliseconds; "" if there is none.
export const wait = (v) => (v === undefined || v === null || v === "" ? "" : duration(typeof v === "number" ? v : millis(v)));
