// The accounts that send, by channel: how each does, those in trouble first.
import { html } from "../html.js";
import { t, word } from "../lang.js";
import { useLive } from "../live.js";
import { Link } from "../router.js";
import { may } from "../session.js";
import { Channel, Empty, Failure, Page, Section, Waiting, curl } from "../ui/parts.js";
import { HealthCard, healthOf } from "./channels/health.js";

const order = ["zns", "viber", "sms"];
const worst = { trouble: 0, warning: 1, ok: 2 };

// grouped puts accounts under their channel, those that need somebody before the others.
export function grouped(accounts) {
  const rank = (a) => worst[healthOf(a).state] ?? 2;
  return order.map((channel) => [channel, accounts.filter((a) => a.channel === channel).sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))])
    .filter(([, list]) => list.length > 0);
}

export function Channels() {
  const { data, problem, again, phase } = useLive("/v1/channels?limit=200");
  const accounts = data?.data ?? [];
  const actions = html`<span class="livemark" data-on=${phase === "live"}>${t("live." + phase)}</span>
    ${may("config:write") && html`<${Link} class="button primary" href="/channels/new">${t("channels.add")}<//>`}`;
  const bad = accounts.filter((a) => healthOf(a).state !== "ok").length;
  return html`<${Page} title=${t("nav.channels")} lead=${data && accounts.length > 0 ? t(bad ? "channels.some_bad" : "channels.all_well", { n: bad || accounts.length }) : undefined} actions=${actions}>
    <${Failure} problem=${problem} again=${again} />
    ${!data && !problem && html`<${Waiting} lines=${8} />`}
    ${data && accounts.length === 0 && html`<${Section} title=${t("channels.list")}><${Empty} title=${t("channels.none")} command=${curl("POST", "/v1/channels", example)}>${t("channels.none_note")}<//><//>`}
    ${grouped(accounts).map(([channel, list]) => html`<section class="accounts" key=${channel} aria-label=${word("channel", channel)}>
      <h2><${Channel} of=${channel} /> <span class="faint num">${t("channels.count", { n: list.length })}</span></h2>
      <div class="cards">${list.map((a) => html`<${HealthCard} key=${a.id} account=${a} />`)}</div>
    </section>`)}
    ${data?.next_cursor && html`<p class="faint">${t("channels.more")}</p>`}
  <//>`;
}

const example = { name: "sms-main", channel: "sms", adapter: "infobip", settings: { base_url: "…", api_key: "…", sender: "MYBRAND" } };
