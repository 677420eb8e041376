// The list of messages: found by what is known of them, and live.
import { download, query } from "../api.js";
import { dayAt, startOf } from "../days.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { between } from "../format.js";
import { t, word } from "../lang.js";
import { useLive, useLoad } from "../live.js";
import { useFilters } from "../router.js";
import { Field } from "../ui/form.js";
import { Channel, Empty, Failure, ID, Money, Page, Section, Status, Time, Waiting, curl } from "../ui/parts.js";
import { LookBack } from "../ui/lookback.js";
import { Pages, Table } from "../ui/table.js";

const statuses = ["accepted", "scheduled", "sending", "delivered", "read", "sent", "failed", "expired", "canceled"];
const further = ["template", "policy", "reason", "account", "attempt_channel", "operator", "created_before", "open", "unknown"];

// found reads what somebody typed: four digits end a number, an id is hexadecimal, key=value is metadata, the rest a transaction.
function found(text) {
  const typed = text.trim();
  const digits = typed.replaceAll(/[\s.-]/g, "");
  if (!typed) return {};
  if (/^\d{4}$/.test(digits)) return { last4: digits };
  if (/^\+?\d{9,15}$/.test(digits)) return { to: digits };
  if (/^[0-9a-f]{8}[0-9a-f-]*$/i.test(typed)) return { id: typed.toLowerCase() };
  if (/^[^=\s]+=.+$/.test(typed)) return { metadata: typed };
  return { transaction_id: typed };
}

const typedOf = (f) => f.last4 || f.to || f.id || f.metadata || f.transaction_id || "";

export function Messages() {
  const [filters, setFilters] = useFilters();
  const [paused, setPaused] = useState(false);
  const { cursor, ...narrow } = filters;
  const pageAt = (at) => "/v1/messages" + query({ ...narrow, cursor: at });
  const path = pageAt(cursor);
  const live = useLive(cursor ? "" : path, { paused });
  const older = useLoad(cursor ? path : "");
  const { data, problem, again } = cursor ? older : live;
  const seen = useFresh(data?.data, live.phase === "live");
  const [busy, setBusy] = useState("");
  const [failed, setFailed] = useState();
  const save = async (format) => {
    setBusy(format);
    setFailed(undefined);
    await download("/v1/messages" + query({ ...narrow, format }), `messages.${format}`).catch(setFailed);
    setBusy("");
  };
  const actions = html`
    ${!cursor && html`<span class="livemark" data-on=${!paused && live.phase === "live"}>${paused ? t("live.paused") : t("live." + live.phase)}</span>
    <button type="button" aria-pressed=${paused} onClick=${() => setPaused(!paused)}>${t(paused ? "live.resume" : "live.pause")}</button>`}
    ${["csv", "xlsx"].map((format) => html`<button type="button" disabled=${busy !== ""} onClick=${() => save(format)}>${busy === format ? t("messages.exporting") : format.toUpperCase()}</button>`)}`;
  const narrowed = Object.keys(narrow).length > 0;
  const nothing = html`<${Empty} title=${t(narrowed ? "messages.none_found" : "messages.none")} command=${narrowed ? undefined : curl("POST", "/v1/messages", { to: "+84912345678", template: "order_shipped", params: { customer: "Lan", order_id: "A-1029" } })}>
    ${t(narrowed ? "messages.none_found_note" : "messages.none_note")}<//>`;
  return html`<${Page} title=${t("nav.messages")} actions=${actions}>
    <${Filters} filters=${narrow} set=${(changes) => setFilters({ ...changes, cursor: "" })} />
    ${data?.data.some((m) => m.test) && html`<p class="band">${t(data.data.every((m) => m.test) ? "app.test_band" : "messages.test_band")}</p>`}
    <${Failure} problem=${failed} />
    <${Failure} problem=${problem} again=${again} />
    <${Section} title=${t("messages.list")}>
      ${!data && !problem && html`<${Waiting} lines=${8} />`}
      ${data && data.data.length === 0 && html`<${LookBack} key=${path} path=${pageAt} next=${data.next_cursor} onFound=${(at) => setFilters({ cursor: at })}>${nothing}<//>`}
      ${data && data.data.length > 0 && html`<${Table} caption=${t("messages.list")} rows=${data.data} href=${(m) => "/messages/" + m.id} fresh=${seen} columns=${columns()} />
        <${Pages} next=${data.next_cursor} first=${!cursor} onNext=${(next) => setFilters({ cursor: next }, { replace: false })} onFirst=${() => setFilters({ cursor: "" })} />`}
    <//>
  <//>`;
}

const columns = () => [
  { key: "when", label: t("messages.created"), cell: (m) => html`<${Time} at=${m.created_at} />` },
  { key: "to", label: t("messages.to"), cell: (m) => html`<span class="num">${m.to}</span>${m.test && html` <span class="tag" data-tone="doubt">${t("messages.test")}</span>`}` },
  { key: "status", label: t("messages.status"), cell: (m) => html`<${Status} of=${m.status} />` },
  { key: "path", label: t("messages.path"), cell: (m) => html`<${Path} of=${m} />` },
  { key: "template", label: t("messages.template"), wide: true, cell: (m) => m.template || html`<span class="faint">–</span>` },
  { key: "took", label: t("messages.took"), num: true, wide: true, cell: (m) => (m.completed_at ? between(m.created_at, m.completed_at) : html`<span class="faint">–</span>`) },
  { key: "cost", label: t("messages.cost"), num: true, cell: (m) => html`<${Money} of=${m.cost} />` },
  { key: "id", label: "ID", wide: true, cell: (m) => html`<${ID} of=${m.id} />` },
];

// Path is the channels that were tried, the one that reached last.
const Path = ({ of: m }) => html`<span class="path">${m.attempts.filter((a) => a.status !== "skipped").map((a, i) => html`${i > 0 && html`<span class="faint" aria-hidden="true">→</span>`}<${Channel} of=${a.channel} />`)}</span>`;

function Filters({ filters, set }) {
  const [typed, setTyped] = useState(typedOf(filters));
  useEffect(() => setTyped(typedOf(filters)), [typedOf(filters)]);
  const cleared = { last4: "", to: "", id: "", metadata: "", transaction_id: "" };
  const find = (event) => {
    event.preventDefault();
    set({ ...cleared, ...found(typed) });
  };
  const choice = (name, values, group) => html`<${Field} label=${t("messages." + name)} kind="select" value=${filters[name]} onInput=${(v) => set({ [name]: v })}
    options=${[["", t("messages.any")], ...values.map((v) => [v, group ? word(group, v) : v])]} />`;
  const extra = further.filter((name) => filters[name]);
  return html`<form class="filters" role="search" onSubmit=${find}>
    <div class="field find"><label for="find">${t("messages.find")}</label>
      <input id="find" type="search" value=${typed} placeholder=${t("messages.find_hint")} onInput=${(e) => setTyped(e.currentTarget.value)} /></div>
    ${choice("status", statuses, "status")} ${choice("channel", ["zns", "viber", "sms"], "channel")} ${choice("category", ["otp", "transaction", "care", "promotion"], "category")}
    <${Field} label=${t("messages.tests")} kind="select" value=${filters.test} onInput=${(test) => set({ test })}
      options=${[["", t("messages.tests_too")], ["false", t("messages.tests_not")], ["true", t("messages.tests_only")]]} />
    <${Field} label=${t("messages.since")} kind="date" value=${dayAt(filters.created_after)} onInput=${(v) => set({ created_after: v && startOf(v) })} />
    <button>${t("messages.search")}</button>
    ${extra.map((name) => html`<button type="button" class="chip" onClick=${() => set({ [name]: "" })}>${word("filter", name)}: ${filters[name]} <span aria-hidden="true">×</span><span class="unseen">${t("messages.drop_filter")}</span></button>`)}
    ${Object.keys(filters).length > 0 && html`<button type="button" class="quiet" onClick=${() => set(Object.fromEntries(Object.keys(filters).map((n) => [n, ""])))}>${t("messages.clear")}</button>`}
  </form>`;
}

// useFresh tells which rows came while one was looking.
function useFresh(rows, live) {
  const known = useRef(new Set());
  const before = new Set(known.current);
  useEffect(() => { known.current = new Set(rows?.map((r) => r.id)); }, [rows]);
  return (row) => live && before.size > 0 && !before.has(row.id);
}
