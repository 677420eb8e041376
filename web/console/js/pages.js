// Every page and its address.
import { Account } from "./pages/account.js";
import { Audit } from "./pages/audit.js";
import { Channels } from "./pages/channels.js";
import { ChannelPage } from "./pages/channels/detail.js";
import { NewChannel } from "./pages/channels/new.js";
import { Costs } from "./pages/costs.js";
import { Callback } from "./pages/developers/callback.js";
import { Callbacks } from "./pages/developers/callbacks.js";
import { DevelopersHome } from "./pages/developers/home.js";
import { Reference } from "./pages/developers/reference.js";
import { Requests } from "./pages/developers/requests.js";
import { Message } from "./pages/message.js";
import { Messages } from "./pages/messages.js";
import { Overview } from "./pages/overview.js";
import { People } from "./pages/people.js";
import { Policies } from "./pages/policies.js";
import { NewPolicy, Policy } from "./pages/policy.js";
import { Recipients } from "./pages/recipients.js";
import { System } from "./pages/system.js";
import { NewTemplate, TemplatePage } from "./pages/template.js";
import { Templates } from "./pages/templates.js";
import { Tenants } from "./pages/tenants.js";
import { Tenant } from "./pages/tenants/tenant.js";

// withoutTenant are the pages, with what lies under them, that can be used before there is a tenant.
export const withoutTenant = ["/people", "/audit", "/tenants", "/system", "/account"];

export const pages = [
  ["/", Overview],
  ["/messages", Messages],
  ["/messages/:id", Message],
  ["/recipients", Recipients],
  ["/policies", Policies],
  ["/policies/new", NewPolicy],
  ["/policies/:name", Policy],
  ["/costs", Costs],
  ["/channels", Channels],
  ["/channels/new", NewChannel],
  ["/channels/:id", ChannelPage],
  ["/templates", Templates],
  ["/templates/new", NewTemplate],
  ["/templates/:name", TemplatePage],
  ["/developers", DevelopersHome],
  ["/developers/callbacks", Callbacks],
  ["/developers/callbacks/:id", Callback],
  ["/developers/requests", Requests],
  ["/developers/reference", Reference],
  ["/people", People],
  ["/audit", Audit],
  ["/tenants", Tenants],
  ["/tenants/:id", Tenant],
  ["/system", System],
  ["/account", Account],
];
