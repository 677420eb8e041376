// How messages do at a glance; every number leads to the list behind it.
import { query } from "../api.js";
import { html } from "../html.js";
import { t } from "../lang.js";
import { useLive, useLoad } from "../live.js";
import { Link, useFilters } from "../router.js";
import { may } from "../session.js";
import { Failure, Page, Waiting } from "../ui/parts.js";
import { Funnel } from "./overview/funnel.js";
import { Numbers } from "./overview/numbers.js";
import { Pictures } from "./overview/pictures.js";
import { Spending } from "./overview/spending.js";
import { Start } from "./overview/start.js";
import { Trouble } from "./overview/trouble.js";

const windows = ["1h", "24h", "7d", "30d"];

export function Overview() {
  const [filters, setFilters] = useFilters({ window: "24h" });
  const test = filters.test === "true";
  const { data, problem, again, phase } = useLive("/v1/overview" + query({ window: filters.window, test: test && "true" }));
  const none = data && data.sent + data.open === 0;
  const any = useLoad(none ? "/v1/messages?limit=1" : "");
  const newcomer = none && any.data?.data.length === 0;
  const actions = html`
    <span class="livemark" data-on=${phase === "live"}>${t("live." + phase)}</span>
    <nav class="choice" aria-label=${t("overview.window")}>${windows.map((w) => html`<${Link} key=${w} href=${"/" + query({ window: w !== "24h" && w, test: test && "true" })} aria-current=${w === filters.window ? "true" : undefined}>${t("overview.window_" + w)}<//>`)}</nav>
    <label class="check"><input type="checkbox" checked=${test} onChange=${(event) => setFilters({ test: event.currentTarget.checked ? "true" : "" })} /> ${t("overview.test")}</label>`;
  return html`<${Page} title=${t("nav.overview")} actions=${actions}>
    ${test && html`<p class="band">${t("app.test_band")}</p>`}
    <${Failure} problem=${problem} again=${again} />
    ${!data && !problem && html`<${Waiting} lines=${8} />`}
    ${newcomer && html`<${Start} />`}
    ${data && html`<${Trouble} list=${data.accounts_in_trouble} />`}
    ${data && !newcomer && html`
      <${Numbers} of=${data} test=${test} />
      <${Pictures} of=${data} test=${test} />
      ${!test && may("reports:read") && html`<${Spending} of=${data} /><${Funnel} key=${filters.window} from=${data.from} to=${data.to} />`}`}
  <//>`;
}
