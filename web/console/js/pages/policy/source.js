// The policy as JSON. What is typed here moves the form as soon as it can be read; until then the form stays as it was.
import { html, useRef } from "../../html.js";
import { t } from "../../lang.js";
import { Copy, Section } from "../../ui/parts.js";

export function Source({ edited, canWrite }) {
  const area = useRef();
  const { text, fault } = edited;
  const wrong = !fault ? "" : fault.line ? t("policy.json_fault", fault) : t("policy.json_shape", { field: fault.field });
  const jump = () => {
    const lines = text.split("\n").slice(0, fault.line - 1);
    const at = lines.join("\n").length + (lines.length ? 1 : 0) + fault.column - 1;
    area.current.focus();
    area.current.setSelectionRange(at, at + 1);
  };
  return html`<${Section} title="JSON" note=${canWrite && t("policy.json_note")} actions=${html`<${Copy} text=${text} />`}>
    <textarea ref=${area} class="mono source" aria-label="JSON" aria-invalid=${wrong ? "true" : undefined} aria-describedby=${wrong ? "source-error" : undefined} spellcheck=${false} autocomplete="off"
      rows=${Math.min(Math.max(text.split("\n").length + 1, 12), 44)} readonly=${!canWrite} value=${text} onInput=${(e) => edited.write(e.currentTarget.value)} onBlur=${edited.settle}></textarea>
    ${wrong && html`<p class="error" id="source-error" role="alert">${wrong} ${fault.line && html`<button type="button" class="link" onClick=${jump}>${t("policy.json_jump")}</button>`}</p>`}
  <//>`;
}
