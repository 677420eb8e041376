import { html, useState } from "../../html.js";
import { t } from "../../lang.js";
import { lookup, type } from "./openapi.js";

// Type is a type in words. One that has a name or fields opens to them; what is inside is made only then, since schemas may hold
// themselves.
export function Type({ doc, schema, kind, open = false }) {
  const [shown, setShown] = useState(open);
  const [text, name] = type(schema);
  const inner = name ? doc.components.schemas[name] : schema?.items || schema;
  const list = fields(doc, inner);
  if (kind && !/json/.test(kind)) return html`<code>${kind}</code>`;
  if (list.length === 0) return html`<code>${name ? type(inner)[0] || text : text}</code>${inner?.description && name && html` <span class="faint">${inner.description}</span>`}`;
  return html`<button type="button" class="link schema" aria-expanded=${shown} onClick=${() => setShown(!shown)}>${text || "object"}</button>
    ${shown && html`${inner.description && html`<p class="faint">${inner.description}</p>`}<${Fields} doc=${doc} list=${list} />`}`;
}

// fields lists what an object holds.
function fields(doc, given) {
  const schema = lookup(doc, given);
  const own = Object.entries(schema?.properties || {}).map(([name, one]) => ({ name, schema: one, required: schema.required?.includes(name), text: one.description }));
  const rest = schema?.additionalProperties;
  if (rest && typeof rest === "object") own.push({ name: "…", schema: rest });
  return own.concat((schema?.allOf || []).flatMap((part) => fields(doc, part)));
}

export const Fields = ({ doc, list }) => html`<dl class="schema-fields">${list.map((f) => html`<div key=${f.name}>
  <dt><code>${f.name}</code>${f.required && html`<span class="must" title=${t("reference.required")}> *</span>`}${f.where && html` <span class="faint">${f.where}</span>`}</dt>
  <dd><${Type} doc=${doc} schema=${f.schema} /> ${f.text && html`<span class="faint">${f.text}</span>`}${bounds(f.schema)}</dd>
</div>`)}</dl>`;

// bounds writes the limits of a plain value.
function bounds(schema = {}) {
  const said = [
    schema.minimum !== undefined && `≥ ${schema.minimum}`, schema.maximum !== undefined && `≤ ${schema.maximum}`,
    schema.maxLength && t("reference.max_length", { n: schema.maxLength }), schema.maxItems && t("reference.max_items", { n: schema.maxItems }),
    schema.default !== undefined && t("reference.default", { value: JSON.stringify(schema.default) }), schema.pattern,
  ].filter(Boolean);
  return said.length > 0 && html` <span class="faint num">${said.join(", ")}</span>`;
}
