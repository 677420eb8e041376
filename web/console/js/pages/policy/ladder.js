// The ladder as cards, top-down: one a step.
import { html } from "../../html.js";
import { money } from "../../format.js";
import { t, word } from "../../lang.js";
import { Warnings, errorsUnder, wrong } from "../../policy/check.js";
import { channels, moved, prune, receipts } from "../../policy/shape.js";
import { Field } from "../../ui/form.js";
import { Accounts } from "./accounts.js";
import { Funnel } from "./funnel.js";

const shownFields = ["channel", "until", "timeout", "accounts", "when", "prefer", "weights"];

// saidByCards tells whether a card shows what is said about a field.
export function saidByCards(policy, field) {
  const [, i, name] = /^steps\[(\d+)\]\.?(\w*)/.exec(field) || [];
  return i !== undefined && Number(i) < policy.steps.length && (name === "" || shownFields.includes(name));
}

export function Ladder({ policy, change, errors, check, accounts, week, canWrite }) {
  const { steps } = policy;
  const setSteps = (next) => change({ steps: next });
  const last = steps.at(-1);
  const add = () => setSteps([...steps, { channel: channels.find((c) => !steps.some((s) => s.channel === c)) || "sms", until: "delivered", timeout: last?.timeout || "2m" }]);
  return html`
    <ol class="ladder">${steps.map((step, i) => html`<${Card} key=${i} step=${step} at=${i} count=${steps.length} accounts=${accounts} canWrite=${canWrite}
      errors=${errorsUnder(errors, `steps[${i}]`)} checked=${check?.valid ? check.steps[i] : undefined} warnings=${check?.warnings.filter((w) => w.step === i + 1)}
      week=${week?.find((row) => row.step === i + 1 && row.channel === step.channel)}
      set=${(changes) => setSteps(steps.map((s, at) => (at === i ? prune({ ...s, ...changes }) : s)))}
      move=${(by) => setSteps(moved(steps, i, by))} remove=${() => setSteps(steps.filter((_, at) => at !== i))} />`)}</ol>
    ${steps.length === 0 && html`<p class="faint">${t("policy.no_steps")}</p>`}
    ${canWrite && html`<div class="add-step"><button type="button" onClick=${add} disabled=${steps.length >= 16}>${t("policy.add_step")}</button></div>`}`;
}

function Card({ step, at, count, accounts, canWrite, errors, checked, warnings, week, set, move, remove }) {
  const field = (name) => `steps[${at}].${name}`;
  const own = errors.filter((e) => e.field === `steps[${at}]`).map((e) => e.message).join("; ");
  const n = at + 1;
  const several = (step.accounts?.length ?? accounts.filter((a) => a.channel === step.channel).length) > 1 || step.prefer;
  const off = !canWrite;
  return html`<li class="rung" data-channel=${step.channel}>
    <div class="rung-head"><span class="rung-number num">${n}</span><h3>${t("policy.step_by", { channel: word("channel", step.channel) })}</h3>
      ${checked && html`<span class="faint num">${price(checked, step)}</span>`}
      ${canWrite && html`<div class="row-buttons">
        <button type="button" class="small" disabled=${at === 0} aria-label=${t("policy.step_up", { n })} title=${t("policy.step_up", { n })} onClick=${() => move(-1)}>↑</button>
        <button type="button" class="small" disabled=${at === count - 1} aria-label=${t("policy.step_down", { n })} title=${t("policy.step_down", { n })} onClick=${() => move(1)}>↓</button>
        <button type="button" class="small" aria-label=${t("policy.step_remove", { n })} title=${t("policy.step_remove", { n })} onClick=${remove}>×</button>
      </div>`}
    </div>
    <div class="step-card" data-wrong=${errors.length > 0 || undefined}>
      <div class="step-fields">
        <${Field} label=${t("policy.channel")} kind="select" options=${choices(channels, "channel", step.channel)} value=${step.channel} disabled=${off}
          onInput=${(channel) => set({ channel, accounts: undefined, weights: undefined })} error=${wrong(errors, field("channel"))} />
        <${Field} label=${t("policy.until")} kind="select" options=${choices(receipts, "until", step.until || "delivered")} value=${step.until || "delivered"} disabled=${off}
          onInput=${(until) => set({ until })} error=${wrong(errors, field("until"))} />
        <${Field} label=${t("policy.timeout")} value=${step.timeout} placeholder="2m" mono autocomplete="off" disabled=${off} onInput=${(timeout) => set({ timeout })} error=${wrong(errors, field("timeout"))} />
      </div>
      <div class="step-fields two">
        <${Accounts} step=${step} accounts=${accounts} set=${set} canWrite=${canWrite} errors=${errors} at=${field("")} />
        <div class="step-choice">
          ${several && html`<${Field} label=${t("policy.prefer")} kind="select" options=${choices(["listed", "weighted", "cheapest"], "prefer", step.prefer || "listed")} value=${step.prefer || "listed"} disabled=${off}
            onInput=${(prefer) => set({ prefer: prefer === "listed" ? undefined : prefer, weights: prefer === "weighted" ? step.weights : undefined })} error=${wrong(errors, field("prefer"))} />`}
          <${Field} label=${t("policy.when")} value=${step.when} placeholder=${canWrite ? "category == 'otp'" : undefined} mono spellcheck=${false} autocomplete="off" disabled=${off} onInput=${(when) => set({ when })} error=${wrong(errors, field("when"))} />
        </div>
      </div>
      ${own && html`<p class="error">${own}</p>`}
      <${Warnings} list=${warnings} />
      <${Funnel} row=${week} />
    </div>
  </li>`;
}

// price is what the step costs at most, and what it really waits for where that is less than was asked.
function price(checked, step) {
  if (checked.accounts.length === 0) return t("policy.no_account");
  const cost = checked.price ? t("policy.at_most", { price: money(checked.price) }) : t("policy.no_price");
  return checked.waits_for === (step.until || "delivered") ? cost : `${cost} · ${t("policy.waits_for", { receipt: word("receipt", checked.waits_for) })}`;
}

// choices are a select's options; a value that is none of them is shown as it is.
const choices = (values, group, value) => [...(values.includes(value) ? values : [value ?? "", ...values])].map((v) => [v, word(group, v)]);
