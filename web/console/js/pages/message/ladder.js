// The ladder of a message, top-down: each step with its account, its clock, its result, its price and why.
import { html } from "../../html.js";
import { duration, exactTime, millis, money } from "../../format.js";
import { t, word } from "../../lang.js";
import { useNow } from "../../live.js";
import { Channel, Status, Time } from "../../ui/parts.js";
import { ours } from "./said.js";
import { final, reached, why } from "./story.js";
import { todo } from "./todo.js";

export function Ladder({ message, plan, decision }) {
  const steps = plan || [...new Set(message.attempts.map((a) => a.step))].map((step) => ({ step, channel: message.attempts.find((a) => a.step === step).channel }));
  return html`<ol class="ladder">${steps.map((step) => html`<${Step} key=${step.step} step=${step} message=${message} decision=${decision}
    attempts=${message.attempts.filter((a) => a.step === step.step)} />`)}</ol>`;
}

function Step({ step, attempts, message, decision }) {
  const idle = attempts.length === 0;
  return html`<li class="rung" data-idle=${idle || undefined} data-channel=${step.channel}>
    <div class="rung-head">
      <span class="rung-number num">${step.step}</span><${Channel} of=${step.channel} />
      ${step.timeout && html`<span class="faint">${t("ladder.rule", { until: word("receipt", step.waits_for || step.until), wait: duration(millis(step.timeout)) })}</span>`}
      ${step.when && html`<span class="faint">${t("ladder.when")} <code>${step.when}</code></span>`}
    </div>
    ${idle ? html`<p class="faint">${notRun(step, message, decision)}</p>` : attempts.map((a) => html`<${Attempt} key=${a.id} attempt=${a} step=${step} open=${!final(message.status)} done=${reached(message.status)} />`)}
  </li>`;
}

// notRun says why a step has no attempt.
function notRun(step, message, decision) {
  if (step.skip) return t("why.skipped", { why: word("reason", step.skip) });
  if (final(message.status)) return t(reached(message.status) ? "ladder.not_needed" : "ladder.not_begun");
  if (message.attempts.length === 0 && step.step === 1 && decision?.at) return t("ladder.starts_at", { at: exactTime(decision.at) });
  return t("ladder.its_turn");
}

// billing says why an attempt costs what it costs.
function billing(attempt, step) {
  if (!step.billed || !attempt.sent_at) return "";
  const reachedNobody = ["failed", "timed_out"].includes(attempt.status);
  if (!reachedNobody && Number(attempt.cost.amount) === 0) return "";
  return html` <span class="faint">${t((reachedNobody ? "ladder.billed_" : "ladder.charged_") + step.billed)}</span>`;
}

function Attempt({ attempt: a, step, open, done }) {
  const waiting = open && ["sent", "unknown", "sending", "pending"].includes(a.status) && !a.ended_at;
  if (a.status === "skipped") return html`<p class="skipped"><${Status} of="skipped" /> ${word("reason", a.reason)} ${a.error?.message && html`<span class="faint">${a.error.message}</span>`}</p>`;
  const took = (at) => a.sent_at && new Date(at) >= new Date(a.sent_at) && html` <span class="faint">+${duration(new Date(at) - new Date(a.sent_at))}</span>`;
  return html`<div class="attempt">
    <div class="attempt-head"><strong class="account">${a.account || "–"}</strong><${Status} of=${a.status} />
      <span class="price"><span class="num">${money(a.cost)}</span>${billing(a, step)}</span></div>
    <p class="why">${why(a, step)}</p>
    ${waiting && step.timeout && html`<${Clock} from=${a.sent_at || a.created_at} wait=${millis(step.timeout)} />`}
    <dl class="moments">
      ${[["ladder.taken", a.sent_at], ["ladder.delivered", a.delivered_at], ["ladder.read", a.read_at], ["ladder.failed", a.failed_at], ["ladder.ended", a.status === "timed_out" ? a.ended_at : null]]
        .filter(([, at]) => at).map(([key, at]) => html`<div><dt>${t(key)}</dt><dd><${Time} at=${at} exact />${key !== "ladder.taken" && took(at)}</dd></div>`)}
      ${a.segments > 0 && html`<div><dt>${t("ladder.segments")}</dt><dd class="num">${a.segments}</dd></div>`}
      ${a.provider_message_id && html`<div><dt>${t("ladder.provider_id")}</dt><dd><code>${a.provider_message_id}</code></dd></div>`}
    </dl>
    ${a.error && html`<p class="provider-words"><code>${a.error.code}${a.error.provider_code && ` · ${a.error.provider_code}`}</code> ${!ours.has(a.error.code) && html`<span lang="en">${a.error.message}</span>`}${!done && html` <em>${todo(a.error)}</em>`}</p>`}
  </div>`;
}

// Clock runs down to the moment in which the ladder looks again.
function Clock({ from, wait }) {
  const now = useNow(200);
  const spent = Math.min(Math.max(now - new Date(from), 0), wait);
  return html`<div class="clock"><progress max=${wait} value=${spent} aria-label=${t("ladder.clock")}></progress><span class="num">${t("ladder.left", { left: duration(wait - spent) })}</span></div>`;
}
