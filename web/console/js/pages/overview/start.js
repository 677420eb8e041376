// Start is what somebody sees who has sent nothing yet: three steps, each ticked when it is done.
import { html } from "../../html.js";
import { t } from "../../lang.js";
import { useLoad } from "../../live.js";
import { Link } from "../../router.js";
import { may } from "../../session.js";
import { Section, Snippet, curl } from "../../ui/parts.js";

const steps = [
  ["account", "/channels", () => curl("POST", "/v1/channels", { name: "sms-main", channel: "sms", adapter: "esms", settings: { api_key: "…", secret_key: "…", brandname: "…" } })],
  ["policy", "/policies", () => curl("PUT", "/v1/policies/default", { steps: [{ channel: "zns", until: "delivered", timeout: "60s" }, { channel: "sms", until: "delivered", timeout: "10m" }] })],
  ["send", "/developers", () => curl("POST", "/v1/messages", { to: "+84912345678", category: "transaction", policy: "default", content: { sms: { text: "Don hang A-1029 dang duoc giao." } } })],
];

export function Start() {
  const allowed = may("config:read");
  const accounts = useLoad(allowed ? "/v1/channels?limit=1" : "");
  const policies = useLoad(allowed ? "/v1/policies?limit=1" : "");
  const done = { account: accounts.data?.data.length > 0, policy: policies.data?.data.length > 0, send: false };
  const next = steps.findIndex(([name]) => !done[name]);
  return html`<${Section} title=${t("start.title")} note=${t("start.note")}>
    <ol class="start">${steps.map(([name, href, command], i) => html`<li key=${name} data-done=${done[name] || undefined}>
      <h3>${t("start." + name)} ${done[name] && html`<span class="status" data-tone="good">${t("start.done")}</span>`}</h3>
      <p>${t(`start.${name}_note`)} ${allowed && html`<${Link} href=${href}>${t(`start.${name}_go`)}<//>`}</p>
      ${i === next ? html`<${Snippet} text=${command()} />` : html`<details><summary>${t("start.command")}</summary><${Snippet} text=${command()} /></details>`}
    </li>`)}</ol>
  <//>`;
}
