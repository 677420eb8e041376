import { post } from "../../api.js";
import { html, useRef } from "../../html.js";
import { t } from "../../lang.js";
import { isInstallation, useSession } from "../../session.js";
import { Dialog } from "../../ui/dialog.js";
import { Field, Form, useDraft, useSaving } from "../../ui/form.js";
import { RoleField } from "./role.js";

// AddPerson asks for a name and a role; the service makes the password up.
export function AddPerson({ onClose, onAdded }) {
  const session = useSession();
  const [draft, setDraft, drop] = useDraft("person", { name: "", role: "viewer", tenant: session.tenant?.id || "" });
  const once = useRef(crypto.randomUUID());
  const saving = useSaving();
  const save = () => saving.run(async () => {
    const body = { name: draft.name.trim(), role: draft.role, ...(isInstallation() && draft.tenant && { tenant_id: draft.tenant }) };
    const user = await post("/v1/users", body, { headers: { "Idempotency-Key": once.current } });
    drop();
    onAdded(user);
    onClose();
  }).finally(() => { once.current = crypto.randomUUID(); });
  return html`<${Dialog} title=${t("people.add")} onClose=${onClose}>
    <${Form} onSubmit=${save} saving=${saving} submit=${t("people.add")} onCancel=${() => { drop(); onClose(); }} said=${["name", "role", "tenant_id"]}>
      <${Field} label=${t("people.name")} value=${draft.name} onInput=${(name) => setDraft({ ...draft, name })} required hint=${t("people.name_hint")} autocomplete="off" error=${saving.wrong("name")} />
      <${RoleField} value=${draft.role} onInput=${(role) => setDraft({ ...draft, role })} whole=${isInstallation() && !draft.tenant} error=${saving.wrong("role")} />
      ${isInstallation() && html`<${Field} label=${t("people.for")} kind="select" value=${draft.tenant} onInput=${(tenant) => setDraft({ ...draft, tenant })} error=${saving.wrong("tenant_id")}
        options=${[...session.tenants.map((one) => [one.id, one.name]), ["", t("people.whole")]]} />`}
    <//>
  <//>`;
}
