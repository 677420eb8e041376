// The price book: what providers charge, since when and until when.
import { html, useState } from "../../html.js";
import { date, duration, millis, time, utc } from "../../format.js";
import { t, word } from "../../lang.js";
import { useLoad } from "../../live.js";
import { may } from "../../session.js";
import { Channel, Empty, Failure, Money, Section, Time, Waiting, curl } from "../../ui/parts.js";
import { Table } from "../../ui/table.js";
import { NewPrice } from "./newprice.js";

export const scopes = ["account", "template", "operator", "category", "country", "recipient"];
const order = ["zns", "viber", "sms"];

const since = (price) => (price.valid_from ? Date.parse(price.valid_from) : 0);

const keyOf = (price) => JSON.stringify([price.channel, ...scopes.map((name) => price[name] || "")]);

// dated tells of each line of the book until when it holds: till the next of the same kind begins.
function dated(book, now) {
  const lines = book.map((price, at) => {
    const from = since(price);
    const until = Math.min(...book.filter((other) => keyOf(other) === keyOf(price) && since(other) > from).map(since));
    return { ...price, at, from, until: Number.isFinite(until) ? until : 0, state: from > now ? "coming" : until <= now ? "past" : "holds" };
  });
  return lines.sort((a, b) => order.indexOf(a.channel) - order.indexOf(b.channel) || keyOf(a).localeCompare(keyOf(b)) || a.from - b.from);
}

export function Prices() {
  const { data, problem, again } = useLoad("/v1/prices");
  const [asking, setAsking] = useState(false);
  const lines = data ? dated(data.prices, Date.now()) : [];
  const past = lines.filter((line) => line.state === "past");
  const actions = data && may("config:write") && html`<button type="button" onClick=${() => setAsking(true)}>${t("prices.add")}</button>`;
  return html`<${Section} title=${t("prices.title")} note=${t("prices.note")} actions=${actions} id="prices">
    <${Failure} problem=${problem} again=${again} />
    ${!data && !problem && html`<${Waiting} />`}
    ${data && lines.length === 0 && html`<${Empty} title=${t("prices.none")} command=${curl("PUT", "/v1/prices", { prices: [{ channel: "sms", unit: "segment", moment: "taken", price: { amount: "820", currency: "VND" } }] })}>${t("prices.none_note")}<//>`}
    ${lines.length > past.length && html`<${Lines} caption=${t("prices.title")} rows=${lines.filter((line) => line.state !== "past")} />`}
    ${past.length > 0 && html`<details class="past"><summary>${t("prices.past", { n: past.length })}</summary><${Lines} caption=${t("prices.past", { n: past.length })} rows=${past} /></details>`}
    ${asking && html`<${NewPrice} book=${data.prices} onClose=${() => setAsking(false)} onSaved=${again} />`}
  <//>`;
}

const Lines = ({ caption, rows }) => html`<${Table} caption=${caption} rows=${rows} rowKey=${(line) => line.at} columns=${[
  { key: "channel", label: t("prices.channel"), cell: (line) => html`<${Channel} of=${line.channel} />` },
  { key: "for", label: t("prices.for"), cell: (line) => html`<span class="words"><${Scope} of=${line} /></span>` },
  { key: "price", label: t("prices.price"), num: true, cell: (line) => html`<${Money} of=${line.price} />` },
  { key: "unit", label: t("prices.unit"), cell: (line) => word("unit", line.unit) },
  { key: "moment", label: t("prices.moment"), cell: (line) => html`<span class="whole">${word("moment", line.moment)}</span>${line.within && line.within !== "0s" && html` <span class="faint">${t("prices.within", { time: duration(millis(line.within)) })}</span>`}` },
  { key: "from", label: t("prices.from"), cell: (line) => html`${line.from > 0 ? html`<${Since} at=${line.from} />` : html`<span class="faint">${t("prices.always")}</span>`} ${line.state === "coming" && html`<span class="tag">${t("prices.coming")}</span>`}` },
  { key: "until", label: t("prices.until"), wide: true, cell: (line) => (line.until > 0 ? html`<${Since} at=${line.until} />` : html`<span class="faint">${t("prices.open_end")}</span>`) },
]} />`;

// Since is a day, and the hour where it is not the day's first.
function Since({ at }) {
  const iso = new Date(at).toISOString();
  return time(iso) === "00:00:00" ? html`<time class="num whole" datetime=${iso} title=${utc(iso)}>${date(iso)}</time>` : html`<${Time} at=${iso} />`;
}

function Scope({ of: line }) {
  const parts = scopes.filter((name) => line[name]);
  if (parts.length === 0) return html`<span class="faint">${t("prices.everything")}</span>`;
  return parts.map((name, i) => html`${i > 0 && ", "}<span class="faint">${t("prices.of_" + name)}</span> ${word(name, line[name])}`);
}

