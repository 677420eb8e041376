import { del } from "../../api.js";
import { html } from "../../html.js";
import { t } from "../../lang.js";
import { useLoad } from "../../live.js";
import { go } from "../../router.js";
import { Confirm } from "../../ui/dialog.js";
import { Notice } from "../../ui/parts.js";

// Delete takes a policy out of use, and says which routes name it.
export function Delete({ name, onClose, onDeleted }) {
  const { data: routes } = useLoad("/v1/routes");
  const rules = routes?.rules?.filter((r) => r.policy === name) || [];
  const act = async () => {
    await del("/v1/policies/" + encodeURIComponent(name));
    onDeleted();
    go("/policies");
  };
  return html`<${Confirm} title=${t("policy.delete_title", { name })} yes=${t("policy.delete_yes")} onClose=${onClose} act=${act}>
    <p>${t("policy.delete_note")}</p>
    ${(rules.length > 0 || routes?.default === name) && html`<${Notice} tone="doubt">
      ${rules.length > 0 && html`<p>${t("policy.delete_rules", { n: rules.length })}</p><ul>${rules.map((r) => html`<li><code>${r.when}</code></li>`)}</ul>`}
      ${routes.default === name && html`<p>${t("policy.delete_default")}</p>`}
    <//>`}
  <//>`;
}
