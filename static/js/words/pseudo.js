/** A language for tests (?lang=qps): English in brackets, so that a sentence without an entry in the catalogue stands out. */

/** @typedef {import("./catalogue.js").Entry} Entry */

const FIGURES = "figure."; // numbers and units are not sentences

/** @param {string} template */
export const bracketed = (template) => `⟦${template}⟧`;

/** @param {Readonly<Record<string, Entry>>} sentences @returns {Record<string, Entry>} */
export function pseudo(sentences) {
  /** @param {Entry} entry */
  const each = (entry) => (typeof entry === "string" ? bracketed(entry) : Object.fromEntries(Object.entries(entry).map(([form, text]) => [form, bracketed(text)])));
  return Object.fromEntries(Object.entries(sentences).map(([key, entry]) => [key, key.startsWith(FIGURES) ? entry : /** @type {Entry} */ (each(entry))]));
}
