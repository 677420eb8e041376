// The console: signs people in and shows the page of the address.
import { keepFocus } from "./focus.js";
import { html, render, useEffect } from "./html.js";
import { language, speak, t } from "./lang.js";
import { closed } from "./nav.js";
import { place } from "./router.js";
import { isInstallation, recall, useSession } from "./session.js";
import { matching, Shell } from "./shell.js";
import { useStore } from "./store.js";
import { Denied } from "./ui/denied.js";
import { Failure, Page } from "./ui/parts.js";
import { Link } from "./router.js";
import { pages, withoutTenant } from "./pages.js";
import { NoTenant } from "./pages/notenant.js";
import { Welcome } from "./pages/welcome.js";

function NotFound() {
  return html`<${Page} title=${t("app.not_found")}><p>${t("app.not_found_note")} <${Link} href="/">${t("nav.overview")}<//></p><//>`;
}

function App() {
  const session = useSession();
  const { path } = useStore(place);
  const spoken = useStore(language);
  useEffect(() => document.querySelector("h1")?.focus?.({ preventScroll: true }), [path]);
  if (session === undefined) return null;
  if (session === null) return html`<${Welcome} />`;
  const [Found, values] = matching(pages, path);
  if (Found && isInstallation() && !session.tenant && !withoutTenant.some((open) => `${path}/`.startsWith(open + "/"))) {
    return html`<${Shell} key=${spoken}><${NoTenant} /><//>`;
  }
  const title = Found && closed(path);
  if (title) return html`<${Shell} key=${spoken}><${Denied} key=${path} title=${t(title)} /><//>`;
  return html`<${Shell} key=${spoken}><${Found || NotFound} key=${path} ...${values} /><//>`;
}

document.documentElement.dataset.theme = localStorage.getItem("cascade.theme") || "auto";
keepFocus();
await speak();
const root = document.getElementById("app");
try {
  await recall();
  render(html`<${App} />`, root);
} catch (problem) {
  render(html`<main class="welcome"><${Failure} problem=${problem} again=${() => location.reload()} /></main>`, root);
}
