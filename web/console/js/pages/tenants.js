// The tenants of the installation.
import { query } from "../api.js";
import { html, useState } from "../html.js";
import { t } from "../lang.js";
import { useLoad } from "../live.js";
import { go, useFilters } from "../router.js";
import { recall, useSession } from "../session.js";
import { Once } from "../ui/once.js";
import { Empty, Failure, Page, Section, Time, Waiting } from "../ui/parts.js";
import { Pages, Table } from "../ui/table.js";
import { newTenant } from "./notenant.js";
import { NewTenant } from "./tenants/new.js";

export function Tenants() {
  const session = useSession();
  const [filters, set] = useFilters();
  const { data, problem, again } = useLoad("/v1/tenants" + query({ cursor: filters.cursor }));
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState();
  const settled = async () => {
    setMade(undefined);
    await recall().catch(() => {});
    go("/tenants/" + made.id);
  };
  return html`<${Page} title=${t("nav.tenants")} lead=${t("tenants.lead")} actions=${html`<button type="button" class="primary" onClick=${() => setMaking(true)}>${t("tenants.make")}</button>`}>
    <${Failure} problem=${problem} again=${again} />
    <${Section} title=${t("tenants.list")}>
      ${!data && !problem && html`<${Waiting} />`}
      ${data && data.data.length === 0 && html`<${Empty} title=${t("tenants.none")} command=${newTenant()} />`}
      ${data && data.data.length > 0 && html`<${Table} caption=${t("tenants.list")} rows=${data.data} href=${(one) => "/tenants/" + one.id} columns=${[
        { key: "name", label: t("tenants.name"), cell: (one) => html`<span class="words">${one.name}</span>${one.id === session.tenant?.id && html` <span class="tag">${t("tenants.chosen")}</span>`}` },
        { key: "region", label: t("tenants.region"), cell: (one) => one.default_region },
        { key: "zone", label: t("tenants.zone"), cell: (one) => one.timezone },
        { key: "currency", label: t("tenants.currency"), cell: (one) => one.currency },
        { key: "created", label: t("tenants.created"), wide: true, cell: (one) => html`<${Time} at=${one.created_at} />` },
      ]} />
      <${Pages} next=${data.next_cursor} first=${!filters.cursor} onNext=${(cursor) => set({ cursor }, { replace: false })} onFirst=${() => set({ cursor: "" })} />`}
    <//>
    ${making && html`<${NewTenant} onClose=${() => setMaking(false)} onMade=${setMade} />`}
    ${made && html`<${Once} title=${t("tenants.made", { name: made.name })} name=${t("tenants.first_key")} secret=${made.api_key} onClose=${settled}><p>${t("tenants.first_key_note")}</p><//>`}
  <//>`;
}
