// How numbers, money and times read. Times are in the tenant's zone, with UTC on hover.
import { language } from "./lang.js";
import { session } from "./session.js";

const locale = () => (language.get() === "vi" ? "vi-VN" : "en-GB");
const zone = () => session.get()?.tenant?.timezone || "Asia/Ho_Chi_Minh";

const made = new Map();

// formatter makes an Intl object once per set of options.
function formatter(Kind, options) {
  const key = Kind.name + locale() + JSON.stringify(options);
  if (!made.has(key)) made.set(key, new Kind(locale(), options));
  return made.get(key);
}

export const number = (n, options = {}) => formatter(Intl.NumberFormat, options).format(n);

// share writes a part of one in percent. Only all of it is 100 %.
export const share = (x) => (Number.isFinite(x) ? number(x > 0.99 && x < 1 ? Math.min(x, 0.999) : x, { style: "percent", maximumFractionDigits: x < 0.1 || (x > 0.99 && x < 1) ? 1 : 0 }) : "–");


// short writes a large number in a few characters: 1,2 Tr or 1.2M.
export const short = (n) => number(n, { notation: "compact", maximumFractionDigits: 1 });

// money writes {amount, currency}. The amount is a decimal as text and is not rounded on the way.
export function money(m, { compact = false } = {}) {
  if (!m) return "–";
  const options = { style: "currency", currency: m.currency || "VND", currencyDisplay: "narrowSymbol", maximumFractionDigits: 4, minimumFractionDigits: 0 };
  if (compact) Object.assign(options, { notation: "compact", maximumFractionDigits: 1 });
  return formatter(Intl.NumberFormat, options).format(m.amount);
}

const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const day = { day: "2-digit", month: "2-digit", year: "numeric" };

// at writes an instant. Vietnamese dates have slashes, also where Intl puts dashes between a day and its month.
const at = (iso, options) => formatter(Intl.DateTimeFormat, { timeZone: zone(), ...options }).format(new Date(iso)).replace(/(\d)-(?=\d)/g, "$1/");

export const date = (iso) => at(iso, day);
export const time = (iso) => at(iso, clock);
export const exactTime = (iso) => at(iso, { ...clock, fractionalSecondDigits: 3 }).replace(",", ".");
export const dateTime = (iso) => `${date(iso)} ${time(iso)}`;

// stamp is a date and time without the year that we are in.
export const stamp = (iso) => {
  const year = { year: "numeric" };
  return at(iso, year) === at(Date.now(), year) ? `${at(iso, { day: "2-digit", month: "2-digit" })} ${time(iso)}` : dateTime(iso);
};
export const hour = (iso) => at(iso, { day: "2-digit", month: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const utc = (iso) => new Date(iso).toISOString().replace("T", " ").replace("Z", " UTC");

// localDay is the tenant's calendar day of an instant, as 2026-11-20.
export const localDay = (instant) => new Intl.DateTimeFormat("en-CA", { timeZone: zone(), ...day }).format(instant);

const units = [["h", 3_600_000], ["m", 60_000], ["s", 1000]];

// millis reads a duration of the API: "1h30m", "2m0s", "500ms".
export function millis(text) {
  let sum = 0;
  for (const [, n, unit] of String(text).matchAll(/([\d.]+)(ms|h|m|s)/g)) sum += n * { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }[unit];
  return sum;
}

// duration writes milliseconds as people say them: 2m 00s, 1h 05m, 3.2s, 140ms.
export function duration(ms) {
  if (!Number.isFinite(ms)) return "–";
  const days = Math.floor(ms / 86_400_000);
  if (days > 1) return `${number(days)}d ${number(Math.floor((ms % 86_400_000) / 3_600_000))}h`;
  const first = units.findIndex(([, size]) => ms >= size);
  if (first < 0) return `${Math.round(ms)}ms`;
  const [unit, size] = units[first];
  if (unit === "s") return `${number(ms / 1000, { maximumFractionDigits: ms < 10_000 ? 1 : 0 })}s`;
  const [nextUnit, nextSize] = units[first + 1];
  const rest = Math.floor((ms % size) / nextSize);
  return `${Math.floor(ms / size)}${unit} ${String(rest).padStart(2, "0")}${nextUnit}`;
}

// spoken is a duration as it reads in a sentence: 2 minutes 5 seconds, 6.6 seconds, 140 ms.
export function spoken(ms) {
  if (!Number.isFinite(ms)) return "–";
  const said = (n, unit, digits = 0) => number(n, { style: "unit", unit, unitDisplay: unit === "millisecond" ? "short" : "long", maximumFractionDigits: digits });
  if (ms < 1000) return said(ms, "millisecond");
  if (ms < 60_000) return said(ms / 1000, "second", ms < 10_000 ? 1 : 0);
  const sizes = [["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000], ["second", 1000]];
  const first = sizes.findIndex(([, size]) => ms >= size);
  const [[unit, size], [nextUnit, nextSize]] = sizes.slice(first, first + 2);
  const rest = Math.floor((ms % size) / nextSize);
  return said(Math.floor(ms / size), unit) + (rest > 0 ? " " + said(rest, nextUnit) : "");
}

// between is the time from one instant to another.
export const between = (from, to) => duration(new Date(to) - new Date(from));
