// One endpoint: what it hears of, and everything that was or will be sent there.
import { del, patch } from "../../api.js";
import { html, useState } from "../../html.js";
import { t, word } from "../../lang.js";
import { useLoad } from "../../live.js";
import { go } from "../../router.js";
import { may } from "../../session.js";
import { Confirm } from "../../ui/dialog.js";
import { Facts, Failure, Page, Section, Status, Time, Waiting } from "../../ui/parts.js";
import { Deliveries } from "./deliveries.js";
import { EndpointForm, events } from "./endpoint.js";

export function Callback({ id }) {
  const path = "/v1/callbacks/" + id;
  const { data: endpoint, problem, again } = useLoad(path);
  const [asking, setAsking] = useState("");
  const close = () => setAsking("");
  const disabled = endpoint?.state === "disabled";
  const actions = endpoint && may("config:write") && html`
    <button type="button" onClick=${() => setAsking("edit")}>${t("callbacks.change")}</button>
    <button type="button" onClick=${() => (disabled ? patch(path, { disabled: false }).then(again, again) : setAsking("disable"))}>${t(disabled ? "callbacks.enable" : "callbacks.disable")}</button>
    <button type="button" class="danger" onClick=${() => setAsking("delete")}>${t("callbacks.delete")}</button>`;
  return html`<${Page} title=${endpoint ? host(endpoint.url) : t("callbacks.one")} crumbs=${[["/developers/callbacks", t("developers.callbacks")]]} actions=${actions}>
    <${Failure} problem=${problem} again=${again} />
    ${!endpoint && !problem && html`<${Waiting} />`}
    ${endpoint && html`<${Section} title=${t("callbacks.one")}><${Facts} rows=${[
      [t("callbacks.url"), html`<code>${endpoint.url}</code>`],
      [t("callbacks.state"), html`<${Status} of=${endpoint.state} group="callback" />`],
      [t("callbacks.events"), endpoint.events.length === events.length ? t("callbacks.all_events") : html`<ul>${endpoint.events.map((e) => html`<li><code>${e}</code> <span class="faint">${word("hears", e)}</span></li>`)}</ul>`],
      [t("callbacks.created"), html`<${Time} at=${endpoint.created_at} />`],
      [t("callbacks.changed"), html`<${Time} at=${endpoint.updated_at} />`],
    ]} /><//>
    <${Deliveries} id=${id} />`}
    ${asking === "edit" && html`<${EndpointForm} endpoint=${endpoint} onClose=${close} onSaved=${again} />`}
    ${asking === "disable" && html`<${Confirm} title=${t("callbacks.disable_title")} yes=${t("callbacks.disable")} onClose=${close} act=${() => patch(path, { disabled: true }).then(again)}>
      <p><code>${endpoint.url}</code></p><p>${t("callbacks.disable_note")}</p><//>`}
    ${asking === "delete" && html`<${Confirm} title=${t("callbacks.delete_title")} yes=${t("callbacks.delete")} onClose=${close} act=${() => del(path).then(() => go("/developers/callbacks"))}>
      <p><code>${endpoint.url}</code></p><p>${t("callbacks.delete_note", { n: endpoint.events.length })}</p><//>`}
  <//>`;
}

function host(url) {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
