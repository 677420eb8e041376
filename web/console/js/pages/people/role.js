import { html } from "../../html.js";
import { t, word } from "../../lang.js";

const roles = ["viewer", "finance", "operator", "admin"];

// RoleField chooses a role and says of each what it may do. whole: the person looks after every tenant.
export const RoleField = ({ value, onInput, whole, error }) => html`<fieldset class="boxes" data-wrong=${error ? true : undefined}><legend>${t("people.role")}</legend>
  ${roles.map((role) => html`<label class="check" key=${role}><input type="radio" name="role" value=${role} checked=${role === value} onChange=${() => onInput(role)} />
    <span><strong>${word("role", role)}</strong> <span class="faint">${role === "admin" && whole ? t("rolemay.admin_whole") : word("rolemay", role)}</span></span></label>`)}
  ${error && html`<p class="error">${error}</p>`}
</fieldset>`;
