// Calendar days of the tenant's zone, as 2026-11-20, and the instants at which they begin.
import { localDay } from "./format.js";
import { session } from "./session.js";

const zone = () => session.get()?.tenant?.timezone || "Asia/Ho_Chi_Minh";

const utcOf = (day) => {
  const [year, month, date = 1] = day.split("-").map(Number);
  return Date.UTC(year, month - 1, date);
};

const dayOf = (ms) => new Date(ms).toISOString().slice(0, 10);

export const today = () => localDay(Date.now());

export const plusDays = (day, n) => dayOf(utcOf(day) + n * 86_400_000);

export const monthStart = (day) => day.slice(0, 7) + "-01";

export const plusMonths = (day, n) => {
  const [year, month] = day.split("-").map(Number);
  return dayOf(Date.UTC(year, month - 1 + n, 1));
};

// wall is what clocks of the zone show at an instant, as if it were UTC.
function wall(ms) {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: zone(), year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).formatToParts(ms);
  const of = (type) => Number(parts.find((p) => p.type === type).value);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
}

// startOf is the instant at which a day (or a month, as 2026-11) begins in the tenant's zone, for the API.
export function startOf(day) {
  const want = utcOf(day);
  let at = want - (wall(want) - want);
  at += want - wall(at); // the clocks may have changed between the two
  return new Date(at).toISOString();
}

// endOf is the instant at which a day is over in the tenant's zone, which belongs to it no more.
export const endOf = (day) => startOf(plusDays(day, 1));

// dayAt is the day of the tenant's zone on which an instant of the API falls, or "" for none; dayUntil that of one's end.
export const dayAt = (iso) => nearest(Date.parse(iso));
export const dayUntil = (iso) => nearest(Date.parse(iso) - 1);

const nearest = (ms) => (Number.isFinite(ms) ? localDay(ms) : "");
