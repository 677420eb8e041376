// The languages of the console. A catalogue is a flat file of sentences; {name} stands for a value, and a sentence that
// depends on a number has a form per plural category.
import { store } from "./store.js";

export const languages = { vi: "Tiếng Việt", en: "English" };

const kept = "cascade.language";
let sentences = {};
let plural = new Intl.PluralRules("en");

// language is "vi" or "en".
export const language = store("en");

// preferred is the language chosen before, or the browser's.
function preferred() {
  const chosen = localStorage.getItem(kept);
  if (chosen in languages) return chosen;
  return navigator.language.toLowerCase().startsWith("vi") ? "vi" : "en";
}

// speak loads a catalogue and makes it the console's language.
export async function speak(lang = preferred()) {
  const answer = await fetch(new URL(`../lang/${lang}.json`, import.meta.url));
  sentences = await answer.json();
  plural = new Intl.PluralRules(lang);
  localStorage.setItem(kept, lang);
  document.documentElement.lang = lang;
  language.set(lang);
}

// apart keeps marks that turn the direction of reading within the value that brings them.
function apart(value) {
  if (!/[\u202a-\u202e\u2066-\u2069]/.test(value)) return value;
  const inside = String(value).replaceAll("\u2069", "");
  return "\u2068" + inside + "\u2069".repeat(1 + (inside.match(/[\u2066-\u2068]/g)?.length ?? 0));
}

// t answers the sentence of a key with its values in place. values.n chooses among plural forms.
export function t(key, values = {}) {
  let text = sentences[key];
  if (text === undefined) return key;
  if (typeof text === "object") text = text[plural.select(Number(values.n))] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? apart(values[name]) : whole));
}

// has tells whether the catalogue knows a key; words that a provider or a newer service may invent are shown as they are.
export const has = (key) => key in sentences;

// spoken answers a sentence of the service's in the reader's language: its Vietnamese stands beside it, where there is one.
export const spoken = (from, field) => (language.get() === "vi" && from[field + "_vi"]) || from[field];

// word answers the sentence of group.name, or name itself.
export const word = (group, name) => (name && has(`${group}.${name}`) ? t(`${group}.${name}`) : name || "");
