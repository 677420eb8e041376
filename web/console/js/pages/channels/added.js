// What is left to do once an account is there: its address at the provider, a person's consent, a check.
import { html } from "../../html.js";
import { t, word } from "../../lang.js";
import { useLoad } from "../../live.js";
import { Link } from "../../router.js";
import { Failure, Notice, Section, Snippet, Waiting } from "../../ui/parts.js";
import { Consent, Probe } from "./probe.js";

export function Added({ id, adapters }) {
  const { data: account, problem, again } = useLoad("/v1/channels/" + encodeURIComponent(id));
  if (problem) return html`<${Failure} problem=${problem} again=${again} />`;
  if (!account) return html`<${Waiting} />`;
  const can = adapters.find((a) => a.name === account.adapter)?.can ?? [];
  return html`
    <${Notice} tone="good"><strong>${t("channel_added.done", { name: account.name })}</strong> ${t("channel_added.done_note")}<//>
    <${Section} title=${t("channel_added.webhook")} note=${t("channel_added.webhook_note", { provider: word("adapter", account.adapter) })}><${Snippet} text=${account.webhook_url} /><//>
    ${linkable(account, can) && html`<${Section} title=${t("channel_link.title")}><${Consent} id=${account.id} adapter=${account.adapter} /><//>`}
    <${Section} title=${t("channel_check.title")} note=${t("channel_check.note")}><${Probe} id=${account.id} atOnce /><//>
    <p class="actions"><${Link} class="button primary" href=${"/channels/" + account.id}>${t("channel_added.open", { name: account.name })}<//><${Link} class="button" href="/channels/new">${t("channel_added.another")}<//></p>`;
}

// linkable: the account's provider links accounts by a person's consent.
export const linkable = (account, can) => can.includes("authorize") || account.adapter === "zalo";
