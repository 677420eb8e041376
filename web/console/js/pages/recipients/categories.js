import { html } from "../../html.js";
import { t, word } from "../../lang.js";
import { Check } from "../../ui/form.js";

export const categories = ["otp", "transaction", "care", "promotion"];

// named lists categories in words; none stands for all of them.
export const named = (list) => (list.length === 0 ? t("recipients.every") : list.map((c) => word("category", c)).join(", "));

// Categories are boxes to tick.
export const Categories = ({ label, value, onInput, error }) => html`<fieldset data-wrong=${error ? true : undefined}>
  <legend>${label}</legend>
  <div class="choices">${categories.map((c) => html`<${Check} key=${c} label=${word("category", c)} value=${value.includes(c)} onInput=${(on) => onInput(categories.filter((other) => (other === c ? on : value.includes(other))))} />`)}</div>
  ${error && html`<p class="error">${error}</p>`}
</fieldset>`;
