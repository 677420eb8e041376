// Addresses: every page, filter and row has one.
import { html, useEffect, useState } from "./html.js";
import { tenant } from "./api.js";
import { hasTenants } from "./session.js";
import { store } from "./store.js";

const read = () => ({ path: location.pathname, search: location.search });

export const place = store(read());

addEventListener("popstate", () => place.set(read()));

// withTenant keeps the tenant in the address of someone who has several, so that a link opens what it showed.
function withTenant(href) {
  if (!hasTenants() || !tenant.get()) return href;
  const url = new URL(href, location.href);
  url.searchParams.set("tenant", tenant.get());
  return url.pathname + url.search + url.hash;
}

// go opens a page of the console.
export function go(href, { replace = false } = {}) {
  const address = withTenant(href);
  if (address === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  place.set(read());
  if (!replace) scrollTo(0, 0);
}

// Link is an anchor that stays within the page; with a modifier key it is the browser's own. replace leaves no step back.
export function Link({ href, replace = false, children, ...rest }) {
  const follow = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return;
    event.preventDefault();
    go(href, { replace });
  };
  return html`<a href=${withTenant(href)} onClick=${follow} ...${rest}>${children}</a>`;
}

// match compares a path with a pattern such as /messages/:id and answers its values, or null.
export function match(pattern, path) {
  const want = pattern.split("/");
  const have = path.replace(/(.)\/$/, "$1").split("/");
  if (want.length !== have.length) return null;
  const values = {};
  for (let i = 0; i < want.length; i++) {
    if (want[i].startsWith(":")) {
      try {
        values[want[i].slice(1)] = decodeURIComponent(have[i]);
      } catch {
        return null;
      }
    } else if (want[i] !== have[i]) return null;
  }
  return values;
}

// useFilters keeps filters in the address: [values, set]. set merges; an empty value leaves the address.
export function useFilters(defaults = {}) {
  const [at, setAt] = useState(place.get());
  useEffect(() => place.watch(setAt), []);
  const given = Object.fromEntries([...new URLSearchParams(at.search)].filter(([name]) => name !== "tenant"));
  const set = (changes, options = { replace: true }) => {
    const next = new URLSearchParams(Object.entries({ ...given, ...changes }).filter(([name, v]) => v && v !== defaults[name]));
    go(location.pathname + (next.size ? "?" + next : ""), options);
  };
  return [{ ...defaults, ...given }, set];
}
