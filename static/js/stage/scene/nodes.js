// A node as a shape: its colour, its value, its ring and crown with the number of its epoch, its timer, the last entries of its log, and
// the plate below it with what does not fit into it.

import { colourOf } from "../../lib/colour.js";
import { lookOf, plainValue } from "../../lib/palette.js";
import { widthOf, wrapped } from "../../lib/text.js";
import { t } from "../../words/index.js";
import { elements, entryOf, heldValues, homesOf, newestEpoch } from "./values.js";

/** @typedef {import("../scene.js").Given} Given */
/** @typedef {import("../types.js").Layout} Layout */
/** @typedef {import("../types.js").Ui} Ui */
/** @typedef {import("../types.js").Point} Point */
/** @typedef {import("../types.js").NodeShape} NodeShape */
/** @typedef {import("../types.js").NodeState} NodeState */
/** @typedef {import("../types.js").Cell} Cell */
/** @typedef {import("../types.js").Label} Label */
/** @typedef {import("../types.js").Looks} Looks */
/** @typedef {import("../types.js").Colours} Colours */
/** @typedef {import("../../lib/palette.js").Palette} Palette */
/** A line of a plate; `value` gives it a dot in that value's colour. @typedef {{text: string, value?: string, faint?: boolean}} Line */

const LETTERS = 6; // letters that fit into a node and can be read
const SLICES_MAX = 8; // with more siblings nobody can distinguish the slices, so they are counted in words
const LINES_MAX = 4; // lines of a plate
export const PLATE = 8; // the width of a plate, as a multiple of the height of its letters

/** The fills of a node: one for each value of the watched key that it holds. @param {NodeState} state @param {string} key @param {Colours} colours
 * @param {Palette} palette @param {string} [object] @returns {{colours: string[], stripes: number[]}} */
export function fillsOf(state, key, colours, palette, object) {
  const values = heldValues(state, key, object).slice(0, SLICES_MAX);
  const looks = (values.length === 0 ? [""] : values).map((value) => lookOf(palette, value) ?? { hue: "neutral", stripes: 0 });
  return { colours: looks.map(({ hue }) => colourOf(colours, hue)), stripes: looks.map(({ stripes }) => stripes) };
}

/** The text in a node under its name: "x=7"; siblings "7|9"; nothing if the node holds nothing or if the text would not fit.
 * @param {NodeState} state @param {string} key @param {string} [object] */
export function valueText(state, key, object) {
  const values = heldValues(state, key, object);
  if (object === "set" || !state.store) return "";
  if (object === "counter" && values.length === 0) return `${key}=0`;
  if (values.length > 1) return values.join("|").length <= LETTERS ? values.join("|") : "";
  const [value] = values;
  if (value === undefined || value.length >= LETTERS) return "";
  return key.length + 1 + value.length <= LETTERS ? `${key}=${value}` : value; // the foot of the page names the watched key, too
}

/** The lines under a node: its value when that does not fit into it, what it keeps for others, and how far behind it is.
 * @param {NodeState} state @param {string} key @param {string} object @param {boolean} away the node is not a home of this key
 * @param {number} size of the letters @param {number} [behind] acknowledged writes after the one that it holds @returns {Line[]} */
export function plateLines(state, key, object, away, size, behind = 0) {
  const own = state.headline?.[key] ?? state.headline?.[""];
  /** @type {Line[]} */
  const lines = [...nameLines(state), ...(own ? broken(own, size, 2, {}) : [])];
  lines.push(...(away ? broken(t("stage.notHome", { key }), size, 2, { faint: true }) : valueLines(state, key, object, size)));
  for (const [home, kept, values] of state.hints ?? []) {
    if (kept === key) lines.push(...broken(t("stage.keepsFor", { key, value: values.map(plainValue).join("|"), node: home }), size, 2, { value: plainValue(values[0] ?? "") }));
  }
  if (behind > 0) lines.splice(LINES_MAX - 1, Infinity, { text: t("stage.behind", { n: behind }) });
  return lines.slice(0, LINES_MAX);
}

/** What people call a node, where that does not fit into it. @param {NodeState | undefined} state @returns {Line[]} */
function nameLines(state) {
  return state?.called && state.called.length > LETTERS ? [{ text: state.called }] : [];
}

/** How many acknowledged writes of the key came after the one that the node holds. @param {Pick<import("../types.js").Lane, "meters">} lane
 * @param {string} key @param {string} id */
export function behindOf({ meters }, key, id) {
  return meters?.behind?.[key]?.[id] ?? 0;
}

/** The name in a node. @param {string} id @param {NodeState | undefined} state */
function nameIn(id, state) {
  return state?.called && state.called.length <= LETTERS ? state.called : id;
}

/** @param {NodeState} state @param {string} key @param {string} object @param {number} size @returns {Line[]} */
function valueLines(state, key, object, size) {
  const held = state.store?.[key] ?? [];
  if (object === "set") {
    const all = elements(held);
    if (held.length === 0) return state.store ? [{ text: t("stage.empty"), faint: true }] : [];
    const listed = wrapped(all.join(", "), size, size * PLATE, LINES_MAX + 1);
    return listed.length < LINES_MAX ? listed.map((text) => ({ text })) : [{ text: t("stage.elements", { n: all.length }) }];
  }
  const values = heldValues(state, key, object);
  if (values.length === 0 || valueText(state, key, object) !== "") return [];
  if (values.every((value) => value.length < 4)) {
    const listed = wrapped(values.join(" | "), size, size * PLATE, LINES_MAX);
    return listed.length < LINES_MAX ? listed.map((text) => ({ text })) : [{ text: t("stage.siblings", { n: values.length }) }];
  }
  const lines = values.flatMap((value) => broken(value.replaceAll(/,\s*/g, ", "), size, LINES_MAX, values.length > 1 ? { value } : {}));
  return lines.length <= LINES_MAX ? lines : [{ text: t("stage.siblings", { n: values.length }) }];
}

/** @param {string} text @param {number} size @param {number} most @param {Omit<Line, "text">} first what only the first line has
 * @returns {Line[]} */
function broken(text, size, most, first) {
  return wrapped(text, size, size * PLATE, most).map((line, i) => (i === 0 ? { text: line, ...first } : { text: line, faint: first.faint }));
}

/** The number of a node's epoch, in the paper's word: "term 4". A node without a ring shows it only while it is not in the newest epoch.
 * @param {NodeState} state @param {string} word @param {number} newest */
export function epochText({ epoch, ring, status }, word, newest) {
  if (!word || epoch === null || epoch === undefined || epoch === 0 || (status !== "up" && status !== "paused" && status !== "halted")) return "";
  return ring || epoch !== newest ? t("stage.epoch", { word, n: epoch }) : "";
}

/** The timer that a node's arc shows: the one that its protocol names, else the longest one; null if no timer runs.
 * @param {NodeState} state @returns {[string, number, number] | null} */
export function shownTimer(state) {
  const timers = state.timers ?? [];
  if (timers.length === 0) return null;
  return timers.find(([name]) => name === state.ring_timer) ?? timers.reduce((most, next) => (next[2] - next[1] > most[2] - most[1] ? next : most));
}

/** The cached shape of a node. It is computed again when its state, its place or what else decides its look changes. A state never
 * changes, it is replaced, so each state has its last shape in this cache.
 * @typedef {{id: string, x: number, y: number, about: unknown[], shape: NodeShape}} Face */
/** @type {WeakMap<NodeState, Face>} */
const FACES = new WeakMap();

/** @param {string} id @param {Point} place @param {Given} given @returns {NodeShape} */
export function nodeShape(id, [x, y], given) {
  const { lane, layout, ui, renderAt, laneIndex, palette } = given;
  const { hover, selection } = ui;
  const focused = (hover?.kind === "node" && hover.id === id && hover.lane === laneIndex) ||
    (selection?.kind === "node" || selection?.kind === "lasso" ? selection.ids.includes(id) : false);
  const state = lane.nodes[id];
  if (!state || ui.view === "clients") return faintShape(id, x, y, given, focused);
  const newest = newestEpoch(lane.nodes);
  const homes = homesOf(lane.nodes, ui.watchedKey);
  const away = homes !== null && !homes.includes(id);
  const struck = given.struck?.get(id);
  const behind = behindOf(lane, ui.watchedKey, id);
  let face = FACES.get(state);
  const about = [layout, ui.colours, ui.watchedKey, palette, newest, away, struck, behind];
  if (!face || face.x !== x || face.y !== y || face.id !== id || about.some((each, i) => each !== face?.about[i])) {
    face = { id, x, y, about, shape: faceShape(id, x, y, state, given, newest, away, behind) };
    FACES.set(state, face);
  }
  const { shape } = face;
  return { ...shape, focused, arc: shape.times ? arcOf(state, renderAt) : null };
}

/** A node without a known state. @param {string} id @param {number} x @param {number} y @param {Given} given @returns {Omit<NodeShape, "looks">} */
function blankShape(id, x, y, { layout: { radius, unit }, ui: { colours }, person }) {
  return {
    kind: "node", id, name: id, x, y, radius, unit, fills: [colourOf(colours, "neutral")], stripes: [0], label: "", status: "up", ring: "", lie: false, person: Boolean(person),
    idle: false, cells: [], labels: [], crownAt: 0, old: false, arc: null, focused: false, faint: false, more: false, times: false,
    ink: colourOf(colours, "ink"), ground: colourOf(colours, "bg"), dim: colourOf(colours, "dim"),
  };
}

/** @param {string} id @param {number} x @param {number} y @param {Given} given @param {boolean} focused @returns {NodeShape} */
function faintShape(id, x, y, given, focused) {
  const state = given.lane.nodes[id];
  const shape = { ...blankShape(id, x, y, given), name: nameIn(id, state), labels: plateOf(nameLines(state), false, given), focused, faint: true };
  return { ...shape, looks: looksOf(shape) };
}

/** The shape of a node without its timer and its highlight. @param {string} id @param {number} x @param {number} y @param {NodeState} state
 * @param {Given} given @param {number} newest @param {boolean} away @param {number} behind @returns {NodeShape} */
function faceShape(id, x, y, state, given, newest, away, behind) {
  const { layout, object, palette, ui: { watchedKey, colours } } = given;
  const up = state.status === "up" || state.status === "paused";
  const fills = fillsOf(state, watchedKey, colours, palette, object);
  const idle = away && heldValues(state, watchedKey, object).length === 0;
  const head = headOf(state, given, newest);
  const cells = cellShapes(id, state, x, y, given);
  const shape = {
    ...blankShape(id, x, y, given),
    name: nameIn(id, state),
    fills: up || state.status === "halted" ? fills.colours : [colourOf(colours, "line")],
    stripes: fills.stripes,
    idle: idle && state.status === "up",
    label: state.status === "crashed" ? "" : valueText(state, watchedKey, object),
    status: state.status,
    ring: (up && state.ring) || "",
    old: (state.epoch ?? newest) < newest,
    lie: Boolean(state.lie),
    cells,
    crownAt: head.crownAt,
    labels: [...head.labels, ...plateOf(up || state.status === "halted" ? plateLines(state, watchedKey, object, idle, layout.letters, behind) : nameLines(state), cells.length > 0, given)],
    more: (state.log_start ?? 1) > 1 || (state.log?.length ?? 0) > cells.length,
    times: up && state.ring !== "leads",
  };
  return { ...shape, looks: looksOf(shape) };
}

/** What stands over a node: its crown, if it leads, and the number of its epoch, side by side. @param {NodeState} state @param {Given} given
 * @param {number} newest @returns {{labels: Label[], crownAt: number}} */
function headOf(state, { layout, word, ui: { colours } }, newest) {
  const text = epochText(state, word ?? "", newest);
  if (!text) return { labels: [], crownAt: 0 };
  const { radius, unit, letters: size } = layout;
  const wide = widthOf(text, size);
  const crown = state.ring === "leads" ? 34 * unit : 0;
  const colour = colourOf(colours, (state.epoch ?? 0) < newest ? "dim" : "ink");
  const label = { text, x: crown / 2, y: -radius - 13 * unit, size, wide, weight: 700, colour, dot: "" };
  return { labels: [label], crownAt: crown ? -wide / 2 - 2 * unit : 0 };
}

/** The top of a node's plate, below its middle. @param {Layout} layout @param {boolean} log */
export function plateTop({ radius, unit, letters }, log) {
  return radius + 12 * unit + (log ? logHeight({ unit, letters }) + 5 * unit : 0);
}

/** @param {Pick<Layout, "unit" | "letters">} layout */
export function logHeight({ unit, letters }) {
  return Math.max(16 * unit, letters * 1.12);
}

/** @param {readonly Line[]} lines @param {boolean} log @param {Given} given @returns {Label[]} */
function plateOf(lines, log, { layout, palette, ui: { colours } }) {
  const size = layout.letters;
  return lines.map(({ text, value, faint }, i) => {
    const look = value === undefined ? null : lookOf(palette, value);
    return {
      text, x: look ? size * 0.4 : 0, y: plateTop(layout, log) + size * (0.92 + 1.16 * i), size, wide: widthOf(text, size), weight: 600,
      colour: colourOf(colours, faint ? "dim" : "ink"), dot: look ? colourOf(colours, look.hue) : "",
    };
  });
}

/** The names of a node's sprites: parts with the same name look the same. @param {Omit<NodeShape, "looks">} shape @returns {Looks} */
function looksOf({ name, radius, fills, stripes, label, status, ring, faint, cells, more, labels, person, idle, crownAt, old }) {
  const kind = `${radius}|${person}|${idle}`;
  const body = `body|${kind}|${fills.join()}|${stripes.join()}|${status}|${ring}|${faint}|${Math.round(crownAt)}|${old}`;
  const face = `${kind}|${fills[0]}|${status}|${faint}`;
  const row = cells.map(({ tint, committed, text, struck, stripes: each }) => `${tint}${committed}${text}${struck}${each}`).join();
  return {
    body,
    focused: `${body}|focused`,
    name: `name|${name}|${label !== ""}|${face}`,
    value: status === "up" && label !== "" ? `value|${label}|${face}` : "",
    lie: `lie|${radius}`,
    log: cells.length > 0 ? `log|${radius}|${more}|${row}` : "",
    labels: labels.length > 0 ? `labels|${labels.map(({ text, x, y, size, colour, dot }) => `${text}${Math.round(x)}${Math.round(y)}${size}${colour}${dot}`).join()}` : "",
  };
}

/** @param {NodeState} state @param {number} renderAt */
function arcOf(state, renderAt) {
  const timer = shownTimer(state);
  if (!timer || timer[2] <= timer[1]) return null;
  return { part: Math.max(0, Math.min(1, (timer[2] - renderAt) / (timer[2] - timer[1]))), main: timer[0] === state.ring_timer };
}

/** The room for a row of log cells, in letters. @param {Layout} layout */
function logRoom({ places, letters, unit }) {
  return Math.min(letters * (places.size <= 7 ? 8 : 6), 176 * Math.max(unit, 0.6));
}

/** The last entries of a node's log, as a row of cells under it. An entry with a value of the watched key shows it; one that is not
 * committed always does. After them stand the entries that were struck out a moment ago.
 * @param {string} id @param {NodeState} state @param {number} x @param {number} y @param {Given} given @returns {Cell[]} */
export function cellShapes(id, state, x, y, given) {
  const { layout, palette, ui: { colours, watchedKey } } = given;
  const { letters, unit } = layout;
  const height = logHeight(layout);
  const log = state.log ?? [];
  const first = state.log_start ?? 1;
  const commit = state.commit ?? 0;
  const entries = [
    ...log.map(([, label], i) => ({ index: first + i, label, committed: first + i <= commit, struck: false })),
    ...(given.struck?.get(id) ?? []).map(({ index, label }) => ({ index, label, committed: false, struck: true })),
  ];
  /** @type {Omit<Cell, "x" | "y">[]} */
  const cells = [];
  let room = logRoom(layout);
  for (const entry of entries.toReversed()) {
    const { key, value } = entryOf(entry.label);
    const shows = value !== "" && value.length <= 4 && (!entry.committed || key === watchedKey || key === "");
    const text = !shows ? "" : entry.committed || entry.struck ? value : `${value}?`;
    const width = text ? Math.max(height, widthOf(text, letters * 0.86) + 7 * unit) : 11 * unit;
    if (room - width < 0 || cells.length >= 8) break;
    room -= width + 3 * unit;
    const look = value ? lookOf(palette, value) : null;
    cells.unshift({ ...entry, text, width, height, size: letters * 0.86, tint: colourOf(colours, look?.hue ?? "neutral"), stripes: look?.stripes ?? 0 });
  }
  const whole = cells.reduce((sum, { width }) => sum + width + 3 * unit, -3 * unit);
  let left = x - whole / 2;
  return cells.map((cell) => {
    const at = left + cell.width / 2;
    left += cell.width + 3 * unit;
    return { ...cell, x: at, y: y + layout.radius + 12 * unit + height / 2 };
  });
}
