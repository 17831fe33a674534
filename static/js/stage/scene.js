// The scene: everything that is on a lane's stage at one instant, as plain shapes in stage units. A pure function of the world, of
// what the visitor is doing, and of the layout; draw.js paints these shapes and hit.js finds them, so what is seen is what can be grabbed.
// Nothing is here that is not in the world: no decoration. What stands still (islands, links, walls) is listed apart from what moves,
// so that it need not be painted again for every picture.

import { colourOf, epochColour, valueColour } from "../lib/colour.js";
import { mix } from "../lib/geometry.js";
import { englishStage as words } from "../lib/words/english-stage.js";
import { sideAt, sidesAfterDrop } from "./layout.js";
import { crossed } from "./net.js";

/** @typedef {import("./types.js").Layout} Layout */
/** @typedef {import("./types.js").Lane} Lane */
/** @typedef {import("./types.js").Ui} Ui */
/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./types.js").Shape} Shape */
/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./types.js").NodeState} NodeState */
/** @typedef {import("./types.js").Operation} Operation */
/** @typedef {import("./types.js").Colours} Colours */
/** @typedef {import("./net.js").Net} Net */
/** @typedef {import("./net.js").Way} Way */

/** `object`: what clients' reads and writes mean in this lane. `fade`: how far islands and canyon have come (0..1). `cutSince`: for "src>dst", since when that direction is cut (simulated us).
 * `wall`: the world's wall clock in seconds, by which effects age.
 * @typedef {{lane: Lane, laneIndex: number, object: string, ui: Ui, layout: Layout, net: Net, renderAt: number, wall: number, playing: boolean,
 *   fade: number, cutSince: ReadonlyMap<string, number>, answers: ReadonlyMap<string, Operation>,
 *   clients: readonly (readonly [string, string])[]}} Given */

const LEADERS = ["leader", "primary"];
const CANDIDATES = ["candidate", "pre-candidate", "looking", "prospective leader", "proposer", "preparing"];
const LETTERS = 6; // that stand in a node beside one another and can be read
const UNSETTLED = ["view change", "recovering", "in doubt"]; // neither leads nor follows: it waits for others to tell it how things stand
const BURST = 0.5; // wall seconds
const VANISH = 0.7; // wall seconds
const EFFECTS_MAX = 300;
const SLICES_MAX = 8; // more siblings than that cannot be told apart, and are counted in words
const CANYON_HALF = 14; // how far the canyon's zigzag reaches to either side
const CLIENT_TYPES = ["Request", "Reply"];

/** Everything, in the order of painting. @param {Given} given @returns {Shape[]} */
export function scene(given) {
  return [...still(given), ...moving(given)];
}

// --- what stands still ------------------------------------------------------------------------------

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
    if (way) shapes.push({ kind: "tether", x: way.x1, y: way.y1, x2: way.x2, y2: way.y2, width: 1.5 * layout.unit, colour: colour("line") });
  }
  return shapes;
}

/** @param {[Point, Point]} canyon @param {(name: string) => string} colour @param {number} fade @param {Layout} layout @returns {Shape} */
function canyonShape([a, b], colour, fade, layout) {
  const full = Math.hypot(b[0] - a[0], b[1] - a[1]);
  const length = full - (b[1] >= layout.height / 2 - 1 && b[0] === a[0] ? 26 : 0); // room for the count of the lost
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

/** @param {import("./net.js").Pair} pair @param {Given} given @returns {Shape[]} */
function linkShapes(pair, { layout, ui, fade, laneIndex }) {
  const { a, b, way, forth, back } = pair;
  const id = `${a}-${b}`;
  const crowd = Math.max(0.45, Math.min(1, 9 / layout.places.size));
  const grabbed = (ui.hover?.kind === "link" && ui.hover.id === id && ui.hover.lane === laneIndex) ||
    (ui.selection?.kind === "link" && ui.selection.ids.includes(id));
  const mid = { x: mix(way.x1, way.x2, pair.across ? way.wall : 0.5), y: mix(way.y1, way.y2, pair.across ? way.wall : 0.5) };
  /** @type {Shape} */
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

// --- what moves -------------------------------------------------------------------------------------

/** @param {Given} given @returns {Shape[]} */
export function moving(given) {
  const { ui } = given;
  const god = ui.view !== "clients";
  /** @type {Shape[]} */
  const shapes = dragShapes(given);
  addMessages(given, shapes); // a message passes behind the nodes that are not its own
  for (const [id, place] of given.layout.places) shapes.push(nodeShape(id, place, given));
  shapes.push(...clientShapes(given), ...endShapes(given));
  if (god) shapes.push(...countShapes(given));
  shapes.push(...hoverShapes(given), ...gestureShapes(given), ...ghostShapes(given));
  return shapes;
}

/** The colour a node is filled with: one epoch, one colour; without epochs one for each value of the watched key. A set is one value,
 * however many elements it has.
 * @param {NodeState} state @param {string} key @param {Colours} colours @param {string} [object] @returns {string[]} */
export function fillsOf(state, key, colours, object) {
  if (state.epoch !== null && state.epoch !== undefined) return [colourOf(colours, epochColour(state.epoch))];
  const held = state.store?.[key] ?? [];
  const values = object === "set" && held.length > 0 ? [[...held].sort().join()] : held;
  return values.length === 0 ? [colourOf(colours, "neutral")] : values.slice(0, SLICES_MAX).map((value) => colourOf(colours, valueColour(value)));
}

/** What stands in a node under its name: "x=7", two siblings "7|9", more of them "3 values", nothing "x=–"; a long one without its key, "porridge"; of a set how many elements it
 * has, "3 in x". @param {NodeState} state @param {string} key @param {string} [object] */
export function valueText(state, key, object) {
  if (!state.store) return "";
  const values = state.store[key] ?? [];
  if (object === "set") return words.elements(values.length, key);
  if (object === "counter" && values.length === 0) return `${key}=0`;
  if (values.length <= 1) {
    const value = values[0] ?? "–";
    return key.length + 1 + value.length <= LETTERS ? `${key}=${value}` : value; // what is watched stands at the foot of the page, too
  }
  return values.length === 2 ? values.join("|") : words.siblings(values.length); // the key would not fit beside them
}

/** The timer that a node's arc shows: its election timer, else the one with the longest way to run; null when nothing runs.
 * @param {NodeState} state @returns {[string, number, number] | null} */
export function shownTimer(state) {
  const timers = state.timers ?? [];
  if (timers.length === 0) return null;
  return timers.find(([name]) => name === "election") ?? timers.reduce((most, next) => (next[2] - next[1] > most[2] - most[1] ? next : most));
}

/** What is computed of a node once and stays until its state, its place or the look of things changes. States are never changed, only
 * replaced, so the last shape of each is kept beside it.
 * @typedef {{id: string, x: number, y: number, layout: Layout, colours: Colours, key: string, shape: Shape}} Face */
/** @type {WeakMap<NodeState, Face>} */
const FACES = new WeakMap();

/** @param {string} id @param {Point} place @param {Given} given @returns {Shape} */
function nodeShape(id, [x, y], { lane, layout, ui, renderAt, laneIndex, object }) {
  const { hover, selection } = ui;
  const focused = (hover?.kind === "node" && hover.id === id && hover.lane === laneIndex) ||
    (selection?.kind === "node" || selection?.kind === "lasso" ? selection.ids.includes(id) : false);
  const state = lane.nodes[id];
  if (!state || ui.view === "clients") return faintShape(id, x, y, layout, ui.colours, focused);
  let face = FACES.get(state);
  if (!face || face.x !== x || face.y !== y || face.id !== id || face.layout !== layout || face.colours !== ui.colours || face.key !== ui.watchedKey) {
    face = { id, x, y, layout, colours: ui.colours, key: ui.watchedKey, shape: faceShape(id, x, y, state, layout, ui, object) };
    FACES.set(state, face);
  }
  const { shape } = face;
  return { ...shape, focused, arc: shape.times ? arcOf(state, renderAt) : null };
}

/** A node of which nothing is known. @param {string} id @param {number} x @param {number} y @param {Layout} layout @param {Colours} colours
 * @returns {Shape} */
function blankShape(id, x, y, { radius, unit }, colours) {
  return {
    kind: "node", id, x, y, radius, unit, fills: [colourOf(colours, "neutral")], label: "", status: "up", ring: "", lie: false, cells: [], arc: null,
    focused: false, faint: false, more: false, times: false, ink: colourOf(colours, "ink"), ground: colourOf(colours, "bg"), dim: colourOf(colours, "dim"),
  };
}

/** @param {string} id @param {number} x @param {number} y @param {Layout} layout @param {Colours} colours @param {boolean} focused @returns {Shape} */
function faintShape(id, x, y, layout, colours, focused) {
  const shape = { ...blankShape(id, x, y, layout, colours), focused, faint: true };
  return { ...shape, looks: looksOf(shape) };
}

/** All of a node but its timer and the pointer's attention. @param {string} id @param {number} x @param {number} y @param {NodeState} state
 * @param {Layout} layout @param {Ui} ui @param {string} object @returns {Shape} */
function faceShape(id, x, y, state, layout, { watchedKey, colours }, object) {
  const up = state.status === "up" || state.status === "paused";
  const role = state.role ?? "";
  const leads = LEADERS.includes(role);
  const shape = {
    ...blankShape(id, x, y, layout, colours),
    fills: up || state.status === "halted" ? fillsOf(state, watchedKey, colours, object) : [colourOf(colours, "line")],
    label: state.status === "crashed" ? "" : valueText(state, watchedKey, object),
    status: state.status,
    ring: !up ? "" : leads ? "leader" : CANDIDATES.includes(role) ? "candidate" : UNSETTLED.includes(role) ? "unsettled" : "",
    lie: Boolean(state.lie),
    cells: cellShapes(state, x, y, layout, colours),
    more: (state.log_start ?? 1) > 1 || (state.log?.length ?? 0) > cellCount(layout),
    times: up && !leads,
  };
  return { ...shape, looks: looksOf(shape) };
}

/** The names of a node's sprites: two parts with one name look the same. @param {Shape} shape */
function looksOf({ id, radius, fills, label, status, ring, faint, cells, more }) {
  const body = `body|${radius}|${fills.join()}|${status}|${ring}|${faint}`;
  const face = `${radius}|${fills[0]}|${status}|${faint}`;
  const row = cells.map((/** @type {any} */ { tint, committed }) => `${tint}${committed}`).join();
  return {
    body,
    focused: `${body}|focused`,
    name: `name|${id}|${label !== ""}|${face}`,
    value: status === "up" && label !== "" ? `value|${label}|${face}` : "",
    lie: `lie|${radius}`,
    log: cells.length > 0 ? `log|${radius}|${more}|${row}` : "",
  };
}

/** @param {NodeState} state @param {number} renderAt */
function arcOf(state, renderAt) {
  const timer = shownTimer(state);
  if (!timer || timer[2] <= timer[1]) return null;
  return { part: Math.max(0, Math.min(1, (timer[2] - renderAt) / (timer[2] - timer[1]))), main: timer[0] === "election" };
}

/** @param {Layout} layout */
function cellCount(layout) {
  const count = layout.places.size;
  return count <= 7 ? 6 : count <= 11 ? 5 : 4;
}

/** The last entries of a node's log, in a row under it. @param {NodeState} state @param {number} x @param {number} y @param {Layout} layout
 * @param {Colours} colours */
function cellShapes(state, x, y, layout, colours) {
  const log = state.log ?? [];
  const shown = log.slice(-cellCount(layout));
  const first = (state.log_start ?? 1) + log.length - shown.length;
  const step = 23 * layout.unit;
  return shown.map(([epoch, label], i) => ({
    index: first + i,
    label,
    x: x + (i - (shown.length - 1) / 2) * step,
    y: y + layout.radius + 24 * layout.unit,
    size: 24 * layout.unit,
    committed: first + i <= (state.commit ?? 0),
    tint: epoch === null || epoch === undefined ? colourOf(colours, "neutral") : colourOf(colours, epochColour(epoch)),
  }));
}

/** The newest answer that each client has got. @param {Iterable<Operation>} operations @returns {Map<string, Operation>} */
export function lastAnswers(operations) {
  /** @type {Map<string, Operation>} */
  const last = new Map();
  for (const operation of operations) {
    if (operation.outcome === "pending") continue;
    const before = last.get(operation.client);
    if (!before || ended(operation) >= ended(before)) last.set(operation.client, operation);
  }
  return last;
}

/** @param {Operation} operation */
function ended(operation) {
  return operation.finish ?? operation.start;
}

/** The mark beside a client: what came of its last operation, as it looks now. @param {Operation} operation */
export function answerMark({ outcome, mark }) {
  if (mark) return mark;
  return outcome === "ok" || outcome === "failed" ? outcome : "unknown";
}

/** What a client knows of its last operation: what it read, what it wrote, or what it asked in vain. @param {Operation} operation
 * @param {string} [object] */
export function saidText({ kind, key, value, outcome, result = [] }, object) {
  if (kind === "write" && object === "decision" && outcome === "ok" && result.length > 0) return `${key}=${result[0]}`; // it was told what is decided
  if (kind === "write") return object === "counter" ? `${key}+1` : object === "set" ? `${key}+${value}` : `${key}←${value}`;
  if (kind === "remove") return object === "counter" ? `${key}−1` : `${key}−${value}`;
  if (outcome === "ok" && object === "set") return words.elements(result.length, key);
  return outcome === "ok" ? `${key}=${result.length > 0 ? result.join("|") : "–"}` : `${key}?`;
}

/** @param {Given} given @returns {Shape[]} */
function clientShapes({ layout, answers, clients, ui, laneIndex, object }) {
  const { unit } = layout;
  const size = 27 * Math.max(0.72, unit);
  /** @type {Shape[]} */
  const shapes = [];
  for (const [client, node] of clients) {
    const seat = layout.clients.get(client);
    if (!seat) continue;
    const answer = answers.get(client);
    const focused = ui.hover?.kind === "client" && ui.hover.id === client && ui.hover.lane === laneIndex;
    const mark = answer ? answerMark(answer) : "";
    const said = answer && ui.view === "clients" ? saidText(answer, object) : "";
    const look = `client|${client === "you"}|${size}|${mark}|${focused}|${said}`;
    shapes.push({ kind: "client", id: client, node, x: seat[0], y: seat[1], size, focused, answer: mark, unit, said, look });
  }
  return shapes;
}

// --- messages ---------------------------------------------------------------------------------------

/** Where a message is on its way (0..1), and whether it waits at the wall. It flies evenly from when it was sent to when it is due; on a
 * cut link it gets as far as the wall and waits there, unless it had passed the wall when the cut came.
 * @param {Message} message @param {Way} way @param {number} at @param {number} since when the link was cut @param {number} unit */
export function position(message, way, at, since, unit) {
  const span = Math.max(1, message.due - message.at);
  const part = Math.max(0, Math.min(1, (at - message.at) / span));
  if (!way.cut) return { part, waits: false };
  const wall = Math.max(0, way.wall - ((CANYON_HALF + 8) * unit) / way.length);
  const passed = (since - message.at) / span > wall;
  return part > wall && !passed ? { part: wall, waits: true } : { part, waits: false };
}

/** @param {Message} message @param {Net} net @param {string} view */
function wayOf(message, net, view) {
  if (view === "clients" && !CLIENT_TYPES.includes(message.type)) return undefined;
  return net.ways.get(message.src)?.get(message.dst);
}

/** The colours of messages by epoch, looked up once a picture. @param {Ui} ui @returns {(message: Message) => string} */
function tints(ui) {
  const neutral = colourOf(ui.colours, "neutral");
  /** @type {Map<number, string>} */
  const known = new Map();
  return ({ epoch }) => {
    if (ui.view === "clients" || epoch === null || epoch === undefined) return neutral;
    let tint = known.get(epoch);
    if (tint === undefined) known.set(epoch, (tint = colourOf(ui.colours, epochColour(epoch))));
    return tint;
  };
}

/** The names of messages' sprites, each text made once a picture: there are thousands of messages and a dozen looks.
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
function addMessages(given, shapes) {
  const { lane, net, ui, layout, renderAt, cutSince, playing, laneIndex } = given;
  const size = 24 * Math.max(0.62, layout.unit);
  const hovered = ui.hover?.kind === "message" && ui.hover.lane === laneIndex ? String(ui.hover.id) : null;
  const tintOf = tints(ui);
  const lookOf = looksOfMessages(size);
  for (const message of lane.flying.values()) {
    const way = wayOf(message, net, ui.view);
    if (!way || message.at > renderAt) continue;
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

/** What became of messages that did not arrive: a burst at the cut, a small cross where they were lost. @param {Given} given @returns {Shape[]} */
function endShapes(given) {
  const { lane, net, ui, layout, cutSince, wall } = given;
  const size = 27 * Math.max(0.62, layout.unit);
  const tintOf = tints(ui);
  /** @type {Shape[]} */
  const shapes = [];
  for (let i = lane.ended.length - 1; i >= 0 && shapes.length < EFFECTS_MAX; i--) { // the newest, of however many have been delivered
    const message = lane.ended[i];
    if (message.how === "delivered") continue;
    const way = wayOf(message, net, ui.view);
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

/** How many messages the cut has killed, under the canyon. @param {Given} given @returns {Shape[]} */
function countShapes({ lane, layout, ui }) {
  const dropped = lane.dropped?.cut ?? 0;
  if (dropped === 0) return [];
  const x = layout.canyons.length === 1 ? (layout.canyons[0][0][0] + layout.canyons[0][1][0]) / 2 : 0;
  return [{ kind: "text", x, y: layout.height / 2 - 12, text: words.lostAtCut(dropped), size: 24, colour: colourOf(ui.colours, "wall"), weight: 500, ground: colourOf(ui.colours, "panel") }];
}

// --- what the visitor is doing ------------------------------------------------------------------------

/** A log entry's words, when it is pointed at. @param {Given} given @returns {Shape[]} */
function hoverShapes({ lane, layout, ui, laneIndex }) {
  if (ui.hover?.kind !== "cell" || ui.hover.lane !== laneIndex) return [];
  const [node, index] = String(ui.hover.id).split("#");
  const place = layout.places.get(node);
  const state = lane.nodes[node];
  if (!place || !state) return [];
  const cell = cellShapes(state, place[0], place[1], layout, ui.colours).find((each) => each.index === Number(index));
  if (!cell) return [];
  return [{
    kind: "text", x: cell.x, y: cell.y + 25 * Math.max(0.8, layout.unit), text: `${cell.index}: ${cell.label}`, size: 18,
    colour: colourOf(ui.colours, "ink"), weight: 600, ground: colourOf(ui.colours, "panel"),
  }];
}

/** Under the nodes: where a dragged node would land, and the canyon that would open. @param {Given} given @returns {Shape[]} */
function dragShapes({ layout, ui }) {
  const gesture = ui.gesture;
  if (gesture?.kind !== "drag" || !gesture.node) return [];
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
function gestureShapes({ ui, net }) {
  const gesture = ui.gesture;
  if (!gesture || gesture.points.length < 2) return [];
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

/** The hand that draws the cut once for a newcomer: between the first half of the nodes and the rest. @param {Given} given @returns {Shape[]} */
function ghostShapes({ ui, layout, laneIndex }) {
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
