// The numbers of a window, each with the messages that it counts.
import { html } from "../../html.js";
import { duration, millis, money, number, share } from "../../format.js";
import { t, word } from "../../lang.js";
import { Link } from "../../router.js";
import { may } from "../../session.js";
import { Stat } from "../../ui/parts.js";
import { lists } from "./lists.js";
import { channelsOf } from "./pictures.js";

export function Numbers({ of: data, test }) {
  const to = lists(data, test);
  const reached = { reason: "until_reached" };
  const took = data.time_to_reach;
  const ended = data.reached + data.failed;
  return html`<div class="stats glance">
    <${Stat} label=${t("overview.sent")} value=${number(data.sent)} href=${to({})} note=${data.scheduled > 0 && t("overview.scheduled", { n: data.scheduled, count: number(data.scheduled) })} />
    <${Stat} label=${t("overview.reached")} value=${number(data.reached)} tone="good" href=${to(reached)} note=${ended > 0 && t("overview.reached_share", { share: share(data.reached / ended) })} />
    <${Stat} label=${t("overview.failed")} value=${number(data.failed)} tone=${data.failed > 0 && "bad"} note=${html`<${Link} href=${to({ status: "failed" })}>${word("status", "failed")}<//> · <${Link} href=${to({ status: "expired" })}>${word("status", "expired")}<//>`} />
    <${Stat} label=${t("overview.open")} value=${number(data.open)} href=${to({ open: "true" })} note=${t("overview.open_note")} />
    <${Stat} label=${t("overview.unknown")} value=${number(data.unknown_open)} tone=${data.unknown_open > 0 && "doubt"} href=${to({ unknown: "true" })} note=${t("overview.unknown_note")} />
    <${Stat} label=${t("overview.fallback")} value=${data.reached > 0 ? share(data.fallback_share) : "–"} note=${html`<${ByChannel} of=${data} href=${(channel) => to({ ...reached, channel })} />`} />
    <${Stat} label=${t("overview.took")} value=${took ? duration(millis(took.p50)) : "–"} href=${to(reached)} note=${took ? t("overview.took_p95", { p95: duration(millis(took.p95)) }) : t("overview.took_none")} />
    ${data.cost && html`<${Stat} label=${t("overview.cost")} value=${money(data.cost)} href=${may("reports:read") && !test ? "/costs" : undefined}
      note=${data.reached > 0 && t("overview.cost_each", { cost: money({ amount: (Number(data.cost.amount) / data.reached).toFixed(0), currency: data.cost.currency }) })} />`}
  </div>`;
}

// ByChannel says which channels reached, as the last step of their ladders.
function ByChannel({ of: data, href }) {
  const sums = channelsOf(data).map((channel) => [channel, data.series.reduce((n, part) => n + (part.channels[channel]?.reached || 0), 0)]).filter(([, n]) => n > 0);
  if (sums.length === 0) return t("overview.fallback_none");
  return html`<span class="path">${sums.map(([channel, n]) => html`<${Link} key=${channel} href=${href(channel)}>${word("channel", channel)} ${number(n)}<//>`)}</span>`;
}
