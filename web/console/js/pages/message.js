// One message: what happened, why, what it cost, what the app was told, and what to do.
import { post } from "../api.js";
import { html, useEffect, useState } from "../html.js";
import { between, duration, money } from "../format.js";
import { has, t, word } from "../lang.js";
import { useLive, useLoad, useNow } from "../live.js";
import { Link } from "../router.js";
import { may } from "../session.js";
import { Confirm } from "../ui/dialog.js";
import { Channel, Code, Copy, Facts, Failure, ID, Page, Section, Status, Time, Waiting, curl } from "../ui/parts.js";
import { Callbacks, Calls, Charges, Receipts } from "./message/evidence.js";
import { Content } from "./message/content.js";
import { Ladder } from "./message/ladder.js";
import { about, said } from "./message/said.js";
import { final, reached, story, tooLate } from "./message/story.js";

export function Message({ id }) {
  const path = "/v1/messages/" + encodeURIComponent(id);
  const { data: message, problem, again, phase } = useLive(path);
  const trace = useLoad(path + "/trace");
  const news = message && JSON.stringify([message.status, message.attempts, message.timeline.length]);
  useEffect(() => { if (news) trace.again(); }, [news]);
  const [asking, setAsking] = useState(false);
  const [shown, setShown] = useState();
  if (problem && !message) return html`<${Page} title=${t("message.title")} crumbs=${[["/messages", t("nav.messages")]]}><${Failure} problem=${problem} again=${again} /><//>`;
  if (!message) return html`<${Page} title=${t("message.title")} crumbs=${[["/messages", t("nav.messages")]]}><${Waiting} lines=${8} /><//>`;
  const open = !final(message.status);
  const actions = html`
    <${Copy} text=${curl("GET", path)} label=${t("message.copy_curl")} />
    ${open && may("messages:write") && html`<button type="button" onClick=${() => setAsking(true)}>${t("message.cancel")}</button>`}`;
  return html`<${Page} title=${t("message.to", { to: message.to })} crumbs=${[["/messages", t("nav.messages")]]} actions=${actions}
      lead=${html`<${ID} of=${message.id} /> <${Copy} text=${message.id} />`}>
    ${message.test && html`<p class="band">${t("app.test_band")}</p>`}
    <${Headline} message=${message} trace=${trace.data} phase=${phase} />
    <${Section} title=${t("message.ladder")} note=${t("message.ladder_note")}>
      <${Ladder} message=${message} plan=${trace.data?.plan} decision=${trace.data?.decision} />
    <//>
    <${Failure} problem=${trace.problem} again=${trace.again} />
    ${trace.data && html`
      <${Callbacks} list=${trace.data.callbacks} again=${trace.again} />
      <${Charges} list=${trace.data.charges} cost=${message.cost} />`}
    <${About} message=${message} replies=${shown?.replies ?? message.replies} />
    ${trace.data ? html`
      <${Content} trace=${trace.data} message=${message} shown=${shown} onShown=${setShown} />
      <${Receipts} list=${withBodies(trace.data.receipts, shown?.receipts)} attempts=${message.attempts} hidden=${hidden(trace.data, shown)} />
      <${Calls} list=${withBodies(trace.data.calls, shown?.calls)} attempts=${message.attempts} hidden=${hidden(trace.data, shown)} />` : !trace.problem && html`<${Waiting} />`}
    <${Timeline} message=${message} plan=${trace.data?.plan} />
    ${asking && html`<${Confirm} title=${t("message.cancel_title")} yes=${t("message.cancel_yes")} onClose=${() => setAsking(false)}
      act=${() => post(path + "/cancel").then(again)}><p>${t("message.cancel_note")}</p><//>`}
  <//>`;
}

// withBodies puts what a reveal answered in the place of the same lines without their bodies; newer lines follow it.
const withBodies = (list, revealed = []) => list.map((line, i) => revealed[i] ?? line);

const hidden = (trace, shown) => !shown && !trace.content;

// Headline answers the question that brought somebody here.
function Headline({ message, trace, phase }) {
  const open = !final(message.status);
  const now = useNow(1000, open);
  const took = message.completed_at ? between(message.created_at, message.completed_at) : duration(now - new Date(message.created_at));
  const came = reached(message.status);
  return html`<div class="headline" data-tone=${open ? "busy" : came ? "good" : message.status === "canceled" ? "still" : "bad"}>
    <div class="headline-state">
      <span aria-live="polite"><${Status} of=${message.status} /></span> ${message.channel && (open || came) && html`<${Channel} of=${message.channel} />`}
      ${open && html`<span class="faint">${t("live." + phase)}</span>`}
    </div>
    <p class="story">${story(message, trace)}</p>
    <div class="headline-numbers">
      <div><span>${t("message.cost")}</span><strong class="num">${money(message.cost)}</strong></div>
      <div><span>${t(open ? "message.so_far" : "message.took")}</span><strong class="num">${took}</strong></div>
      <div><span>${t("message.attempts")}</span><strong class="num">${message.attempts.filter((a) => a.status !== "skipped").length}</strong></div>
      ${trace && html`<div><span>${t("message.app_told")}</span><strong><${Told} list=${trace.callbacks} /></strong></div>`}
    </div>
    <${Advice} list=${trace?.advice} message=${message} />
  </div>`;
}

// Told sums up what the app heard last, and whether it took all of it.
function Told({ list }) {
  const count = (state) => list.filter((d) => d.state === state).length;
  if (list.length === 0) return t("message.told_nothing");
  const last = list.findLast((d) => d.type.startsWith("message."));
  const n = list.length;
  const sum = count("failed") > 0 ? html`<span data-tone="bad">${t("message.told_failed", { n, failed: count("failed") })}</span>`
    : count("pending") > 0 ? t("message.told_pending", { n, pending: count("pending") }) : t("message.told_all", { n });
  return html`${last && `${word("status", last.type.slice("message.".length))} · `}${sum}`;
}

// plain are the advices whose sentence says it all; the others tell which account or what was refused.
const plain = new Set(["nothing", "wait", "respect", "give_more_time", "send_again", "check_number"]);

// Advice is what a person can do now.
function Advice({ list = [], message }) {
  if (list.length === 0) return null;
  const todo = Map.groupBy(list, (a) => a.code);
  const calm = [...todo.keys()].every((code) => code === "nothing" || code === "wait");
  return html`<div class="todo" data-tone=${calm ? "still" : final(message.status) && !reached(message.status) ? "bad" : "doubt"}>
    <h2>${t("message.to_do")}</h2>
    <ul>${[...todo].map(([code, all]) => html`<li key=${code}>${has("advice." + code) ? t("advice." + code) : all[0].detail}${code === "nothing" && message.attempts.some(tooLate) && ` ${t("advice.wait_longer")}`}
      ${!plain.has(code) && html` <span class="faint">${all.map(about).join("; ")}</span>`}</li>`)}</ul>
  </div>`;
}

function About({ message, replies }) {
  const policy = message.policy;
  const metadata = Object.entries(message.metadata || {});
  return html`<${Section} title=${t("message.about")}>
    <${Facts} rows=${[
      [t("message.policy"), policy.name ? html`<${Link} href=${`/policies/${encodeURIComponent(policy.name)}?version=${policy.version}`}>${policy.name} · v${policy.version}<//>` : t("message.inline_policy")],
      [t("message.template"), message.template ? html`<${Link} href=${"/templates/" + encodeURIComponent(message.template)}>${message.template}<//>` : html`<span class="faint">–</span>`],
      [t("message.category"), word("category", message.category)],
      message.transaction_id && [t("message.transaction"), html`<${Link} href=${"/messages?transaction_id=" + encodeURIComponent(message.transaction_id)}><${Code}>${message.transaction_id}<//><//>`],
      [t("message.created"), html`<${Time} at=${message.created_at} />`],
      message.send_at && [t("message.send_at"), html`<${Time} at=${message.send_at} />`],
      [t("message.expires"), html`<${Time} at=${message.expires_at} />`],
      message.completed_at && [t("message.completed"), html`<${Time} at=${message.completed_at} />`],
      ...metadata.map(([key, value]) => [html`<${Code}>${key}<//>`, html`<${Link} href=${"/messages?metadata=" + encodeURIComponent(`${key}=${value}`)}>${String(value)}<//>`]),
    ]} />
    ${replies?.length > 0 && html`<h3>${t("message.replies")}</h3><ul class="replies">${replies.map((r) => html`<li><${Time} at=${r.at} /> ${r.rating > 0 && t("message.rating", { rating: r.rating })} ${r.options?.map((o, i) => html`${i > 0 && ", "}<span>${o}</span>`)} ${r.text ? html`<span>${r.text}</span>` : html`<span class="faint">${t("content.hidden")}</span>`}</li>`)}</ul>`}
  <//>`;
}

function Timeline({ message, plan }) {
  return html`<${Section} title=${t("message.timeline")}>
    <ol class="timeline">${message.timeline.map((e, i) => html`<li key=${i} data-late=${e.reason === "late_receipt" || undefined}>
      <${Time} at=${e.at} exact /><span><strong>${word("event", e.type)}</strong>${because(e, message)}</span><span><${Of} event=${e} message=${message} /> <span class="faint">${said(e, message, plan)}</span></span>
    </li>`)}</ol>
  <//>`;
}

// because is the reason of an event. One that failed after the provider had taken it was not refused.
function because(event, message) {
  const taken = event.type === "attempt.failed" && message.attempts.find((a) => a.id === event.attempt_id)?.sent_at;
  return event.reason && !taken && ` · ${word("reason", event.reason)}`;
}

// Of is the channel whose attempt an event belongs to.
function Of({ event, message }) {
  const attempt = message.attempts.find((a) => a.id === event.attempt_id);
  return attempt && html`<${Channel} of=${attempt.channel} />`;
}
