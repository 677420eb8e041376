// What was spent today and this month, against what may be spent.
import { html, useState } from "../../html.js";
import { money, share } from "../../format.js";
import { part } from "../../amount.js";
import { monthStart, today } from "../../days.js";
import { t } from "../../lang.js";
import { useLoad } from "../../live.js";
import { Link } from "../../router.js";
import { may } from "../../session.js";
import { Section } from "../../ui/parts.js";
import { Caps } from "./caps.js";

export function Spending({ of: data }) {
  const [asking, setAsking] = useState(false);
  const actions = may("config:write") && html`<button type="button" class="small" onClick=${() => setAsking(true)}>${t("caps.change")}</button>`;
  return html`<${Section} title=${t("caps.title")} note=${t("caps.note")} actions=${actions}>
    <div class="columns">
      <${Period} title=${t("caps.day")} cap=${data.caps?.day} from=${today()} href="/costs?span=today" stamp=${data.to} />
      <${Period} title=${t("caps.month")} cap=${data.caps?.month} from=${monthStart(today())} href="/costs" stamp=${data.to} />
    </div>
    ${asking && html`<${Caps} onClose=${() => setAsking(false)} />`}
  <//>`;
}

// Period is one cap. Where there is none nothing is counted for it, and the ledger says what was spent.
function Period({ title, cap, from, href, stamp }) {
  // The stamp never leaves the browser; it only has the sum made anew as the overview moves on.
  const spent = useLoad(!cap?.limit ? `/v1/reports/costs?from=${from}&to=${today()}&group_by=channel#${stamp}` : "");
  const used = cap?.used || spent.data?.totals.cost;
  const of = cap?.limit ? part(used, cap.limit) : 0;
  const tone = of >= 1 ? "bad" : of >= 0.8 ? "doubt" : undefined;
  return html`<div class="cap">
    <h3><${Link} href=${href}>${title}<//></h3>
    <p class="cap-used num" data-tone=${tone}>${money(used)}${cap?.limit && html` <span class="faint">${t("caps.of", { limit: money(cap.limit) })}</span>`}</p>
    ${cap?.limit ? html`<progress class="meter" data-tone=${tone} max="1000" value=${Math.round(Math.min(of, 1) * 1000)} aria-label=${title}></progress>
      <p class="note">${of >= 1 ? t("caps.reached") : t("caps.share", { share: share(of) })}</p>` : html`<p class="note">${t("caps.none")}</p>`}
  </div>`;
}
