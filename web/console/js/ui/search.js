import { html, useEffect, useState } from "../html.js";
import { t } from "../lang.js";
import { Field } from "./form.js";

// Search narrows a list by what somebody types: fields [[name, label, placeholder]]. What is searched for stands in values; its
// children are controls that narrow at once.
export function Search({ fields, values, onSearch, children }) {
  const now = () => Object.fromEntries(fields.map(([name]) => [name, values[name] || ""]));
  const [typed, setTyped] = useState(now());
  useEffect(() => setTyped(now()), [JSON.stringify(now())]);
  const send = (event) => {
    event.preventDefault();
    onSearch(Object.fromEntries(Object.entries(typed).map(([name, text]) => [name, text.trim()])));
  };
  const given = Object.keys(values).filter((name) => values[name]);
  return html`<form class="filters" role="search" onSubmit=${send}>
    ${children}
    ${fields.map(([name, label, placeholder]) => html`<${Field} key=${name} label=${label} placeholder=${placeholder} value=${typed[name]} onInput=${(v) => setTyped({ ...typed, [name]: v })} autocomplete="off" />`)}
    <button>${t("search.go")}</button>
    ${given.length > 0 && html`<button type="button" class="quiet" onClick=${() => onSearch(Object.fromEntries(given.map((name) => [name, ""])))}>${t("search.clear")}</button>`}
  </form>`;
}
