// The chosen language: remembered, else the browser's. `t()` inside a component follows a change by itself.
import { computed, effect } from "@preact/signals";
import { preference } from "../state/preferences.ts";
import { type Dictionary, en } from "./en.ts";
import { ko } from "./ko.ts";

const DICTIONARIES = { en, ko };
export type Language = keyof typeof DICTIONARIES;

export const language = preference<Language>(
  "language",
  text => (text === "en" || text === "ko" ? text : null),
  navigator.language.toLowerCase().startsWith("ko") ? "ko" : "en",
);
const dictionary = computed<Dictionary>(() => DICTIONARIES[language.value]);

export function t(): Dictionary {
  return dictionary.value;
}

effect(() => {
  document.documentElement.lang = language.value;
});
