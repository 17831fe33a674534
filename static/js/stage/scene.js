// The scene: everything on a lane's stage at one instant, as plain shapes in stage units. A pure function of the world, of what the
// visitor is doing, and of the layout. draw.js paints these shapes and hit.js finds them, so a visitor can grab what is visible. It shows
// only what is in the world: no decoration. Things that stand still (islands, links, walls) have a list of their own, so that they need
// not be painted again for every picture. Each kind of thing has its own file in scene/.

import { clientShapes } from "./scene/clients.js";
import { dragShapes, gestureShapes, ghostShapes, hoverShapes } from "./scene/gestures.js";
import { still } from "./scene/links.js";
import { addMessages, countShapes, endShapes } from "./scene/messages.js";
import { nodeShape } from "./scene/nodes.js";
import { hasLogs, tableShape } from "./scene/table.js";

/** @typedef {import("./types.js").Shape} Shape */
/** @typedef {{index: number, label: string}} Struck */

/** `palette`: the colours of values. `word`: the paper's word for an epoch. `person`: nodes are drawn as people. `wishes`: writes without an
 * answer yet, by client. `struck`: log entries that were overwritten a moment ago, by node. `object`: what clients' reads and writes mean in this lane. `fade`: how visible islands and canyon are (0..1). `cutSince`: for "src>dst", since when that direction is cut (simulated us).
 * `wall`: the world's wall clock in seconds, by which effects age.
 * @typedef {{lane: import("./types.js").Lane, laneIndex: number, object: string, ui: import("./types.js").Ui, layout: import("./types.js").Layout, net: import("./net.js").Net, renderAt: number, wall: number, playing: boolean,
 *   fade: number, cutSince: ReadonlyMap<string, number>, answers: ReadonlyMap<string, import("./types.js").Operation>,
 *   wishes?: ReadonlyMap<string, import("./types.js").Operation>, struck?: ReadonlyMap<string, readonly Struck[]>, palette: import("../lib/palette.js").Palette,
 *   word?: string, person?: boolean,
 *   clients: readonly (readonly [string, string])[]}} Given */

/** Everything, in the order of painting. @param {Given} given @returns {Shape[]} */
export function scene(given) {
  return [...still(given), ...moving(given)];
}

/** @param {Given} given @returns {Shape[]} */
export function moving(given) {
  const { ui } = given;
  const god = ui.view !== "clients";
  if (showsTable(given)) return [tableShape(given)];
  /** @type {Shape[]} */
  const shapes = dragShapes(given);
  addMessages(given, shapes); // a message passes behind other nodes
  for (const [id, place] of given.layout.places) shapes.push(nodeShape(id, place, given));
  shapes.push(...clientShapes(given), ...endShapes(given));
  if (god) shapes.push(...countShapes(given));
  shapes.push(...hoverShapes(given), ...gestureShapes(given), ...ghostShapes(given));
  return shapes;
}

/** True while the lane shows its logs as a table in the place of its network. @param {Pick<Given, "lane" | "ui">} given */
export function showsTable({ lane, ui }) {
  return Boolean(ui.logs) && ui.view !== "clients" && hasLogs(lane);
}
