// The dialog that adds a price to the book, from a day on.
import { get, put } from "../../api.js";
import { html } from "../../html.js";
import { plusDays, startOf, today } from "../../days.js";
import { t, word } from "../../lang.js";
import { session } from "../../session.js";
import { Dialog } from "../../ui/dialog.js";
import { Field, Form, useDraft, useSaving } from "../../ui/form.js";
import { Notice } from "../../ui/parts.js";

const operators = ["viettel", "mobifone", "vinaphone", "vietnamobile", "gmobile", "itel", "wintel"];
const categories = ["otp", "transaction", "care", "promotion"];
const fields = ["channel", "unit", "moment", "price", "price.amount", "price.currency", "within", "account", "template", "operator", "category", "country", "valid_from"];

const begin = () => ({ channel: "sms", unit: "segment", moment: "taken", amount: "", from: plusDays(today(), 1) });

// lineOf is the draft as a line of the book. What is empty narrows nothing.
function lineOf(draft, currency) {
  const given = Object.fromEntries(["account", "template", "operator", "category", "country", "within"].map((name) => [name, draft[name]?.trim()]).filter(([, v]) => v));
  return { channel: draft.channel, unit: draft.unit, moment: draft.moment, ...given, price: { amount: draft.amount.trim(), currency }, valid_from: startOf(draft.from) };
}

export function NewPrice({ onClose, onSaved }) {
  const [draft, setDraft, drop] = useDraft("price", begin());
  const saving = useSaving();
  const currency = session.get()?.tenant?.currency || "VND";
  const set = (name) => (value) => setDraft((d) => ({ ...d, [name]: value }));
  const close = () => {
    drop(begin());
    onClose();
  };
  const save = () => saving.run(async () => {
    const { prices } = await get("/v1/prices"); // as it is now: a PUT replaces the whole book
    await put("/v1/prices", { prices: [lineOf(draft, currency), ...prices] });
    onSaved();
    close();
  });
  const wrong = (name) => saving.wrong(`prices[0].${name}`);
  const choices = (group, list, any) => [...(any ? [["", t("prices.any")]] : []), ...list.map((v) => [v, word(group, v)])];
  return html`<${Dialog} title=${t("prices.add")} onClose=${close} wide>
    <${Form} onSubmit=${save} saving=${saving} onCancel=${close} submit=${t("prices.add")} said=${fields.map((name) => `prices[0].${name}`)}>
      <div class="fields">
        <${Field} label=${t("prices.channel")} kind="select" value=${draft.channel} options=${choices("channel", ["zns", "viber", "sms"])} error=${wrong("channel")}
          onInput=${(v) => setDraft((d) => ({ ...d, channel: v, unit: v === "sms" ? "segment" : "message", moment: v === "sms" ? "taken" : "delivered" }))} />
        <${Field} label=${t("prices.amount", { currency })} inputmode="decimal" autocomplete="off" required value=${draft.amount} onInput=${set("amount")} error=${wrong("price.amount") || wrong("price") || wrong("price.currency")} />
        <${Field} label=${t("prices.unit")} kind="select" value=${draft.unit} options=${choices("unit", ["message", "segment"])} onInput=${set("unit")} error=${wrong("unit")} />
        <${Field} label=${t("prices.moment")} kind="select" value=${draft.moment} options=${choices("moment", ["taken", "delivered"])} onInput=${set("moment")} error=${wrong("moment")} />
        <${Field} label=${t("prices.valid_from")} kind="date" required value=${draft.from} hint=${t("prices.valid_from_hint", { zone: session.get()?.tenant?.timezone || "" })} onInput=${(v) => v && set("from")(v)} error=${wrong("valid_from")} />
        ${draft.moment === "delivered" && html`<${Field} label=${t("prices.within_label")} value=${draft.within} hint=${t("prices.within_hint")} autocomplete="off" onInput=${set("within")} error=${wrong("within")} />`}
      </div>
      <details open=${["account", "template", "operator", "category", "country"].some((name) => draft[name] || wrong(name))}><summary>${t("prices.narrow")}</summary>
        <div class="fields narrowing">
          <${Field} label=${t("prices.of_account")} value=${draft.account} onInput=${set("account")} error=${wrong("account")} autocomplete="off" />
          <${Field} label=${t("prices.of_template")} value=${draft.template} onInput=${set("template")} error=${wrong("template")} autocomplete="off" />
          <${Field} label=${t("prices.of_operator")} kind="select" value=${draft.operator} options=${choices("operator", operators, true)} onInput=${set("operator")} error=${wrong("operator")} />
          <${Field} label=${t("prices.of_category")} kind="select" value=${draft.category} options=${choices("category", categories, true)} onInput=${set("category")} error=${wrong("category")} />
          <${Field} label=${t("prices.of_country")} value=${draft.country} hint=${t("prices.country_hint")} onInput=${(v) => set("country")(v.toUpperCase())} error=${wrong("country")} autocomplete="off" />
        </div>
      </details>
      <${Notice}>${t("prices.keep")}<//>
    <//>
  <//>`;
}
