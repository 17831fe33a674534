/** Knobs: those in which lanes differ. Pure. */

export const SHORT = 3; // letters of a name that looks like a symbol: N=3

/**
 * The knobs in which a lane differs from another lane of its protocol, in the card's order.
 * @param {ReadonlyArray<{protocol: string, knobs: Record<string, unknown>}>} lanes
 * @param {number} index
 * @param {ReadonlyArray<import("./wire-types.js").Knob>} knobs those of this lane's protocol
 */
export function differing(lanes, index, knobs) {
  const same = lanes.filter(({ protocol }) => protocol === lanes[index].protocol);
  return knobs.filter(({ name }) => same.some((other) => other.knobs[name] !== lanes[index].knobs[name]));
}
