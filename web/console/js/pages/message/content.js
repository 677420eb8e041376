// What the person was to read, channel by channel. It is hidden until somebody gives a reason to see it.
import { post } from "../../api.js";
import { html, useState } from "../../html.js";
import { t } from "../../lang.js";
import { may } from "../../session.js";
import { Dialog } from "../../ui/dialog.js";
import { Field, Form, useSaving } from "../../ui/form.js";
import { Channel, Section } from "../../ui/parts.js";

export function Content({ trace, message, shown, onShown }) {
  const [asking, setAsking] = useState(false);
  const content = shown?.content || trace.content;
  const actions = !shown && may("messages:reveal") && html`<button type="button" class="small" onClick=${() => setAsking(true)}>${t("content.reveal")}</button>`;
  return html`<${Section} title=${t("content.title")} note=${shown ? t("content.shown", { to: shown.to }) : t("content.note")} actions=${actions}>
    ${shown?.content_withheld === "otp" && html`<p>${t("content.otp")}</p>`}
    ${content ? html`<div class="columns">${Object.entries(content).map(([channel, c]) => html`<${Rendering} key=${channel} channel=${channel} content=${c} />`)}</div>`
      : !shown && html`<p class="faint">${t("content.hidden")}</p>`}
    ${asking && html`<${Reveal} id=${message.id} onClose=${() => setAsking(false)} onShown=${onShown} />`}
  <//>`;
}

// Rendering shows one channel's text as it goes out.
export function Rendering({ channel, content: c }) {
  const data = Object.entries(c.template_data || {});
  return html`<div class="rendering"><h3><${Channel} of=${channel} /> ${c.segments > 0 && html`<span class="faint num">${t("content.segments", { n: c.segments })} · ${c.encoding}</span>`}</h3>
    ${c.text && html`<p class="bubble">${c.text}</p>`}
    ${c.template_id && html`<p>${t("content.template")} <code>${c.template_id}</code></p>`}
    ${data.length > 0 && html`<dl class="pairs">${data.map(([k, v]) => html`<div><dt><code>${k}</code></dt><dd>${v}</dd></div>`)}</dl>`}
    ${c.image_url && html`<p><code>${c.image_url}</code></p>`}
    ${c.button && html`<p>[${c.button.text}] <code>${c.button.url}</code></p>`}
  </div>`;
}

function Reveal({ id, onClose, onShown }) {
  const [reason, setReason] = useState("");
  const saving = useSaving();
  const send = () => saving.run(async () => {
    onShown(await post(`/v1/messages/${id}/reveal`, { reason }));
    onClose();
  });
  return html`<${Dialog} title=${t("content.reveal_title")} onClose=${onClose}>
    <${Form} onSubmit=${send} saving=${saving} submit=${t("content.reveal")} onCancel=${onClose} said=${["reason"]}>
      <p>${t("content.reveal_note")}</p>
      <${Field} label=${t("content.reason")} value=${reason} onInput=${setReason} required error=${saving.wrong("reason")} />
    <//>
  <//>`;
}
