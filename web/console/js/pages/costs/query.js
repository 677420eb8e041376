// What the address of the costs page means: a span of days, what rows are grouped by, and what they are narrowed to.
import { query } from "../../api.js";
import { date } from "../../format.js";
import { has, t, word } from "../../lang.js";
import { monthStart, plusDays, plusMonths, startOf, today } from "../../days.js";

export const spans = ["today", "7d", "month", "last", "own"];

// filterable are the words that a report can be narrowed to.
export const filterable = ["channel", "account", "template", "category", "policy", "operator"];
export const groupable = [...filterable, "day", "month"];

const isDay = (text) => /^\d{4}-\d{2}-\d{2}$/.test(text || "") && !Number.isNaN(Date.parse(text));

// spanOf answers {from, to}, both days included.
export function spanOf(filters) {
  const now = today();
  switch (filters.span) {
    case "today":
      return { from: now, to: now };
    case "7d":
      return { from: plusDays(now, -6), to: now };
    case "last":
      return { from: plusMonths(now, -1), to: plusDays(monthStart(now), -1) };
    case "own": {
      const from = isDay(filters.from) ? filters.from : monthStart(now);
      const to = isDay(filters.to) ? filters.to : now;
      return from <= to ? { from, to } : { from: to, to: from };
    }
    default:
      return { from: monthStart(now), to: now };
  }
}

export const dayText = (day) => date(startOf(day));

export const spanText = ({ from, to }) => (from === to ? dayText(from) : t("costs.span_text", { from: dayText(from), to: dayText(to) }));

export function groupsOf(filters) {
  const given = filters.group.split(",").filter((word) => groupable.includes(word));
  return given.length ? [...new Set(given)].slice(0, 2) : ["channel"];
}

export const narrowOf = (filters) => Object.fromEntries(filterable.filter((word) => filters[word]).map((word) => [word, filters[word]]));

// valueText writes a group's value for people.
export function valueText(name, value) {
  if (!value) return t("costs.no_" + name);
  if (name === "day") return dayText(value);
  if (name === "month") return `${value.slice(5)}/${value.slice(0, 4)}`;
  return has(`${name}.${value}`) ? word(name, value) : value;
}

const later = (a, b) => (a > b ? a : b);

// messagesOf is the address of the messages behind a row: those accepted in its days that used its channel, account and so on.
export function messagesOf(row, span, narrow, more) {
  let { from, to } = span;
  if (row.month) {
    from = later(from, row.month + "-01");
    const last = plusDays(plusMonths(row.month + "-01", 1), -1);
    to = to < last ? to : last;
  }
  if (row.day) from = to = row.day;
  const { channel, account, template, category, policy, operator } = { ...narrow, ...Object.fromEntries(filterable.filter((name) => row[name]).map((name) => [name, row[name]])) };
  return "/messages" + query({
    attempt_channel: channel, account, template, category, policy, operator, test: "false",
    created_after: startOf(from), created_before: startOf(plusDays(to, 1)), ...more,
  });
}
