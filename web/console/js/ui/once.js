import { html } from "../html.js";
import { t } from "../lang.js";
import { Copy } from "./parts.js";
import { Dialog } from "./dialog.js";

// Once shows a secret that cannot be shown again.
export function Once({ title, name, secret, children, onClose }) {
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <div class="dialog-text">
      ${children}
      <p class="secret-name">${name}</p>
      <div class="secret"><code>${secret}</code><${Copy} text=${secret} /></div>
      <p><strong>${t("once.note")}</strong></p>
    </div>
    <div class="actions end"><button type="button" class="primary" onClick=${onClose}>${t("once.done")}</button></div>
  <//>`;
}
