// Who is signed in, and what they may do.
import { begin, del, get, post, tenant } from "./api.js";
import { t } from "./lang.js";
import { store, useStore } from "./store.js";

// session is the API's answer about the person; null where nobody is signed in, undefined before that is known.
export const session = store(undefined);

const keptTenant = "cascade.tenant";

// recall asks the service who we are, at the start and after a choice of tenant.
export async function recall() {
  tenant.set(new URLSearchParams(location.search).get("tenant") || sessionStorage.getItem(keptTenant) || "");
  try {
    settle(await get("/v1/session"));
  } catch (problem) {
    if (problem.status === 404 && tenant.get()) { // a tenant of another day
      choose("");
      return recall();
    }
    throw problem;
  }
}

function settle(answer) {
  if (!answer.user) return session.set(null);
  if (!isEverywhere(answer)) choose("");
  else if (answer.tenant) choose(answer.tenant.id);
  else if (answer.tenants?.length) return look(answer.tenants[0].id);
  session.set(answer);
}

const isEverywhere = (s) => s?.tenants?.length > 0;

function choose(id) {
  tenant.set(id);
  if (id) sessionStorage.setItem(keptTenant, id);
  else sessionStorage.removeItem(keptTenant);
}

// look turns an administrator of the whole installation to another tenant.
export async function look(id) {
  choose(id);
  settle(await get("/v1/session"));
}

// signIn opens a session with a name and a password, or with the admin key.
export async function signIn(credentials) {
  const answer = await post("/v1/session", credentials);
  begin();
  settle(answer);
}

export async function signOut() {
  await del("/v1/session");
  choose("");
  session.set(null);
}

// may tells whether the person holds a permission. It only decides what is shown: the API decides what is done.
export const may = (permission) => Boolean(session.get()?.permissions?.includes(permission));

export const isAdmin = () => session.get()?.user?.role === "admin";

// isInstallation: the person looks after every tenant.
export const isInstallation = () => may("installation:admin");

// hasTenants: the person may look at more than one tenant.
export const hasTenants = () => isEverywhere(session.get());

export const useSession = () => useStore(session);

// nameOf is what somebody is called; the admin key has no name of its own.
export const nameOf = (user) => (user.id ? user.name : t("actor.admin_key"));
