// What the nodes of a lane hold, in the words of people, and what is visible of it. Pure functions of the lane's node states.

import { plainValue } from "../../lib/palette.js";

/** @typedef {import("../types.js").NodeState} NodeState */
/** @typedef {import("../types.js").Lane} Lane */

/** The values of the key at a node, as they get their colours: a set is one value, no matter how many elements it has.
 * @param {NodeState} state @param {string} key @param {string} [object] @returns {string[]} */
export function heldValues(state, key, object) {
  const held = state.store?.[key] ?? [];
  if (object === "set") return held.length === 0 ? [] : [elements(held).join(", ")];
  const asked = key.endsWith("?") ? ` ${key}` : ""; // "dead?" is a question about its values: "n2 dead?"
  return [...new Set(held.map((value) => plainValue(value) + asked))];
}

/** The elements of a set, each once, in order. @param {readonly string[]} held */
export function elements(held) {
  return [...new Set(held.map(plainValue))].sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : a > b ? 1 : 0));
}

/** A log entry's key and value: "x=7" -> x, 7. An entry without a key, such as a decision, has the value alone; one that writes nothing
 * ("no-op", "x?") has neither. @param {string} label */
export function entryOf(label) {
  const write = /^(?:yes )?([^=\s]+)=(.+)$/.exec(label);
  if (write) return { key: write[1], value: plainValue(write[2]) };
  return { key: "", value: QUIET.test(label) ? "" : plainValue(label) };
}

const QUIET = /^(no-op|gap|commit|abort|C (new|old,new)|.*\?)$/;

/** Every value of a lane that gets a colour: those that nodes hold under the watched key, and those in entries that are not committed yet.
 * @param {Pick<Lane, "nodes">} lane @param {string} key @param {string} object @returns {string[]} */
export function visibleValues({ nodes }, key, object) {
  /** @type {string[]} */
  const values = [];
  for (const state of Object.values(nodes)) {
    values.push(...heldValues(state, key, object));
    const first = state.log_start ?? 1;
    for (const [i, [, label]] of (state.log ?? []).entries()) {
      const { value } = entryOf(label);
      if (value && first + i > (state.commit ?? 0)) values.push(value);
    }
    for (const [, kept, held] of state.hints ?? []) if (kept === key) values.push(...held.map(plainValue));
  }
  return values;
}

/** @type {WeakMap<object, number>} */
const NEWEST = new WeakMap();

/** The highest epoch among the nodes of a lane, 0 without one. @param {Readonly<Record<string, NodeState>>} nodes */
export function newestEpoch(nodes) {
  let newest = NEWEST.get(nodes);
  if (newest === undefined) NEWEST.set(nodes, (newest = Object.values(nodes).reduce((most, { epoch }) => Math.max(most, epoch ?? 0), 0)));
  return newest;
}

/** @type {WeakMap<object, Map<string, string[]>>} */
const HOMES = new WeakMap();

/** The nodes that keep the key, as the protocol places it; null where every node keeps every key.
 * @param {Readonly<Record<string, NodeState>>} nodes @param {string} key @returns {string[] | null} */
export function homesOf(nodes, key) {
  let known = HOMES.get(nodes);
  if (!known) {
    known = new Map();
    for (const { homes } of Object.values(nodes)) for (const [each, at] of Object.entries(homes ?? {})) known.set(each, at);
    HOMES.set(nodes, known);
  }
  return known.get(key) ?? null;
}

/** The entries of a log that were not committed and stand no longer where they stood: another entry, or none, is there now.
 * @param {NodeState} before @param {NodeState} after @returns {{index: number, label: string}[]} */
export function overwritten(before, after) {
  const start = after.log_start ?? 1;
  const now = after.log ?? [];
  return (before.log ?? []).flatMap(([epoch, label], i) => {
    const index = (before.log_start ?? 1) + i;
    const there = now[index - start];
    if (index <= (before.commit ?? 0) || index < start || entryOf(label).value === "" || after.status !== "up") return [];
    return there && there[0] === epoch && there[1] === label ? [] : [{ index, label }];
  });
}
