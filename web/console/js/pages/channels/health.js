// How an account does: in one word, why, and in numbers.
import { html } from "../../html.js";
import { date, duration, number, share, utc } from "../../format.js";
import { t, word } from "../../lang.js";
import { useNow } from "../../live.js";
import { Link } from "../../router.js";
import { Copy, Facts, Status, Time } from "../../ui/parts.js";
import { detailOf, why } from "./said.js";

const bad = { needs_reauth: "trouble", disabled: "warning" };

// healthOf answers an account's health; from its state alone where the service tells no more.
export function healthOf(a) {
  if (a.health) return a.health;
  const state = bad[a.state] || (a.paused_until ? "warning" : "ok");
  return { state, reasons: state === "ok" ? [] : [{ code: a.paused_until && a.state === "active" ? "paused" : a.state, detail: a.state_reason, detail_vi: a.state_reason_vi }], paused_until: a.paused_until, quality: a.quality };
}

// quotaOf reads what is left of a quota, whichever way it is told.
function quotaOf(a) {
  const q = healthOf(a).quota || a.quota;
  return q && { left: q.remaining ?? q.left, total: q.limit ?? q.total, at: q.at, resets: q.resets_at ?? a.quota?.resets_at };
}

// Reasons say what is the matter with the account.
export const Reasons = ({ of: h }) => h.reasons?.length > 0 && html`<ul class="reasons">${h.reasons.map((r) => html`<li><strong>${why(r.code)}</strong> ${detailOf(r) && html`<span class="faint">${detailOf(r)}</span>`}</li>`)}</ul>`;

// HealthCard is an account in the list.
export function HealthCard({ account: a }) {
  const h = healthOf(a);
  return html`<article class="card" data-state=${h.state} aria-label=${a.name}>
    <header><h3><${Link} href=${"/channels/" + a.id}>${a.name}<//></h3><${Status} of=${h.state} group="account_health" /></header>
    <p class="faint">${word("adapter", a.adapter)}${a.state !== "active" && html` · ${word("account_state", a.state)}`}</p>
    <${Reasons} of=${h} />
    <${Facts} rows=${facts(a)} />
    <p class="hook"><span class="faint">${t("account_health.webhook")}</span> <code>${a.webhook_url}</code><${Copy} text=${a.webhook_url} /></p>
  </article>`;
}

const none = () => html`<span class="faint">${t("account_health.not_told")}</span>`;

// facts are the numbers behind the word. all adds those that a card in a list has no room for.
export function facts(a, { all = false } = {}) {
  const h = healthOf(a);
  const quota = quotaOf(a);
  const consent = h.refresh_token_expires_at;
  const moves = h.last_moves ?? [];
  return [
    consent && [t("account_health.refresh_token"), html`<${Left} at=${consent} />`],
    h.token_expires_at && [t("account_health.token"), html`<${Left} at=${h.token_expires_at} />`],
    (all || quota) && [t("account_health.quota"), quota ? html`<${Quota} of=${quota} all=${all} />` : none()],
    (all || h.quality) && [t("account_health.quality"), h.quality ? html`<span class="state" data-tone=${h.quality === "LOW" ? "doubt" : undefined}>${word("account_quality", h.quality)}</span>` : none()],
    (all || h.templates) && [t("account_health.templates"), h.templates ? html`<${TemplateStates} of=${h.templates} />` : none()],
    [t("account_health.last_receipt"), html`<${Ago} at=${h.last_receipt_at} none=${t("account_health.never")} />`],
    [t("account_health.last_webhook"), html`<${Ago} at=${h.last_webhook_at} none=${t("account_health.never")} /> ${h.forged_webhooks > 0 && html`<span class="tag" data-tone="doubt">${t("account_health.forged", { n: h.forged_webhooks })}</span>`}`],
    h.breaker && [t("account_health.breaker"), html`<span class="state" data-tone=${h.breaker === "closed" ? "good" : h.breaker === "open" ? "bad" : "doubt"}>${word("breaker", h.breaker)}</span>${h.paused_until && html` <span class="faint">${t("account_health.until")} <${Time} at=${h.paused_until} clock /></span>`}`],
    Number.isFinite(h.error_share) && [t("account_health.errors"), html`<span class="num" data-tone=${h.error_share > 0.2 && h.state !== "ok" ? "bad" : undefined}>${share(h.error_share)}</span>`],
    !h.breaker && h.paused_until && [t("account_health.paused"), html`<${Time} at=${h.paused_until} />`],
    all && a.linked_at && [t("account_health.linked"), html`<${Time} at=${a.linked_at} />`],
    all && moves.length > 0 && [t("account_health.share"), html`<span class="num">${share(moves[0].share)}</span>`],
  ];
}

// Left is how long something is still valid.
function Left({ at }) {
  const now = useNow(30_000);
  const left = new Date(at) - now;
  if (left <= 0) return html`<span class="state" data-tone="bad">${t("account_health.expired")}</span> <${Time} at=${at} />`;
  const days = Math.floor(left / 86_400_000);
  return html`<span class="num state" data-tone=${days < 7 && left > 7_200_000 ? "doubt" : undefined}>${days > 0 ? t("account_health.days", { n: days }) : duration(left)}</span> <span class="faint">${days > 0 ? html`<time class="num" datetime=${at} title=${utc(at)}>${date(at)}</time>` : html`<${Time} at=${at} clock />`}</span>`;
}

// Ago is how long ago something was; the moment stands behind it.
function Ago({ at, none: nothing }) {
  const now = useNow(5000, Boolean(at));
  if (!at) return html`<span class="faint">${nothing}</span>`;
  return html`<span class="num">${t("account_health.ago", { time: duration(Math.max(now - new Date(at), 0)) })}</span> <span class="faint"><${Time} at=${at} clock /></span>`;
}

function Quota({ of: q, all }) {
  return html`<span class="num">${number(q.left)} / ${number(q.total)}</span>
    <progress class="left" data-low=${q.left < q.total / 10 || undefined} max=${q.total} value=${q.left} aria-label=${t("account_health.quota")}></progress>
    ${all && q.resets && html`<span class="faint">${t("account_health.resets")} <${Time} at=${q.resets} /></span>`}`;
}

const TemplateStates = ({ of: n }) => html`<span class="num">${t("account_health.enabled", { n: n.enabled })}</span>${n.pending > 0 && html` · <span class="num">${t("account_health.pending", { n: n.pending })}</span>`}${n.disabled > 0 && html` · <span class="num state" data-tone="doubt">${t("account_health.disabled", { n: n.disabled })}</span>`}`;
