// The API, operation by operation, from its own description.
import { html } from "../../html.js";
import { t, word } from "../../lang.js";
import { useLoad } from "../../live.js";
import { useFilters } from "../../router.js";
import { Empty, Failure, Section, Waiting } from "../../ui/parts.js";
import { Search } from "../../ui/search.js";
import { Developers } from "./frame.js";
import { groups } from "./openapi.js";
import { Operation } from "./operation.js";

export function Reference() {
  const { data: doc, problem, again } = useLoad("/openapi.json");
  const [filters, set] = useFilters();
  const wanted = (filters.q || "").toLowerCase();
  const fits = (op) => `${op.method} ${op.path} ${op.summary}`.toLowerCase().includes(wanted);
  const shown = doc ? groups(doc).map(([name, ops]) => [name, ops.filter(fits)]).filter(([, ops]) => ops.length > 0) : [];
  return html`<${Developers} actions=${html`<a class="button" href="/docs">${t("reference.docs")}</a><a class="button" href="/openapi.yaml">openapi.yaml</a><a class="button" href="/openapi.json">openapi.json</a>`}>
    <${Search} fields=${[["q", t("reference.find"), t("reference.find_hint")]]} values=${{ q: filters.q }} onSearch=${({ q }) => set({ q, op: "" })} />
    <${Failure} problem=${problem} again=${again} />
    ${!doc && !problem && html`<${Waiting} lines=${8} />`}
    ${doc && !wanted && html`<${Section} title=${t("reference.everywhere")}><ul class="plain" lang="en">${sentences(doc.info.description).map((s) => html`<li key=${s}>${s}</li>`)}</ul><//>`}
    ${doc && shown.length === 0 && html`<${Empty} title=${t("reference.none")} />`}
    ${shown.map(([name, ops]) => html`<${Section} key=${name} title=${word("subject", name)} id=${name}>
      ${ops.map((op) => html`<${Operation} key=${op.operationId} doc=${doc} op=${op} open=${filters.op === op.operationId} onOpen=${(on) => (on ? set({ op: op.operationId }) : filters.op === op.operationId && set({ op: "" }))} />`)}
    <//>`)}
  <//>`;
}

// sentences takes a long paragraph apart, so that it can be looked through.
const sentences = (text) => text.split(/(?<=\.)\s+(?=[A-Z])/);
