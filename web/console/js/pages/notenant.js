// What stands in place of a tenant's pages while there is none.
import { html } from "../html.js";
import { t } from "../lang.js";
import { Link } from "../router.js";
import { Empty, Page, curl } from "../ui/parts.js";

export const newTenant = () => curl("POST", "/v1/tenants", { name: "acme", default_region: "VN", timezone: "Asia/Ho_Chi_Minh", currency: "VND" });

export const NoTenant = () => html`<${Page} title=${t("tenants.first")} lead=${t("tenants.first_note")} actions=${html`<${Link} href="/tenants" class="button primary">${t("tenants.first_go")}<//>`}>
  <${Empty} title=${t("tenants.none")} command=${newTenant()} />
<//>`;
