// What went on in a window, over time and per channel.
import { html } from "../../html.js";
import { date, hour, money, number, short, time } from "../../format.js";
import { t, word } from "../../lang.js";
import { size } from "../../amount.js";
import { Bars } from "../../ui/chart.js";
import { Empty, Section } from "../../ui/parts.js";
import { lists } from "./lists.js";

const order = ["zns", "viber", "sms"];

// channelsOf lists the channels that an overview tells of.
export const channelsOf = (data) => order.filter((channel) => data.series.some((part) => part.channels[channel]));

export function Pictures({ of: data, test }) {
  const channels = channelsOf(data);
  const to = lists(data, test);
  const series = channels.map((name) => ({ name, label: word("channel", name), tone: name }));
  const days = ["7d", "30d"].includes(data.window);
  const buckets = (values) => data.series.map((part, i) => ({
    label: hour(part.at), tick: days ? date(part.at).slice(0, 5) : time(part.at).slice(0, 5), values: values(part),
    href: to({ created_after: part.at, created_before: data.series[i + 1]?.at }),
  }));
  const each = (of) => (part) => Object.fromEntries(channels.map((c) => [c, of(part.channels[c])]));
  const currency = data.cost?.currency;
  const dong = (n) => money({ amount: n, currency });
  const dongShort = (n) => money({ amount: n, currency }, { compact: n >= 1000 });
  if (channels.length === 0 && data.sent === 0) return html`<${Section} title=${t("overview.pictures")}><${Empty} title=${t("overview.quiet")} /><//>`;
  return html`<${Section} title=${t("overview.pictures")} note=${t("overview.pictures_note")}>
    <div class="columns">
      <${Bars} title=${t("overview.picture_reached")} series=${[...series, { name: "failed", label: t("overview.failed"), tone: "bad" }]} format=${number} brief=${short}
        buckets=${buckets((part) => ({ ...each((c) => c?.reached || 0)(part), failed: part.failed }))} />
      ${data.cost && html`<${Bars} title=${t("overview.picture_cost")} series=${series} format=${dong} brief=${dongShort} buckets=${buckets(each((c) => size(c?.cost)))} />`}
    </div>
  <//>`;
}
