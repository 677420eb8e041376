// The dialog that sets what a tenant may spend.
import { get, put } from "../../api.js";
import { html, useEffect } from "../../html.js";
import { t } from "../../lang.js";
import { useLoad } from "../../live.js";
import { session } from "../../session.js";
import { Dialog } from "../../ui/dialog.js";
import { Field, Form, useDraft, useSaving } from "../../ui/form.js";
import { Failure, Notice, Waiting } from "../../ui/parts.js";

const fields = [["cap_per_day", "caps.day_field"], ["cap_per_month", "caps.month_field"]];

export function Caps({ onClose }) {
  const { data, problem, again } = useLoad("/v1/limits");
  const [draft, setDraft, drop] = useDraft("caps", null);
  const saving = useSaving();
  useEffect(() => {
    if (data && !draft) setDraft(Object.fromEntries(fields.map(([name]) => [name, data[name]?.amount || ""])));
  }, [data]);
  const close = () => {
    drop(null);
    onClose();
  };
  const currency = session.get()?.tenant?.currency || "VND";
  const save = () => saving.run(async () => {
    const { unreachable_for } = await get("/v1/limits"); // what is left out would be reset
    const amounts = fields.filter(([name]) => draft[name].trim()).map(([name]) => [name, { amount: draft[name].trim(), currency }]);
    await put("/v1/limits", { unreachable_for, ...Object.fromEntries(amounts) });
    close();
  });
  const wrong = (name) => saving.wrong(name) || saving.wrong(name + ".amount") || saving.wrong(name + ".currency");
  return html`<${Dialog} title=${t("caps.dialog")} onClose=${close}>
    <${Failure} problem=${problem} again=${again} />
    ${!draft && !problem && html`<${Waiting} lines=${3} />`}
    ${draft && html`<${Form} onSubmit=${save} saving=${saving} onCancel=${close} said=${fields.flatMap(([name]) => [name, name + ".amount", name + ".currency"])}>
      ${fields.map(([name, key]) => html`<${Field} key=${name} label=${t(key, { currency })} hint=${t("caps.hint")} inputmode="decimal" autocomplete="off" value=${draft[name]}
        onInput=${(v) => setDraft({ ...draft, [name]: v })} error=${wrong(name)} />`)}
      <${Notice}>${t("caps.effect")}<//>
    <//>`}
  <//>`;
}
