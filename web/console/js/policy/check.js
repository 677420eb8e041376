// What the service says of a policy while it is being written.
import { post } from "../api.js";
import { html, useEffect, useState } from "../html.js";
import { t, word } from "../lang.js";
import { useReturns } from "../live.js";

const pause = 300;

// useCheck answers {check, problem, checking} of a policy, some moments after it last changed. The last answer stays while the
// next is under way.
export function useCheck(policy) {
  const [state, setState] = useState({ checking: true });
  const text = JSON.stringify(policy);
  const returns = useReturns();
  useEffect(() => {
    const stop = new AbortController();
    setState((s) => ({ ...s, checking: true }));
    const timer = setTimeout(() => {
      post("/v1/policies/check", { policy: JSON.parse(text) }, { signal: stop.signal }).then(
        (check) => setState({ check, text }),
        (problem) => problem.name !== "AbortError" && setState({ problem, text }),
      );
    }, pause);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text, returns]);
  return state;
}

// errorsUnder are the errors of a field and of all that is inside it.
export const errorsUnder = (errors, field) => errors.filter((e) => e.field === field || e.field.startsWith(field + ".") || e.field.startsWith(field + "["));

// wrong is what is said of a field, in one line.
export const wrong = (errors, field) => errorsUnder(errors, field).map((e) => e.message).join("; ");

// withDetail are the warnings whose sentence of ours leaves out why; the service's own words follow it.
const withDetail = new Set(["step_never_runs"]);

export function Warnings({ list }) {
  if (!list?.length) return null;
  return html`<ul class="warnings">${list.map((w) => {
    const said = word("lint", w.code);
    const known = said !== w.code;
    return html`<li key=${w.field + w.code}><span>${known ? said : w.message}</span>${known && withDetail.has(w.code) && html` <span class="faint">${w.message}</span>`}</li>`;
  })}</ul>`;
}

export const problemsOf = (errors) => html`<ul class="errors">${errors.map((e) => html`<li><code>${e.field || t("policy.whole")}</code> ${e.message}</li>`)}</ul>`;
