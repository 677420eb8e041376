// The lines of a message's timeline in the reader's language. What the service says in fixed sentences is said from the facts
// beside them; a provider's words stay its own, and a sentence that is not known here stays the service's.
import { duration, millis, money } from "../../format.js";
import { t, word } from "../../lang.js";
import { errorWord } from "./story.js";

// ours are failures that the service itself describes: its word for the code says the same.
export const ours = new Set(["account_gone", "breaker_open", "claim_old", "lease_lost", "token_refresh_slow", "token_unavailable"]);

// said tells what happened in an event of a message, and what more is known about it.
export function said(e, message, plan) {
  const a = message.attempts.find((one) => one.id === e.attempt_id);
  const step = a && plan?.[a.step - 1];
  const channel = word("channel", a?.channel);
  switch (a ? e.type : e.attempt_id ? "" : "of." + e.type) {
    case "of.message.accepted":
      return t("said.accepted", { category: word("category", message.category) });
    case "of.message.confirmed":
      return t("said.confirmed");
    case "of.message.canceled":
      return e.detail.startsWith("canceled after") ? t("said.ended", { took: since(message, e) }) : t("said.canceled");
    case "of.message.sent":
    case "of.message.delivered":
    case "of.message.read":
      return t("said.reached", { channel: word("channel", message.channel), cost: money(message.cost), took: since(message, e) });
    case "of.message.failed":
    case "of.message.expired":
      return t("said.ended", { took: since(message, e) });
    case "attempt.started":
      return started(e.detail, a, channel);
    case "attempt.sent":
      return t("said.sent", { account: a.account });
    case "attempt.unknown":
      return t("said.unknown", { account: a.account, why: failure(a) });
    case "attempt.asked":
      return t("said.asked", { account: a.account });
    case "attempt.failed":
      return t("said.failed", { account: a.account, why: failure(a) });
    case "attempt.timed_out":
      return late(e.detail, step);
    case "attempt.skipped":
      return skipped(e, channel, step);
    case "attempt.delivered":
      return t("said.delivered", { channel });
    case "attempt.read":
      return t("said.read", { channel });
    case "message.replied":
      return answered(e, message);
    default:
      return e.detail;
  }
}

const since = (message, e) => duration(new Date(e.at) - new Date(message.created_at));

// failure names what a provider answered, with its own words where it gave any.
function failure({ error }) {
  if (!error) return t("why.refused");
  const known = errorWord(error.code);
  return ours.has(error.code) || !error.message ? known : t("said.in_words", { why: known, words: error.message });
}

// started tells which account took a step, and for which other one it stands in.
function started(detail, a, channel) {
  const line = t("said.started", { channel, account: a.account });
  const instead = /, instead of (.+): ([a-z_]+)$/.exec(detail);
  return instead ? `${line} ${t("said.instead", { account: instead[1], why: word("reason", instead[2]) })}` : line;
}

function late(detail, step) {
  const wait = step && duration(millis(step.timeout));
  const until = /^not (\w+) within /.exec(detail);
  if (until && step) return t("said.not_in_time", { until: word("receipt", until[1]), wait });
  return step && detail.startsWith("its outcome stayed unknown") ? t("said.stayed_unknown", { wait }) : detail;
}

function answered(e, message) {
  const r = message.replies?.find((one) => one.at === e.at && one.attempt_id === e.attempt_id);
  const what = [r?.rating > 0 && t("message.rating", { rating: r.rating }), r?.options?.join(", "), r?.text && `“${r.text}”`].filter(Boolean).join("; ");
  return what ? t("said.answered_so", { what }) : t("said.answered");
}

// skipped tells more than the reason beside it where there is more: the condition, or what exactly was wrong.
function skipped(e, channel, step) {
  if (e.reason === "skipped_condition" && step?.when && e.detail.endsWith(" is false")) return t("said.condition", { channel, when: step.when });
  if (["skipped_account", "skipped_price"].includes(e.reason) || e.detail.endsWith(`there is no content for ${step?.channel}`)) return channel;
  const refused = /it refused this number for good lately, ([a-z_]+)$/.exec(e.detail);
  if (refused) return t("said.refused_lately", { channel, why: errorWord(refused[1]) });
  return e.detail;
}

// shapes are the sentences in which the service says what an advice is about.
const shapes = [
  [/^ask the provider of (?<account>.+) whether it took attempt (?<n>\d+) \((?<ref>[0-9a-f]+)\): nobody knows$/, "said.advice_ask"],
  [/^(?<account>.+) was refused \((?<code>[a-z_]+)\): check it$/, "said.advice_refused"],
  [/^(?<account>.+) refused what was sent \((?<code>[a-z_]+)\)$/, "said.advice_content"],
  [/^the number was refused on (?<n>\d+) channel\(s\): check it, or suppress it$/, "said.advice_number"],
  [/^(?<account>.+) must be linked at its provider again$/, "said.advice_about"],
  [/^(?<account>.+) is disabled or was removed: enable it, or take it out of the policy$/, "said.advice_about"],
  [/^(?<account>.+) has used up its quota at the provider$/, "said.advice_quota"],
  [/^(?<account>.+) has a low quality at its provider$/, "said.advice_quality"],
  [/^(?<channel>\w+) had no account that could be used: check the channel's accounts$/, "said.advice_no_account"],
  [/^(?<channel>\w+) would have cost more than the policy's max_cost$/, "said.advice_price"],
  [/^(?<channel>\w+) was passed over: there is no content for \w+$/, "said.advice_no_content"],
];

// about tells what an advice is about: the account, the channel or the refusal. Another wording stays as the service has it.
export function about({ detail }) {
  for (const [shape, key] of shapes) {
    const found = shape.exec(detail)?.groups;
    if (!found) continue;
    const account = found.account === "an account of the policy" ? t("said.some_account") : word("channel", found.account);
    return t(key, { ...found, account, channel: word("channel", found.channel), why: errorWord(found.code) });
  }
  return detail;
}
