import { html, useState } from "../html.js";
import { t } from "../lang.js";
import { signIn, signOut } from "../session.js";
import { Field, Form, useSaving } from "../ui/form.js";

// SignIn asks for a name and a password, or for the admin key. again: the session ended while a page was open.
export function SignIn({ again }) {
  const [withKey, setWithKey] = useState(false);
  const [name, setName] = useState("");
  const [secret, setSecret] = useState("");
  const saving = useSaving();
  const send = async () => {
    const credentials = withKey ? { admin_key: secret.trim() } : { name: name.trim(), password: secret };
    await saving.run(() => signIn(credentials));
  };
  const turn = () => {
    setWithKey(!withKey);
    setSecret("");
    saving.clear();
  };
  return html`<${Form} onSubmit=${send} saving=${saving} submit=${t("signin.submit")} onCancel=${again && (() => signOut().finally(() => location.assign("/")))}>
    ${again && html`<p>${t("signin.expired_note")}</p>`}
    ${!withKey && html`<${Field} label=${t("signin.name")} value=${name} onInput=${setName} required autocomplete="username" error=${saving.wrong("name")} />`}
    <${Field} label=${t(withKey ? "signin.admin_key" : "signin.password")} hint=${withKey ? t("signin.admin_key_hint") : undefined} kind="password"
      value=${secret} onInput=${setSecret} required autocomplete=${withKey ? "off" : "current-password"} error=${saving.wrong(withKey ? "admin_key" : "password")} />
    <p><button type="button" class="link" onClick=${turn}>${t(withKey ? "signin.by_password" : "signin.by_key")}</button></p>
  <//>`;
}
