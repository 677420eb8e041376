import { html } from "../html.js";
import { Link, place } from "../router.js";
import { useStore } from "../store.js";

// Tabs leads between the pages of one subject: [[path, text]]. The longest path that fits the address is the open one.
export function Tabs({ label, tabs }) {
  const { path } = useStore(place);
  const open = tabs.map(([to]) => to).filter((to) => path === to || path.startsWith(to + "/")).sort((a, b) => b.length - a.length)[0];
  return html`<nav class="tabs" aria-label=${label}>
    ${tabs.map(([to, text]) => html`<${Link} key=${to} href=${to} aria-current=${to === open ? "page" : undefined}>${text}<//>`)}
  </nav>`;
}
