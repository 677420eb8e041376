// What is known of a number: whether its owner may be written to, and what was sent to them.
import { query } from "../api.js";
import { html } from "../html.js";
import { t } from "../lang.js";
import { useLoad } from "../live.js";
import { Link, useFilters } from "../router.js";
import { may } from "../session.js";
import { Channel, Empty, Facts, Failure, Page, Section, Status, Time, Waiting, curl } from "../ui/parts.js";
import { Search } from "../ui/search.js";
import { Table } from "../ui/table.js";
import { Consent } from "./recipients/consent.js";
import { Stop } from "./recipients/stop.js";

export function Recipients() {
  const [{ phone = "" }, set] = useFilters();
  const { data, problem, again } = useLoad(phone && "/v1/recipients/" + encodeURIComponent(phone));
  return html`<${Page} title=${t("nav.recipients")} lead=${t("recipients.lead")}>
    <${Search} fields=${[["phone", t("recipients.phone"), "+84 912 345 678"]]} values=${{ phone }} onSearch=${(asked) => set(asked, { replace: false })} />
    <${Failure} problem=${problem} again=${again} />
    ${!phone && html`<${Empty} title=${t("recipients.none")} command=${curl("GET", "/v1/recipients/+84912345678")}>${t("recipients.none_note")}<//>`}
    ${phone && !data && !problem && html`<${Waiting} />`}
    ${phone && data && html`<${Known} key=${data.phone} of=${data} again=${again} />`}
  <//>`;
}

function Known({ of: person, again }) {
  const change = may("config:write");
  return html`
    <${Section} title=${t("recipients.number")}>
      <${Facts} rows=${[
        [t("recipients.phone"), html`<code>${person.phone}</code>`],
        [t("recipients.country"), person.country],
        person.operator && [t("recipients.operator"), html`${person.operator} <span class="faint">${t("recipients.operator_note")}</span>`],
      ]} />
    <//>
    <${Stop} of=${person} change=${change} again=${again} />
    <${Consent} of=${person} change=${change} again=${again} />
    ${may("messages:read") && html`<${Last} phone=${person.phone} />`}`;
}

// Last are the newest messages to a number.
function Last({ phone }) {
  const { data, problem, again } = useLoad("/v1/messages" + query({ to: phone, limit: 10 }));
  return html`<${Section} title=${t("recipients.last")} actions=${html`<${Link} href=${"/messages" + query({ to: phone })}>${t("recipients.all")}<//>`}>
    <${Failure} problem=${problem} again=${again} />
    ${!data && !problem && html`<${Waiting} />`}
    ${data && data.data.length === 0 && html`<${Empty} title=${t("recipients.no_messages")} />`}
    ${data && data.data.length > 0 && html`<${Table} caption=${t("recipients.last")} rows=${data.data} href=${(m) => "/messages/" + m.id} columns=${[
      { key: "when", label: t("messages.created"), cell: (m) => html`<${Time} at=${m.created_at} />` },
      { key: "status", label: t("messages.status"), cell: (m) => html`<${Status} of=${m.status} />` },
      { key: "channel", label: t("recipients.channel"), cell: (m) => html`<${Channel} of=${m.channel} />` },
      { key: "template", label: t("messages.template"), wide: true, cell: (m) => m.template || html`<span class="faint">–</span>` },
    ]} />`}
  <//>`;
}
