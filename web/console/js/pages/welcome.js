import { html, useEffect } from "../html.js";
import { language, languages, speak, t } from "../lang.js";
import { useStore } from "../store.js";
import { SignIn } from "./signin.js";

// Welcome is what somebody sees who is not signed in.
export function Welcome() {
  const spoken = useStore(language);
  useEffect(() => { document.title = `${t("signin.title")} · Cascade`; }, [spoken]);
  return html`<main id="main" class="welcome">
    <p class="brand"><span class="mark" aria-hidden="true"><i></i><i></i><i></i></span>Cascade</p>
    <h1>${t("signin.title")}</h1>
    <p class="lead">${t("signin.lead")}</p>
    <${SignIn} />
    <p class="choices">${Object.entries(languages).map(([code, name]) => html`<button type="button" class="link" lang=${code} aria-pressed=${code === spoken} onClick=${() => speak(code)}>${name}</button>`)}
      <a href="/docs">${t("signin.docs")}</a></p>
  </main>`;
}
