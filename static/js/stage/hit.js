// Finds what lies under a point, among the shapes that were painted: a visitor can grab what is visible.

import { distanceToSegment } from "../lib/geometry.js";

/** @typedef {import("./types.js").Shape} Shape */
/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./types.js").Target} Target */

/** The uppermost target under the point, or null. A pointer may miss by `slop` stage units: more for fingers.
 * @param {readonly Shape[]} shapes @param {Point} point @param {number} slop @param {readonly string[]} [kinds]
 * @returns {Target | null} */
export function hit(shapes, point, slop, kinds = ["node", "message", "cell", "client", "link"]) {
  /** @type {Target | null} */
  let best = null;
  let bestRank = Number.POSITIVE_INFINITY;
  for (const shape of shapes) {
    const rank = kinds.indexOf(shape.kind);
    if (shape.kind === "node" && kinds.includes("cell")) {
      const cell = cellAt(shape, point, slop);
      const cellRank = kinds.indexOf("cell");
      if (cell && cellRank < bestRank) [best, bestRank] = [cell, cellRank];
    }
    if (rank < 0) continue;
    const away = distanceTo(shape, point);
    const reach = shape.kind === "node" ? slop * 0.5 : slop;
    if (away > reach) continue;
    const score = rank + away / (reach + 1) / 2;
    if (score < bestRank) [best, bestRank] = [targetOf(shape), score];
  }
  return best;
}

/** @param {Shape} shape @param {Point} point */
function distanceTo(shape, [x, y]) {
  switch (shape.kind) {
    case "node":
      return Math.max(0, Math.hypot(x - shape.x, y - shape.y) - shape.radius);
    case "message":
      return Math.max(0, Math.hypot(x - shape.x, y - shape.y) - shape.size * 0.38);
    case "client":
      return Math.max(0, Math.hypot(x - shape.x - shape.size * 0.3, y - shape.y) - shape.size * 0.8);
    case "link":
      return distanceToSegment([x, y], [shape.x, shape.y], [shape.x2, shape.y2]);
    default:
      return Number.POSITIVE_INFINITY;
  }
}

/** @param {import("./types.js").NodeShape} shape @param {Point} point @param {number} slop @returns {Target | null} */
function cellAt(shape, [x, y], slop) {
  for (const cell of shape.cells) {
    if (Math.abs(x - cell.x) <= cell.width / 2 && Math.abs(y - cell.y) <= cell.height / 2 + slop * 0.4) {
      return { kind: "cell", id: `${shape.id}#${cell.index}`, x: cell.x, y: cell.y, label: cell.label };
    }
  }
  return null;
}

/** @param {Shape} shape @returns {Target} */
function targetOf(shape) {
  if (shape.kind !== "link") return { kind: shape.kind, id: "id" in shape ? String(shape.id) : "", x: shape.x, y: shape.y };
  return { kind: "link", id: shape.id, a: shape.a, b: shape.b, x: (shape.x + shape.x2) / 2, y: (shape.y + shape.y2) / 2 };
}
