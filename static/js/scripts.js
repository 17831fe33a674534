/**
 * `window.capscope`: what scripts and tests may read of the page. Read-only; every call answers with plain data of its own.
 */
import { hashOf } from "./stores/hash.js";

/**
 * @param {import("./stores/world.js").World} world
 * @param {ReadonlyMap<number, {positionOf(id: string): {x: number, y: number}, shapes(): unknown[]}>} stages
 */
export function createScripts(world, stages) {
  const { state } = world;
  const lane = (/** @type {number} */ index) => {
    if (!state.lanes[index]) throw new Error(`there is no lane ${index}`);
    return state.lanes[index];
  };
  return Object.freeze({
    /** True when a whole world is on the page, drawn in every lane, and nothing is missing. */
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
    /** Every directed link of a lane. @param {number} index */
    links(index) {
      const { links, nodes } = lane(index);
      const ids = Object.keys(nodes);
      const cut = new Set(links.cut.map(([from, to]) => `${from} ${to}`));
      return ids.flatMap((from) => ids.filter((to) => to !== from).map((to) => ({ from, to, cut: cut.has(`${from} ${to}`) })));
    },
    /** Simulated microseconds: the moment that is on the screen. */
    time: () => Math.round(state.renderAt),
    /** The sides of a lane with their words as drawn. @param {number} index */
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
    /** Is what clients saw linearizable? @param {number} index */
    verdict(index) {
      const promise = lane(index).meters?.promises.find(([name]) => name === "linearizable") ?? lane(index).meters?.promises[0];
      const finding = lane(index).findings.findLast(({ checker }) => checker === promise?.[0]);
      return { status: promise?.[1] ?? "unknown", reason: promise?.[2] ?? "", operations: [...(finding?.operations ?? [])] };
    },
    /** The same text on two pages that were told the same world at the same time. */
    hash: () => hashOf(state),
  });
}
