// The people who may sign in.
import { query } from "../api.js";
import { html, useState } from "../html.js";
import { t, word } from "../lang.js";
import { useLoad } from "../live.js";
import { useFilters } from "../router.js";
import { isInstallation, useSession } from "../session.js";
import { Field } from "../ui/form.js";
import { Once } from "../ui/once.js";
import { Empty, Failure, Page, Section, Status, Time, Waiting, curl } from "../ui/parts.js";
import { Pages, Table } from "../ui/table.js";
import { Person } from "./people/person.js";
import { AddPerson } from "./people/add.js";

export function People() {
  const session = useSession();
  const [filters, set] = useFilters();
  const { id, ...asked } = filters;
  const { data, problem, again } = useLoad("/v1/users" + query(asked));
  const [adding, setAdding] = useState(false);
  const [shown, setShown] = useState();
  const chosen = data?.data.find((u) => u.id === id);
  const close = () => set({ id: "" });
  return html`<${Page} title=${t("nav.people")} lead=${t("people.lead")} actions=${html`<button type="button" class="primary" onClick=${() => setAdding(true)}>${t("people.add")}</button>`}>
    ${isInstallation() && session.tenants.length > 0 && html`<div class="filters"><${Field} label=${t("people.tenant")} kind="select" value=${asked.tenant_id} onInput=${(tenant_id) => set({ tenant_id, cursor: "" })}
      options=${[["", t("people.everybody")], ...session.tenants.map((one) => [one.id, one.name])]} /></div>`}
    <${Failure} problem=${problem} again=${again} />
    <${Section} title=${t("people.list")}>
      ${!data && !problem && html`<${Waiting} />`}
      ${data && data.data.length === 0 && html`<${Empty} title=${t("people.none")} command=${curl("POST", "/v1/users", { name: "lan@example.com", role: "operator" })}>${t("people.none_note")}<//>`}
      ${data && data.data.length > 0 && html`<${Table} caption=${t("people.list")} rows=${data.data} columns=${columns(session)} href=${(u) => "/people" + query({ ...asked, id: u.id })} />
        <${Pages} next=${data.next_cursor} first=${!asked.cursor} onNext=${(cursor) => set({ cursor }, { replace: false })} onFirst=${() => set({ cursor: "" })} />`}
    <//>
    ${chosen && html`<${Person} key=${chosen.id} user=${chosen} onClose=${close} again=${again} onPassword=${setShown} />`}
    ${adding && html`<${AddPerson} onClose=${() => setAdding(false)} onAdded=${(user) => { if (user.password) setShown(user); again(); }} />`}
    ${shown && html`<${Once} title=${t("people.password_of", { name: shown.name })} name=${t("people.password")} secret=${shown.password} onClose=${() => setShown(undefined)}><p>${t("people.password_note")}</p><//>`}
  <//>`;
}

const columns = (session) => [
  { key: "name", label: t("people.name"), cell: (u) => html`<span class="words">${u.name}</span>${u.id === session.user.id && html` <span class="tag">${t("people.you")}</span>`}` },
  { key: "role", label: t("people.role"), cell: (u) => word("role", u.role) },
  ...(isInstallation() ? [{ key: "tenant", label: t("people.for"), cell: (u) => (u.tenant_id ? session.tenants.find((one) => one.id === u.tenant_id)?.name || html`<code>${u.tenant_id}</code>` : t("people.whole")) }] : []),
  { key: "state", label: t("people.state"), cell: (u) => html`<${Status} of=${u.disabled_at ? "disabled" : "active"} group="person" />` },
  { key: "seen", label: t("people.seen"), cell: (u) => (u.last_seen_at ? html`<${Time} at=${u.last_seen_at} />` : html`<span class="faint">${t("people.never")}</span>`) },
];
