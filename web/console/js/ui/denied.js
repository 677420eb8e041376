import { html } from "../html.js";
import { t } from "../lang.js";
import { Notice, Page } from "./parts.js";

// Denied stands where a page is not for the person's role.
export const Denied = ({ title }) => html`<${Page} title=${title}><${Notice}><p><strong>${t("denied.title")}</strong> ${t("denied.note")}</p><//><//>`;
