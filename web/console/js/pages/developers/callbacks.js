// The endpoints of the tenant's apps that hear what becomes of messages.
import { html, useState } from "../../html.js";
import { t } from "../../lang.js";
import { useLoad } from "../../live.js";
import { may } from "../../session.js";
import { Once } from "../../ui/once.js";
import { Empty, Failure, Section, Status, Time, Waiting, curl } from "../../ui/parts.js";
import { Table } from "../../ui/table.js";
import { go } from "../../router.js";
import { EndpointForm, events } from "./endpoint.js";
import { Developers } from "./frame.js";

export function Callbacks() {
  const { data, problem, again } = useLoad("/v1/callbacks");
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState();
  const actions = may("config:write") && html`<button type="button" class="primary" onClick=${() => setMaking(true)}>${t("callbacks.make")}</button>`;
  return html`<${Developers}>
    <${Section} title=${t("callbacks.title")} note=${t("callbacks.note")} actions=${actions}>
      <${Failure} problem=${problem} again=${again} />
      ${!data && !problem && html`<${Waiting} />`}
      ${data && data.data.length === 0 && html`<${Empty} title=${t("callbacks.none")} command=${curl("POST", "/v1/callbacks", { url: "https://app.example.com/cascade", events: ["message.delivered", "message.failed"] })}>${t("callbacks.none_note")}<//>`}
      ${data && data.data.length > 0 && html`<${Table} caption=${t("callbacks.title")} rows=${data.data} href=${(c) => "/developers/callbacks/" + c.id} columns=${[
        { key: "url", label: t("callbacks.url"), cell: (c) => html`<code>${c.url}</code>` },
        { key: "state", label: t("callbacks.state"), cell: (c) => html`<${Status} of=${c.state} group="callback" />` },
        { key: "events", label: t("callbacks.events"), cell: (c) => (c.events.length === events.length ? t("callbacks.all_events") : html`<code>${c.events.join(", ")}</code>`) },
        { key: "created", label: t("callbacks.created"), wide: true, cell: (c) => html`<${Time} at=${c.created_at} />` },
      ]} />`}
    <//>
    ${making && html`<${EndpointForm} onClose=${() => setMaking(false)} onSaved=${setMade} />`}
    ${made && html`<${Once} title=${t("callbacks.made")} name=${t("callbacks.secret")} secret=${made.secret} onClose=${() => go("/developers/callbacks/" + made.id)}>
      <p>${t("callbacks.secret_note")}</p><//>`}
  <//>`;
}
