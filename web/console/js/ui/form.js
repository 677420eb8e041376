import { html, useEffect, useRef, useState } from "../html.js";
import { t } from "../lang.js";
import { Failure } from "./parts.js";

let ids = 0;

const useID = () => useRef(`f${ids++}`).current;

// Field is a control with its name, a hint and what is wrong with it. kind is an input's type, "area" or "select".
export function Field({ label, hint, error, kind = "text", options, value, onInput, required, mono, ...rest }) {
  const id = useID();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  const shared = {
    id, required, class: mono ? "mono" : undefined, "aria-describedby": described, "aria-invalid": error ? "true" : undefined,
    onInput: (event) => onInput?.(event.currentTarget.value), ...rest,
  };
  return html`<div class="field" data-wrong=${error ? true : undefined}>
    <label for=${id}>${label}${required && html`<span class="must" aria-hidden="true"> *</span>`}</label>
    ${kind === "area" && html`<textarea ...${shared} value=${value ?? ""}></textarea>`}
    ${kind === "select" && html`<select ...${shared} value=${value ?? ""}>${options.map(([v, text]) => html`<option value=${v} selected=${v === (value ?? "")}>${text}</option>`)}</select>`}
    ${kind !== "area" && kind !== "select" && html`<input ...${shared} type=${kind} value=${value ?? ""} />`}
    ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
    ${error && html`<p class="error" id="${id}-error">${error}</p>`}
  </div>`;
}

// Check is a box to tick.
export function Check({ label, value, onInput, ...rest }) {
  return html`<label class="check"><input type="checkbox" checked=${value} onChange=${(event) => onInput(event.currentTarget.checked)} ...${rest} /> <span>${label}</span></label>`;
}

const drafts = "cascade.draft.";

// useDraft is state that outlives a reload, a lost session and a restarted service, until it is dropped. Nothing secret
// belongs in it. Answers [value, set, drop].
export function useDraft(name, initial) {
  const key = drafts + name;
  const [value, setValue] = useState(() => {
    try {
      return JSON.parse(sessionStorage.getItem(key)) ?? initial;
    } catch {
      return initial;
    }
  });
  const set = (next) => setValue((now) => {
    const made = typeof next === "function" ? next(now) : next;
    sessionStorage.setItem(key, JSON.stringify(made));
    return made;
  });
  const drop = (to = initial) => {
    sessionStorage.removeItem(key);
    setValue(to);
  };
  return [value, set, drop];
}

// useSaving runs an act once at a time: {busy, problem, run, wrong(field), clear}.
export function useSaving() {
  const [state, setState] = useState({ busy: false });
  const alive = useRef(true);
  useEffect(() => () => { alive.current = false; }, []);
  const run = async (act) => {
    setState({ busy: true });
    try {
      const done = await act();
      if (alive.current) setState({ busy: false });
      return done;
    } catch (problem) {
      if (alive.current) setState({ busy: false, problem });
      return undefined;
    }
  };
  return { ...state, run, wrong: (field) => state.problem?.of?.(field) || "", clear: () => setState({ busy: false }) };
}

// Form is a form whose fields say themselves what is wrong with them; what no field says stands above its buttons.
export function Form({ onSubmit, saving, submit = t("app.save"), onCancel, said = [], children }) {
  const send = (event) => {
    event.preventDefault();
    onSubmit();
  };
  const unsaid = saving.problem?.errors?.filter((e) => !said.includes(e.field)) ?? [];
  return html`<form onSubmit=${send} novalidate>
    ${children}
    ${saving.problem && html`<${Failure} problem=${saving.problem} />`}
    ${unsaid.length > 0 && html`<ul class="errors">${unsaid.map((e) => html`<li><code>${e.field}</code> ${e.message}</li>`)}</ul>`}
    <div class="actions end">
      ${onCancel && html`<button type="button" onClick=${onCancel}>${t("app.cancel")}</button>`}
      <button class="primary" disabled=${saving.busy}>${saving.busy ? t("app.saving") : submit}</button>
    </div>
  </form>`;
}
