// A policy in one plain sentence, in the reader's language.
import { millis, money } from "../format.js";
import { has, t, word } from "../lang.js";

const units = [["hours", 3_600_000], ["minutes", 60_000], ["seconds", 1000]];

// spoken says a duration of the API in words: "2 minutes". What is no duration is said as it stands.
export function spoken(text) {
  let rest = millis(text);
  if (!(rest > 0)) return String(text || "…");
  if (rest < 1000) return t("sentence.milliseconds", { n: rest });
  const said = [];
  for (const [unit, size] of units) {
    const n = unit === "seconds" ? rest / size : Math.floor(rest / size);
    if (n > 0) said.push(t("sentence." + unit, { n }));
    rest -= n * size;
  }
  return said.join(" ");
}

// phrase names a step's channel, how it chooses among accounts, and the condition it depends on.
function phrase(step) {
  let said = word("channel", step.channel) || "…";
  if (has("sentence.by_" + step.prefer)) said = t("sentence.by_" + step.prefer, { channel: said });
  return step.when ? t("sentence.only_when", { step: said, when: step.when }) : said;
}

// sentence tells what the steps do.
export function sentence({ steps = [] }) {
  if (steps.length === 0) return t("sentence.nothing");
  const turns = steps.slice(1).map((step, i) => t("sentence.not_" + (has("sentence.not_" + steps[i].until) ? steps[i].until : "delivered"), { wait: spoken(steps[i].timeout), step: phrase(step) }));
  return t("sentence.send", { steps: [phrase(steps[0]), ...turns].join("; ") });
}

// bounds tells what holds the whole message: its time, its cost, its hours.
export function bounds({ ttl, max_cost, quiet_hours: quiet }) {
  const said = [];
  if (ttl) said.push(t("sentence.ttl", { wait: spoken(ttl) }));
  if (max_cost && Number.isFinite(Number(max_cost.amount)) && /^[A-Z]{3}$/.test(max_cost.currency)) said.push(t("sentence.max_cost", { cost: money(max_cost) }));
  if (quiet) {
    const who = quiet.categories?.length ? quiet.categories.map((c) => word("category", c)).join(", ") : t("sentence.every_category");
    said.push(t("sentence.quiet", { who, from: quiet.from || "…", to: quiet.to || "…" }));
  }
  return said.join(" ");
}
