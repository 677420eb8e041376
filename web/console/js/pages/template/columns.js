// The three channels of a template side by side, each with what it can carry.
import { html } from "../../html.js";
import { t, word } from "../../lang.js";
import { Check, Field } from "../../ui/form.js";
import { Channel, Section } from "../../ui/parts.js";
import { Meter } from "./preview.js";
import { blank, channels } from "./shape.js";
import { Zns } from "./zns.js";

export function Columns({ form, change, wrong, shown, locked }) {
  const set = (channel, content) => change({ content: { ...form.content, [channel]: content } });
  const without = (channel) => change({ content: Object.fromEntries(Object.entries(form.content).filter(([c]) => c !== channel)) });
  const Editors = { zns: Zns, viber: Viber, sms: Sms };
  return html`<${Section} title=${t("template.contents")} note=${t("template.contents_note")}>
    ${wrong("content") && html`<p class="error">${wrong("content")}</p>`}
    <div class="three">${channels.map((c) => html`<fieldset key=${c} class="sheet" data-channel=${c} disabled=${locked}>
      <legend><${Channel} of=${c} /></legend>
      ${form.content[c] ? html`<${Editors[c]} of=${form.content[c]} set=${(some) => set(c, { ...form.content[c], ...some })} wrong=${(field) => wrong(`content.${c}.${field}`)} shown=${shown?.channels[c]} />
        ${!locked && html`<p><button type="button" class="quiet small" onClick=${() => without(c)}>${t("template.without", { channel: word("channel", c) })}</button></p>`}`
        : html`<p class="faint">${t("template.not_on", { channel: word("channel", c) })}</p>${!locked && html`<p><button type="button" class="small" onClick=${() => set(c, blank[c]())}>${t("template.with", { channel: word("channel", c) })}</button></p>`}`}
    </fieldset>`)}</div>
  <//>`;
}

function Sms({ of, set, wrong, shown }) {
  return html`<${Field} label=${t("template.text")} kind="area" rows="5" value=${of.text} onInput=${(text) => set({ text })} error=${wrong("text")} />
    ${shown?.segments > 0 && html`<${Meter} text=${shown.content.text || ""} segments=${shown.segments} encoding=${shown.encoding} />`}`;
}

function Viber({ of, set, wrong }) {
  const button = (some) => set({ button: { text: "", url: "", ...of.button, ...some } });
  return html`<${Field} label=${t("template.text")} kind="area" rows="5" value=${of.text} onInput=${(text) => set({ text })} error=${wrong("text")} />
    <${Field} label=${t("template.image")} kind="url" mono value=${of.image_url} onInput=${(v) => set({ image_url: v })} placeholder="https://" error=${wrong("image_url")} />
    <${Check} label=${t("template.button")} value=${Boolean(of.button)} onInput=${(on) => set({ button: on ? { text: "", url: "" } : null })} />
    ${of.button && html`<${Field} label=${t("template.button_text")} value=${of.button.text} onInput=${(text) => button({ text })} error=${wrong("button.text")} />
      <${Field} label=${t("template.button_url")} mono value=${of.button.url} onInput=${(url) => button({ url })} placeholder="https://" error=${wrong("button.url")} />`}`;
}
