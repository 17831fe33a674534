/**
 * The words of the page in the visitor's language: `?lang=` in the address, else the page's `data-lang`, else English. To add a language,
 * add a folder like en/ and a line in LANGUAGES.
 */
import { createWords } from "./catalogue.js";
import { en } from "./en/index.js";
import { translated } from "./en/server.js";
import { bracketed, pseudo } from "./pseudo.js";

/** @typedef {keyof typeof en} Key */

/** @type {Readonly<Record<string, import("./catalogue.js").Catalogue>>} */
const LANGUAGES = Object.freeze({
  en: { locale: "en", sentences: en, server: translated },
  qps: { locale: "en", sentences: pseudo(en), server: bracketed },
});

/** The first of these names that names a known language. @param {Array<string | null | undefined>} wanted */
export function chosen(...wanted) {
  return wanted.find((name) => name && Object.hasOwn(LANGUAGES, name)) ?? "en";
}

const asked = globalThis.location ? new URLSearchParams(location.search).get("lang") : null;

export const language = chosen(asked, globalThis.document?.documentElement.dataset.lang);

export const { t, named, server } = createWords(LANGUAGES[language], en);
