// The links of a lane on the stage: where each begins and ends, whether it is cut, where its wall is, and which of them a stroke crosses.
// Pure; computed again when the layout or the links change.

import { crossing, sideOf } from "../lib/geometry.js";
import { wallBetween } from "./layout.js";

/** @typedef {import("./types.js").Layout} Layout */
/** @typedef {import("./types.js").Links} Links */
/** @typedef {import("./types.js").Point} Point */

/** The way of messages from the edge of one node (or client) to the edge of another. `wall` is the place of its wall, from 0 to 1.
 * @typedef {{x1: number, y1: number, x2: number, y2: number, length: number, cut: boolean, wall: number}} Way */
/** A pair of nodes at `from` and `to`. `forth` and `back` say which of its directions (a to b, b to a) are cut; `across` says whether a
 * canyon lies between them.
 * @typedef {{a: string, b: string, from: Point, to: Point, way: Way, forth: boolean, back: boolean, across: boolean, tuned: boolean}} Pair */
/** @typedef {{pairs: Pair[], ways: Map<string, Map<string, Way>>}} Net */

/** @param {Layout} layout @param {Pick<Links, "cut"> & Partial<Links>} links @param {readonly (readonly [string, string])[]} clients
 * @returns {Net} */
export function netOf(layout, links, clients) {
  const cut = new Set(links.cut.map(([src, dst]) => `${src}>${dst}`));
  const tuned = new Set((links.tuned ?? []).map((row) => `${row[0]}>${row[1]}`));
  /** @type {Map<string, Map<string, Way>>} */
  const ways = new Map();
  const keep = (/** @type {string} */ src, /** @type {string} */ dst, /** @type {Way} */ way) => {
    const from = ways.get(src) ?? new Map();
    ways.set(src, from.set(dst, way));
    return way;
  };
  const ids = [...layout.places.keys()];
  const edge = layout.radius + 9 * layout.unit; // the whole dot of a message is visible from the start
  const home = new Map(layout.islands.flatMap(({ nodes }, side) => nodes.map((id) => /** @type {[string, number]} */ ([id, side]))));
  /** @type {Pair[]} */
  const pairs = [];
  for (const [i, a] of ids.entries()) {
    for (const b of ids.slice(i + 1)) {
      const forth = cut.has(`${a}>${b}`);
      const back = cut.has(`${b}>${a}`);
      const [from, to] = [at(layout, a), at(layout, b)];
      const there = keep(a, b, wayOf(from, to, edge, edge, forth, layout));
      keep(b, a, wayOf(to, from, edge, edge, back, layout));
      const across = forth && back && home.get(a) !== home.get(b);
      pairs.push({ a, b, from, to, way: there, forth, back, across, tuned: tuned.has(`${a}>${b}`) || tuned.has(`${b}>${a}`) });
    }
  }
  for (const [client, node] of clients) {
    const seat = layout.clients.get(client);
    if (!seat || !layout.places.has(node)) continue;
    keep(client, node, wayOf(seat, at(layout, node), 17 * layout.unit, edge, false, layout));
    keep(node, client, wayOf(at(layout, node), seat, edge, 17 * layout.unit, false, layout));
  }
  return { pairs, ways };
}

/** @param {Layout} layout @param {string} id @returns {Point} */
function at(layout, id) {
  return layout.places.get(id) ?? [0, 0];
}

/** @param {Point} a @param {Point} b @param {number} leave @param {number} reach @param {boolean} cut @param {Layout} layout
 * @returns {Way} */
function wayOf(a, b, leave, reach, cut, layout) {
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
  const dx = (b[0] - a[0]) / length;
  const dy = (b[1] - a[1]) / length;
  const x1 = a[0] + dx * leave;
  const y1 = a[1] + dy * leave;
  const x2 = b[0] - dx * reach;
  const y2 = b[1] - dy * reach;
  return { x1, y1, x2, y2, length: Math.max(1, length - leave - reach), cut, wall: cut ? wallBetween([x1, y1], [x2, y2], layout.canyons) : 0.5 };
}

/** The links that a stroke crosses, each once: its first crossing, and whether a to b goes from the stroke's left to its right. A link
 * goes from middle to middle of its nodes here, so a stroke between two nodes counts even if it touches the edge of one.
 * @param {Net} net @param {readonly Point[]} stroke
 * @returns {{pair: Pair, x: number, y: number, forth: boolean}[]} */
export function crossed(net, stroke) {
  const found = [];
  for (const pair of net.pairs) {
    const { from, to } = pair;
    for (let i = 1; i < stroke.length; i++) {
      const t = crossing(from, to, stroke[i - 1], stroke[i]);
      if (t === null) continue;
      const [x, y] = [from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t];
      found.push({ pair, x, y, forth: sideOf(stroke[i - 1], stroke[i], from) < 0 });
      break;
    }
  }
  return found;
}
