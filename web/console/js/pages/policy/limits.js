// What holds the whole message: its time, its cost and its quiet hours.
import { html } from "../../html.js";
import { t, word } from "../../lang.js";
import { Warnings, wrong } from "../../policy/check.js";
import { categories } from "../../policy/shape.js";
import { session } from "../../session.js";
import { Check, Field } from "../../ui/form.js";
import { Section } from "../../ui/parts.js";

// saidByLimits tells whether this part shows what is said about a field.
export const saidByLimits = (field) => field === "ttl" || /^(max_cost|quiet_hours)\b/.test(field);

export function Limits({ policy, change, errors, warnings, canWrite }) {
  const tenant = session.get()?.tenant;
  const { max_cost: cost, quiet_hours: quiet } = policy;
  const off = !canWrite;
  const setCost = (amount) => change({ max_cost: amount.trim() ? { amount: amount.trim(), currency: cost?.currency || tenant?.currency || "VND" } : undefined });
  const setQuiet = (changes) => change({ quiet_hours: { ...quiet, ...changes } });
  const turn = (on) => change({ quiet_hours: on ? { from: "22:00", to: "07:00", timezone: tenant?.timezone || "Asia/Ho_Chi_Minh", categories: ["promotion"] } : undefined });
  const toggle = (category, on) => {
    const next = categories.filter((c) => (c === category ? on : quiet.categories?.includes(c)));
    const { categories: _, ...rest } = quiet;
    change({ quiet_hours: next.length ? { ...rest, categories: next } : rest });
  };
  return html`<${Section} title=${t("policy.limits")} note=${t("policy.limits_note")}>
    <div class="limits">
      <div class="step-fields two">
        <${Field} label=${t("policy.ttl")} hint=${t("policy.ttl_hint")} value=${policy.ttl} placeholder="24h" mono autocomplete="off" disabled=${off} onInput=${(ttl) => change({ ttl })} error=${wrong(errors, "ttl")} />
        <${Field} label=${t("policy.max_cost", { currency: cost?.currency || tenant?.currency || "VND" })} hint=${t("policy.max_cost_hint")} value=${cost?.amount} inputmode="decimal" autocomplete="off" disabled=${off} onInput=${setCost} error=${wrong(errors, "max_cost")} />
      </div>
      <${Warnings} list=${warnings?.filter((w) => !w.step && saidByLimits(w.field))} />
      <${Check} label=${t("policy.quiet")} value=${Boolean(quiet)} onInput=${turn} disabled=${off} />
      ${quiet && html`<div class="quiet-hours">
        <div class="step-fields">
          <${Field} label=${t("policy.quiet_from")} mono placeholder="22:00" autocomplete="off" value=${quiet.from} disabled=${off} onInput=${(from) => setQuiet({ from })} error=${wrong(errors, "quiet_hours.from")} />
          <${Field} label=${t("policy.quiet_to")} mono placeholder="07:00" autocomplete="off" value=${quiet.to} disabled=${off} onInput=${(to) => setQuiet({ to })} error=${wrong(errors, "quiet_hours.to")} />
          <${Field} label=${t("policy.quiet_zone")} mono autocomplete="off" value=${quiet.timezone} disabled=${off} onInput=${(timezone) => setQuiet({ timezone })} error=${wrong(errors, "quiet_hours.timezone")} />
        </div>
        <fieldset class="checks"><legend>${t("policy.quiet_for")}</legend>
          ${categories.map((c) => html`<${Check} key=${c} label=${word("category", c)} value=${Boolean(quiet.categories?.includes(c))} onInput=${(on) => toggle(c, on)} disabled=${off} />`)}
          ${wrong(errors, "quiet_hours.categories") && html`<p class="error">${wrong(errors, "quiet_hours.categories")}</p>`}
          ${!quiet.categories?.length && html`<p class="hint">${t("policy.quiet_all")}</p>`}
        </fieldset>
      </div>`}
    </div>
  <//>`;
}
