// The public API, as any app calls it; a person's session stands in for a key.
import { store } from "./store.js";

// reachable tells whether the service answers; the frame says so when it does not.
export const reachable = store(true);

// tenant is the id that an administrator of the whole installation looks at; "" for everybody else.
export const tenant = store("");

// ended tells that the service no longer knows the session; the frame then asks for the password.
export const ended = store(false);

// era counts the sessions of this page: a refusal of one that is over says nothing about the next.
let era = 0;

// begin marks that a new session stands.
export function begin() {
  era++;
  ended.set(false);
}

// Problem is an answer that is an error: the API's problem document, or the reason why there is no answer.
export class Problem extends Error {
  constructor(body) {
    super(body.detail || body.title || body.code);
    this.status = body.status;
    this.code = body.code;
    this.requestID = body.request_id;
    this.errors = body.errors || [];
    this.body = body;
  }

  // of answers what is said about a field; "" if nothing.
  of(field) {
    const found = this.errors.find((e) => e.field === field);
    return found ? found.message : "";
  }
}

function headers(extra) {
  const all = { Accept: "application/json", ...extra };
  if (tenant.get()) all["Cascade-Tenant"] = tenant.get();
  return all;
}

async function reach(path, options) {
  try {
    const answer = await fetch(path, { credentials: "same-origin", redirect: "error", ...options });
    reachable.set(true);
    return answer;
  } catch (cause) {
    if (cause.name === "AbortError") throw cause;
    reachable.set(false);
    watchReturn();
    throw new Problem({ status: 0, code: "unreachable", detail: cause.message });
  }
}

let watching = false;

// watchReturn asks until the service answers again.
async function watchReturn() {
  if (watching) return;
  watching = true;
  for (let wait = 500; !reachable.get(); wait = Math.min(wait * 1.5, 5000)) {
    await new Promise((done) => setTimeout(done, wait));
    await fetch("/healthz", { cache: "no-store" }).then((answer) => answer.ok && reachable.set(true), () => {});
  }
  watching = false;
}

// sessionless are the refusals of who has no session: one that is over, or none, after signing out in another window.
const sessionless = new Set(["no_session", "unauthorized"]);

async function problemOf(answer, asked) {
  const body = await answer.json().catch(() => ({}));
  const problem = new Problem({ status: answer.status, code: "http_" + answer.status, ...body });
  if (problem.status === 401 && sessionless.has(problem.code) && asked === era) ended.set(true);
  return problem;
}

// call makes one request and answers its JSON, or undefined for an empty answer. Errors: Problem; AbortError.
export async function call(method, path, body, { signal, background = false, ...extra } = {}) {
  const more = { ...extra.headers };
  if (body !== undefined) more["Content-Type"] = "application/json";
  if (background) more["Cascade-Background"] = "true";
  const asked = era;
  const answer = await reach(path, { method, signal, headers: headers(more), body: body === undefined ? undefined : JSON.stringify(body) });
  if (!answer.ok) throw await problemOf(answer, asked);
  return answer.status === 204 ? undefined : answer.json();
}

export const get = (path, options) => call("GET", path, undefined, options);
export const post = (path, body = {}, options) => call("POST", path, body, options);
export const put = (path, body, options) => call("PUT", path, body, options);
export const patch = (path, body, options) => call("PATCH", path, body, options);
export const del = (path, options) => call("DELETE", path, undefined, options);

// download fetches a file and hands it to the browser under a name.
export async function download(path, name) {
  const asked = era;
  const answer = await reach(path, { headers: headers({ Accept: "*/*" }) });
  if (!answer.ok) throw await problemOf(answer, asked);
  const url = URL.createObjectURL(await answer.blob());
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// events reads a live answer: it yields {type, data} until the service ends the stream or signal aborts it.
export async function* events(path, { signal, lastID } = {}) {
  const more = { Accept: "text/event-stream", "Cascade-Background": "true" };
  if (lastID) more["Last-Event-ID"] = lastID;
  const asked = era;
  const answer = await reach(path, { signal, headers: headers(more), cache: "no-store" });
  if (!answer.ok) throw await problemOf(answer, asked);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    pending += value;
    const blocks = pending.split("\n\n");
    pending = blocks.pop();
    for (const block of blocks) {
      const event = parseEvent(block);
      if (event) yield event;
    }
  }
}

function parseEvent(block) {
  const event = { type: "message", id: "", data: "" };
  for (const line of block.split("\n")) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) || [];
    if (name === "event") event.type = value;
    if (name === "id") event.id = value;
    if (name === "data") event.data += (event.data && "\n") + value;
  }
  return event.data || event.type !== "message" ? event : null;
}

// query writes filters as a query string with its "?"; empty ones are left out.
export function query(filters) {
  const q = new URLSearchParams(Object.entries(filters).filter(([, v]) => v !== "" && v !== undefined && v !== null && v !== false));
  return q.size ? "?" + q : "";
}
