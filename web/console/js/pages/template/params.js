// What a message must bring to fill the template: found in the texts, declared here, and tried out.
import { html } from "../../html.js";
import { t } from "../../lang.js";
import { Check } from "../../ui/form.js";
import { Section } from "../../ui/parts.js";

export function Params({ form, used, change, values, setValues, to, setTo, wrong, locked }) {
  const declared = form.params.map((p) => p.name);
  const missing = used.filter((name) => !declared.includes(name));
  const declare = (names) => change({ params: [...form.params, ...names.map((name) => ({ name, sensitive: form.category === "otp", example: "" }))] });
  const alter = (i, some) => change({ params: form.params.map((p, n) => (n === i ? { ...p, ...some } : p)) });
  return html`<${Section} title=${t("template.params")} note=${t("template_params.note")}>
    ${missing.length > 0 && html`<div class="notice" data-tone="doubt"><p>${t("template_params.missing", { n: missing.length })} ${missing.map((name) => html`<code>${`{{${name}}}`}</code> `)}</p>
      ${!locked && html`<button type="button" class="small" onClick=${() => declare(missing)}>${t("template_params.declare", { n: missing.length })}</button>`}</div>`}
    ${form.params.length === 0 ? missing.length === 0 && html`<p class="faint">${t("template_params.none")} <code>${"{{customer}}"}</code></p>`
      : html`<div class="table-room" role="group" aria-label=${t("template.params")} tabindex="0"><table class="params">
        <thead><tr><th scope="col">${t("template_params.name")}</th><th scope="col">${t("template_params.example")}</th><th scope="col">${t("template_params.tried")}</th><th scope="col">${t("template_params.sensitive")}</th><th scope="col"><span class="unseen">${t("template_params.drop")}</span></th></tr></thead>
        <tbody>${form.params.map((p, i) => html`<tr key=${i}>
          <td><code>${p.name}</code>${!used.includes(p.name) && html` <span class="tag" data-tone="doubt">${t("template_params.unused")}</span>`}${wrong(`params[${i}].name`) && html`<p class="error">${wrong(`params[${i}].name`)}</p>`}</td>
          <td><input aria-label=${t("template_params.example_of", { name: p.name })} disabled=${locked} value=${p.example} onInput=${(e) => alter(i, { example: e.currentTarget.value })} /></td>
          <td><input aria-label=${t("template_params.tried_of", { name: p.name })} value=${values[p.name] ?? ""} placeholder=${p.example} onInput=${(e) => setValues({ ...values, [p.name]: e.currentTarget.value })} /></td>
          <td><${Check} label=${html`<span class="unseen">${t("template_params.sensitive_of", { name: p.name })}</span>`} disabled=${locked} value=${p.sensitive} onInput=${(sensitive) => alter(i, { sensitive })} /></td>
          <td>${!locked && html`<button type="button" class="quiet small" aria-label=${t("template_params.drop_one", { name: p.name })} onClick=${() => change({ params: form.params.filter((_, n) => n !== i) })}>${t("template_params.drop")}</button>`}</td>
        </tr>`)}</tbody></table></div>`}
    <div class="fields tried"><div class="field"><label for="try-to">${t("template_params.to")}</label><input id="try-to" type="tel" autocomplete="off" class="num" value=${to} placeholder="+84912345678" onInput=${(e) => setTo(e.currentTarget.value)} aria-describedby="try-to-hint" /><p class="hint" id="try-to-hint">${t("template_params.to_hint")}</p></div></div>
  <//>`;
}
