// API keys of the tenant: made, shown once, revoked.
import { del, post } from "../../api.js";
import { html, useState } from "../../html.js";
import { dateTime } from "../../format.js";
import { t, word } from "../../lang.js";
import { useLoad } from "../../live.js";
import { isAdmin, useSession } from "../../session.js";
import { Confirm, Dialog } from "../../ui/dialog.js";
import { Check, Field, Form, useSaving } from "../../ui/form.js";
import { Once } from "../../ui/once.js";
import { Empty, Failure, Notice, Section, Status, Time, Waiting } from "../../ui/parts.js";
import { Table } from "../../ui/table.js";

const scopes = ["messages:write", "messages:read", "config:write", "config:read", "reports:read"];

export function Keys() {
  const tenant = useSession().tenant;
  const path = tenant ? `/v1/tenants/${tenant.id}/keys` : "";
  const { data, problem, again } = useLoad(isAdmin() ? path : "");
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState();
  const [leaving, setLeaving] = useState();
  if (!isAdmin()) return html`<${Section} title=${t("keys.title")}><${Notice}><p>${t("keys.ask")}</p><//><//>`;
  if (!tenant) return html`<${Section} title=${t("keys.title")}><${Notice}><p>${t("keys.no_tenant")}</p><//><//>`;
  return html`<${Section} title=${t("keys.title")} note=${t("keys.note")} actions=${html`<button type="button" class="primary" onClick=${() => setMaking(true)}>${t("keys.make")}</button>`}>
    <${Failure} problem=${problem} again=${again} />
    ${!data && !problem && html`<${Waiting} />`}
    ${data && data.data.length === 0 && html`<${Empty} title=${t("keys.none")}>${t("keys.none_note")}<//>`}
    ${data && data.data.length > 0 && html`<${Table} caption=${t("keys.title")} rows=${data.data} columns=${columns(setLeaving)} />`}
    ${making && html`<${NewKey} path=${path} onClose=${() => setMaking(false)} onMade=${(key) => { setMade(key); again(); }} />`}
    ${made && html`<${Once} title=${t("keys.made")} name=${t("keys.mode_" + made.mode)} secret=${made.key} onClose=${() => setMade(undefined)} />`}
    ${leaving && html`<${Revoke} path=${path} of=${leaving} onClose=${() => setLeaving(undefined)} again=${again} />`}
  <//>`;
}

const columns = (revoke) => [
  { key: "prefix", label: t("keys.key"), cell: (k) => html`<code class="whole">${k.prefix}…</code>` },
  { key: "state", label: t("keys.state"), cell: (k) => (k.revoked_at ? html`<${Status} of="revoked" group="key" />` : html`<${Status} of=${k.mode} group="key" />`) },
  { key: "scopes", label: t("keys.scopes"), cell: (k) => (k.scopes.length === 0 || scopes.every((s) => k.scopes.includes(s)) ? t("keys.all_scopes") : html`<code>${k.scopes.join(", ")}</code>`) },
  { key: "used", label: t("keys.used"), cell: (k) => (k.last_used_at ? html`<${Time} at=${k.last_used_at} />` : html`<span class="faint">${t("keys.never")}</span>`) },
  { key: "created", label: t("keys.created"), wide: true, cell: (k) => html`<${Time} at=${k.created_at} />` },
  { key: "act", label: html`<span class="unseen">${t("keys.revoke")}</span>`, num: true, cell: (k) => (k.revoked_at ? html`<span class="faint">${t("keys.since")} <${Time} at=${k.revoked_at} /></span>` : html`<button type="button" class="small" aria-label=${`${t("keys.revoke")} ${k.prefix}`} onClick=${() => revoke(k)}>${t("keys.revoke")}</button>`) },
];

function NewKey({ path, onClose, onMade }) {
  const [mode, setMode] = useState("test");
  const [chosen, setChosen] = useState(scopes);
  const saving = useSaving();
  const save = () => saving.run(async () => {
    onMade(await post(path, { mode, scopes: chosen }, { headers: { "Idempotency-Key": crypto.randomUUID() } }));
    onClose();
  });
  const turn = (scope) => (on) => setChosen(scopes.filter((s) => (s === scope ? on : chosen.includes(s))));
  return html`<${Dialog} title=${t("keys.make")} onClose=${onClose}>
    <${Form} onSubmit=${() => chosen.length > 0 && save()} saving=${saving} submit=${t("keys.make")} onCancel=${onClose} said=${["mode"]}>
      <${Field} label=${t("keys.mode")} kind="select" value=${mode} onInput=${setMode} hint=${t("keys.hint_" + mode)} error=${saving.wrong("mode")}
        options=${[["test", t("keys.mode_test")], ["live", t("keys.mode_live")]]} />
      <fieldset class="boxes"><legend>${t("keys.scopes")}</legend>
        ${scopes.map((s) => html`<${Check} key=${s} label=${html`<code>${s}</code> <span class="faint">${word("scope", s)}</span>`} value=${chosen.includes(s)} onInput=${turn(s)} />`)}
        ${chosen.length === 0 && html`<p class="error">${t("keys.one_scope")}</p>`}
      </fieldset>
    <//>
  <//>`;
}

function Revoke({ path, of: key, onClose, again }) {
  return html`<${Confirm} title=${t("keys.revoke_title")} yes=${t("keys.revoke")} onClose=${onClose} act=${() => del(`${path}/${key.id}`).then(again)}>
    <p><code>${key.prefix}…</code></p>
    <p>${key.last_used_at ? t("keys.last_used", { at: dateTime(key.last_used_at) }) : t("keys.never_used")}</p>
    <p>${t("keys.revoke_note")}</p>
  <//>`;
}
