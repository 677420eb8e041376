// The small parts that every page is made of.
import { html, useEffect, useRef, useState } from "../html.js";
import { exactTime, localDay, money, stamp, time, utc } from "../format.js";
import { t, word } from "../lang.js";
import { Link } from "../router.js";

// Page is a page's frame: its title, what can be done on it, and its parts.
export function Page({ title, lead, crumbs = [], actions, children }) {
  const heading = useRef();
  useEffect(() => {
    document.title = `${title} · Cascade`;
  }, [title]);
  return html`<article class="page">
    <header class="page-head">
      <div>
        ${crumbs.length > 0 && html`<nav class="crumbs" aria-label=${t("app.crumbs")}>${crumbs.map(([href, text]) => html`<${Link} href=${href}>${text}<//>`)}</nav>`}
        <h1 ref=${heading} tabindex="-1">${title}</h1>
        ${lead && html`<p class="lead">${lead}</p>`}
      </div>
      ${actions && html`<div class="actions">${actions}</div>`}
    </header>
    ${children}
  </article>`;
}

// Section is a titled part of a page.
export function Section({ title, note, actions, id, children }) {
  return html`<section class="section" id=${id} aria-label=${title}>
    <header class="section-head">
      <div><h2>${title}</h2>${note && html`<p class="note">${note}</p>`}</div>
      ${actions && html`<div class="actions">${actions}</div>`}
    </header>
    ${children}
  </section>`;
}

const tones = {
  delivered: "good", read: "good", sent: "good", ok: "good", active: "good", enabled: "good", done: "good", live: "good",
  accepted: "busy", scheduled: "busy", sending: "busy", pending: "busy",
  failed: "bad", expired: "bad", trouble: "bad", dead: "bad", open: "bad",
  unknown: "doubt", timed_out: "doubt", warning: "doubt", needs_reauth: "doubt", test: "doubt",
  error: "bad", ENABLE: "good", PENDING_REVIEW: "busy", REJECT: "bad", DISABLE: "bad",
};

// Status is a state in one word and one colour.
export const Status = ({ of, group = "status" }) => html`<span class="status" data-tone=${tones[of] || "still"}>${word(group, of)}</span>`;

export const Channel = ({ of }) => (of ? html`<span class="channel" data-channel=${of}>${word("channel", of)}</span>` : html`<span class="faint">–</span>`);

export const Money = ({ of }) => html`<span class="num">${money(of)}</span>`;

// Time shows an instant in the tenant's zone; the pointer finds UTC. A list that goes over days is dated: what was not today
// has its day.
export function Time({ at, exact = false, clock = false, dated = false }) {
  if (!at) return html`<span class="faint">–</span>`;
  const today = !dated || localDay(new Date(at)) === localDay(Date.now());
  const text = exact && today ? exactTime(at) : clock ? time(at) : stamp(at);
  return html`<time class="num" datetime=${at} title=${utc(at)}>${text}</time>`;
}

export const Code = ({ children }) => html`<code>${children}</code>`;

// ID is the end of a long id, which is the part that differs, with the whole of it behind.
export const ID = ({ of }) => html`<code class="id" title=${of}>${of.slice(0, 8)}…${of.slice(-6)}</code>`;

// Copy puts text on the clipboard and says so.
export function Copy({ text, label = t("app.copy") }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 1600);
    return () => clearTimeout(timer);
  }, [done]);
  const copy = () => navigator.clipboard.writeText(text).then(() => setDone(true), () => {});
  return html`<button type="button" class="quiet small" onClick=${copy} aria-live="polite">${done ? t("app.copied") : label}</button>`;
}

// Snippet is a command to copy.
export const Snippet = ({ text }) => html`<div class="snippet"><pre tabindex="0">${text}</pre><${Copy} text=${text} /></div>`;

// curl writes a call of the API as a shell command; the key stays with the reader.
export function curl(method, path, body) {
  const lines = [`curl ${method === "GET" ? "" : `-X ${method} `}'${location.origin}${path}'`, `  -H "Authorization: Bearer $CASCADE_KEY"`];
  if (body !== undefined) lines.push(`  -H 'Content-Type: application/json'`, `  -d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`);
  return lines.join(" \\\n");
}

// Empty is a list without rows: what would be here, and how to get it.
export const Empty = ({ title, children, command }) => html`<div class="empty">
  <p class="empty-title">${title}</p>
  ${children && html`<p>${children}</p>`}
  ${command && html`<${Snippet} text=${command} />`}
</div>`;

// told is what a problem comes to; what the service alone can say is in English.
function told({ code, message, errors }) {
  if (code === "not_found") return t("app.not_found_note");
  if (code === "validation_failed" && errors?.length > 0) return t("app.mend", { n: errors.length });
  return html`<span lang="en">${message}</span>`;
}

// Failure says what went wrong and offers to try again.
export function Failure({ problem, again }) {
  if (!problem) return null;
  return html`<div class="notice" data-tone="bad" role="alert">
    <p><strong>${word("problem", problem.code)}</strong> ${told(problem)}</p>
    ${problem.requestID && html`<p class="faint">${t("app.request_id")} <code>${problem.requestID}</code></p>`}
    ${again && html`<button type="button" class="small" onClick=${again}>${t("app.again")}</button>`}
  </div>`;
}

// Notice is a sentence that should not be missed.
export const Notice = ({ tone = "info", children }) => html`<div class="notice" data-tone=${tone} role=${tone === "bad" ? "alert" : "note"}>${children}</div>`;

// Waiting keeps the room of what is still loading.
export const Waiting = ({ lines = 4 }) => html`<div class="waiting" role="status" aria-label=${t("app.loading")}>${Array.from({ length: lines }, () => html`<span></span>`)}</div>`;

// Stat is a number with its name; with href it leads to what it counts.
export function Stat({ label, value, note, tone, href }) {
  const inside = html`<span class="stat-label">${label}</span><span class="stat-value num" data-tone=${tone}>${value}</span>${note && html`<span class="stat-note">${note}</span>`}`;
  return href ? html`<${Link} class="stat" href=${href}>${inside}<//>` : html`<div class="stat">${inside}</div>`;
}

// Facts are names with their values.
export const Facts = ({ rows }) => html`<dl class="facts">${rows.filter(Boolean).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
