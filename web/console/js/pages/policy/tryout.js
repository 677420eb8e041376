// A dry run: what a message to this number would go through under the policy as it stands above. Nothing is sent.
import { post } from "../../api.js";
import { html, useState } from "../../html.js";
import { duration, millis, money } from "../../format.js";
import { t, word } from "../../lang.js";
import { useLoad } from "../../live.js";
import { Warnings } from "../../policy/check.js";
import { Field, useSaving } from "../../ui/form.js";
import { Channel, Empty, Failure, Section, Time, curl } from "../../ui/parts.js";
import { Rendering } from "../message/content.js";

export function Tryout({ policy }) {
  const { data, problem, again } = useLoad("/v1/templates?limit=200");
  const templates = data?.data || [];
  const [to, setTo] = useState("");
  const [name, setName] = useState("");
  const [params, setParams] = useState({});
  const [answer, setAnswer] = useState();
  const saving = useSaving();
  const template = templates.find((x) => x.name === name) || templates[0];
  const declared = template?.params || [];
  const valueOf = (p) => params[p.name] ?? p.example ?? "";
  const run = (event) => {
    event.preventDefault();
    setAnswer(undefined);
    return saving.run(async () => setAnswer(await post("/v1/messages/preview", {
      to: to.trim(), template: template.name, params: Object.fromEntries(declared.map((p) => [p.name, valueOf(p)])), policy,
    })));
  };
  const refused = saving.problem?.errors?.filter((e) => e.reason) || [];
  const others = saving.problem?.errors?.filter((e) => !e.reason && e.field !== "to" && e.field !== "template" && !e.field.startsWith("params.")) || [];
  return html`<${Section} title=${t("tryout.title")} note=${t("tryout.note")} id="tryout">
    <${Failure} problem=${problem} again=${again} />
    ${data && templates.length === 0 ? html`<${Empty} title=${t("tryout.no_template")} command=${curl("PUT", "/v1/templates/hello", { category: "transaction", params: [{ name: "customer", example: "Lan" }], content: { sms: { text: "Chao {{customer}}" } } })} />` : html`
    <form onSubmit=${run} novalidate>
      <div class="fields">
        <${Field} label=${t("tryout.to")} kind="tel" value=${to} onInput=${setTo} required placeholder="+84912345678" autocomplete="off" error=${saving.wrong("to")} />
        <${Field} label=${t("tryout.template")} kind="select" options=${templates.map((x) => [x.name, x.name])} value=${template?.name} onInput=${(v) => { setName(v); setParams({}); }} error=${saving.wrong("template")} />
        ${declared.map((p) => html`<${Field} key=${template.name + p.name} label=${p.name} value=${valueOf(p)} onInput=${(v) => setParams({ ...params, [p.name]: v })} autocomplete="off" error=${saving.wrong("params." + p.name)} />`)}
      </div>
      <div><button disabled=${saving.busy || !template}>${saving.busy ? t("tryout.running") : t("tryout.run")}</button></div>
    </form>`}
    <div class="tryout-answers" aria-live="polite">
      ${saving.problem && html`<${Failure} problem=${saving.problem} />`}
      ${others.length > 0 && html`<ul class="errors">${others.map((e) => html`<li><code>${e.field}</code> ${e.message}</li>`)}</ul>`}
      ${refused.length > 0 && html`<ol class="refusals">${refused.map((e) => html`<li key=${e.field}><code>${e.field}</code> <strong>${word("reason", e.reason)}</strong> <span class="faint">${e.message}</span></li>`)}</ol>`}
      ${answer && html`<${Answer} preview=${answer} />`}
    </div>
  <//>`;
}

function Answer({ preview }) {
  const first = preview.steps.find((s) => s.starts_at)?.starts_at;
  return html`<div class="tryout">
    <p>${first ? t("tryout.result", { time: duration(millis(preview.worst_time)), cost: money(preview.worst_cost) }) : t("tryout.nothing")}
      ${["held_quiet_hours", "scheduled"].includes(preview.decision?.reason) && html` ${word("reason", preview.decision.reason)}: <${Time} at=${first || preview.decision.at} />`}</p>
    <${Warnings} list=${preview.warnings.filter((w) => w.code.startsWith("template_"))} />
    <ol class="ladder">${preview.steps.map((s) => html`<li class="rung" key=${s.step} data-channel=${s.channel} data-idle=${s.skip ? true : undefined}>
      <div class="rung-head"><span class="rung-number num">${s.step}</span><${Channel} of=${s.channel} />
        ${s.skip ? html`<span class="refused">${t("tryout.skipped", { why: word("reason", s.skip) })}</span>` : html`<span class="account">${s.account}</span>
          <span class="faint num">${s.starts_at === first ? t("tryout.first") : t("tryout.after", { wait: duration(new Date(s.starts_at) - new Date(first)) })}</span>
          <span class="faint">${t("ladder.rule", { until: word("receipt", s.until), wait: duration(millis(s.timeout)) })}</span><span class="price num">${money(s.price)}</span>`}
      </div>
      ${s.skip && s.detail && html`<p class="faint">${s.detail}</p>`}
      ${!s.skip && s.content && html`<${Rendering} channel=${s.channel} content=${{ ...s.content, segments: s.segments, encoding: s.encoding }} />`}
    </li>`)}</ol>
  </div>`;
}
