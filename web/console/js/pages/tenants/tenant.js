// One tenant, and the way into it.
import { html, useState } from "../../html.js";
import { t } from "../../lang.js";
import { useLoad } from "../../live.js";
import { Link, go } from "../../router.js";
import { look, useSession } from "../../session.js";
import { Facts, Failure, Page, Section, Time, Waiting } from "../../ui/parts.js";

export function Tenant({ id }) {
  const session = useSession();
  const { data: one, problem, again } = useLoad("/v1/tenants/" + id);
  const [failed, setFailed] = useState();
  const chosen = session.tenant?.id === id;
  const choose = () => look(id).then(() => go("/tenants/" + id, { replace: true }), setFailed);
  const actions = one && !chosen && html`<button type="button" class="primary" onClick=${choose}>${t("tenants.choose")}</button>`;
  return html`<${Page} title=${one?.name || t("tenants.one")} crumbs=${[["/tenants", t("nav.tenants")]]} actions=${actions} lead=${chosen ? t("tenants.chosen_note") : undefined}>
    <${Failure} problem=${problem || failed} again=${problem && again} />
    ${!one && !problem && html`<${Waiting} />`}
    ${one && html`<${Section} title=${t("tenants.about")}><${Facts} rows=${[
      [t("tenants.id"), html`<code>${one.id}</code>`],
      [t("tenants.region"), one.default_region],
      [t("tenants.zone"), one.timezone],
      [t("tenants.currency"), one.currency],
      [t("tenants.created"), html`<${Time} at=${one.created_at} />`],
    ]} /><//>
    <${Section} title=${t("tenants.inside")} note=${chosen ? undefined : t("tenants.inside_note")}><ul class="links">
      ${chosen && html`<li><${Link} href="/messages">${t("nav.messages")}<//></li><li><${Link} href="/developers">${t("developers.keys")}<//></li>`}
      <li><${Link} href=${"/people?tenant_id=" + id}>${t("nav.people")}<//></li>
      <li><${Link} href=${"/audit?tenant_id=" + id}>${t("nav.audit")}<//></li>
    </ul><//>`}
  <//>`;
}
