// The still part of a scene: islands, canyons, links with their cuts and settings, and the ways to clients.

import { colourOf } from "../../lib/colour.js";
import { mix } from "../../lib/geometry.js";

/** @typedef {import("../scene.js").Given} Given */
/** @typedef {import("../types.js").Layout} Layout */
/** @typedef {import("../types.js").Point} Point */
/** @typedef {import("../types.js").Shape} Shape */
/** @typedef {import("../types.js").CanyonShape} CanyonShape */

export const CANYON_HALF = 14; // the canyon's zigzag reaches this far to each side

/** @param {Given} given @returns {Shape[]} */
export function still(given) {
  const { layout, net, ui, fade } = given;
  const god = ui.view !== "clients";
  const colour = (/** @type {string} */ name) => colourOf(ui.colours, name);
  /** @type {Shape[]} */
  const shapes = [];
  if (god) {
    for (const island of layout.islands) {
      shapes.push({ kind: "island", x: 0, y: 0, points: island.hull, pad: island.pad, fill: colour("island"), alpha: fade });
    }
    for (const canyon of layout.canyons) shapes.push(canyonShape(canyon, colour, fade, layout));
    for (const pair of net.pairs) shapes.push(...linkShapes(pair, given));
  }
  for (const [client, node] of given.clients) {
    const way = net.ways.get(client)?.get(node);
    if (way) shapes.push({ kind: "tether", x: way.x1, y: way.y1, x2: way.x2, y2: way.y2, cut: false, width: 1.5 * layout.unit, colour: colour("line"), alpha: 1 });
  }
  return shapes;
}

/** @param {[Point, Point]} canyon @param {(name: string) => string} colour @param {number} fade @param {Layout} layout @returns {CanyonShape} */
export function canyonShape([a, b], colour, fade, layout) {
  const full = Math.hypot(b[0] - a[0], b[1] - a[1]);
  const length = full - (b[1] >= layout.height / 2 - 1 && b[0] === a[0] ? 26 : 0); // room for the count of lost messages
  const along = /** @type {Point} */ ([(b[0] - a[0]) / full, (b[1] - a[1]) / full]);
  const steps = Math.max(4, Math.round((length - 24) / (26 * layout.unit)));
  /** @type {Point[]} */
  const points = [];
  for (let i = 0; i <= steps; i++) {
    const reach = 12 + ((length - 24) * i) / steps;
    const swing = CANYON_HALF * layout.unit * (i % 2 === 0 ? -1 : 1) * (i === 0 || i === steps ? 0.2 : 1);
    points.push([a[0] + along[0] * reach - along[1] * swing, a[1] + along[1] * reach + along[0] * swing]);
  }
  return {
    kind: "canyon", x: a[0], y: a[1], points, depth: colour("canyon"), colour: colour("wall"), width: 26 * layout.unit, thread: 2.5 * layout.unit, alpha: fade,
  };
}

/** @param {import("../net.js").Pair} pair @param {Given} given @returns {Shape[]} */
function linkShapes(pair, { layout, ui, fade, laneIndex }) {
  const { a, b, way, forth, back } = pair;
  const id = `${a}-${b}`;
  const crowd = Math.max(0.45, Math.min(1, 9 / layout.places.size));
  const grabbed = (ui.hover?.kind === "link" && ui.hover.id === id && ui.hover.lane === laneIndex) ||
    (ui.selection?.kind === "link" && ui.selection.ids.includes(id));
  const mid = { x: mix(way.x1, way.x2, pair.across ? way.wall : 0.5), y: mix(way.y1, way.y2, pair.across ? way.wall : 0.5) };
  /** @type {import("../types.js").LinkShape} */
  const link = {
    kind: "link", id, a, b, x: way.x1, y: way.y1, x2: way.x2, y2: way.y2, cut: forth && back, across: pair.across,
    wallAt: pair.across ? way.wall : 0.5, gap: (pair.across ? 34 : 13) * layout.unit,
    width: (grabbed ? 4 : 2) * (grabbed ? 1 : crowd), colour: colourOf(ui.colours, grabbed ? "ink" : "line"),
    alpha: forth && back ? 0.75 * crowd : grabbed ? 1 : 0.4 + 0.6 * crowd,
  };
  if (pair.across && fade < 1) link.alpha *= 0.4 + 0.6 * fade;
  const angle = Math.atan2(way.y2 - way.y1, way.x2 - way.x1);
  const size = 28 * Math.max(0.7, layout.unit);
  /** @type {Shape[]} */
  const shapes = [link];
  if (forth && back && !pair.across) shapes.push({ kind: "mark", name: "cut", ...mid, size, angle });
  if (forth !== back) shapes.push({ kind: "mark", name: "oneway", ...mid, size, angle: forth ? angle : angle + Math.PI });
  if (pair.tuned && !(forth && back)) {
    const part = forth || back ? 0.36 : 0.5;
    shapes.push({ kind: "mark", name: "tuned", x: mix(way.x1, way.x2, part), y: mix(way.y1, way.y2, part), size, angle: 0 });
  }
  return shapes;
}
