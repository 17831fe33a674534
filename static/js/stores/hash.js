/** A short text that is equal on two pages exactly if they received the same world; for tests and scripts. */
import { apply } from "./clock.js";

/** @typedef {import("./world.js").WorldState} WorldState */

/**
 * FNV-1a over the newest news, not over the picture.
 * @param {WorldState} state
 */
export function hashOf(state) {
  const whole = structuredCloneOfNews(state);
  const lanes = whole.lanes.map((lane) => [lane.nodes, lane.links, [...lane.operations.values()], lane.dropped, lane.stopped]);
  const text = canonical([whole.spec, whole.clock.at, lanes, whole.cutSpans]);
  let hash = 0xcbf29ce484222325n;
  for (let index = 0; index < text.length; index += 1) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(index))) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}

/**
 * The world with all news of the queue applied; the state itself stays as it is.
 * @param {WorldState} state
 */
function structuredCloneOfNews(state) {
  const copy = {
    ...state,
    moments: [],
    landings: [],
    lanes: state.lanes.map((lane) => ({
      ...lane,
      flying: new Map(lane.flying),
      ended: [],
      operations: new Map(lane.operations),
    })),
  };
  for (const pending of state.queue) apply(copy, pending);
  return copy;
}

/**
 * JSON with sorted keys in every object.
 * @param {any} value
 * @returns {string}
 */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`;
}
