// What to do about a refusal. The service's advice names the provider's own pages, in English; in another language, and where the
// service gives none, it goes by the code.
import { language, t } from "../../lang.js";

const codes = {
  other_channel: ["no_zalo_account", "not_on_channel", "not_reachable", "not_online_in_time", "recipient_inactive", "no_recent_interaction", "not_a_follower", "age_restricted", "unknown_handset"],
  number: ["invalid_number", "phone_invalid", "not_mobile", "number_inactive", "number_barred", "unroutable", "user_unknown"],
  respect: ["opted_out", "blocked_by_user", "user_withdraw", "template_blocked_by_user", "do_not_disturb", "blocklisted"],
  less: ["too_many_to_recipient", "recipient_limit", "recipient_daily_limit", "frequency_cap"],
  link: ["needs_reauth", "oauth_refused", "token_refused", "token_expired"],
  credentials: ["not_authorized", "unauthorized", "not_enabled", "key_unusable"],
  money: ["no_balance", "no_credit"],
  quota: ["quota", "quota_exceeded", "quota_reached", "quota_used_up", "daily_quota", "monthly_quota", "template_quota"],
  addresses: ["ip_not_allowed"],
  sender: ["bad_sender", "sender_not_registered", "sender_unknown", "brandname_unknown"],
  template: ["bad_template", "template_disabled", "template_invalid", "template_mismatch", "template_not_approved", "template_data_invalid", "template_not_by_user_id", "invalid_params"],
  content: ["bad_content", "bad_text", "content_blocked", "filtered", "no_text", "policy_violation", "too_long"],
  settings: ["address_forbidden", "address_invalid", "address_unknown", "redirected", "account_gone"],
  account: ["account_suspended", "account_blocked", "account_barred"],
  slower: ["throttled", "queue_full", "try_later"],
  later: ["handset_busy", "handset_unreachable"],
  provider: ["provider_error", "provider_timeout", "provider_trouble", "operator_error", "temporary_failure", "unreachable", "no_answer", "connection_lost", "not_bound", "breaker_open"],
};

const known = new Map(Object.entries(codes).flatMap(([name, list]) => list.map((code) => [code, "todo." + name])));

// todo answers what a person can do about the failure of an attempt; "" for nothing known.
export function todo({ code, advice }) {
  const ours = known.has(code) ? t(known.get(code)) : "";
  return language.get() === "en" ? advice || ours : ours || advice;
}
