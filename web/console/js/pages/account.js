// Who is signed in, what they may do, and how the console looks to them.
import { put } from "../api.js";
import { html, useState } from "../html.js";
import { language, languages, speak, t, word } from "../lang.js";
import { isInstallation, nameOf, recall, signOut, useSession } from "../session.js";
import { useStore } from "../store.js";
import { Field, Form, useSaving } from "../ui/form.js";
import { Facts, Notice, Page, Section, Time } from "../ui/parts.js";

export function Account() {
  const { user, tenant, permissions, expires_at, version } = useSession();
  return html`<${Page} title=${t("account.title")} actions=${html`<button type="button" onClick=${signOut}>${t("app.sign_out")}</button>`}>
    <${Section} title=${t("account.who")}>
      <${Facts} rows=${[
        [t("people.name"), html`<span class="words">${nameOf(user)}</span>`],
        [t("people.role"), word("role", user.role)],
        [t("people.for"), isInstallation() ? t("people.whole") : html`<span class="words">${tenant?.name || "–"}</span>`],
        [t("account.expires"), html`<${Time} at=${expires_at} />`],
        [t("account.version"), html`<code>${version}</code>`],
      ]} />
    <//>
    <${Section} title=${t("account.may")}><ul class="plain">${permissions.map((p) => html`<li key=${p}>${word("permission", p)}</li>`)}</ul><//>
    <${Section} title=${t("account.look")}><${Look} /><//>
    <${Section} title=${t("account.password")} note=${user.id ? t("account.password_note") : undefined}>
      ${user.id ? html`<${Password} name=${user.name} />` : html`<${Notice}><p>${t("account.admin_key")}</p><//>`}
    <//>
  <//>`;
}

function Look() {
  const spoken = useStore(language);
  const [theme, setTheme] = useState(localStorage.getItem("cascade.theme") || "auto");
  const dress = (choice) => {
    setTheme(choice);
    localStorage.setItem("cascade.theme", choice);
    document.documentElement.dataset.theme = choice;
  };
  return html`<div class="fields narrow">
    <${Field} label=${t("app.language")} kind="select" value=${spoken} onInput=${(code) => speak(code)} options=${Object.entries(languages)} />
    <${Field} label=${t("app.theme")} kind="select" value=${theme} onInput=${dress} options=${["auto", "light", "dark"].map((choice) => [choice, t("theme." + choice)])} />
  </div>`;
}

function Password({ name }) {
  const empty = { old: "", new: "", again: "" };
  const [typed, setTyped] = useState(empty);
  const [done, setDone] = useState(false);
  const saving = useSaving();
  const differ = typed.again !== "" && typed.again !== typed.new;
  const save = () => typed.again === typed.new && saving.run(async () => {
    await put("/v1/session/password", { old: typed.old, new: typed.new });
    setTyped(empty);
    setDone(true);
    await recall();
  });
  const field = (which, complete, error) => html`<${Field} label=${t("account." + which)} kind="password" required autocomplete=${complete} value=${typed[which]} error=${error}
    hint=${which === "new" ? t("account.rule") : undefined} onInput=${(v) => { setTyped({ ...typed, [which]: v }); setDone(false); }} />`;
  return html`<div class="narrow"><${Form} onSubmit=${save} saving=${saving} submit=${t("account.change")} said=${["old", "new"]}>
    <input class="unseen" type="text" autocomplete="username" value=${name} readonly tabindex="-1" aria-hidden="true" />
    ${field("old", "current-password", saving.wrong("old"))} ${field("new", "new-password", saving.wrong("new"))} ${field("again", "new-password", differ ? t("account.differ") : "")}
    ${done && html`<${Notice} tone="good"><p role="status">${t("account.changed")}</p><//>`}
  <//></div>`;
}
