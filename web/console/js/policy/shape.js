// What a policy looks like as JSON, and the small changes that a form makes to it.

export const channels = ["zns", "viber", "sms"];
export const receipts = ["sent", "delivered", "read"];
export const categories = ["otp", "transaction", "care", "promotion"];

// fresh is the policy that a new one begins with.
export const fresh = () => ({
  steps: [
    { channel: "zns", until: "delivered", timeout: "2m" },
    { channel: "sms", until: "delivered", timeout: "10m" },
  ],
  ttl: "24h",
});

// bodyOf is a policy as it is put: a version without its name, number and time.
export function bodyOf({ steps, ttl, max_cost, quiet_hours }) {
  return prune({ steps: steps || [], ttl, max_cost, quiet_hours });
}

const empty = (v) => v === undefined || v === null || v === "" || (Array.isArray(v) ? v.length === 0 : typeof v === "object" && Object.keys(v).length === 0);

// prune leaves out what says nothing, as the service does.
export const prune = (object) => Object.fromEntries(Object.entries(object).filter(([name, v]) => name === "steps" || !empty(v)));

export const pretty = (body) => JSON.stringify(body, null, 2);

// ordered lists an object's fields by name all the way down, so that two are equal whichever way they were written.
function ordered(v) {
  if (Array.isArray(v)) return v.map(ordered);
  return isObject(v) ? Object.fromEntries(Object.keys(v).sort().map((name) => [name, ordered(v[name])])) : v;
}

export const same = (a, b) => JSON.stringify(ordered(a)) === JSON.stringify(ordered(b));

const isObject = (v) => v !== null && typeof v === "object" && !Array.isArray(v);
const isText = (v) => v === undefined || typeof v === "string";

// misshapen names the first field that the form could not show; "" if it can show all of them. Whether their values are
// right is the service's to say.
export function misshapen(p) {
  if (!isObject(p)) return "{}";
  if (!Array.isArray(p.steps)) return "steps";
  for (const [i, step] of p.steps.entries()) {
    const at = `steps[${i}]`;
    if (!isObject(step)) return at;
    const wrong = ["channel", "until", "timeout", "when", "prefer"].find((name) => !isText(step[name]));
    if (wrong) return `${at}.${wrong}`;
    if (step.accounts !== undefined && !(Array.isArray(step.accounts) && step.accounts.every((a) => typeof a === "string"))) return at + ".accounts";
    if (step.weights !== undefined && !(isObject(step.weights) && Object.values(step.weights).every((w) => typeof w === "number"))) return at + ".weights";
  }
  if (!isText(p.ttl)) return "ttl";
  if (p.max_cost !== undefined && !(isObject(p.max_cost) && isText(p.max_cost.amount) && isText(p.max_cost.currency))) return "max_cost";
  if (p.quiet_hours === undefined) return "";
  const q = p.quiet_hours;
  if (!isObject(q) || !isText(q.from) || !isText(q.to) || !isText(q.timezone)) return "quiet_hours";
  return q.categories === undefined || (Array.isArray(q.categories) && q.categories.every((c) => typeof c === "string")) ? "" : "quiet_hours.categories";
}

// moved is a list with one entry moved by some places.
export function moved(list, from, by) {
  const next = [...list];
  next.splice(from + by, 0, ...next.splice(from, 1));
  return next;
}
