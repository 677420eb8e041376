// The versions of a policy: every one that ever was, what it changed, and the way back to it.
import { put } from "../../api.js";
import { html, useState } from "../../html.js";
import { t } from "../../lang.js";
import { bounds, sentence } from "../../policy/sentence.js";
import { diff } from "../../policy/diff.js";
import { bodyOf, pretty } from "../../policy/shape.js";
import { go } from "../../router.js";
import { may } from "../../session.js";
import { Confirm } from "../../ui/dialog.js";
import { Empty, Notice, Page, Section, Time } from "../../ui/parts.js";
import { Table } from "../../ui/table.js";
import { Ladder } from "./ladder.js";

const newestFirst = (list) => [...list].sort((a, b) => b.version - a.version);

export function Versions({ name, list, current }) {
  const columns = [
    { key: "version", label: t("policy.version"), cell: (v) => html`<span class="num">v${v.version}</span>` },
    { key: "at", label: t("policy.version_at"), cell: (v) => html`<${Time} at=${v.created_at} />` },
    { key: "state", label: t("policy.version_state"), cell: (v) => (v.deleted ? t("policy.version_deleted") : v.version === current?.version ? html`<span class="status" data-tone="good">${t("policy.version_current")}</span>` : t("policy.version_past")) },
    { key: "does", label: t("policies.does"), wide: true, cell: (v) => (v.deleted ? html`<span class="faint">–</span>` : sentence(v)) },
  ];
  return html`<${Section} title=${t("policy.versions")} note=${t("policy.versions_note")} id="versions">
    <${Table} caption=${t("policy.versions")} columns=${columns} rows=${newestFirst(list)} rowKey=${(v) => v.version} href=${(v) => `/policies/${encodeURIComponent(name)}${v.version === current?.version ? "" : `?version=${v.version}`}`} />
  <//>`;
}

// Version is one former version, with what differs from the one in use.
export function Version({ name, wanted, list, current, again }) {
  const [asking, setAsking] = useState(false);
  const path = "/policies/" + encodeURIComponent(name);
  const crumbs = [["/policies", t("nav.policies")], [path, name]];
  const version = list.find((v) => v.version === wanted);
  if (!version) return html`<${Page} title=${t("policy.version_title", { name, version: wanted })} crumbs=${crumbs}><${Empty} title=${t("policy.no_version")} /><//>`;
  const back = async () => {
    await put("/v1" + path, bodyOf(version));
    again();
    go(path);
  };
  const actions = may("config:write") && !version.deleted && html`<button type="button" class="primary" onClick=${() => setAsking(true)}>${t("policy.return")}</button>`;
  return html`<${Page} title=${t("policy.version_title", { name, version: wanted })} crumbs=${crumbs} actions=${actions} lead=${html`<${Time} at=${version.created_at} />`}>
    <${Notice}><p>${version.deleted ? t("policy.version_took_out") : current ? t("policy.version_of", { version: current.version }) : t("policy.version_of_none")}</p><//>
    ${!version.deleted && html`
      <div class="headline" data-tone="busy"><p class="story">${sentence(version)} <span class="faint">${bounds(version)}</span></p></div>
      <${Section} title=${t("policy.ladder")}><${Ladder} policy=${bodyOf(version)} errors=${[]} accounts=${[]} canWrite=${false} /><//>
      ${current ? html`<${Section} title=${t("policy.diff")} note=${t("policy.diff_note", { version: wanted, current: current.version })}><${Diff} before=${pretty(bodyOf(version))} after=${pretty(bodyOf(current))} /><//>`
        : html`<${Section} title="JSON"><pre class="block" tabindex="0">${pretty(bodyOf(version))}</pre><//>`}`}
    <${Versions} name=${name} list=${list} current=${current} />
    ${asking && html`<${Confirm} title=${t("policy.return_title", { version: wanted })} yes=${t("policy.return")} danger=${false} onClose=${() => setAsking(false)} act=${back}>
      <p>${t("policy.return_note", { next: Math.max(...list.map((v) => v.version)) + 1 })}</p><//>`}
  <//>`;
}

// Diff shows two texts as one, with the lines that only one of them has marked.
function Diff({ before, after }) {
  const lines = diff(before, after);
  if (lines.every((l) => l.sign === " ")) return html`<p class="faint">${t("policy.diff_none")}</p>`;
  return html`<div class="diff" role="group" aria-label=${t("policy.diff")} tabindex="0">${lines.map((l, i) => html`<div key=${i} data-sign=${l.sign}><span class="sign" aria-hidden="true">${l.sign}</span>
    ${l.sign !== " " && html`<span class="unseen">${t(l.sign === "-" ? "policy.diff_only_then" : "policy.diff_only_now")} </span>`}<span class="line">${l.text}</span></div>`)}</div>`;
}
