// What the service says of an account, in the reader's language.
import { has, spoken, t, word } from "../../lang.js";

// why names what is the matter with an account.
export const why = (code) => (has("account_why." + code) ? t("account_why." + code) : has("reason.account_" + code) ? t("reason.account_" + code) : word("reason", code));

// plain are the reasons that their name and the numbers beside them tell whole.
const plain = new Set(["breaker_half_open", "breaker_open", "disabled", "low_quality", "quota_used", "templates_disabled", "token_expired"]);

// detailOf tells what a reason's name leaves open; "" for nothing. field is where the sentence stands.
export const detailOf = (reason, field = "detail") => (plain.has(reason.code) ? "" : spoken(reason, field) || "");
