/** The catalogue of sentences: fills templates, chooses plural forms, falls back to English. Pure; index.js chooses the language. */
import { inEnglish as filled } from "../lib/pack.js";

/** @typedef {Readonly<Record<string, string | number>>} Values */
/** A template, or one for each plural form (Intl.PluralRules) of the value `n`. @typedef {string | Readonly<{other: string} & Partial<Record<Intl.LDMLPluralRule, string>>>} Entry */
/** `locale`: the language of its plural forms. `sentences`: by key. `server`: a server's template in this language.
 * @typedef {{locale: string, sentences: Readonly<Record<string, Entry>>, server: (template: string) => string}} Catalogue */

/**
 * @template {string} Key
 * @param {Catalogue} catalogue
 * @param {Readonly<Record<Key, Entry>>} fallback the English sentences
 */
export function createWords({ locale, sentences, server }, fallback) {
  const plurals = new Intl.PluralRules(locale);
  /** @param {string} key @returns {Entry | undefined} */
  const entry = (key) => {
    if (Object.hasOwn(sentences, key)) return sentences[key];
    return Object.hasOwn(fallback, key) ? fallback[/** @type {Key} */ (key)] : undefined;
  };
  /** @param {string} key @param {Values} values */
  const text = (key, values) => {
    const found = entry(key);
    if (found === undefined || typeof found === "string") return found === undefined ? undefined : filled(found, values);
    return filled(found[plurals.select(Number(values.n))] ?? found.other, values);
  };
  /** @param {string} template @param {Readonly<Record<string, any>>} values @returns {string} */
  const inLanguage = (template, values) => filled(server(template), Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value?.template === "string" ? inLanguage(value.template, value.values ?? {}) : value])));
  return {
    /** The sentence of a key; for an unknown key, the key itself. @param {Key} key @param {Values} [values] */
    t: (key, values = {}) => text(key, values) ?? key,
    /** The word for a name on the wire, such as a status; without a word, `otherwise` or the name itself.
     * @param {string} group @param {string} name @param {string} [otherwise] @param {Values} [values] */
    named: (group, name, otherwise = name, values = {}) => text(`${group}.${name}`, values) ?? otherwise,
    /** A sentence of the server; its values may be sentences, too: `{template, values}`. @param {string} template @param {Record<string, any>} [values] */
    server: (template, values = {}) => inLanguage(template, values),
  };
}
