// What the developers' pages share: their title and the way between them.
import { html } from "../../html.js";
import { t } from "../../lang.js";
import { Page } from "../../ui/parts.js";
import { Tabs } from "../../ui/tabs.js";

export const Developers = ({ actions, children }) => html`<${Page} title=${t("nav.developers")} lead=${t("developers.lead")} actions=${actions}>
  <${Tabs} label=${t("nav.developers")} tabs=${[
    ["/developers", t("developers.keys")],
    ["/developers/callbacks", t("developers.callbacks")],
    ["/developers/requests", t("developers.requests")],
    ["/developers/reference", t("developers.reference")],
  ]} />
  ${children}
<//>`;
