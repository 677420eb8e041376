// A message's story in sentences, in the reader's language, from what the API says in words of a closed list.
import { between, duration, exactTime, millis, money } from "../../format.js";
import { has, t, word } from "../../lang.js";

const ends = new Set(["delivered", "read", "sent", "failed", "expired", "canceled"]);

export const final = (status) => ends.has(status);

// reached tells whether the person has it, as far as the channel can say.
export const reached = (status) => ["delivered", "read", "sent"].includes(status);

// why says in one line how an attempt ended, or what it waits for.
export function why(attempt, step) {
  const channel = word("channel", attempt.channel);
  const wait = step ? duration(millis(step.timeout)) : "";
  const until = word("receipt", step?.waits_for || step?.until || "delivered");
  const from = attempt.sent_at || attempt.created_at;
  switch (attempt.status) {
    case "skipped":
      return t("why.skipped", { why: word("reason", attempt.reason) });
    case "failed":
      return t("why.failed", { why: errorWord(attempt.error?.code) || t("why.refused") });
    case "timed_out":
      return t("why.timed_out", { until, wait, at: exactTime(from) });
    case "unknown":
      return t("why.unknown", { account: attempt.account });
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

// arrival says when the person had it. A provider's clock may be coarse or behind ours: what it puts before the sending is
// told as it is, without a duration.
function arrival(attempt, from) {
  const at = (attempt.status === "read" && attempt.read_at) || attempt.delivered_at || attempt.read_at;
  const how = word("receipt", attempt.status);
  return new Date(at) >= new Date(from) ? t("why.reached", { how, took: between(from, at) }) : t("why.reached_at", { how, at: exactTime(at) });
}

// errorWord names a failure; a code that the catalogue does not know is shown as words.
export const errorWord = (code) => (code && has("error." + code) ? t("error." + code) : (code || "").replaceAll("_", " "));

// story tells the whole message in a few sentences.
export function story(message, plan) {
  const step = (a) => plan?.[a.step - 1];
  const said = [];
  for (const a of message.attempts) {
    const won = a.channel === message.channel && ["delivered", "read"].includes(a.status);
    if (!won && ["failed", "timed_out", "unknown", "skipped"].includes(a.status)) {
      said.push(t("story.step", { channel: word("channel", a.channel), why: why(a, step(a)) }));
    }
  }
  const cost = money(message.cost);
  const channel = word("channel", message.channel);
  const took = message.completed_at ? between(message.created_at, message.completed_at) : "";
  switch (message.status) {
    case "delivered":
    case "read":
    case "sent":
      said.push(message.reason === "confirmed" ? t("story.confirmed", { took, cost }) : t("story." + message.status, { channel, took, cost }));
      break;
    case "failed":
    case "expired":
    case "canceled":
      said.push(t("story." + message.status, { took, cost, why: word("reason", message.reason) }));
      break;
    case "scheduled":
      said.push(t("story.scheduled"));
      break;
    default:
      said.push(message.attempts.length ? t("story.under_way", { channel: word("channel", message.attempts.at(-1).channel) }) : t("story.accepted"));
  }
  const late = message.attempts.filter((a) => a.channel !== message.channel && a.ended_at && (a.delivered_at >= a.ended_at || a.read_at >= a.ended_at));
  for (const a of late) said.push(t("story.late", { channel: word("channel", a.channel), cost: money(a.cost) }));
  return said.join(" ");
}
