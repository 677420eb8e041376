import { post } from "../../api.js";
import { html, useRef } from "../../html.js";
import { t } from "../../lang.js";
import { Dialog } from "../../ui/dialog.js";
import { Field, Form, useDraft, useSaving } from "../../ui/form.js";

const zones = () => Intl.supportedValuesOf?.("timeZone") || [];

// NewTenant makes a tenant. Its region, zone and currency stay as they are chosen here.
export function NewTenant({ onClose, onMade }) {
  const [draft, setDraft, drop] = useDraft("tenant", { name: "", default_region: "VN", timezone: "Asia/Ho_Chi_Minh", currency: "VND" });
  const once = useRef(crypto.randomUUID());
  const saving = useSaving();
  const save = () => saving.run(async () => {
    const made = await post("/v1/tenants", { ...draft, name: draft.name.trim() }, { headers: { "Idempotency-Key": once.current } });
    drop();
    onMade(made);
    onClose();
  }).finally(() => { once.current = crypto.randomUUID(); });
  const field = (name, label, rest) => html`<${Field} label=${label} value=${draft[name]} onInput=${(v) => setDraft({ ...draft, [name]: v })} required autocomplete="off" error=${saving.wrong(name)} ...${rest} />`;
  return html`<${Dialog} title=${t("tenants.make")} onClose=${onClose}>
    <${Form} onSubmit=${save} saving=${saving} submit=${t("tenants.make")} onCancel=${() => { drop(); onClose(); }} said=${["name", "default_region", "timezone", "currency"]}>
      ${field("name", t("tenants.name"))}
      <div class="fields">
        ${field("default_region", t("tenants.region"), { hint: t("tenants.region_hint"), maxlength: 2 })}
        ${field("currency", t("tenants.currency"), { hint: t("tenants.currency_hint"), maxlength: 3 })}
      </div>
      ${field("timezone", t("tenants.zone"), { hint: t("tenants.zone_hint"), list: "zones" })}
      <datalist id="zones">${zones().map((zone) => html`<option key=${zone} value=${zone} />`)}</datalist>
    <//>
  <//>`;
}
