// ⌘K: goes anywhere by a few letters, a number or an id.
import { html, useEffect, useRef, useState } from "./html.js";
import { t } from "./lang.js";
import { go } from "./router.js";
import { destinations } from "./nav.js";
import { Dialog } from "./ui/dialog.js";

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").replaceAll("đ", "d").replaceAll("Đ", "D").toLowerCase();

const looksLikeID = (text) => /^[0-9a-f]{8}-?[0-9a-f-]*$/i.test(text);

// entries answers what the typed text can mean.
function entries(text) {
  const words = plain(text);
  const found = destinations().filter(([, key]) => plain(t(key)).includes(words)).map(([to, key]) => ({ label: t(key), go: () => go(to) }));
  const trimmed = text.trim();
  if (/^\d{4}$/.test(trimmed)) found.unshift({ label: t("palette.last4", { digits: trimmed }), go: () => go("/messages?last4=" + trimmed) });
  if (/^(\+?84|0)\d{8,10}$/.test(trimmed.replaceAll(" ", ""))) found.unshift({ label: t("palette.phone"), go: () => go("/messages?to=" + encodeURIComponent(trimmed.replaceAll(" ", ""))) });
  if (trimmed.length === 36 && looksLikeID(trimmed)) found.unshift({ label: t("palette.message"), go: () => go("/messages/" + trimmed) });
  else if (trimmed.length >= 8 && looksLikeID(trimmed)) found.unshift({ label: t("palette.id", { id: trimmed }), go: () => go("/messages?id=" + trimmed) });
  else if (trimmed.length >= 3) found.push({ label: t("palette.transaction", { text: trimmed }), go: () => go("/messages?transaction_id=" + encodeURIComponent(trimmed)) });
  return found;
}

export function Palette({ onClose }) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const input = useRef();
  useEffect(() => input.current.focus(), []);
  const found = entries(text);
  const chosen = Math.min(at, found.length - 1);
  const run = (entry) => {
    onClose();
    entry?.go();
  };
  const key = (event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves) {
      event.preventDefault();
      setAt((chosen + moves[event.key] + found.length) % Math.max(found.length, 1));
    }
    if (event.key === "Enter") {
      event.preventDefault();
      run(found[chosen]);
    }
  };
  return html`<${Dialog} title=${t("palette.title")} onClose=${onClose}>
    <input ref=${input} class="palette-input" type="text" autocomplete="off" spellcheck="false" value=${text} placeholder=${t("palette.hint")}
      role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant=${found.length ? `palette-${chosen}` : undefined} aria-label=${t("palette.title")}
      onInput=${(event) => { setText(event.currentTarget.value); setAt(0); }} onKeyDown=${key} />
    <ul id="palette-list" class="palette" role="listbox" aria-label=${t("palette.title")}>
      ${found.map((entry, i) => html`<li id="palette-${i}" role="option" aria-selected=${i === chosen} onClick=${() => run(entry)}>${entry.label}</li>`)}
    </ul>
    ${found.length === 0 && html`<p class="faint">${t("palette.none")}</p>`}
    <div class="actions end"><button type="button" class="small" onClick=${onClose}>${t("app.close")}</button></div>
  <//>`;
}
