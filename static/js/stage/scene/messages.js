// Messages on their way, the ends of those that did not arrive, and the count of those that a cut has stopped.

import { colourOf, epochTint } from "../../lib/colour.js";
import { mix } from "../../lib/geometry.js";
import { rootOf } from "../../stores/lane.js";
import { t } from "../../words/index.js";
import { footBox } from "../layout.js";
import { CANYON_HALF } from "./links.js";
import { newestEpoch } from "./values.js";

/** @typedef {import("../scene.js").Given} Given */
/** @typedef {import("../types.js").Shape} Shape */
/** @typedef {import("../types.js").Message} Message */
/** @typedef {import("../net.js").Net} Net */
/** @typedef {import("../net.js").Way} Way */

const BURST = 0.5; // wall seconds
const VANISH = 0.7; // wall seconds
const EFFECTS_MAX = 300;

/** The place of a message on its way (0..1), and whether it waits at the wall. It moves evenly from its sending to its due time. On a cut
 * link it moves up to the wall and waits there, unless it had passed the wall before the cut.
 * @param {Message} message @param {Way} way @param {number} at @param {number} since when the link was cut @param {number} unit */
export function position(message, way, at, since, unit) {
  const span = Math.max(1, message.due - message.at);
  const part = Math.max(0, Math.min(1, (at - message.at) / span));
  if (!way.cut) return { part, waits: false };
  const wall = Math.max(0, way.wall - ((CANYON_HALF + 8) * unit) / way.length);
  const passed = (since - message.at) / span > wall;
  return part > wall && !passed ? { part: wall, waits: true } : { part, waits: false };
}

/** The way of a message, if it is visible: in the clients' view only clients' own messages are.
 * @param {Message} message @param {Given} given @returns {Way | undefined} */
function wayOf({ src, dst }, { net, ui, layout }) {
  if (ui.view === "clients" && !layout.clients.has(src) && !layout.clients.has(dst)) return undefined;
  return net.ways.get(src)?.get(dst);
}

/** The colours of messages by epoch: one for the newest epoch of the lane, one for all older ones. @param {Given} given
 * @returns {(message: Message) => string} */
function tints({ ui, lane }) {
  const newest = newestEpoch(lane.nodes);
  const [none, now, old] = [null, newest, newest - 1].map((epoch) => colourOf(ui.colours, ui.view === "clients" ? "dim" : epochTint(epoch, newest)));
  return ({ epoch }) => (epoch === null || epoch === undefined ? none : epoch >= newest ? now : old);
}

/** The names of messages' sprites. Each text is made once for each picture: there are thousands of messages and a dozen looks.
 * @param {number} size @returns {(name: string, tint: string) => string} */
function looksOfMessages(size) {
  /** @type {Map<string, Map<string, string>>} */
  const known = new Map();
  return (name, tint) => {
    let named = known.get(name);
    if (!named) known.set(name, (named = new Map()));
    let look = named.get(tint);
    if (look === undefined) named.set(tint, (look = `message|${name}|${tint}|${size}`));
    return look;
  };
}

/** @param {string} tone */
function markOfTone(tone) {
  return tone === "+" ? "yes" : tone === "-" ? "no" : "request";
}

/** @param {Given} given @param {Shape[]} shapes to which they are added */
export function addMessages(given, shapes) {
  const { lane, ui, layout, renderAt, cutSince, playing, laneIndex } = given;
  const size = 24 * Math.max(0.62, layout.unit);
  const hovered = ui.hover?.kind === "message" && ui.hover.lane === laneIndex ? String(ui.hover.id) : null;
  const tintOf = tints(given);
  const lookOf = looksOfMessages(size);
  for (const message of lane.flying.values()) {
    const way = wayOf(message, given);
    if (!way || message.at > renderAt || (ui.only && rootOf(message) !== ui.only.root)) continue;
    const since = way.cut ? (cutSince.get(`${message.src}>${message.dst}`) ?? 0) : 0;
    const { part, waits } = position(message, way, renderAt, since, layout.unit);
    const name = markOfTone(message.tone);
    const tint = tintOf(message);
    shapes.push({
      kind: "message", id: message.id, x: mix(way.x1, way.x2, part), y: mix(way.y1, way.y2, part), name, tint, look: lookOf(name, tint), size, waits,
      focused: hovered !== null && hovered === String(message.id), angle: playing ? null : Math.atan2(way.y2 - way.y1, way.x2 - way.x1),
    });
  }
}

/** The ends of messages that did not arrive: a burst at the cut, a small cross where they were lost. @param {Given} given @returns {Shape[]} */
export function endShapes(given) {
  const { lane, ui, layout, cutSince, wall } = given;
  const size = 27 * Math.max(0.62, layout.unit);
  const tintOf = tints(given);
  /** @type {Shape[]} */
  const shapes = [];
  for (let i = lane.ended.length - 1; i >= 0 && shapes.length < EFFECTS_MAX; i--) { // only the newest, since there may be very many
    const message = lane.ended[i];
    if (message.how === "delivered") continue;
    const way = wayOf(message, given);
    const age = (wall - message.endedWall) / (message.how === "cut" ? BURST : VANISH);
    if (!way || age < 0 || age >= 1) continue;
    const since = cutSince.get(`${message.src}>${message.dst}`) ?? 0;
    const stopped = message.how === "cut" ? { ...way, cut: true } : { ...way, cut: false };
    const { part } = position(message, stopped, message.endedAt, since, layout.unit);
    shapes.push({
      kind: message.how === "cut" ? "burst" : "vanish", id: String(message.id), x: mix(way.x1, way.x2, part), y: mix(way.y1, way.y2, part),
      tint: tintOf(message), size, part: ui.reducedMotion ? 0.3 : age, mark: markOfTone(message.tone),
    });
  }
  return shapes.reverse();
}

/** The count of messages that the cut has stopped, under the canyon. @param {Given} given @returns {Shape[]} */
export function countShapes({ lane, layout, ui }) {
  const dropped = lane.dropped?.cut ?? 0;
  if (dropped === 0) return [];
  const box = footBox(layout);
  return [{
    kind: "text", x: (box.left + box.right) / 2, y: layout.height / 2 - layout.letters * 0.34, text: t("stage.lostAtCut", { n: dropped }), size: layout.letters,
    colour: colourOf(ui.colours, "wall"), weight: 500, ground: colourOf(ui.colours, "panel"),
  }];
}
