/** The server's sentences by their templates. They are English already; another language lists its translations here. */

/** @type {Readonly<Record<string, string>>} */
const SENTENCES = Object.freeze({});

/** @param {string} template */
export const translated = (template) => (Object.hasOwn(SENTENCES, template) ? SENTENCES[template] : template);
