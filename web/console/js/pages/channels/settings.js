// The settings of an adapter as a form, with the provider's own words for each.
import { html, useRef, useState } from "../../html.js";
import { spoken, t } from "../../lang.js";
import { Field } from "../../ui/form.js";

// apart: a setting that few people touch; it stands behind those that everybody fills in.
const apart = (s) => !s.required && !s.secret && (s.default || /(_url|_ca|_ton|_npi)$/.test(s.name));

// tree: the setting is JSON, as the parts of an HTTP gateway are.
const tree = (s) => /^[{[]/.test(s.example || "") || /^[{[]/.test(s.default || "");

const lines = (s) => tree(s) || /PEM/.test(`${s.help} ${s.label} ${s.example}`);

// readSetting turns what was typed into what the API takes: an object or a list where it is one, otherwise text.
export function readSetting(text) {
  const typed = text.trim();
  if (/^[{[]/.test(typed)) {
    try {
      return JSON.parse(typed);
    } catch {
      return text;
    }
  }
  return text;
}

// writeSetting is the reverse, for a form.
export const writeSetting = (value) => (value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value, null, 2));

// Settings shows every setting of an adapter. kept: the account is there, and its secrets stay unless they are written anew.
export function Settings({ fields, open, secrets, setOpen, setSecrets, wrong, kept = false, disabled }) {
  const one = (s) => html`<${Setting} key=${s.name} of=${s} kept=${kept} disabled=${disabled} error=${wrong("settings." + s.name)}
    value=${(s.secret ? secrets : open)[s.name] ?? ""} onInput=${(v) => (s.secret ? setSecrets : setOpen)((all) => ({ ...all, [s.name]: v }))} />`;
  const further = fields.filter(apart);
  const shown = further.some((s) => open[s.name] || wrong("settings." + s.name));
  return html`<div class="fields settings">${fields.filter((s) => !apart(s)).map(one)}</div>
    ${further.length > 0 && html`<details class="further" open=${shown}><summary>${t("channel_settings.further")}</summary><p class="hint">${t("channel_settings.further_note")}</p><div class="fields settings">${further.map(one)}</div></details>`}`;
}

let ids = 0;

function Setting({ of: s, value, onInput, error, kept, disabled }) {
  const id = useRef(`s${ids++}`).current;
  const [bare, setBare] = useState(false);
  const long = lines(s);
  const label = spoken(s, "label");
  const required = s.required && !(kept && s.secret);
  const shared = {
    id, required, disabled, spellcheck: false, autocomplete: s.secret ? "new-password" : "off", "aria-describedby": `${id}-hint`, "aria-invalid": error ? "true" : undefined,
    placeholder: kept && s.secret ? t("channel_settings.kept") : s.default || "", onInput: (event) => onInput(event.currentTarget.value), value,
  };
  return html`<div class="field" data-long=${long || undefined} data-wrong=${error ? true : undefined}>
    <label for=${id}>${label || s.name}${required && html`<span class="must" aria-hidden="true"> *</span>`} ${label && label !== s.name && html`<code class="faint">${s.name}</code>`}</label>
    <div class=${s.secret ? "sealed" : undefined}>
      ${long ? html`<textarea ...${shared} class=${s.secret && !bare ? "mono veiled" : "mono"} rows="3"></textarea>`
        : html`<input ...${shared} class="mono" type=${s.secret && !bare ? "password" : "text"} />`}
      ${s.secret && html`<button type="button" class="small" aria-pressed=${bare} onClick=${() => setBare(!bare)} aria-label=${t(bare ? "channel_settings.hide_one" : "channel_settings.show_one", { name: s.name })}>${t(bare ? "channel_settings.hide" : "channel_settings.show")}</button>`}
    </div>
    <p class="hint" id="${id}-hint">${spoken(s, "help")}${s.example && s.example !== s.default && html` <span class="example">${t("channel_settings.example")} <code>${s.example}</code></span>`}</p>
    ${error && html`<p class="error">${error}</p>`}
  </div>`;
}

// Rate is how fast an account may be used.
export const Rate = ({ of, change, wrong, disabled }) => html`<div class="fields">
  <${Field} label=${t("channels.per_second")} hint=${t("channels.per_second_hint")} kind="number" min="0" step="any" inputmode="decimal" disabled=${disabled} value=${of.per_second} onInput=${(v) => change({ per_second: v })} error=${wrong("rate.per_second")} />
  <${Field} label=${t("channels.concurrency")} hint=${t("channels.concurrency_hint")} kind="number" min="0" step="1" inputmode="numeric" disabled=${disabled} value=${of.concurrency} onInput=${(v) => change({ concurrency: v })} error=${wrong("rate.concurrency")} />
</div>`;
