// What a provider says when it is asked about an account, and the link by which a person lets it be used.
import { post } from "../../api.js";
import { html, useEffect, useState } from "../../html.js";
import { spoken, t, word } from "../../lang.js";
import { useSaving } from "../../ui/form.js";
import { Copy, Failure, Notice, Status, Time } from "../../ui/parts.js";

// Probe asks the provider whether the account can send, and lists what it found with what to mend.
export function Probe({ id, atOnce = false, onDone }) {
  const [found, setFound] = useState();
  const saving = useSaving();
  const ask = () => saving.run(async () => {
    setFound(await post(`/v1/channels/${id}/check`));
    onDone?.();
  });
  useEffect(() => { if (atOnce) ask(); }, []);
  return html`<div class="probe" aria-live="polite" aria-busy=${saving.busy}>
    <p><button type="button" disabled=${saving.busy} onClick=${ask}>${t(saving.busy ? "channel_check.asking" : found ? "channel_check.again" : "channel_check.ask")}</button></p>
    <${Failure} problem=${saving.problem} again=${ask} />
    ${found && html`<${Notice} tone=${found.ok ? "good" : "bad"}><strong>${t(found.ok ? "channel_check.ok" : "channel_check.not_ok")}</strong><//>
      <ul class="findings">${found.findings.map((f) => html`<li><${Status} of=${f.level} group="finding_level" /><div><p>${spoken(f, "message")}</p>${f.advice && html`<p class="mend"><strong>${t("channel_check.mend")}</strong> ${spoken(f, "advice")}</p>`}<code class="faint">${f.code}</code></div></li>`)}</ul>`}
  </div>`;
}

// Consent makes the address at which a person lets the account be used, at the provider.
export function Consent({ id, adapter }) {
  const [link, setLink] = useState();
  const saving = useSaving();
  const ask = () => saving.run(async () => setLink(await post(`/v1/channels/${id}/authorize`)));
  return html`<div class="probe">
    <p>${t("channel_link.note")}</p>
    <p><button type="button" disabled=${saving.busy} onClick=${ask}>${t("channel_link.ask", { provider: word("adapter", adapter) })}</button></p>
    <${Failure} problem=${saving.problem} again=${ask} />
    ${link && html`<div class="linkready" role="status"><p>${t("channel_link.ready")} <${Time} at=${link.expires_at} clock /></p>
      <p class="actions"><a class="button primary" href=${safe(link.url)} target="_blank" rel="noopener noreferrer">${t("channel_link.open")}</a><${Copy} text=${link.url} label=${t("channel_link.copy")} /></p></div>`}
  </div>`;
}

// safe lets only addresses of the web through.
const safe = (url) => (/^https?:\/\//.test(url) ? url : undefined);
