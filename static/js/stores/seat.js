/**
 * What a phone that plays a client has asked, and what became of it in each lane. A pure reading of the world's operations.
 */

const SHOWN = 3; // requests

/** @typedef {import("../lib/wire-types.js").Operation} Operation */

/**
 * The newest requests of a client, newest first; each with its operation in every lane (none, where that lane could not do it).
 * @param {Array<{operations: Map<string, Operation>}>} lanes
 * @param {string} client
 * @returns {Array<{id: string, kind: string, key: string, value: string, lanes: Array<Operation|undefined>}>}
 */
export function requestsOf(lanes, client) {
  /** @type {Map<string, Operation>} */
  const found = new Map();
  for (const { operations } of lanes) for (const operation of operations.values()) if (operation.client === client) found.set(operation.id, operation);
  return [...found.values()]
    .sort((a, b) => b.start - a.start)
    .slice(0, SHOWN)
    .map(({ id, kind, key, value }) => ({ id, kind, key, value, lanes: lanes.map(({ operations }) => operations.get(id)) }));
}

/**
 * What a client knows of its request: first how it ended, later that the answer was wrong or the write is gone.
 * @param {Operation|undefined} operation
 * @returns {"none"|"pending"|"ok"|"failed"|"unknown"|"stale"|"conflict"|"lost"|"violation"}
 */
export function fateOf(operation) {
  return operation === undefined ? "none" : operation.mark || operation.outcome;
}
