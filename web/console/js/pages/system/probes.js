import { html } from "../../html.js";
import { t } from "../../lang.js";
import { usePoll } from "../../poll.js";
import { Status } from "../../ui/parts.js";

// Probes asks what a load balancer asks.
export const Probes = () => html`<ul class="probes" aria-label=${t("probe.title")}>
  <${Probe} path="/healthz" label=${t("probe.alive")} /><${Probe} path="/readyz" label=${t("probe.ready")} />
</ul>`;

function Probe({ path, label }) {
  const { data, problem } = usePoll(path, 5000);
  return html`<li><span>${label}</span> <a href=${path}><code>${path}</code></a> <${Status} of=${problem ? "failed" : data ? "ok" : "pending"} group="probe" /></li>`;
}
