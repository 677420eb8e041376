// The lines of a message's timeline in the reader's language. What the service says in fixed sentences is said from the facts
// beside them; a provider's words stay its own, and a sentence that is not known here stays the service's.
import { duration, millis, money } from "../../format.js";
import { t, word } from "../../lang.js";
import { errorWord, unsettled } from "./story.js";

// ours are failures that the service itself describes: its word for the code says the same.
export const ours = new Set(["account_gone", "breaker_open", "claim_old", "lease_lost", "token_refresh_slow", "token_unavailable"]);

// said tells what happened in an event of a message, and what more is known about it.
export function said(e, message, plan) {
  const a = message.attempts.find((one) => one.id === e.attempt_id);
  const step = a && plan?.[a.step - 1];
  switch (a ? e.type : e.attempt_id ? "" : "of." + e.type) {
    case "of.message.accepted":
      return t("said.accepted", { category: word("category", message.category) });
    case "of.message.confirmed":
      return t("said.confirmed");
    case "of.message.canceled":
      return e.at === message.completed_at ? t("said.ended", { took: since(message, e) }) : t("said.canceled");
    case "of.message.sent":
    case "of.message.delivered":
    case "of.message.read":
      return came(e, message);
    case "of.message.failed":
    case "of.message.expired":
      return t("said.ended", { took: since(message, e) });
    case "attempt.started":
      return started(e.instead_of, a);
    case "attempt.sent":
      return t("said.sent", { account: a.account });
    case "attempt.unknown":
      return t("said.unknown", { account: a.account, why: failure(a) });
    case "attempt.asked":
      return t("said.asked", { account: a.account });
    case "attempt.failed":
      return t(a.sent_at ? "said.undelivered" : "said.failed", { account: a.account, why: failure(a) });
    case "attempt.timed_out":
      return step ? late(a, step) : e.detail;
    case "attempt.skipped":
      return skipped(e, step);
    case "attempt.delivered":
    case "attempt.read":
      return t("said.reported", { account: a.account });
    case "message.replied":
      return answered(e, message);
    default:
      return e.detail;
  }
}

// came tells by which channel a message came, and what it cost once nothing more was heard of it.
function came(e, message) {
  const values = { channel: word("channel", e.channel || message.channel), cost: money(message.cost), took: since(message, e) };
  if (e.type !== "message." + message.status) return t("said.came", values);
  return t(e.at === message.completed_at ? "said.reached" : "said.raised", values);
}

const since = (message, e) => duration(new Date(e.at) - new Date(message.created_at));

// failure names what a provider answered, with its own words where it gave any.
function failure({ error }) {
  if (!error) return t("why.refused");
  const known = errorWord(error.code);
  return ours.has(error.code) || !error.message ? known : t("said.in_words", { why: known, words: error.message });
}

// started tells which account took a step, and for which other one it stands in.
function started(instead, a) {
  const line = t("said.started", { account: a.account });
  return instead ? `${line} ${t("said.instead", { account: instead.account, why: word("reason", instead.reason) })}` : line;
}

function late(a, step) {
  const wait = duration(millis(step.timeout));
  return unsettled(a) ? t("said.stayed_unknown", { wait }) : t("said.not_in_time", { until: word("receipt", step.waits_for), wait });
}

function answered(e, message) {
  const r = message.replies?.find((one) => one.at === e.at && one.attempt_id === e.attempt_id);
  const what = [r?.rating > 0 && t("message.rating", { rating: r.rating }), r?.options?.join(", "), r?.text && `“${r.text}”`].filter(Boolean).join("; ");
  return what ? t("said.answered_so", { what }) : t("said.answered");
}

// skipped tells more than the reason beside it where there is more: the condition, or what is wrong with the template.
function skipped(e, step) {
  if (e.reason === "skipped_condition" && step?.when) return t("said.condition", { when: step.when });
  return e.reason === "skipped_template" ? e.detail : "";
}

// about tells what an advice is about: the account, the channel or the refusal; the service's sentence where nothing else does.
export function about(advice) {
  const { code, error, reason, refused, detail } = advice;
  const channel = word("channel", advice.channel);
  const values = { account: advice.account || channel || t("said.some_account"), channel, why: errorWord(error), ref: advice.attempt, n: refused };
  switch (code) {
    case "ask_provider":
      return t("said.advice_ask", values);
    case "check_number":
      return t("said.advice_number", values);
    case "raise_max_cost":
      return t("said.advice_price", values);
    case "link_account":
    case "enable_account":
      return t("said.advice_about", values);
    case "check_account":
      if (error) return t("said.advice_refused", values);
      if (reason === "skipped_account") return t("said.advice_no_account", values);
      return t({ account_quota_used: "said.advice_quota", account_quality_low: "said.advice_quality" }[reason] ?? "said.advice_about", values);
    case "mend_content":
      if (error) return t("said.advice_content", values);
      return reason === "skipped_content" ? t("said.advice_no_content", values) : detail;
    default:
      return detail;
  }
}
