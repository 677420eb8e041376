import { html } from "../../html.js";
import { has, t, word } from "../../lang.js";
import { Empty, Section, Status, Time } from "../../ui/parts.js";
import { Table } from "../../ui/table.js";

const state = (job) => (job.running ? "running" : job.last_error ? "failed" : job.last_run_at ? "done" : "never");

// Jobs is the upkeep that runs by itself.
export const Jobs = ({ list }) => html`<${Section} title=${t("jobs.title")} note=${t("jobs.note")}>
  ${list.length === 0 ? html`<${Empty} title=${t("jobs.none")} />` : html`<${Table} caption=${t("jobs.title")} rows=${list} rowKey=${(job) => job.name} columns=${[
    { key: "name", label: t("jobs.name"), cell: (job) => html`${has("upkeep." + job.name) && html`${word("upkeep", job.name)} `}<code class="faint">${job.name}</code>` },
    { key: "schedule", label: t("jobs.schedule"), wide: true, cell: (job) => html`<code>${job.schedule}</code>` },
    { key: "state", label: t("jobs.state"), cell: (job) => html`<${Status} of=${state(job)} group="job" />${job.last_error && html` <span class="words">${job.last_error}</span>`}` },
    { key: "last", label: t("jobs.last"), cell: (job) => html`<${Time} at=${job.last_run_at} />` },
    { key: "next", label: t("jobs.next"), wide: true, cell: (job) => html`<${Time} at=${job.next_run_at} />` },
  ]} />`}
<//>`;
