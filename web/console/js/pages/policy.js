// One policy: its ladder as a form, as JSON and as a sentence; what it would do, what it did, and its versions.
import { html } from "../html.js";
import { t } from "../lang.js";
import { useLoad } from "../live.js";
import { useFilters } from "../router.js";
import { may } from "../session.js";
import { Failure, Notice, Page, Waiting } from "../ui/parts.js";
import { Editor } from "./policy/editor.js";
import { Version, Versions } from "./policy/versions.js";

export function Policy({ name }) {
  const path = "/v1/policies/" + encodeURIComponent(name);
  const current = useLoad(path);
  const versions = useLoad(path + "/versions?limit=200");
  const [{ version }] = useFilters();
  const again = () => {
    current.again();
    versions.again();
  };
  const gone = current.problem?.status === 404 && !current.loading;
  const stored = gone ? null : current.data;
  const list = versions.data?.data;
  const wanted = Number(version);
  const settled = list && (stored || gone);
  if (wanted && wanted !== stored?.version && settled) {
    return html`<${Version} name=${name} wanted=${wanted} list=${list} current=${stored} again=${again} />`;
  }
  if (stored && (!wanted || wanted === stored.version || versions.problem)) return html`<${Editor} key=${name} name=${name} stored=${stored} versions=${list} again=${again} />`;
  if (gone && list?.length) {
    return html`<${Page} title=${name} crumbs=${[["/policies", t("nav.policies")]]}><${Notice} tone="doubt"><p>${t(may("config:write") ? "policy.deleted_return" : "policy.deleted")}</p><//><${Versions} name=${name} list=${list} /><//>`;
  }
  return html`<${Page} title=${name} crumbs=${[["/policies", t("nav.policies")]]}>
    ${current.problem ? html`<${Failure} problem=${current.problem} again=${again} />` : html`<${Waiting} lines=${8} />`}
  <//>`;
}

export const NewPolicy = () => html`<${Editor} name="" stored=${null} again=${() => {}} />`;
