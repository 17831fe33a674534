/** The server's sentences by their template. They are English already; another language lists its own here. */

/** @type {Readonly<Record<string, string>>} */
const SENTENCES = Object.freeze({});

/** @param {string} template */
export const translated = (template) => (Object.hasOwn(SENTENCES, template) ? SENTENCES[template] : template);
