// What the service says of an account, in the reader's language, from the facts beside its sentences. A provider's words stay
// its own, and a sentence that is not known here stays the service's.
import { number } from "../../format.js";
import { has, t, word } from "../../lang.js";

// why names what is the matter with an account.
export const why = (code) => (has("account_why." + code) ? t("account_why." + code) : has("reason.account_" + code) ? t("reason.account_" + code) : word("reason", code));

// finding names what a check found; "" where only the sentence tells.
export const finding = (code) => (has("finding." + code) ? t("finding." + code) : has("error." + code) ? t("error." + code) : "");

// plain are the reasons whose name says it all.
const plain = new Set(["breaker_half_open", "breaker_open", "low_quality", "token_expired"]);

// detailOf tells what a reason's name leaves open; "" for nothing.
export function detailOf({ code, detail }, health) {
  const q = health.quota;
  if (plain.has(code)) return "";
  if (["quota_low", "quota_used"].includes(code) && q) return t("account_said.quota", { left: number(q.remaining ?? q.left), total: number(q.limit ?? q.total) });
  if (code === "templates_disabled" && health.templates) return t("account_said.templates", { n: health.templates.disabled });
  if (["needs_reauth", "disabled", "paused"].includes(code)) return stated(detail);
  return measured(detail);
}

// stated is why an account's state was set: our code and the provider's words, behind a sentence of the service's.
function stated(detail) {
  if (["its provider asks for fewer calls: it rests", "its token cannot be renewed: somebody has to link it again"].includes(detail)) return "";
  const [, rest = ""] = /^(?:it is switched off|it rests|somebody has to renew its credentials)(?:: (.*))?$/s.exec(detail) ?? ["", detail];
  const [, code, words] = /^([a-z_]+): (.*)$/s.exec(rest) ?? [];
  return code && has("error." + code) ? [t("error." + code), words].filter(Boolean).join(" – ") : rest;
}

// measured tells what the calls of the last minutes show.
export function measured(detail) {
  const silent = /^(?<n>\d+) of the last (?<of>\d+) calls had no answer$/.exec(detail)?.groups;
  if (silent) return t("account_said.silent", silent);
  const slow = /^the middle one of (?<n>\d+) deliveries took (?<took>\S+), and (?<usual>\S+) is usual$/.exec(detail)?.groups;
  if (slow) return t("account_said.slow", slow);
  return detail === "does well again" ? t("account_said.well") : detail;
}
