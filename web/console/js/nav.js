import { isAdmin, isInstallation, may } from "./session.js";

// all are the frame's entries: [path, catalogue key, whether this person may go there].
const all = () => [
  ["/", "nav.overview", may("messages:read")],
  ["/messages", "nav.messages", may("messages:read")],
  ["/recipients", "nav.recipients", may("config:read")],
  ["/policies", "nav.policies", may("config:read")],
  ["/costs", "nav.costs", may("reports:read")],
  ["/channels", "nav.channels", may("config:read")],
  ["/templates", "nav.templates", may("config:read")],
  ["/developers", "nav.developers", may("config:read")],
  ["/people", "nav.people", isAdmin()],
  ["/audit", "nav.audit", isAdmin()],
  ["/tenants", "nav.tenants", isInstallation()],
  ["/system", "nav.system", isInstallation()],
];

// destinations are the entries that this person may follow.
export const destinations = () => all().filter(([, , open]) => open);

// closed answers the catalogue key of the entry that a path lies under, if this person may not go there: nothing is asked for
// a page that would be refused.
export const closed = (path) => all().find(([at, , open]) => !open && (path === at || (at !== "/" && path.startsWith(at + "/"))))?.[1];
