// The meaning of pointer events, as a small table of states. Pressing comes between idle and every drag, and every state handles cancel
// (Escape, a lost pointer, a second finger). A pure reducer, `(state, input, about) -> [state, actions]`: it touches no canvas and
// sends no command; index.js feeds it pointer events and carries out the actions.

import { clamp, distance, inside, thinned } from "../lib/geometry.js";
import { t } from "../words/index.js";
import { sidesAfterDrop } from "./layout.js";
import { crossed } from "./net.js";

/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./types.js").Camera} Camera */
/** @typedef {import("./types.js").Target} Target */
/** @typedef {import("./types.js").Layout} Layout */
/** @typedef {import("./types.js").Gesture} Gesture */
/** @typedef {import("./net.js").Net} Net */

/** `point` is in stage units, `px` in CSS pixels of the canvas. `oneWay`: Shift is held. `alone`: Alt is held, so the cut falls on this lane only. `touch`: a finger, not a mouse or pen.
 * @typedef {{type: "down" | "move" | "up" | "cancel" | "hold" | "context" | "wheel" | "double" | "leave", pointer?: number, point?: Point, px?: Point,
 *   button?: number, oneWay?: boolean, alone?: boolean, touch?: boolean, delta?: number}} Input */

/** What the reducer may read. `scale` is CSS pixels for each stage unit at zoom 1; `middle` the middle of the canvas in CSS pixels.
 * @typedef {{tool: string, view: string, camera: Camera, scale: number, middle: Point, layout: Layout, net: Net,
 *   find: (point: Point, slop: number) => Target | null}} About */

/** @typedef {{name: "idle"}
 *   | {name: "pressing", pointer: number, point: Point, px: Point, target: Target | null, button: number, oneWay: boolean, alone: boolean, touch: boolean}
 *   | {name: "roping", pointer: number, points: Point[], oneWay: boolean, alone: boolean, heal: boolean}
 *   | {name: "lassoing", pointer: number, points: Point[]}
 *   | {name: "dragging", pointer: number, node: string, points: Point[], alone: boolean}
 *   | {name: "panning", pointer: number, px: Point, camera: Camera}
 *   | {name: "pinching", fingers: [{pointer: number, px: Point}, {pointer: number, px: Point}], apart: number, held: Point, zoom: number}
 *   | {name: "held", pointer: number}} State */

/** @typedef {{do: "gesture", gesture: Gesture | null} | {do: "camera", camera: Camera} | {do: "cut", links: [string, string][], alone?: boolean}
 *   | {do: "oneWay", links: [string, string][], alone?: boolean} | {do: "heal", links: [string, string][], alone?: boolean} | {do: "healAll", alone?: boolean}
 *   | {do: "partition", sides: string[][], alone?: boolean} | {do: "card", target: Target, px: Point} | {do: "menu", target: Target | null, px: Point} | {do: "select", kind: "message" | "lasso", ids: string[]} | {do: "unselect"}
 *   | {do: "hover", target: Target | null, px: Point} | {do: "say", text: string} | {do: "arm"}} Action */
/** @typedef {[State, Action[]]} Next */
/** @typedef {(state: any, input: Input, about: About) => Next} Answer */

const PRESS_PX = 6; // a mouse that moves less than this still taps
const PRESS_TOUCH_PX = 11;
const SLOP_PX = 9;
const SLOP_TOUCH_PX = 18;
const ZOOM_MIN = 0.4;
const ZOOM_MAX = 6;
const POINTS_APART = 5; // stage units between two points of a stroke

/** @type {State} */
const IDLE = Object.freeze({ name: "idle" });
/** @type {Camera} */
const FIT = Object.freeze({ x: 0, y: 0, zoom: 1 });
/** @type {Action} */
const NO_GESTURE = Object.freeze({ do: "gesture", gesture: null });

/** The first state of a stage. @returns {State} */
export function atRest() {
  return IDLE;
}

/** @param {State} state @param {Input} input @param {About} about @returns {Next} */
export function reduce(state, input, about) {
  if (input.type === "wheel") return [state, [{ do: "camera", camera: zoomed(about, input.px ?? about.middle, Math.exp(-(input.delta ?? 0) * 0.0015)) }]];
  const answer = TABLE[state.name][input.type];
  return answer ? answer(state, input, about) : [state, []];
}

/** A cancelled drag has no effect. @type {Answer} */
const giveUp = () => [IDLE, [NO_GESTURE]];

/** A second finger turns any one-finger drag into a pinch. @type {Answer} */
function secondFinger(state, input, about) {
  if (!input.touch || input.pointer === state.pointer) return [state, []];
  const first = state.px ?? toPx(state.points[state.points.length - 1], about);
  return pinch({ pointer: state.pointer, px: first }, { pointer: input.pointer ?? 0, px: input.px ?? first }, about);
}

// --- idle -------------------------------------------------------------------------------------------

/** @type {Answer} */
function press(_state, input, about) {
  const point = input.point ?? [0, 0];
  const px = input.px ?? [0, 0];
  const target = about.find(point, slop(input, about));
  const next = /** @type {State} */ ({
    name: "pressing", pointer: input.pointer ?? 0, point, px, target, button: input.button ?? 0, oneWay: Boolean(input.oneWay), alone: Boolean(input.alone), touch: Boolean(input.touch),
  });
  return [next, [{ do: "arm" }]];
}

/** @type {Answer} */
function point(state, input, about) {
  if (input.touch) return [state, []];
  return [state, [{ do: "hover", target: about.find(input.point ?? [0, 0], slop(input, about)), px: input.px ?? [0, 0] }]];
}

/** @type {Answer} */
const unpoint = (state) => [state, [{ do: "hover", target: null, px: [0, 0] }]];

/** A double click on empty ground shows everything again. @type {Answer} */
function fit(state, input, about) {
  return about.find(input.point ?? [0, 0], slop(input, about)) ? [state, []] : [state, [{ do: "camera", camera: FIT }]];
}

/** The right button, or the key for it, opens the menu of what lies there: a node, a link, a message, or the ground. @type {Answer} */
function context(_state, input, about) {
  const target = about.find(input.point ?? [0, 0], slop(input, about));
  return [IDLE, [NO_GESTURE, { do: "menu", target: menuTarget(target), px: input.px ?? [0, 0] }]];
}

// --- pressing ---------------------------------------------------------------------------------------

/** A press that moves becomes a drag, which depends on the tool and the place. @type {Answer} */
function pull(state, input, about) {
  const px = input.px ?? state.px;
  if (input.pointer !== state.pointer || distance(px, state.px) < (state.touch ? PRESS_TOUCH_PX : PRESS_PX)) return [state, []];
  if (state.button === 2) return [state, []];
  const points = [state.point, input.point ?? state.point];
  const { pointer } = state;
  if (state.button === 1) return [{ name: "panning", pointer, px: state.px, camera: about.camera }, []];
  const node = state.target?.kind === "cell" ? String(state.target.id).split("#")[0] : state.target?.id;
  const onNode = state.target?.kind === "node" || state.target?.kind === "cell";
  if (about.tool === "move" && !onNode) return [{ name: "panning", pointer, px: state.px, camera: about.camera }, []];
  if (about.view === "clients") return [{ name: "held", pointer }, [{ do: "say", text: t("stage.hidden") }]];
  if (onNode && (about.tool === "move" || about.tool === "cut")) return begun({ name: "dragging", pointer, node, points, alone: state.alone });
  if (about.tool === "lasso") return begun({ name: "lassoing", pointer, points });
  const oneWay = Boolean(state.oneWay || input.oneWay) && about.tool === "cut";
  const alone = Boolean(state.alone || input.alone);
  const [next, actions] = begun({ name: "roping", pointer, points, oneWay, alone, heal: about.tool === "heal" });
  if (oneWay) actions.push({ do: "say", text: t("stage.oneWay") });
  else if (alone) actions.push({ do: "say", text: t("stage.alone") });
  return [next, actions];
}

/** @param {any} state @returns {Next} */
function begun(state) {
  return [state, [{ do: "hover", target: null, px: [0, 0] }, { do: "gesture", gesture: gestureOf(state) }]];
}

/** @param {any} state @returns {Gesture} */
function gestureOf(state) {
  if (state.name === "dragging") return { kind: "drag", node: state.node, points: state.points, alone: state.alone };
  if (state.name === "lassoing") return { kind: "lasso", points: state.points };
  return { kind: state.heal ? "heal" : "rope", points: state.points, oneWay: state.oneWay, alone: state.alone };
}

/** @type {Answer} */
function tap(state, input, about) {
  if (input.pointer !== state.pointer) return [state, []];
  const { target, px } = state;
  if (state.button !== 0) return [IDLE, []];
  if (!target) return [IDLE, [{ do: "unselect" }]];
  if (target.kind === "message") return [IDLE, [{ do: "select", kind: "message", ids: [target.id] }]];
  if (target.kind === "link" && about.view !== "clients" && about.tool === "heal") return [IDLE, healLink(state, about)];
  return [IDLE, cardOf(target, px)];
}

/** In the Heal tool a tap makes a link whole. With every other tool it opens the link's card: a cut is a drag. @param {any} state @param {About} about @returns {Action[]} */
function healLink({ target, alone }, about) {
  const pair = about.net.pairs.find(({ a, b }) => a === target.a && b === target.b);
  if (!pair) return [];
  const gone = directions(pair.a, pair.b).filter((_, i) => (i === 0 ? pair.forth : pair.back));
  return [gone.length > 0 ? { do: "heal", links: gone, ...only(alone) } : { do: "say", text: t("stage.nothingToHeal") }];
}

/** @param {boolean} alone */
function only(alone) {
  return alone ? { alone } : {};
}

/** A long press opens the menu, as the right button does. On open ground only a finger's: a mouse may wait before it draws. @type {Answer} */
function hold(state) {
  if (!state.target && !state.touch) return [state, []];
  return [{ name: "held", pointer: state.pointer }, [{ do: "menu", target: menuTarget(state.target), px: state.px }]];
}

/** What a menu can be about; a log's cell belongs to its node, and a client to the ground. @param {Target | null} target @returns {Target | null} */
function menuTarget(target) {
  if (target?.kind === "cell") return { ...target, kind: "node", id: String(target.id).split("#")[0] };
  return target?.kind === "node" || target?.kind === "link" || target?.kind === "message" ? target : null;
}

/** @param {Target | null} target @param {Point} px @returns {Action[]} */
function cardOf(target, px) {
  if (target?.kind === "cell") return [{ do: "card", target: { ...target, kind: "node", id: String(target.id).split("#")[0] }, px }];
  return target?.kind === "node" || target?.kind === "link" ? [{ do: "card", target, px }] : [];
}

// --- drags ------------------------------------------------------------------------------------------

/** @type {Answer} */
function drawOn(state, input) {
  if (input.pointer !== state.pointer || !input.point) return [state, []];
  const points = state.name === "dragging" ? [state.points[0], input.point] : thinned([...state.points, input.point], POINTS_APART);
  const next = { ...state, points };
  return [next, [{ do: "gesture", gesture: gestureOf(next) }]];
}

/** @type {Answer} */
function rope(state, input, about) {
  if (input.pointer !== state.pointer) return [state, []];
  const over = crossed(about.net, state.points);
  if (state.heal) {
    const links = over.flatMap(({ pair }) => directions(pair.a, pair.b).filter((_, i) => (i === 0 ? pair.forth : pair.back)));
    return [IDLE, [NO_GESTURE, links.length > 0 ? { do: "heal", links, ...only(state.alone) } : { do: "say", text: t("stage.nothingToHeal") }]];
  }
  if (state.oneWay) {
    const links = over.map(({ pair, forth }) => /** @type {[string, string]} */ (forth ? [pair.a, pair.b] : [pair.b, pair.a]));
    return [IDLE, [NO_GESTURE, links.length > 0 ? { do: "oneWay", links, ...only(state.alone) } : { do: "say", text: t("stage.nothingCrossed") }]];
  }
  const links = over.filter(({ pair }) => !pair.forth || !pair.back).flatMap(({ pair }) => directions(pair.a, pair.b));
  return [IDLE, [NO_GESTURE, links.length > 0 ? { do: "cut", links, ...only(state.alone) } : { do: "say", text: t("stage.nothingCrossed") }]];
}

/** @param {string} a @param {string} b @returns {[string, string][]} */
function directions(a, b) {
  return [[a, b], [b, a]];
}

/** @type {Answer} */
function loop(state, input, about) {
  if (input.pointer !== state.pointer) return [state, []];
  const all = [...about.layout.places];
  const ids = all.filter(([, place]) => inside(place, state.points)).map(([id]) => id);
  if (ids.length === 0) return [IDLE, [NO_GESTURE, { do: "unselect" }, { do: "say", text: t("stage.noneInside") }]];
  if (ids.length === all.length) return [IDLE, [NO_GESTURE, { do: "unselect" }, { do: "say", text: t("stage.allInside") }]];
  return [IDLE, [NO_GESTURE, { do: "select", kind: "lasso", ids }]];
}

/** A node dropped into another region changes sides; if all nodes are on one side again, everything heals. @type {Answer} */
function drop(state, input, about) {
  if (input.pointer !== state.pointer) return [state, []];
  const sides = sidesAfterDrop(about.layout, state.node, input.point ?? state.points[state.points.length - 1]);
  if (!sides) return [IDLE, [NO_GESTURE]];
  return [IDLE, [NO_GESTURE, sides.length === 1 ? { do: "healAll", ...only(state.alone) } : { do: "partition", sides, ...only(state.alone) }]];
}

/** @type {Answer} */
function pan(state, input, about) {
  if (input.pointer !== state.pointer || !input.px) return [state, []];
  const scale = about.scale * state.camera.zoom;
  const x = state.camera.x - (input.px[0] - state.px[0]) / scale;
  const y = state.camera.y - (input.px[1] - state.px[1]) / scale;
  return [state, [{ do: "camera", camera: kept({ x, y, zoom: state.camera.zoom }, about) }]];
}

/** @type {Answer} */
const release = (state, input) => (input.pointer === state.pointer ? [IDLE, [NO_GESTURE]] : [state, []]);

// --- two fingers ------------------------------------------------------------------------------------

/** @param {{pointer: number, px: Point}} a @param {{pointer: number, px: Point}} b @param {About} about @returns {Next} */
function pinch(a, b, about) {
  const middle = midpoint(a.px, b.px);
  const held = toStage(middle, about);
  return [{ name: "pinching", fingers: [a, b], apart: Math.max(20, distance(a.px, b.px)), held, zoom: about.camera.zoom }, [NO_GESTURE]];
}

/** @type {Answer} */
function spread(state, input, about) {
  const fingers = state.fingers.map((/** @type {any} */ finger) => (finger.pointer === input.pointer ? { ...finger, px: input.px } : finger));
  const zoom = clamp(ZOOM_MIN, (state.zoom * distance(fingers[0].px, fingers[1].px)) / state.apart, ZOOM_MAX);
  const middle = midpoint(fingers[0].px, fingers[1].px);
  const scale = about.scale * zoom;
  const x = state.held[0] - (middle[0] - about.middle[0]) / scale;
  const y = state.held[1] - (middle[1] - about.middle[1]) / scale;
  return [{ ...state, fingers }, [{ do: "camera", camera: kept({ x, y, zoom }, about) }]];
}

/** After a pinch the finger that stays does nothing. @type {Answer} */
function liftFinger(state, input) {
  const rest = state.fingers.find((/** @type {any} */ finger) => finger.pointer !== input.pointer);
  return [{ name: "held", pointer: rest.pointer }, []];
}

// --- the camera -------------------------------------------------------------------------------------

/** @param {Point} a @param {Point} b @returns {Point} */
function midpoint(a, b) {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}

/** @param {Point} px @param {Pick<About, "camera" | "scale" | "middle">} about @returns {Point} */
export function toStage(px, { camera, scale, middle }) {
  const k = scale * camera.zoom;
  return [camera.x + (px[0] - middle[0]) / k, camera.y + (px[1] - middle[1]) / k];
}

/** @param {Point} point @param {Pick<About, "camera" | "scale" | "middle">} about @returns {Point} */
export function toPx(point, { camera, scale, middle }) {
  const k = scale * camera.zoom;
  return [middle[0] + (point[0] - camera.x) * k, middle[1] + (point[1] - camera.y) * k];
}

/** The camera after zooming by a factor; the ground under the pointer stays where it is. @param {About} about @param {Point} px @param {number} factor */
export function zoomed(about, px, factor) {
  const fixed = toStage(px, about);
  const zoom = clamp(ZOOM_MIN, about.camera.zoom * factor, ZOOM_MAX);
  const k = about.scale * zoom;
  return kept({ x: fixed[0] - (px[0] - about.middle[0]) / k, y: fixed[1] - (px[1] - about.middle[1]) / k, zoom }, about);
}

/** The camera, limited so that the stage stays in sight. @param {Camera} camera @param {About} about @returns {Camera} */
function kept({ x, y, zoom }, { layout }) {
  return { x: clamp(-layout.width / 2, x, layout.width / 2), y: clamp(-layout.height / 2, y, layout.height / 2), zoom };
}

/** How far a pointer may miss, in stage units. @param {Input} input @param {About} about */
function slop(input, about) {
  return (input.touch ? SLOP_TOUCH_PX : SLOP_PX) / (about.scale * about.camera.zoom);
}

// --- the table: states down, inputs across ---------------------------------------------------------------

/** @type {Record<State["name"], Partial<Record<Input["type"], Answer>>>} */
const TABLE = {
  idle: { down: press, move: point, leave: unpoint, cancel: giveUp, double: fit, context },
  pressing: { down: secondFinger, move: pull, up: tap, hold, cancel: giveUp, context },
  roping: { down: secondFinger, move: drawOn, up: rope, cancel: giveUp },
  lassoing: { down: secondFinger, move: drawOn, up: loop, cancel: giveUp },
  dragging: { down: secondFinger, move: drawOn, up: drop, cancel: giveUp },
  panning: { down: secondFinger, move: pan, up: giveUp, cancel: giveUp },
  pinching: { move: spread, up: liftFinger, cancel: giveUp },
  held: { up: release, cancel: giveUp },
};
