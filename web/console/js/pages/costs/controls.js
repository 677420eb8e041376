// What the report is about: its days, its groups and its filters. All of it stands in the address.
import { query } from "../../api.js";
import { html, useState } from "../../html.js";
import { t } from "../../lang.js";
import { useLoad } from "../../live.js";
import { Link } from "../../router.js";
import { Field } from "../../ui/form.js";
import { filterable, groupable, spans, valueText } from "./query.js";

export function Controls({ filters, set, span, groups, narrow }) {
  const [first, second] = groups;
  const group = (a, b) => set({ group: [...new Set([a, b].filter(Boolean))].join(",") === "channel" ? "" : [...new Set([a, b].filter(Boolean))].join(","), sort: "" });
  const here = (changes) => "/costs" + query({ ...filters, group: filters.group === "channel" ? "" : filters.group, ...changes });
  const names = (list) => list.map((name) => [name, t("costs.by_" + name)]);
  return html`<div class="controls">
    <nav class="choice" aria-label=${t("costs.span")}>${spans.map((name) => html`<${Link} key=${name} aria-current=${filters.span === name ? "true" : undefined}
      href=${here({ span: name === "month" ? "" : name, from: name === "own" ? span.from : "", to: name === "own" ? span.to : "" })}>${t("costs.span_" + name)}<//>`)}</nav>
    <div class="filters">
      ${filters.span === "own" && html`
        <${Field} label=${t("costs.from")} kind="date" value=${span.from} max=${span.to} onInput=${(v) => v && set({ from: v })} />
        <${Field} label=${t("costs.to")} kind="date" value=${span.to} min=${span.from} onInput=${(v) => v && set({ to: v })} />`}
      <${Field} label=${t("costs.group")} kind="select" value=${first} options=${names(groupable)} onInput=${(v) => group(v, second === v ? "" : second)} />
      <${Field} label=${t("costs.then")} kind="select" value=${second || ""} options=${[["", t("costs.then_none")], ...names(groupable.filter((name) => name !== first))]} onInput=${(v) => group(first, v)} />
      <${AddFilter} span=${span} narrow=${narrow} set=${set} />
    </div>
    ${Object.keys(narrow).length > 0 && html`<div class="chips">${Object.entries(narrow).map(([name, value]) => html`<button type="button" key=${name} class="chip small" onClick=${() => set({ [name]: "" })}>
      ${t("costs.by_" + name)}: ${valueText(name, value)} <span aria-hidden="true">×</span><span class="unseen">${t("costs.drop_filter")}</span></button>`)}</div>`}
  </div>`;
}

// AddFilter narrows the report to a value that occurs in its days.
function AddFilter({ span, narrow, set }) {
  const [name, setName] = useState("");
  const { data, problem } = useLoad(name && "/v1/reports/costs" + query({ ...span, group_by: name, ...narrow }));
  const values = name && data?.group_by[0] === name ? data.data.map((row) => row[name]).filter(Boolean) : [];
  const choose = (value) => {
    setName("");
    set({ [name]: value });
  };
  return html`<${Field} label=${t("costs.filter")} kind="select" value=${name} onInput=${setName}
      options=${[["", t("costs.filter_none")], ...filterable.filter((f) => !narrow[f]).map((f) => [f, t("costs.by_" + f)])]} />
    ${name && html`<${Field} label=${t("costs.by_" + name)} kind="select" value="" onInput=${choose} error=${problem?.message}
      options=${[["", t(values.length ? "costs.filter_value" : "costs.filter_empty")], ...values.map((v) => [v, valueText(name, v)])]} />`}`;
}
