// What messages cost: a picture and a table that agree, what was saved, and the prices.
import { download, query } from "../api.js";
import { html, useState } from "../html.js";
import { t } from "../lang.js";
import { useLoad } from "../live.js";
import { useFilters } from "../router.js";
import { may } from "../session.js";
import { Empty, Failure, Page, Section, Waiting, curl } from "../ui/parts.js";
import { Controls } from "./costs/controls.js";
import { Picture } from "./costs/picture.js";
import { Prices } from "./costs/prices.js";
import { groupsOf, narrowOf, spanOf, spanText } from "./costs/query.js";
import { CostTable } from "./costs/table.js";
import { Totals } from "./costs/totals.js";

export function Costs() {
  const [filters, setFilters] = useFilters({ span: "month", group: "channel" });
  const span = spanOf(filters);
  const narrow = narrowOf(filters);
  const groups = groupsOf(filters);
  const asked = { from: span.from, to: span.to, group_by: groups.join(","), ...narrow };
  const { data, problem, loading, again } = useLoad("/v1/reports/costs" + query(asked));
  const [busy, setBusy] = useState("");
  const [failed, setFailed] = useState();
  const save = async (format) => {
    setBusy(format);
    setFailed(undefined);
    await download("/v1/reports/costs" + query({ ...asked, format }), `costs_${span.from}_${span.to}.${format}`).catch(setFailed);
    setBusy("");
  };
  const actions = ["csv", "xlsx"].map((format) => html`<button type="button" key=${format} disabled=${busy !== ""} onClick=${() => save(format)}>${busy === format ? t("costs.exporting") : format.toUpperCase()}</button>`);
  const shown = data && data.group_by.join(",") === asked.group_by;
  return html`<${Page} title=${t("nav.costs")} lead=${spanText(span)} actions=${actions}>
    <${Controls} filters=${filters} set=${setFilters} span=${span} groups=${groups} narrow=${narrow} />
    <${Failure} problem=${failed} />
    ${problem && html`<${Failure} problem=${problem} again=${again} />`}
    ${!shown && !problem && html`<${Waiting} lines=${8} />`}
    ${shown && html`
      <${Totals} totals=${data.totals} span=${span} narrow=${narrow} />
      ${data.data.length === 0 ? html`<${Section} title=${t("costs.table")}><${Empty} title=${t("costs.none")} command=${curl("GET", "/v1/reports/costs" + query(asked))}>${t("costs.none_note")}<//><//>` : html`
        <${Picture} span=${span} narrow=${narrow} total=${data.totals.cost} again=${again} />
        <${CostTable} report=${data} groups=${groups} span=${span} narrow=${narrow} sort=${filters.sort} set=${setFilters} busy=${loading} />`}`}
    ${may("config:read") && html`<${Prices} />`}
  <//>`;
}
