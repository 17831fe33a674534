/**
 * `window.capscope`: the interface through which scripts and tests read the page. Read-only; every call returns a new plain object.
 */
import { hashOf } from "./stores/hash.js";
import { named } from "./words/index.js";

/**
 * @param {import("./stores/world.js").World} world
 * @param {ReadonlyMap<number, {positionOf(id: string): {x: number, y: number}, shapes(): unknown[], boxes(): {of: string, text: string, left: number, right: number, top: number, bottom: number}[]}>} stages
 */
export function createScripts(world, stages) {
  const { state } = world;
  const lane = (/** @type {number} */ index) => {
    if (!state.lanes[index]) throw new Error(`there is no lane ${index}`);
    return state.lanes[index];
  };
  return Object.freeze({
    /** True when the page has a whole world and has drawn it in every lane. */
    get ready() {
      const drawn = state.lanes.every((_, index) => stages.get(index)?.shapes().length);
      return state.spec !== null && !state.waiting && !state.stale && drawn;
    },
    /** The names of the lanes' protocols. @returns {string[]} */
    lanes: () => (state.spec?.lanes ?? []).map(({ protocol }) => protocol),
    /** The nodes of a lane; x and y are CSS pixels of the page. @param {number} index */
    nodes(index) {
      const stage = stages.get(index);
      return Object.entries(lane(index).nodes).map(([id, node]) => ({ id, ...stage?.positionOf(id), ...structuredClone(node) }));
    },
    /** The boxes of all texts on a lane's stage, in CSS pixels of the page. @param {number} index */
    boxes: (index) => stages.get(index)?.boxes() ?? [],
    /** Every directed link of a lane. @param {number} index */
    links(index) {
      const { links, nodes } = lane(index);
      const ids = Object.keys(nodes);
      const cut = new Set(links.cut.map(([from, to]) => `${from} ${to}`));
      return ids.flatMap((from) => ids.filter((to) => to !== from).map((to) => ({ from, to, cut: cut.has(`${from} ${to}`) })));
    },
    /** The moment on the screen, in simulated microseconds. */
    time: () => Math.round(state.renderAt),
    /** The sides of a lane with their words, as shown. @param {number} index */
    meters: (index) =>
      (lane(index).meters?.sides ?? []).map((side) => ({
        side: [...side.nodes],
        available: side.availability,
        consistent: side.consistency,
        asked: side.asked,
        ok: side.ok,
        failed: side.failed,
        unknown: side.unknown,
        stale: side.stale,
        lost: side.lost,
      })),
    /** The words of a lane's sides, as drawn, and the name of the broken law (null: none is broken). @param {number} index */
    words(index) {
      const { meters } = lane(index);
      const law = meters?.law ? meters.law.name || meters.law.sentence : null;
      return (meters?.sides ?? []).map(({ nodes, availability, consistency }) => ({
        side: [...nodes],
        availability: named("meters.availability", availability),
        consistency: consistency && named("meters.consistency", consistency),
        law,
      }));
    },
    /** Is what clients saw linearizable? @param {number} index */
    verdict(index) {
      const promise = lane(index).meters?.promises.find(([name]) => name === "linearizable") ?? lane(index).meters?.promises[0];
      const finding = lane(index).findings.findLast(({ checker }) => checker === promise?.[0]);
      return { status: promise?.[1] ?? "unknown", reason: promise?.[2] ?? "", operations: [...(finding?.operations ?? [])] };
    },
    /** The beat of the talk: its number from 0 (-1: none yet), its kind, what to look at, and the card that is shown over the stage. */
    beat() {
      const { beat, beats, shown, under_way: underWay, blank } = state.talk;
      return { number: beat, of: beats.length, kind: beats[beat]?.kind ?? "", words: beats[beat]?.words ?? "", shown, underWay, blank };
    },
    /** The scene of the talk that is open; without a talk, the scenario alone. */
    scene() {
      const { title, scene, scenes } = state.talk;
      return { talk: title, number: scene, of: scenes.length, scenario: state.spec?.scenario ?? "" };
    },
    /** Does this page belong to the session's owner? */
    owner: () => state.audience.owner,
    /** A text that is equal on two pages that received the same world at the same time. */
    hash: () => hashOf(state),
  });
}
