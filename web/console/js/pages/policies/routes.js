// Which policy a message gets that names none: rules from top to bottom, then the default.
import { put, tenant } from "../../api.js";
import { html, useState } from "../../html.js";
import { t } from "../../lang.js";
import { useLoad } from "../../live.js";
import { moved, same } from "../../policy/shape.js";
import { Link } from "../../router.js";
import { may } from "../../session.js";
import { Field, Form, useDraft, useSaving } from "../../ui/form.js";
import { Failure, Notice, Section, Waiting } from "../../ui/parts.js";

export function Routes() {
  const { data, problem, again } = useLoad("/v1/routes");
  const policies = useLoad("/v1/policies?limit=200");
  const names = policies.data?.data.map((p) => p.name) || [];
  return html`<${Section} title=${t("routes.title")} note=${t("routes.note")} id="routes">
    <${Failure} problem=${problem} again=${again} />
    ${!data && !problem && html`<${Waiting} lines=${2} />`}
    ${data && (may("config:write") ? html`<${Editor} stored=${data} names=${names} again=${again} />` : html`<${Rules} routes=${data} />`)}
  <//>`;
}

function Rules({ routes: { rules = [], default: fallback } }) {
  return html`<ol class="rules">
    ${rules.map((r) => html`<li><code>${r.when}</code> <span aria-hidden="true">→</span> <${Link} href=${"/policies/" + encodeURIComponent(r.policy)}>${r.policy}<//></li>`)}
    <li>${t("routes.otherwise")} <span aria-hidden="true">→</span> ${fallback ? html`<${Link} href=${"/policies/" + encodeURIComponent(fallback)}>${fallback}<//>` : html`<span class="faint">${t("routes.no_default")}</span>`}</li>
  </ol>`;
}

function Editor({ stored, names, again }) {
  const [draft, setDraft, drop] = useDraft(`routes:${tenant.get()}`, null);
  const [saved, setSaved] = useState(false);
  const saving = useSaving();
  const now = draft || { rules: stored.rules || [], default: stored.default || "" };
  const changed = draft !== null && !same(draft, { rules: stored.rules || [], default: stored.default || "" });
  const set = (change) => {
    setSaved(false);
    saving.clear();
    setDraft({ ...now, ...change });
  };
  const setRule = (i, change) => set({ rules: now.rules.map((r, at) => (at === i ? { ...r, ...change } : r)) });
  const save = () => saving.run(async () => {
    await put("/v1/routes", now);
    drop(null);
    setSaved(true);
    again();
  });
  const known = new Set([...names, ...now.rules.map((r) => r.policy), now.default].filter(Boolean));
  const choices = [["", t("routes.choose")], ...[...known].map((n) => [n, n])];
  const said = ["default", ...now.rules.flatMap((_, i) => [`rules[${i}].when`, `rules[${i}].policy`])];
  return html`<${Form} onSubmit=${save} saving=${saving} submit=${t("routes.save")} said=${said} onCancel=${changed ? () => { drop(null); saving.clear(); } : undefined}>
    <ol class="route-rows">
      ${now.rules.map((rule, i) => html`<li key=${i} class="route-row">
        <${Field} label=${t("routes.when", { n: i + 1 })} mono value=${rule.when} onInput=${(when) => setRule(i, { when })} error=${saving.wrong(`rules[${i}].when`)} spellcheck=${false} autocomplete="off" />
        <${Field} label=${t("routes.policy")} kind="select" options=${choices} value=${rule.policy} onInput=${(policy) => setRule(i, { policy })} error=${saving.wrong(`rules[${i}].policy`)} />
        <div class="row-buttons">
          <button type="button" class="small" disabled=${i === 0} aria-label=${t("routes.up", { n: i + 1 })} onClick=${() => set({ rules: moved(now.rules, i, -1) })}>↑</button>
          <button type="button" class="small" disabled=${i === now.rules.length - 1} aria-label=${t("routes.down", { n: i + 1 })} onClick=${() => set({ rules: moved(now.rules, i, 1) })}>↓</button>
          <button type="button" class="small" aria-label=${t("routes.remove", { n: i + 1 })} onClick=${() => set({ rules: now.rules.filter((_, at) => at !== i) })}>×</button>
        </div>
      </li>`)}
    </ol>
    <div><button type="button" class="small" onClick=${() => set({ rules: [...now.rules, { when: "", policy: "" }] })}>${t("routes.add")}</button></div>
    <div class="fields"><${Field} label=${t("routes.default")} kind="select" options=${choices} value=${now.default} onInput=${(v) => set({ default: v })} error=${saving.wrong("default")} hint=${t("routes.default_hint")} /></div>
    ${changed && html`<${Notice} tone="doubt"><p>${t("policy.unsaved")}</p><//>`}
    ${saved && html`<${Notice} tone="good"><p>${t("routes.saved")}</p><//>`}
  <//>`;
}
