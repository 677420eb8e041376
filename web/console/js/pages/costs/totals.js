// The sums of a report, and how the savings were worked out.
import { html } from "../../html.js";
import { money, number, share } from "../../format.js";
import { compare, part, size } from "../../amount.js";
import { t } from "../../lang.js";
import { Stat } from "../../ui/parts.js";
import { messagesOf } from "./query.js";

const zero = { amount: "0" };

export function Totals({ totals, span, narrow }) {
  const { cost, sms_only: alone, saved, paid_twice_late: late, unknown } = totals;
  const less = !saved || compare(saved, zero) >= 0;
  const values = { alone: money(alone), cost: money(cost), saved: money(saved) };
  return html`<div class="totals">
    <div class="stats">
      <${Stat} label=${t("costs.cost")} value=${money(cost)} href=${messagesOf({}, span, narrow)} note=${t("costs.cost_note")} />
      <${Stat} label=${t("costs.sms_only")} value=${size(alone) > 0 ? money(alone) : "–"} note=${size(alone) > 0 ? t("costs.sms_only_note") : t(alone ? "costs.sms_only_none" : "costs.sms_only_narrowed")} />
      <${Stat} label=${t(less ? "costs.saved" : "costs.dearer")} value=${size(alone) > 0 ? money(less ? saved : { ...saved, amount: saved.amount.replace("-", "") }) : "–"} tone=${size(alone) > 0 && (less ? "good" : "bad")}
        note=${size(alone) > 0 && t("costs.saved_share", { share: share(Math.abs(part(saved, alone))) })} />
      <${Stat} label=${t("costs.late")} value=${money(late)} tone=${size(late) > 0 && "doubt"} note=${t("costs.late_note")} />
      ${unknown && html`<${Stat} label=${t("costs.unknown")} value=${number(unknown.attempts)} tone=${unknown.attempts > 0 && "doubt"} href=${messagesOf({}, span, narrow, { unknown: "true" })}
        note=${t("costs.unknown_note", { cost: money(unknown.cost) })} />`}
    </div>
    ${size(alone) > 0 && html`<div class="formula"><p class="num"><strong>${t("costs.saved")}</strong> = ${t("costs.sms_only")} − ${t("costs.cost")} = ${values.alone} − ${values.cost} = <strong>${values.saved}</strong></p>
      <p class="note">${t("costs.formula")}</p></div>`}
  </div>`;
}
