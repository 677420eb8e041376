import { isAdmin, isInstallation, may } from "./session.js";

// destinations are the frame's entries for this person: [path, catalogue key].
export const destinations = () => [
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
].filter(([, , shown]) => shown);
