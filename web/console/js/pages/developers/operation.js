import { html, useEffect, useRef, useState } from "../../html.js";
import { t } from "../../lang.js";
import { Snippet, curl } from "../../ui/parts.js";
import { content, example, lookup } from "./openapi.js";
import { Fields, Type } from "./schema.js";

// Operation is one line of the reference; opened, it shows a call, what goes in and what comes back.
export function Operation({ doc, op, open, onOpen }) {
  const [shown, setShown] = useState(open);
  const box = useRef();
  useEffect(() => {
    if (open) box.current.scrollIntoView({ block: "nearest" });
  }, []);
  const turn = (event) => {
    if (event.currentTarget.open === shown) return;
    setShown(event.currentTarget.open);
    onOpen(event.currentTarget.open);
  };
  return html`<details class="operation" id=${op.operationId} ref=${box} open=${shown} onToggle=${turn}>
    <summary><b class="method" data-method=${op.method}>${op.method}</b><code>${op.path}</code><span>${op.summary}</span></summary>
    ${shown && html`<${Opened} doc=${doc} op=${op} />`}
  </details>`;
}

function Opened({ doc, op }) {
  const body = content(doc, op.requestBody);
  return html`<div class="opened">
    ${op.description && html`<p>${op.description}</p>`}
    <${Snippet} text=${call(doc, op, body)} />
    ${op.parameters.length > 0 && html`<div><h3>${t("reference.parameters")}</h3>
      <${Fields} doc=${doc} list=${op.parameters.map((p) => ({ name: p.name, where: p.in, required: p.required, schema: p.schema, text: p.description }))} /></div>`}
    ${body && html`<div><h3>${t("reference.body")}</h3><p><${Type} doc=${doc} schema=${body[1]} kind=${body[0]} open /></p></div>`}
    <div><h3>${t("reference.answers")}</h3><dl class="answers">${Object.entries(op.responses).map(([status, given]) => {
      const answer = lookup(doc, given);
      const type = content(doc, answer);
      return html`<div key=${status}><dt class="num">${status === "default" ? t("reference.otherwise") : status}</dt><dd>${answer.description} ${type && html`<${Type} doc=${doc} schema=${type[1]} kind=${type[0]} />`}</dd></div>`;
    })}</dl></div>
  </div>`;
}

// call writes the operation as a command.
function call(doc, op, body) {
  const needed = op.parameters.filter((p) => p.in === "query" && p.required).map((p) => `${p.name}=${example(doc, p.schema)}`);
  const path = op.path + (needed.length ? "?" + needed.join("&") : "");
  if (op.security?.length === 0) return `curl ${op.method === "GET" ? "" : `-X ${op.method} `}'${location.origin}${path}'`;
  return curl(op.method, path, body?.[0] === "application/json" ? example(doc, body[1]) : undefined);
}
