// A message's story in sentences, in the reader's language, from what the API says in words of a closed list.
import { between, duration, exactTime, millis, money, spoken, stamp } from "../../format.js";
import { has, t, word } from "../../lang.js";

const ends = new Set(["delivered", "read", "sent", "failed", "expired", "canceled"]);

export const final = (status) => ends.has(status);

// reached tells whether the person has it, as far as the channel can say.
export const reached = (status) => ["delivered", "read", "sent"].includes(status);

const arrived = (attempt) => ["delivered", "read"].includes(attempt.status);

// tooLate tells whether a receipt came when the ladder had already gone on.
export const tooLate = (attempt) => arrived(attempt) && attempt.reason === "timed_out";

// unsettled tells whether nobody knows if the provider took it.
export const unsettled = (attempt) => attempt.status === "unknown" || (attempt.status === "timed_out" && attempt.reason === "unknown_outcome");

const waitsFor = (step) => step?.waits_for || step?.until || "delivered";

// why says in one line how an attempt ended, or what it waits for.
export function why(attempt, step) {
  const channel = word("channel", attempt.channel);
  const wait = step ? duration(millis(step.timeout)) : "";
  const until = word("receipt", waitsFor(step));
  const from = attempt.sent_at || attempt.created_at;
  if (unsettled(attempt)) return t("why.unknown", { account: attempt.account });
  if (tooLate(attempt)) return t("why.late", { how: word("receipt", attempt.status), took: between(from, arrivedAt(attempt)), wait });
  switch (attempt.status) {
    case "skipped":
      return t("why.skipped", { why: word("reason", attempt.reason) });
    case "failed":
      return t(attempt.sent_at ? "why.failed_later" : "why.failed", { why: refusal(attempt) });
    case "timed_out":
      return t("why.timed_out", { until, wait, at: exactTime(from) });
    case "delivered":
    case "read":
      return arrival(attempt, from);
    case "sent":
      return step ? t("why.waiting", { until, wait, at: exactTime(from) }) : t("why.sent");
    case "canceled":
      return t("why.canceled");
    default:
      return t("why.sending", { channel });
  }
}

const arrivedAt = (a) => (a.status === "read" && a.read_at) || a.delivered_at || a.read_at;

// arrival says when the person had it. A provider's clock may be coarse or behind ours: what it puts before the sending is
// told as it is, without a duration.
function arrival(attempt, from) {
  const at = arrivedAt(attempt);
  const how = word("receipt", attempt.status);
  return new Date(at) >= new Date(from) ? t("why.reached", { how, took: between(from, at) }) : t("why.reached_at", { how, at: exactTime(at) });
}

// errorWord names a failure; a code that the catalogue does not know is shown as words.
export const errorWord = (code) => (code && has("error." + code) ? t("error." + code) : (code || "").replaceAll("_", " "));

const refusal = (attempt) => errorWord(attempt.error?.code) || t("why.refused");

// named tells an attempt's channel, and its account or step where the channel alone would not tell attempts apart.
function named(attempt, all) {
  const channel = word("channel", attempt.channel);
  const others = all.filter((a) => a !== attempt && a.channel === attempt.channel);
  if (others.length === 0) return channel;
  return others.some((a) => a.step === attempt.step) && attempt.account ? `${channel} (${attempt.account})` : t("story.of_step", { channel, step: attempt.step });
}

// turn says why the ladder went on from an attempt, or nothing where it did not.
function turn(attempt, channel, step) {
  const until = waitsFor(step);
  if (attempt.status === "skipped") return t("story.skipped", { channel, why: word("reason", attempt.reason) });
  if (unsettled(attempt)) return t("story.unsettled", { channel, why: refusal(attempt) });
  if (attempt.status === "failed" || (attempt.status === "canceled" && attempt.error)) return t(attempt.sent_at ? "story.undelivered" : "story.refused", { channel, why: refusal(attempt) });
  if (attempt.status === "timed_out" || tooLate(attempt)) {
    return t(until === "read" ? "story.not_read" : "story.not_delivered", { channel, wait: step?.timeout ? spoken(millis(step.timeout)) : "" });
  }
  return "";
}

// passedOver are the steps that the plan itself left out before the last one that was tried.
function passedOver(message, plan = []) {
  const last = reached(message.status) ? message.attempts.at(-1)?.step : Infinity;
  return plan.filter((step) => step.skip && step.step < last && !message.attempts.some((a) => a.step === step.step))
    .map((step) => t("story.skipped", { channel: word("channel", step.channel), why: word("reason", step.skip) }));
}

// story tells the whole message in a few sentences: why it came to the channel that has it, and how that ended.
export function story(message, trace) {
  const all = message.attempts;
  const won = all.findLast((a) => a.channel === message.channel && !["skipped", "failed", "timed_out"].includes(a.status) && !tooLate(a));
  const turns = [...passedOver(message, trace?.plan), ...all.filter((a) => a !== won).map((a) => turn(a, named(a, all), trace?.plan?.[a.step - 1]))].filter(Boolean);
  const end = ending(message, won, won ? named(won, all) : word("channel", message.channel), won?.step === 1 && turns.length === 0, message.send_at || trace?.decision?.at);
  const said = reached(message.status) && message.reason !== "confirmed" ? [[...turns, end].join("; ")] : turns.length > 0 ? [turns.join("; ") + ".", end] : [end];
  const late = all.filter((a) => a !== won && tooLate(a));
  for (const a of late) {
    const first = won && new Date(arrivedAt(a)) < new Date(won.delivered_at || arrivedAt(won));
    said.push(t(first ? "story.late_first" : "story.late", { channel: named(a, all), other: won && named(won, all), late: spoken(new Date(arrivedAt(a)) - new Date(a.ended_at)), cost: money(a.cost) }));
  }
  if (won && won.cost.amount !== message.cost.amount) said.push(t("story.in_all", { cost: money(message.cost) }));
  if (trace?.receipts?.some((r) => r.repeated)) said.push(t("story.repeated"));
  const text = said.join(" ");
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

// endedAt is when the channel that has it delivered it, unless a provider's clock is behind ours; else when the message ended.
function endedAt(message, won) {
  const at = won && reached(message.status) && message.reason !== "confirmed" && (won.delivered_at || arrivedAt(won));
  return at && new Date(at) > new Date(message.created_at) ? at : message.completed_at;
}

function ending(message, won, channel, straight, next) {
  const cost = money((won && reached(message.status) ? won : message).cost);
  const took = spoken(new Date(endedAt(message, won)) - new Date(message.created_at));
  switch (message.status) {
    case "delivered":
    case "read":
    case "sent":
      if (message.reason === "confirmed") return t("story.confirmed", { took, cost });
      return t("story." + message.status, { channel: straight ? t("story.at_once", { channel }) : channel, took, cost });
    case "failed":
    case "expired":
    case "canceled":
      return t("story." + message.status, { took, cost, why: word("reason", message.reason) });
    case "scheduled":
      return next ? t("story.scheduled", { at: stamp(next), why: word("reason", message.reason) }) : t("story.accepted");
    default:
      return message.attempts.length ? t("story.under_way", { channel, why: word("reason", message.reason) }) : t("story.accepted");
  }
}
