// The frame around every page: where one can go, whose data it is, and whether the service answers.
import { ended, reachable, tenant } from "./api.js";
import { html, useEffect, useState } from "./html.js";
import { language, languages, speak, t } from "./lang.js";
import { destinations } from "./nav.js";
import { Palette } from "./palette.js";
import { Link, match, place } from "./router.js";
import { hasTenants, look, nameOf, signOut, useSession } from "./session.js";
import { useStore } from "./store.js";
import { SignIn } from "./pages/signin.js";
import { Dialog } from "./ui/dialog.js";

export function Shell({ children }) {
  const session = useSession();
  const { path } = useStore(place);
  const [open, setOpen] = useState(false);
  const [palette, setPalette] = useState(false);
  useEffect(() => setOpen(false), [path]);
  useEffect(() => {
    const key = (event) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setPalette((shown) => !shown);
      }
    };
    addEventListener("keydown", key);
    return () => removeEventListener("keydown", key);
  }, []);
  const here = (to) => (to === "/" ? path === "/" : path === to || path.startsWith(to + "/"));
  return html`<a class="skip" href="#main">${t("app.skip")}</a>
    <div class="frame">
      <header class="top">
        <${Link} href="/" class="brand"><span class="mark" aria-hidden="true"><i></i><i></i><i></i></span>Cascade<//>
        <button type="button" class="quiet menu" aria-expanded=${open} aria-controls="nav" onClick=${() => setOpen(!open)}>${t("app.menu")}</button>
      </header>
      <nav id="nav" class="side" data-open=${open} aria-label=${t("app.navigation")}>
        <${Link} href="/" class="brand"><span class="mark" aria-hidden="true"><i></i><i></i><i></i></span>Cascade<//>
        ${hasTenants() && html`<${Tenants} list=${session.tenants} />`}
        <button type="button" class="seek" onClick=${() => setPalette(true)}><span>${t("palette.open")}</span><kbd>⌘K</kbd></button>
        <ul>${destinations().map(([to, key]) => html`<li><${Link} href=${to} aria-current=${here(to) ? "page" : undefined}>${t(key)}<//></li>`)}</ul>
        <${Person} session=${session} />
      </nav>
      <main id="main" tabindex="-1"><${Unreachable} />${children}</main>
    </div>
    ${palette && html`<${Palette} onClose=${() => setPalette(false)} />`}
    <${Expired} />`;
}

function Tenants({ list }) {
  const chosen = useStore(tenant);
  return html`<label class="tenant"><span class="unseen">${t("app.tenant")}</span>
    <select value=${chosen} onChange=${(event) => look(event.currentTarget.value).then(() => location.assign("/"))}>
      ${list.map((one) => html`<option value=${one.id} selected=${one.id === chosen}>${one.name}</option>`)}
    </select></label>`;
}

function Person({ session }) {
  const spoken = useStore(language);
  const [theme, setTheme] = useState(localStorage.getItem("cascade.theme") || "auto");
  const dress = (choice) => {
    setTheme(choice);
    localStorage.setItem("cascade.theme", choice);
    document.documentElement.dataset.theme = choice;
  };
  return html`<footer class="person">
    <div class="choices">
      <label><span class="unseen">${t("app.language")}</span><select value=${spoken} onChange=${(event) => speak(event.currentTarget.value)}>
        ${Object.entries(languages).map(([code, name]) => html`<option value=${code} selected=${code === spoken}>${name}</option>`)}</select></label>
      <label><span class="unseen">${t("app.theme")}</span><select value=${theme} onChange=${(event) => dress(event.currentTarget.value)}>
        ${["auto", "light", "dark"].map((choice) => html`<option value=${choice} selected=${choice === theme}>${t("theme." + choice)}</option>`)}</select></label>
    </div>
    <p><${Link} href="/account" class="who" title=${nameOf(session.user)}>${nameOf(session.user)}<//> <span class="faint">${t("role." + session.user.role)}${session.tenant && !hasTenants() ? ` · ${session.tenant.name}` : ""}</span></p>
    <button type="button" class="quiet small" onClick=${signOut}>${t("app.sign_out")}</button>
  </footer>`;
}

// Unreachable says that the service is away; what stands in forms stays there.
function Unreachable() {
  const answers = useStore(reachable);
  return !answers && html`<div class="notice away" data-tone="doubt" role="alert"><p><strong>${t("app.away")}</strong> ${t("app.away_note")}</p></div>`;
}

// Expired asks for the password over the page, so that nothing on it is lost.
function Expired() {
  return useStore(ended) && html`<${Dialog} title=${t("signin.expired")}><${SignIn} again /><//>`;
}

// matching finds the page of a path: [component, values].
export function matching(pages, path) {
  for (const [pattern, page] of pages) {
    const values = match(pattern, path);
    if (values) return [page, values];
  }
  return [null, {}];
}
