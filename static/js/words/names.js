/**
 * What people call the nodes. Everywhere else a node has its own name (`n1`), in the page's state and in commands; only what people read
 * is turned: the panels' texts (panels/html.js), and the names on the stages.
 */

/** @type {Readonly<Record<string, string>>} */
let names = {};
/** @type {RegExp | null} */
let some = null;

/** The names that are not the nodes' own, as one text. @param {Readonly<Record<string, {called?: string}>> | undefined} nodes */
export function namesOf(nodes) {
  const called = Object.entries(nodes ?? {}).flatMap(([id, node]) => (node.called ? [[id, node.called]] : []));
  return called.length === 0 ? "" : JSON.stringify(called);
}

/** From now on the nodes are called so. @param {string} called as `namesOf` says it */
export function callNodes(called) {
  names = called ? Object.fromEntries(JSON.parse(called)) : {};
  const ids = Object.keys(names);
  some = ids.length === 0 ? null : new RegExp(`\\b(?:${ids.join("|")})\\b`, "g");
}

/** A text with the names that people use. @template Text @param {Text} text anything else than a text is returned as it is @returns {Text} */
export function called(text) {
  if (some === null || typeof text !== "string") return text;
  return /** @type {Text} */ (text.replace(some, (id) => names[id]));
}
