// The policies, and which of them a message gets that names none.
import { query } from "../api.js";
import { html, useMemo } from "../html.js";
import { number } from "../format.js";
import { t } from "../lang.js";
import { useLoad } from "../live.js";
import { fresh } from "../policy/shape.js";
import { bounds, sentence } from "../policy/sentence.js";
import { go, useFilters } from "../router.js";
import { may } from "../session.js";
import { Empty, Failure, Money, Page, Section, Time, Waiting, curl } from "../ui/parts.js";
import { Pages, Table } from "../ui/table.js";
import { weekAgo } from "./policy/funnel.js";
import { Routes } from "./policies/routes.js";

export const policyPath = (name) => "/policies/" + encodeURIComponent(name);

export function Policies() {
  const [{ cursor }, setFilters] = useFilters();
  const { data, problem, again } = useLoad("/v1/policies" + query({ cursor }));
  const week = useWeek();
  const actions = may("config:write") && html`<button type="button" class="primary" onClick=${() => go("/policies/new")}>${t("policies.new")}</button>`;
  return html`<${Page} title=${t("nav.policies")} lead=${t("policies.lead")} actions=${actions}>
    <${Failure} problem=${problem} again=${again} />
    <${Section} title=${t("policies.list")}>
      ${!data && !problem && html`<${Waiting} />`}
      ${data && data.data.length === 0 && html`<${Empty} title=${t("policies.none")} command=${curl("PUT", "/v1/policies/default", fresh())}>${t("policies.none_note")}<//>`}
      ${data && data.data.length > 0 && html`<${Table} caption=${t("policies.list")} rows=${data.data} rowKey=${(p) => p.name} href=${(p) => policyPath(p.name)} columns=${columns(week)} />
        <${Pages} next=${data.next_cursor} first=${!cursor} onNext=${(next) => setFilters({ cursor: next }, { replace: false })} onFirst=${() => setFilters({ cursor: "" })} />`}
    <//>
    <${Routes} />
  <//>`;
}

function columns(week) {
  const of = (p) => week.find((row) => row.policy === p.name);
  return [
    { key: "name", label: t("policies.name"), cell: (p) => html`<span class="policy-name">${p.name}</span>` },
    { key: "sentence", label: t("policies.does"), cell: (p) => html`<span class="policy-sentence">${sentence(p)} <span class="faint">${bounds(p)}</span></span>` },
    { key: "version", label: t("policies.version"), num: true, cell: (p) => html`<span class="num">${p.version}</span>` },
    { key: "changed", label: t("policies.changed"), wide: true, cell: (p) => html`<${Time} at=${p.created_at} />` },
    week.length > 0 && { key: "attempts", label: t("policies.week_attempts"), num: true, wide: true, cell: (p) => number(of(p)?.attempts ?? 0) },
    week.length > 0 && { key: "cost", label: t("policies.week_cost"), num: true, wide: true, cell: (p) => html`<${Money} of=${of(p)?.cost} />` },
  ].filter(Boolean);
}

// useWeek is what each policy's messages came to in the last seven days, for those who may see reports.
function useWeek() {
  const from = useMemo(weekAgo, []);
  const { data } = useLoad(may("reports:read") ? "/v1/reports/costs" + query({ from, group_by: "policy" }) : "");
  return data?.data || [];
}
