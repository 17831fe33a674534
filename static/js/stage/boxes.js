// The boxes of everything on a stage that has letters, from its shapes: nobody can read two texts in one place, and a test asks that no two
// boxes share any area.

import { figureOf } from "./layout.js";

/** @typedef {import("./types.js").Shape} Shape */
/** `of` names the thing that has the text. @typedef {{of: string, text: string, left: number, right: number, top: number, bottom: number}} Box */
/** The width of a text of this height and weight. @typedef {(text: string, size: number, weight: number) => number} Measure */

/** @param {readonly Shape[]} shapes @param {Measure} measure @returns {Box[]} */
export function boxesOf(shapes, measure) {
  return shapes.flatMap((shape) => {
    switch (shape.kind) {
      case "node":
        return nodeBoxes(shape, measure);
      case "client":
        return clientBoxes(shape, measure);
      case "table":
        return tableBoxes(shape, measure);
      case "text":
        return [box(`text`, shape.text, shape.x, shape.y, shape.size, measure(shape.text, shape.size, shape.weight))];
      default:
        return [];
    }
  });
}

/** @param {string} of @param {string} text @param {number} x @param {number} y of the base line @param {number} size @param {number} wide @returns {Box} */
function box(of, text, x, y, size, wide) {
  return { of, text, left: x - wide / 2, right: x + wide / 2, top: y - size * 0.78, bottom: y + size * 0.22 };
}

/** @param {import("./types.js").NodeShape} shape @param {Measure} measure @returns {Box[]} */
function nodeBoxes({ id, name, x, y, radius, unit, ring, crownAt, label, labels, cells }, measure) {
  const of = `node ${id}`;
  const face = { of, text: `${name} ${label}`.trim(), left: x - radius, right: x + radius, top: y - radius, bottom: y + radius };
  const crown = ring === "leads" ? [{ of, text: "crown", left: x + crownAt - 14 * unit, right: x + crownAt + 14 * unit, top: y - radius - 31 * unit, bottom: y - radius - 11 * unit }] : [];
  const beside = labels.map(({ text, x: dx, y: dy, size, weight, dot }) => {
    const each = box(of, text, x + dx, y + dy, size, measure(text, size, weight));
    return dot ? { ...each, left: each.left - size * 0.8 } : each;
  });
  const row = cells.map(({ text, index, x: cx, y: cy, width, height }) => ({
    of, text: text || `entry ${index}`, left: cx - width / 2, right: cx + width / 2, top: cy - height / 2, bottom: cy + height / 2,
  }));
  return [face, ...crown, ...beside, ...row];
}

/** @param {import("./types.js").ClientShape} shape @param {Measure} measure @returns {Box[]} */
function clientBoxes({ id, x, y, unit, said, letters, answer }, measure) {
  const size = figureOf(unit);
  const of = `client ${id}`;
  const figure = { of, text: id, left: x - size * 0.5, right: x + size * (answer ? 1.4 : 0.5), top: y - size * 0.55, bottom: y + size * 0.5 };
  return said ? [figure, box(of, said, x + size * 0.45, y + size * 0.6 + letters * 0.86, letters, measure(said, letters, 600))] : [figure];
}

/** @param {import("./types.js").TableShape} shape @param {Measure} measure @returns {Box[]} */
function tableBoxes({ rows, heads, size }, measure) {
  const across = heads.map(({ text, x, y }) => box("index", text, x, y, size * 0.86, measure(text, size * 0.86, 600)));
  return [...across, ...rows.flatMap(({ id, name, about, crown, x, y, cells }) => {
    const text = `${name} ${about}`;
    const wide = measure(text, size, 700) + (crown ? size * 1.3 : 0);
    const row = cells.map((cell) => ({ of: `entry ${cell.index} of ${id}`, text: cell.text, left: cell.x - cell.width / 2, right: cell.x + cell.width / 2, top: y - cell.height / 2, bottom: y + cell.height / 2 }));
    return [{ of: `row ${id}`, text, left: x, right: x + wide, top: y - size / 2, bottom: y + size / 2 }, ...row];
  })];
}

/** Pairs of boxes of different texts that share more than `least` in both directions. @param {readonly Box[]} boxes @param {number} [least]
 * @returns {[Box, Box][]} */
export function collisions(boxes, least = 1) {
  /** @type {[Box, Box][]} */
  const found = [];
  for (const [i, a] of boxes.entries()) {
    for (const b of boxes.slice(i + 1)) {
      const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (x > least && y > least) found.push([a, b]);
    }
  }
  return found;
}
