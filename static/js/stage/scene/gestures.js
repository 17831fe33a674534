// The visitor's gestures as shapes: what the pointer highlights, drags or draws; and the hand that shows a newcomer how to cut.

import { colourOf } from "../../lib/colour.js";
import { mix } from "../../lib/geometry.js";
import { plainValue } from "../../lib/palette.js";
import { t } from "../../words/index.js";
import { sideAt, sidesAfterDrop } from "../layout.js";
import { crossed } from "../net.js";
import { canyonShape } from "./links.js";
import { cellShapes } from "./nodes.js";

/** @typedef {import("../scene.js").Given} Given */
/** @typedef {import("../types.js").Layout} Layout */
/** @typedef {import("../types.js").Point} Point */
/** @typedef {import("../types.js").Shape} Shape */

/** The words of the log entry under the pointer. @param {Given} given @returns {Shape[]} */
export function hoverShapes(given) {
  const { lane, layout, ui, laneIndex } = given;
  if (ui.hover?.kind !== "cell" || ui.hover.lane !== laneIndex) return [];
  const [node, index] = String(ui.hover.id).split("#");
  const place = layout.places.get(node);
  const state = lane.nodes[node];
  if (!place || !state) return [];
  const cell = cellShapes(node, state, place[0], place[1], given).find((each) => each.index === Number(index));
  if (!cell) return [];
  return [{
    kind: "text", x: cell.x, y: cell.y + 25 * Math.max(0.8, layout.unit), text: t("stage.cell", { index: cell.index, label: plainValue(cell.label) }), size: layout.letters,
    colour: colourOf(ui.colours, "ink"), weight: 600, ground: colourOf(ui.colours, "panel"),
  }];
}

/** Shapes under the nodes: where a dragged node would land, and the canyon that would open. @param {Given} given @returns {Shape[]} */
export function dragShapes({ layout, ui, laneIndex }) {
  const gesture = ui.gesture;
  if (gesture?.kind !== "drag" || (gesture.lane ?? laneIndex) !== laneIndex || !gesture.node) return [];
  const point = gesture.points[gesture.points.length - 1];
  const after = point ? sidesAfterDrop(layout, gesture.node, point) : null;
  if (!after) return [];
  const colour = (/** @type {string} */ name) => colourOf(ui.colours, name);
  const target = layout.islands[sideAt(layout, point)];
  if (target) return [{ kind: "island", x: 0, y: 0, points: target.hull, pad: target.pad, fill: "none", stroke: colour("ink"), alpha: 0.55 }];
  const angle = Math.atan2(point[1], point[0]);
  const reach = Math.max(70, Math.hypot(point[0], point[1]) - 78 * layout.unit);
  const foot = /** @type {Point} */ ([Math.cos(angle) * reach, Math.sin(angle) * reach]);
  const half = 150 * layout.unit;
  const side = /** @type {Point} */ ([-Math.sin(angle) * half, Math.cos(angle) * half]);
  return [canyonShape([[foot[0] - side[0], foot[1] - side[1]], [foot[0] + side[0], foot[1] + side[1]]], colour, 0.9, layout)];
}

/** @param {Given} given @returns {Shape[]} */
export function gestureShapes({ ui, net, laneIndex }) {
  const gesture = ui.gesture;
  if (!gesture || (gesture.lane ?? laneIndex) !== laneIndex || gesture.points.length < 2) return [];
  const colour = (/** @type {string} */ name) => colourOf(ui.colours, name);
  if (gesture.kind === "lasso") return [{ kind: "loop", x: 0, y: 0, points: gesture.points, colour: colour("ink"), fill: colour("ink") }];
  if (gesture.kind !== "rope" && gesture.kind !== "heal") return [];
  const heal = gesture.kind === "heal";
  /** @type {Shape[]} */
  const shapes = [{ kind: "rope", x: 0, y: 0, points: gesture.points, colour: colour(heal ? "ok" : "ink"), width: 5 }];
  for (const { pair, x, y, forth } of crossed(net, gesture.points)) {
    if (heal ? !pair.forth && !pair.back : gesture.oneWay ? (forth ? pair.forth : pair.back) : pair.forth && pair.back) continue;
    const angle = Math.atan2(pair.way.y2 - pair.way.y1, pair.way.x2 - pair.way.x1);
    if (heal) shapes.push({ kind: "dot", x, y, radius: 6, colour: colour("ok") });
    else if (gesture.oneWay) shapes.push({ kind: "mark", name: "oneway", x, y, size: 24, angle: forth ? angle : angle + Math.PI });
    else shapes.push({ kind: "dot", x, y, radius: 6, colour: colour("wall") });
  }
  return shapes;
}

/** The hand that draws a cut once for a newcomer, between the first half of the nodes and the rest. @param {Given} given @returns {Shape[]} */
export function ghostShapes({ ui, layout, laneIndex }) {
  if (!ui.ghost || laneIndex !== 0 || layout.islands.length > 0) return [];
  const path = ghostPath(layout);
  const colour = colourOf(ui.colours, "ink");
  const shown = path.slice(0, Math.max(2, Math.round(path.length * (ui.reducedMotion ? 1 : ui.ghost.progress))));
  const tip = shown[shown.length - 1];
  return [
    { kind: "rope", x: 0, y: 0, points: shown, colour, width: 4, dotted: true },
    { kind: "pointer", x: tip[0], y: tip[1], size: 34, colour, ground: colourOf(ui.colours, "bg") },
  ];
}

/** @param {Layout} layout @returns {Point[]} */
export function ghostPath(layout) {
  const ids = [...layout.places.keys()];
  const half = Math.max(1, Math.floor(ids.length / 2));
  const place = (/** @type {number} */ i) => layout.places.get(ids[Math.min(i, ids.length - 1)]) ?? /** @type {Point} */ ([0, 0]);
  const [firstX, firstY] = place(0);
  const [nextX, nextY] = place(half);
  const [lastX] = place(half - 1);
  const [opposite] = place(ids.length - 1);
  const from = /** @type {Point} */ ([mix(firstX, nextX, 0.5) - 20, Math.min(firstY, nextY) - layout.radius - 8]);
  const to = /** @type {Point} */ ([mix(lastX, opposite, 0.5), layout.height / 2 - 56]);
  const bend = /** @type {Point} */ ([mix(from[0], to[0], 0.55) + 10, mix(from[1], to[1], 0.4)]);
  return Array.from({ length: 41 }, (_, i) => {
    const t = i / 40;
    const along = (/** @type {0 | 1} */ k) => (1 - t) ** 2 * from[k] + 2 * t * (1 - t) * bend[k] + t * t * to[k];
    return /** @type {Point} */ ([along(0), along(1)]);
  });
}
