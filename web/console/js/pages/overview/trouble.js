// Accounts that need a hand.
import { html } from "../../html.js";
import { t } from "../../lang.js";
import { may } from "../../session.js";
import { Channel, Section, Status } from "../../ui/parts.js";
import { Table } from "../../ui/table.js";
import { detailOf, why } from "../channels/said.js";

export function Trouble({ list }) {
  if (!list?.length) return null;
  return html`<${Section} title=${t("trouble.title", { n: list.length })} note=${t("trouble.note")} id="trouble">
    <${Table} caption=${t("trouble.title", { n: list.length })} rows=${list} href=${may("config:read") ? (a) => "/channels/" + a.id : undefined} columns=${[
      { key: "name", label: t("trouble.account"), cell: (a) => html`<span class="words">${a.name}</span>` },
      { key: "channel", label: t("trouble.channel"), cell: (a) => html`<${Channel} of=${a.channel} />` },
      { key: "state", label: t("trouble.state"), cell: (a) => html`<${Status} of=${a.state} group="trouble_state" />` },
      { key: "reason", label: t("trouble.reason"), cell: (a) => html`<span class="words roomy">${why(a.code)}${detailOf(a, "reason") && html`<span class="block-line faint">${detailOf(a, "reason")}</span>`}</span>` },
    ]} />
  <//>`;
}
