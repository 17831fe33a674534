// A node as a shape: its colour, its value, its ring and crown, its timer, the last entries of its log.

import { colourOf, epochColour, valueColour } from "../../lib/colour.js";
import { t } from "../../words/index.js";
import { elementsWords } from "../../words/sentences.js";

/** @typedef {import("../scene.js").Given} Given */
/** @typedef {import("../types.js").Layout} Layout */
/** @typedef {import("../types.js").Ui} Ui */
/** @typedef {import("../types.js").Point} Point */
/** @typedef {import("../types.js").NodeShape} NodeShape */
/** @typedef {import("../types.js").NodeState} NodeState */
/** @typedef {import("../types.js").Cell} Cell */
/** @typedef {import("../types.js").Looks} Looks */
/** @typedef {import("../types.js").Colours} Colours */

const LETTERS = 6; // letters that fit into a node and can be read
const SLICES_MAX = 8; // with more siblings nobody can distinguish the slices, so they are counted in words

/** The fill colour of a node: one for each epoch; without epochs, one for each value of the watched key. A set is one value, no matter how
 * many elements it has.
 * @param {NodeState} state @param {string} key @param {Colours} colours @param {string} [object] @returns {string[]} */
export function fillsOf(state, key, colours, object) {
  if (state.epoch !== null && state.epoch !== undefined) return [colourOf(colours, epochColour(state.epoch))];
  const held = state.store?.[key] ?? [];
  const values = object === "set" && held.length > 0 ? [[...held].sort().join()] : held;
  return values.length === 0 ? [colourOf(colours, "neutral")] : values.slice(0, SLICES_MAX).map((value) => colourOf(colours, valueColour(value)));
}

/** The text in a node under its name: "x=7"; two siblings "7|9", more of them "3 values"; no value "x=–"; a long value without its key,
 * "porridge"; for a set the number of its elements, "3 in x". @param {NodeState} state @param {string} key @param {string} [object] */
export function valueText(state, key, object) {
  if (!state.store) return "";
  const values = state.store[key] ?? [];
  if (object === "set") return elementsWords(values.length, key);
  if (object === "counter" && values.length === 0) return `${key}=0`;
  if (values.length <= 1) {
    const value = values[0] ?? "–";
    return key.length + 1 + value.length <= LETTERS ? `${key}=${value}` : value; // the foot of the page names the watched key, too
  }
  return values.length === 2 ? values.join("|") : t("stage.siblings", { n: values.length }); // the key would not fit beside them
}

/** The timer that a node's arc shows: the one that its protocol names, else the longest one; null if no timer runs.
 * @param {NodeState} state @returns {[string, number, number] | null} */
export function shownTimer(state) {
  const timers = state.timers ?? [];
  if (timers.length === 0) return null;
  return timers.find(([name]) => name === state.ring_timer) ?? timers.reduce((most, next) => (next[2] - next[1] > most[2] - most[1] ? next : most));
}

/** The cached shape of a node. It is computed again when its state, its place or the colours change. A state never changes, it is
 * replaced, so each state has its last shape in this cache.
 * @typedef {{id: string, x: number, y: number, layout: Layout, colours: Colours, key: string, shape: NodeShape}} Face */
/** @type {WeakMap<NodeState, Face>} */
const FACES = new WeakMap();

/** @param {string} id @param {Point} place @param {Given} given @returns {NodeShape} */
export function nodeShape(id, [x, y], { lane, layout, ui, renderAt, laneIndex, object }) {
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

/** A node without a known state. @param {string} id @param {number} x @param {number} y @param {Layout} layout @param {Colours} colours
 * @returns {Omit<NodeShape, "looks">} */
function blankShape(id, x, y, { radius, unit }, colours) {
  return {
    kind: "node", id, x, y, radius, unit, fills: [colourOf(colours, "neutral")], label: "", status: "up", ring: "", lie: false, cells: [], arc: null,
    focused: false, faint: false, more: false, times: false, ink: colourOf(colours, "ink"), ground: colourOf(colours, "bg"), dim: colourOf(colours, "dim"),
  };
}

/** @param {string} id @param {number} x @param {number} y @param {Layout} layout @param {Colours} colours @param {boolean} focused @returns {NodeShape} */
function faintShape(id, x, y, layout, colours, focused) {
  const shape = { ...blankShape(id, x, y, layout, colours), focused, faint: true };
  return { ...shape, looks: looksOf(shape) };
}

/** The shape of a node without its timer and its highlight. @param {string} id @param {number} x @param {number} y @param {NodeState} state
 * @param {Layout} layout @param {Ui} ui @param {string} object @returns {NodeShape} */
function faceShape(id, x, y, state, layout, { watchedKey, colours }, object) {
  const up = state.status === "up" || state.status === "paused";
  const shape = {
    ...blankShape(id, x, y, layout, colours),
    fills: up || state.status === "halted" ? fillsOf(state, watchedKey, colours, object) : [colourOf(colours, "line")],
    label: state.status === "crashed" ? "" : valueText(state, watchedKey, object),
    status: state.status,
    ring: (up && state.ring) || "",
    lie: Boolean(state.lie),
    cells: cellShapes(state, x, y, layout, colours),
    more: (state.log_start ?? 1) > 1 || (state.log?.length ?? 0) > cellCount(layout),
    times: up && state.ring !== "leads",
  };
  return { ...shape, looks: looksOf(shape) };
}

/** The names of a node's sprites: parts with the same name look the same. @param {Omit<NodeShape, "looks">} shape @returns {Looks} */
function looksOf({ id, radius, fills, label, status, ring, faint, cells, more }) {
  const body = `body|${radius}|${fills.join()}|${status}|${ring}|${faint}`;
  const face = `${radius}|${fills[0]}|${status}|${faint}`;
  const row = cells.map(({ tint, committed }) => `${tint}${committed}`).join();
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
  return { part: Math.max(0, Math.min(1, (timer[2] - renderAt) / (timer[2] - timer[1]))), main: timer[0] === state.ring_timer };
}

/** @param {Layout} layout */
function cellCount(layout) {
  const count = layout.places.size;
  return count <= 7 ? 6 : count <= 11 ? 5 : 4;
}

/** The last entries of a node's log, as a row of cells under it. @param {NodeState} state @param {number} x @param {number} y @param {Layout} layout
 * @param {Colours} colours @returns {Cell[]} */
export function cellShapes(state, x, y, layout, colours) {
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
