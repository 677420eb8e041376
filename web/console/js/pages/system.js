// The installation: its process, its database and what waits in it.
import { html } from "../html.js";
import { between, number } from "../format.js";
import { t } from "../lang.js";
import { usePoll } from "../poll.js";
import { Facts, Failure, Page, Section, Stat, Time, Waiting } from "../ui/parts.js";
import { Jobs } from "./system/jobs.js";
import { Probes } from "./system/probes.js";
import { bytes } from "./system/sizes.js";

export function System() {
  const { data, problem, at: now } = usePoll("/v1/system", 5000);
  return html`<${Page} title=${t("nav.system")} lead=${t("system.lead")}>
    <${Failure} problem=${problem} />
    <${Probes} />
    ${!data && !problem && html`<${Waiting} lines=${6} />`}
    ${data && html`
      <div class="stats thirds">
        <${Stat} label=${t("system.due")} value=${count(data.queue?.due_now)} note=${waited(data.queue?.oldest_due_at, now)} />
        <${Stat} label=${t("system.pending")} value=${count(data.queue?.pending)} />
        <${Stat} label=${t("system.claimed")} value=${count(data.queue?.claimed)} />
        <${Stat} label=${t("system.callbacks")} value=${count(data.callbacks?.pending)} note=${waited(data.callbacks?.oldest_at, now)} />
        <${Stat} label=${t("system.parked")} value=${count(data.receipts_parked)} note=${t("system.parked_note")} />
        <${Stat} label=${t("system.streams")} value=${count(data.streams)} />
      </div>
      <${Section} title=${t("system.process")}><${Facts} rows=${[
        [t("system.version"), html`<code>${data.version}</code>`],
        [t("system.go"), html`<code>${data.go}</code>`],
        [t("system.replica"), html`<code>${data.replica || "–"}</code>`],
        [t("system.started"), html`<${Time} at=${data.started_at} /> <span class="faint">${data.started_at && t("system.for", { time: between(data.started_at, now) })}</span>`],
        [t("system.memory"), html`<span class="num">${bytes(data.memory_bytes)}</span>`],
      ]} /><//>
      <${Section} title=${t("system.database")}><${Facts} rows=${[
        [t("system.dialect"), data.database?.dialect],
        [t("system.database_version"), html`<code>${data.database?.version}</code>`],
        [t("system.size"), html`<span class="num">${bytes(data.database?.size_bytes)}</span>`],
      ]} /><//>
      <${Jobs} list=${data.jobs || []} />`}
  <//>`;
}

// waited tells how long the oldest of a queue has waited; what is due only later has not.
const waited = (since, now) => (since && new Date(since) < new Date(now) ? t("system.oldest", { age: between(since, now) }) : undefined);

// count writes a number; one that was not counted to its end says so.
function count(n) {
  if (n === undefined || n === null) return "–";
  return typeof n === "object" ? number(n.count) + (n.capped ? "+" : "") : number(n);
}
