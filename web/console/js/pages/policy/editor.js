import { put } from "../../api.js";
import { html, useEffect, useState } from "../../html.js";
import { duration, millis, money } from "../../format.js";
import { t } from "../../lang.js";
import { useLoad } from "../../live.js";
import { problemsOf, useCheck, Warnings } from "../../policy/check.js";
import { bounds, sentence } from "../../policy/sentence.js";
import { go } from "../../router.js";
import { may } from "../../session.js";
import { Field, useSaving } from "../../ui/form.js";
import { Copy, Failure, Notice, Page, Section, Time, curl } from "../../ui/parts.js";
import { Compare } from "./compare.js";
import { Delete } from "./delete.js";
import { useWeek } from "./funnel.js";
import { Ladder, saidByCards } from "./ladder.js";
import { Limits, saidByLimits } from "./limits.js";
import { Source } from "./source.js";
import { Tryout } from "./tryout.js";
import { useEdited } from "./state.js";
import { Versions } from "./versions.js";

const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

// Editor shows a policy; whoever may configure can change it here, others read the same page.
export function Editor({ name, stored, versions, again }) {
  const edited = useEdited(name, stored);
  const { policy, changed } = edited;
  const { check, problem, checking } = useCheck(policy);
  const accounts = useLoad("/v1/channels?limit=200").data?.data || [];
  const week = useWeek(name);
  const saving = useSaving();
  const [saved, setSaved] = useState();
  const [deleting, setDeleting] = useState(false);
  const canWrite = may("config:write");
  useEffect(() => { if (changed) setSaved(undefined); }, [changed]);
  const nameFault = !name && edited.name && (edited.name === "new" || !namePattern.test(edited.name)) ? t("policy.name_wrong") : "";
  const save = () => saving.run(async () => {
    const answer = await put("/v1/policies/" + encodeURIComponent(edited.name), policy);
    edited.drop();
    if (!name) return go("/policies/" + encodeURIComponent(answer.name), { replace: true });
    setSaved(answer.version);
    again();
  });
  const discard = () => {
    edited.drop();
    saving.clear();
  };
  const errors = merged(check?.errors, saving.problem?.errors);
  const unsaid = errors.filter((e) => !saidByCards(policy, e.field) && !saidByLimits(e.field) && e.field !== "name");
  const actions = html`
    ${name && html`<${Copy} text=${curl("PUT", "/v1/policies/" + encodeURIComponent(name), policy)} label=${t("policy.copy_curl")} />`}
    ${name && canWrite && html`<button type="button" onClick=${() => setDeleting(true)}>${t("policy.delete")}</button>`}`;
  const lead = stored && html`${t("policy.in_use", { version: stored.version })} · <${Time} at=${stored.created_at} />`;
  return html`<${Page} title=${name || t("policies.new")} crumbs=${[["/policies", t("nav.policies")]]} lead=${lead} actions=${actions}>
    ${!canWrite && html`<${Notice}><p>${t("policy.read_only")}</p><//>`}
    ${saved && html`<${Notice} tone="good"><p>${t("policy.saved", { version: saved })}</p><//>`}
    ${changed && stored && edited.base < stored.version && html`<${Notice} tone="doubt"><p>${t("policy.overtaken", { version: stored.version, base: edited.base })}</p><//>`}
    <${Summary} policy=${policy} check=${check} checking=${checking} problem=${problem} unsaid=${unsaid} fault=${edited.fault} />
    ${!name && html`<${Section} title=${t("policy.naming")}><div class="naming">
      <${Field} label=${t("policy.name")} hint=${t("policy.name_hint")} value=${edited.name} onInput=${edited.rename} required mono maxlength="64" autocomplete="off" spellcheck=${false} error=${nameFault || saving.wrong("name")} /></div><//>`}
    <div class="workbench">
      <div class="bench">
        <${Section} title=${t("policy.ladder")} note=${t("policy.ladder_note")}>
          <${Ladder} policy=${policy} change=${edited.change} errors=${errors} check=${check} accounts=${accounts} week=${week} canWrite=${canWrite} />
        <//>
        <${Limits} policy=${policy} change=${edited.change} errors=${errors} warnings=${check?.warnings} canWrite=${canWrite} />
      </div>
      <${Source} edited=${edited} canWrite=${canWrite} />
    </div>
    ${may("messages:write") && html`<${Tryout} policy=${policy} />`}
    ${name && html`<${Compare} name=${name} policy=${policy} changed=${changed} />`}
    ${name && versions && html`<${Versions} name=${name} list=${versions} current=${stored} />`}
    ${canWrite && (changed || !name) && html`<${SaveBar} edited=${edited} isNew=${!name} next=${(stored?.version ?? 0) + 1} saving=${saving} save=${save} discard=${discard}
      blocked=${Boolean(edited.fault || nameFault || !edited.name)} />`}
    ${deleting && html`<${Delete} name=${name} onClose=${() => setDeleting(false)} onDeleted=${edited.drop} />`}
  <//>`;
}

// merged are the findings of the check and of the last try to save, each once.
function merged(checked = [], saved = []) {
  const known = new Set(checked.map((e) => e.field));
  return [...checked, ...saved.filter((e) => !known.has(e.field))];
}

// Summary is the policy in words, with what it takes at worst.
function Summary({ policy, check, checking, problem, unsaid, fault }) {
  const bad = check && !check.valid;
  const warnings = check?.warnings.length ?? 0;
  const state = bad || fault ? "bad" : warnings > 0 ? "doubt" : check ? "good" : "busy";
  const word = bad || fault ? t("policy.faults", { n: check?.errors.length || 1 }) : warnings > 0 ? t("policy.warnings", { n: warnings }) : check ? t("policy.sound") : t("policy.checking");
  return html`<div class="headline" data-tone=${state}>
    <p class="story">${sentence(policy)} <span class="faint">${bounds(policy)}</span></p>
    <div class="headline-numbers">
      <div><span>${t("policy.worst_time")}</span><strong class="num">${check?.valid ? duration(millis(check.worst_time)) : "–"}</strong></div>
      <div><span>${t("policy.worst_cost")}</span><strong class="num">${check?.valid ? (check.worst_cost ? money(check.worst_cost) : t("policy.no_price")) : "–"}</strong></div>
      <div><span>${t("policy.check")}</span><strong aria-live="polite"><span class="status" data-tone=${checking && !check ? "busy" : state}>${word}</span></strong></div>
    </div>
    ${unsaid.length > 0 && problemsOf(unsaid)}
    <${Warnings} list=${check?.warnings.filter((w) => !w.step && !saidByLimits(w.field))} />
    <${Failure} problem=${problem} />
  </div>`;
}

// SaveBar stays in sight while something is not saved, and says what saving changes.
function SaveBar({ edited, isNew, next, saving, save, discard, blocked }) {
  return html`<div class="savebar" role="region" aria-label=${t("policy.unsaved")}>
    <div><p><strong>${t(isNew ? "policy.not_yet" : "policy.unsaved")}</strong> ${isNew ? t("policy.new_note") : t("policy.save_note", { version: next })}</p>
      <${Failure} problem=${saving.problem} /></div>
    <div class="actions">
      <button type="button" disabled=${!edited.changed} onClick=${discard}>${t("policy.discard")}</button>
      <button type="button" class="primary" disabled=${saving.busy || blocked} onClick=${save}>${saving.busy ? t("app.saving") : isNew ? t("policy.create") : t("policy.save", { version: next })}</button>
    </div>
  </div>`;
}
