import { del, patch } from "../../api.js";
import { html, useState } from "../../html.js";
import { t } from "../../lang.js";
import { useSession } from "../../session.js";
import { Confirm, Dialog } from "../../ui/dialog.js";
import { Form, useSaving } from "../../ui/form.js";
import { Failure, Notice, Time } from "../../ui/parts.js";
import { newPassword } from "./password.js";
import { RoleField } from "./role.js";

// Person is what can be done about somebody: another role, a new password, shutting them out, removing them.
export function Person({ user, onClose, again, onPassword }) {
  const path = "/v1/users/" + user.id;
  const own = useSession().user.id === user.id;
  const [role, setRole] = useState(user.role);
  const [asking, setAsking] = useState("");
  const [problem, setProblem] = useState();
  const saving = useSaving();
  const done = () => {
    again();
    onClose();
  };
  const save = () => saving.run(() => patch(path, { role }).then(done));
  const enable = () => patch(path, { disabled: false }).then(done, setProblem);
  const reset = async () => {
    const password = newPassword();
    await patch(path, { password });
    onPassword({ ...user, password });
    done();
  };
  if (asking) return html`<${Asked} what=${asking} user=${user} acts=${{ reset, disable: () => patch(path, { disabled: true }).then(done), remove: () => del(path).then(done) }} onClose=${() => setAsking("")} />`;
  return html`<${Dialog} title=${user.name} onClose=${onClose}>
    <${Form} onSubmit=${save} saving=${saving} submit=${t("people.save_role")} onCancel=${onClose} said=${["role"]}>
      <p class="faint">${user.last_seen_at ? html`${t("people.seen")}: <${Time} at=${user.last_seen_at} />` : t("people.never_seen")}${user.disabled_at && html` · ${t("people.disabled_at")} <${Time} at=${user.disabled_at} />`}</p>
      ${own && html`<${Notice}><p>${t("people.own")}</p><//>`}
      <${RoleField} value=${role} onInput=${setRole} whole=${!user.tenant_id} error=${saving.wrong("role")} />
      <p class="hint">${t("people.ends")}</p>
      <div class="actions">
        <button type="button" class="small" onClick=${() => setAsking("reset")}>${t("people.reset")}</button>
        ${user.disabled_at ? html`<button type="button" class="small" onClick=${enable}>${t("people.enable")}</button>` : html`<button type="button" class="small" onClick=${() => setAsking("disable")}>${t("people.disable")}</button>`}
        <button type="button" class="small" onClick=${() => setAsking("remove")}>${t("people.remove")}</button>
      </div>
      <${Failure} problem=${problem} />
    <//>
  <//>`;
}

// Asked says what an act does to the person before it is done.
function Asked({ what, user, acts, onClose }) {
  const said = {
    reset: [t("people.reset_title", { name: user.name }), t("people.reset"), t("people.reset_note")],
    disable: [t("people.disable_title", { name: user.name }), t("people.disable"), t("people.disable_note")],
    remove: [t("people.remove_title", { name: user.name }), t("people.remove"), t("people.remove_note")],
  };
  const [title, yes, note] = said[what];
  return html`<${Confirm} title=${title} yes=${yes} danger=${what !== "reset"} act=${acts[what]} onClose=${onClose}><p>${note}</p><//>`;
}
