// One account: how it does, its settings, what its provider says of it, and what was moved away from it.
import { del, patch, query } from "../../api.js";
import { html, useState } from "../../html.js";
import { t, word } from "../../lang.js";
import { useLive, useLoad } from "../../live.js";
import { Link, go } from "../../router.js";
import { may } from "../../session.js";
import { Confirm } from "../../ui/dialog.js";
import { Channel, Copy, Facts, Failure, ID, Page, Section, Snippet, Status, Waiting, curl } from "../../ui/parts.js";
import { linkable } from "./added.js";
import { Edit } from "./edit.js";
import { Moves, ProviderTemplates } from "./evidence.js";
import { Reasons, facts, healthOf } from "./health.js";
import { Consent, Probe } from "./probe.js";

export function ChannelPage({ id }) {
  const path = "/v1/channels/" + encodeURIComponent(id);
  const { data: account, problem, again } = useLive(path);
  const adapters = useLoad("/v1/adapters");
  const [asking, setAsking] = useState("");
  const crumbs = [["/channels", t("nav.channels")]];
  if (problem && !account) return html`<${Page} title=${t("channels.title")} crumbs=${crumbs}><${Failure} problem=${problem} again=${again} /><//>`;
  if (!account) return html`<${Page} title=${t("channels.title")} crumbs=${crumbs}><${Waiting} lines=${8} /><//>`;
  const h = healthOf(account);
  const adapter = adapters.data?.data.find((a) => a.name === account.adapter);
  const can = adapter?.can ?? [];
  const writes = may("config:write");
  const off = account.state === "disabled";
  const actions = html`<${Copy} text=${curl("GET", path)} label=${t("message.copy_curl")} />
    <${Link} class="button" href=${"/messages" + query({ account: account.name })}>${t("channels.messages")}<//>
    ${writes && (off ? html`<button type="button" onClick=${() => setAsking("on")}>${t("channels.turn_on")}</button>` : html`<button type="button" onClick=${() => setAsking("off")}>${t("channels.turn_off")}</button>`)}
    ${writes && html`<button type="button" onClick=${() => setAsking("delete")}>${t("channels.delete")}</button>`}`;
  return html`<${Page} title=${account.name} crumbs=${crumbs} actions=${actions} lead=${html`<${Channel} of=${account.channel} /> · ${word("adapter", account.adapter)} · <${ID} of=${account.id} /> <${Copy} text=${account.id} />`}>
    <${Section} title=${t("account_health.title")} actions=${html`<${Status} of=${h.state} group="account_health" />`} note=${off ? t("channels.is_off") : undefined}>
      <${Reasons} of=${h} /><${Facts} rows=${facts(account, { all: true })} />
    <//>
    <${Section} title=${t("channel_added.webhook")} note=${t("channel_added.webhook_note", { provider: word("adapter", account.adapter) })}><${Snippet} text=${account.webhook_url} /><//>
    ${writes && html`<${Section} title=${t("channel_check.title")} note=${t("channel_check.note")}><${Probe} id=${account.id} onDone=${again} /><//>`}
    ${writes && linkable(account, can) && html`<${Section} title=${t("channel_link.title")}><${Consent} id=${account.id} adapter=${account.adapter} /><//>`}
    <${Section} title=${t("channels.settings")} note=${t("channels.settings_note")}>
      <${Failure} problem=${adapters.problem} again=${adapters.again} />
      ${adapters.loading && !adapters.data ? html`<${Waiting} />` : html`<${Edit} key=${account.id} account=${account} adapter=${adapter} onSaved=${again} />`}
    <//>
    ${(account.channel === "zns" || can.includes("templates")) && html`<${ProviderTemplates} path=${path} />`}
    <${Moves} path=${path} />
    ${asking && html`<${Ask} what=${asking} account=${account} path=${path} onClose=${() => setAsking("")} onDone=${again} />`}
  <//>`;
}

// Ask confirms turning an account off, on, or deleting it, and says whom it touches.
function Ask({ what, account, path, onClose, onDone }) {
  const all = useLoad("/v1/channels?limit=200");
  const open = useLoad(what === "on" ? "" : "/v1/messages" + query({ account: account.name, open: "true", limit: 200 }));
  const others = all.data?.data.filter((a) => a.id !== account.id && a.channel === account.channel && a.state === "active").length;
  const under = open.data && open.data.data.length;
  const channel = word("channel", account.channel);
  const act = async () => {
    if (what !== "delete") return patch(path, { disabled: what === "off" }).then(onDone);
    await del(path);
    go("/channels");
  };
  return html`<${Confirm} title=${t(`channels.${what}_title`, { name: account.name })} yes=${t(`channels.${what}_yes`)} danger=${what !== "on"} act=${act} onClose=${onClose}>
    <p>${t(`channels.${what}_note`)}</p>
    ${what !== "on" && under !== undefined && html`<p>${t("channels.under_way", { n: under })}${open.data.next_cursor && "+"}</p>`}
    ${what !== "on" && others !== undefined && html`<p>${others > 0 ? t("channels.others", { n: others, channel }) : html`<strong>${t("channels.no_other", { channel })}</strong>`}</p>`}
  <//>`;
}
