import { html, useEffect, useRef, useState } from "../html.js";
import { t } from "../lang.js";
import { Failure } from "./parts.js";

// Dialog lies over the page until it is closed; the browser keeps the keyboard inside it.
export function Dialog({ title, onClose, children, wide = false }) {
  const box = useRef();
  useEffect(() => {
    const before = document.activeElement;
    box.current.showModal();
    return () => before?.focus?.();
  }, []);
  const awake = useRef(false); // a key that opened the dialog, and is still down, answers nothing in it
  const keys = (event) => {
    if (event.type === "keydown" && !event.repeat) awake.current = true;
    if (event.key === "Enter" && !awake.current) event.preventDefault();
  };
  const cancel = (event) => {
    event.preventDefault();
    onClose?.();
  };
  return html`<dialog ref=${box} class=${wide ? "wide" : ""} aria-labelledby="dialog-title" onCancel=${cancel} onKeyDownCapture=${keys} onKeyPressCapture=${keys}>
    <h2 id="dialog-title">${title}</h2>
    ${children}
  </dialog>`;
}

// Confirm asks before something that cannot be taken back, and says how much it touches. act may answer a promise.
export function Confirm({ title, children, yes, danger = true, act, onClose }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState();
  const run = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await act();
      onClose();
    } catch (cause) {
      setProblem(cause);
      setBusy(false);
    }
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form onSubmit=${run}>
      <div class="dialog-text">${children}</div>
      <${Failure} problem=${problem} />
      <div class="actions end">
        <button type="button" onClick=${onClose}>${t("app.no")}</button>
        <button class=${danger ? "danger" : "primary"} disabled=${busy}>${yes}</button>
      </div>
    </form>
  <//>`;
}
