// The table of marks. Each has a name, a group of the legend, and a function that paints it; its words are in the catalogue. The stage
// paints with these functions and the legend is made from this table, so the two always agree. A mark is painted round the origin in a
// box of 24 by 24.

import { colourOf } from "../lib/colour.js";

/** @typedef {import("../lib/colour.js").Colours} Colours */
/** @typedef {CanvasRenderingContext2D} Brush */
/** `tint` is the colour of the thing that has the mark (of a value, for example); a mark with a colour of its own ignores it.
 * @typedef {(brush: Brush, colours: Colours, tint: string) => void} Paint */
/** @typedef {{name: string, group: string, tint: string, paint: Paint}} Mark */

const BOX = 24;
const TURN = 2 * Math.PI;

/** @param {Brush} brush @param {number} x @param {number} y @param {number} radius */
function circle(brush, x, y, radius) {
  brush.beginPath();
  brush.arc(x, y, radius, 0, TURN);
}

/** @param {Brush} brush @param {...(readonly [number, number])} points */
function line(brush, ...points) {
  brush.beginPath();
  for (const [i, [x, y]] of points.entries()) i === 0 ? brush.moveTo(x, y) : brush.lineTo(x, y);
}

/** @param {Brush} brush @param {string} colour @param {number} width */
function pen(brush, colour, width) {
  brush.strokeStyle = colour;
  brush.lineWidth = width;
  brush.lineCap = "round";
  brush.lineJoin = "round";
}

/** @param {Brush} brush @param {number} size half the length of its strokes */
function crossing(brush, size) {
  line(brush, [-size, -size], [size, size]);
  brush.stroke();
  line(brush, [size, -size], [-size, size]);
  brush.stroke();
}

/** @type {Paint} */
function disc(brush, _colours, tint) {
  brush.fillStyle = tint;
  circle(brush, 0, 0, 9);
  brush.fill();
}

/** @type {Paint} */
function siblings(brush, colours) {
  for (const [i, name] of ["value-2", "value-3"].entries()) {
    brush.fillStyle = colourOf(colours, name);
    brush.beginPath();
    brush.moveTo(0, 0);
    brush.arc(0, 0, 9, (0.25 + i * 0.5) * TURN, (0.75 + i * 0.5) * TURN);
    brush.fill();
  }
}

/** @type {Paint} */
function crown(brush, colours, tint) {
  brush.fillStyle = tint;
  line(brush, [-11, 7], [-11, -4], [-5, 1.5], [0, -7.5], [5, 1.5], [11, -4], [11, 7]);
  brush.fill();
}

/** @type {Paint} */
function leads(brush, colours, tint) {
  disc(brush, colours, tint);
  pen(brush, colourOf(colours, "ink"), 2);
  circle(brush, 0, 0, 11);
  brush.stroke();
  brush.save();
  brush.translate(0, -13);
  brush.scale(0.5, 0.5);
  crown(brush, colours, colourOf(colours, "ink"));
  brush.restore();
}

/** @type {Paint} */
function stands(brush, colours, tint) {
  disc(brush, colours, tint);
  pen(brush, colourOf(colours, "ink"), 2);
  brush.lineCap = "butt";
  brush.setLineDash([3, 2.76]);
  circle(brush, 0, 0, 11);
  brush.stroke();
  brush.setLineDash([]);
}

/** @type {Paint} */
function waits(brush, colours, tint) {
  disc(brush, colours, tint);
  pen(brush, colourOf(colours, "ink"), 2);
  brush.setLineDash([0.01, 2.88]);
  circle(brush, 0, 0, 11);
  brush.stroke();
  brush.setLineDash([]);
}

/** @type {Paint} */
function timer(brush, colours, tint) {
  disc(brush, colours, tint);
  pen(brush, colourOf(colours, "dim"), 2);
  brush.beginPath();
  brush.arc(0, 0, 11.5, -TURN / 4, TURN * 0.4);
  brush.stroke();
}

/** @type {Paint} */
function crashed(brush, colours) {
  pen(brush, colourOf(colours, "refuse"), 4);
  crossing(brush, 8);
}

/** @type {Paint} */
function paused(brush, colours) {
  pen(brush, colourOf(colours, "ink"), 5);
  line(brush, [-4.5, -7], [-4.5, 7]);
  brush.stroke();
  line(brush, [4.5, -7], [4.5, 7]);
  brush.stroke();
}

/** @type {Paint} */
function halted(brush, colours) {
  pen(brush, colourOf(colours, "refuse"), 2.6);
  line(brush, ...octagon(10.5));
  brush.closePath();
  brush.fillStyle = colourOf(colours, "bg");
  brush.fill();
  brush.stroke();
  exclamation(brush, colourOf(colours, "refuse"));
}

/** @param {number} radius @returns {[number, number][]} */
function octagon(radius) {
  return [0, 1, 2, 3, 4, 5, 6, 7].map((i) => [Math.cos((i + 0.5) * TURN / 8) * radius, Math.sin((i + 0.5) * TURN / 8) * radius]);
}

/** @param {Brush} brush @param {string} colour */
function exclamation(brush, colour) {
  pen(brush, colour, 3);
  line(brush, [0, -5], [0, 1]);
  brush.stroke();
  brush.fillStyle = colour;
  circle(brush, 0, 5, 1.7);
  brush.fill();
}

/** @type {Paint} */
function traitor(brush, colours) {
  brush.fillStyle = colourOf(colours, "refuse");
  brush.beginPath();
  brush.moveTo(-11, -5);
  brush.quadraticCurveTo(0, -9, 11, -5);
  brush.quadraticCurveTo(11, 6, 5, 6);
  brush.quadraticCurveTo(2, 6, 0, 2.5);
  brush.quadraticCurveTo(-2, 6, -5, 6);
  brush.quadraticCurveTo(-11, 6, -11, -5);
  brush.fill();
  brush.fillStyle = colourOf(colours, "bg");
  for (const side of [-1, 1]) {
    brush.beginPath();
    brush.ellipse(side * 5, -1, 2.8, 1.7, side * 0.2, 0, TURN);
    brush.fill();
  }
}

/** @param {Brush} brush */
function cell(brush) {
  brush.beginPath();
  brush.roundRect(-10, -7.5, 20, 15, 3);
}

/** @type {Paint} */
function committed(brush, _colours, tint) {
  brush.fillStyle = tint;
  cell(brush);
  brush.fill();
}

/** @type {Paint} */
function uncommitted(brush, _colours, tint) {
  pen(brush, tint, 2);
  brush.lineCap = "butt";
  brush.setLineDash([4, 3]);
  brush.beginPath();
  brush.roundRect(-9, -6.5, 18, 13, 3);
  brush.stroke();
  brush.setLineDash([]);
}

/** @param {Brush} brush @param {Colours} colours @param {string} tint @param {boolean} plus */
function hollow(brush, colours, tint, plus) {
  brush.fillStyle = colourOf(colours, "bg");
  circle(brush, 0, 0, 8);
  brush.fill();
  pen(brush, tint, 2.8);
  brush.stroke();
  pen(brush, tint, 2.4);
  line(brush, [-3.6, 0], [3.6, 0]);
  brush.stroke();
  if (!plus) return;
  line(brush, [0, -3.6], [0, 3.6]);
  brush.stroke();
}

/** A star of rays that grows and fades; `part` (0..1) is its age. The legend shows it half-way.
 * @param {Brush} brush @param {string} tint @param {number} part */
export function paintBurst(brush, tint, part) {
  const inner = 3 + 8 * part;
  const outer = 8 + 8 * Math.min(1, part * 1.6);
  if (outer <= inner) return;
  pen(brush, tint, 2.6);
  brush.beginPath();
  for (let i = 0; i < 8; i++) {
    const angle = 0.2 + (i * TURN) / 8;
    brush.moveTo(Math.cos(angle) * inner, Math.sin(angle) * inner);
    brush.lineTo(Math.cos(angle) * outer, Math.sin(angle) * outer);
  }
  brush.stroke();
}

/** @type {Paint} */
function cut(brush, colours) {
  pen(brush, colourOf(colours, "wall"), 3);
  for (const x of [-3.5, 3.5]) {
    line(brush, [x, -9], [x, 9]);
    brush.stroke();
  }
}

/** The arrow points to the right, against the bar. @type {Paint} */
function oneway(brush, colours) {
  pen(brush, colourOf(colours, "wall"), 3);
  line(brush, [5, -9], [5, 9]);
  brush.stroke();
  line(brush, [-9, 0], [0, 0]);
  brush.stroke();
  line(brush, [-4.5, -4.5], [0.5, 0], [-4.5, 4.5]);
  brush.stroke();
}

/** @type {Paint} */
function tuned(brush, colours) {
  pen(brush, colourOf(colours, "dim"), 2);
  line(brush, [0, -6], [6, 0], [0, 6], [-6, 0]);
  brush.closePath();
  brush.fillStyle = colourOf(colours, "bg");
  brush.fill();
  brush.stroke();
}

/** @type {Paint} */
function client(brush, colours) {
  pen(brush, colourOf(colours, "dim"), 2.4);
  circle(brush, 0, -6, 5.6);
  brush.stroke();
  brush.beginPath();
  brush.arc(0, 11.5, 9.6, Math.PI, TURN);
  brush.stroke();
}

/** @type {Paint} */
function ok(brush, colours) {
  pen(brush, colourOf(colours, "ok"), 4);
  line(brush, [-8, 1], [-2.5, 7], [8, -6.5]);
  brush.stroke();
}

/** @type {Paint} */
function failed(brush, colours) {
  pen(brush, colourOf(colours, "refuse"), 4);
  crossing(brush, 6.5);
}

/** @type {Paint} */
function unknown(brush, colours) {
  const colour = colourOf(colours, "refuse");
  pen(brush, colour, 2.6);
  line(brush, [-6.5, -9], [6.5, -9]);
  brush.stroke();
  line(brush, [-6.5, 9], [6.5, 9]);
  brush.stroke();
  line(brush, [-5, -9], [-5, -6], [0, 0], [-5, 6], [-5, 9]);
  brush.stroke();
  line(brush, [5, -9], [5, -6], [0, 0], [5, 6], [5, 9]);
  brush.stroke();
  brush.fillStyle = colour;
  line(brush, [-4, 8], [0, 4], [4, 8]);
  brush.fill();
}

/** @type {Paint} */
function stale(brush, colours) {
  pen(brush, colourOf(colours, "stale"), 3);
  circle(brush, 0, 0, 8.2);
  brush.stroke();
  pen(brush, colourOf(colours, "stale"), 2.6);
  line(brush, [0, -4.5], [0, 0], [3.6, 1.6]);
  brush.stroke();
}

/** @type {Paint} */
function conflict(brush, colours) {
  pen(brush, colourOf(colours, "conflict"), 2.8);
  line(brush, [-9, 0], [-2, 0], [7, -7]);
  brush.stroke();
  line(brush, [-2, 0], [7, 7]);
  brush.stroke();
  line(brush, [2, -8], [8, -8], [8, -2]);
  brush.stroke();
  line(brush, [2, 8], [8, 8], [8, 2]);
  brush.stroke();
}

/** @type {Paint} */
function lost(brush, colours) {
  pen(brush, colourOf(colours, "conflict"), 2.8);
  circle(brush, 0, 0, 8);
  brush.stroke();
  line(brush, [-8.5, 8.5], [8.5, -8.5]);
  brush.stroke();
}

/** @type {Paint} */
function violation(brush, colours) {
  pen(brush, colourOf(colours, "refuse"), 2.6);
  line(brush, [0, -10], [10.5, 8.5], [-10.5, 8.5]);
  brush.closePath();
  brush.stroke();
  brush.translate(0, 2);
  brush.scale(0.8, 0.8);
  exclamation(brush, colourOf(colours, "refuse"));
}

/** @param {string} name @param {string} group @param {Paint} paint @param {string} tint the colour that the legend shows it in
 * @returns {Mark} */
function mark(name, group, paint, tint = "value-0") {
  return { name, group, paint, tint };
}

/** All marks, in the order of the legend. */
export const MARKS = Object.freeze([
  mark("value", "nodes", disc),
  mark("siblings", "nodes", siblings),
  mark("leads", "nodes", leads),
  mark("stands", "nodes", stands, "value-1"),
  mark("waits", "nodes", waits, "value-1"),
  mark("timer", "nodes", timer),
  mark("crashed", "nodes", crashed),
  mark("paused", "nodes", paused),
  mark("halted", "nodes", halted),
  mark("traitor", "nodes", traitor),
  mark("committed", "logs", committed),
  mark("uncommitted", "logs", uncommitted),
  mark("request", "messages", (brush, _, tint) => { brush.fillStyle = tint; circle(brush, 0, 0, 9); brush.fill(); }),
  mark("yes", "messages", (brush, colours, tint) => hollow(brush, colours, tint, true)),
  mark("no", "messages", (brush, colours, tint) => hollow(brush, colours, tint, false)),
  mark("burst", "messages", (brush, _, tint) => paintBurst(brush, tint, 0.3)),
  mark("vanish", "messages", (brush, _, tint) => { pen(brush, tint, 2.4); crossing(brush, 4.5); }, "dim"),
  mark("cut", "links", cut),
  mark("oneway", "links", oneway),
  mark("tuned", "links", tuned),
  mark("client", "clients", client),
  mark("ok", "clients", ok),
  mark("failed", "clients", failed),
  mark("unknown", "clients", unknown),
  mark("stale", "clients", stale),
  mark("conflict", "clients", conflict),
  mark("lost", "clients", lost),
  mark("violation", "clients", violation),
]);

/** @type {ReadonlyMap<string, Paint>} */
const PAINTS = new Map([...MARKS.map(({ name, paint }) => /** @type {[string, Paint]} */ ([name, paint])), ["crown", crown]]);

/** Paints one mark round (x, y), `size` wide and high. `tint` is a CSS colour; the default is the legend's.
 * @param {Brush} brush @param {string} name @param {number} x @param {number} y @param {number} size @param {Colours} colours
 * @param {string} [tint] */
export function paintMark(brush, name, x, y, size, colours, tint) {
  const paint = PAINTS.get(name);
  if (!paint) throw new Error(`no mark is called "${name}"`);
  brush.save();
  brush.translate(x, y);
  brush.scale(size / BOX, size / BOX);
  paint(brush, colours, tint ?? colourOf(colours, MARKS.find((each) => each.name === name)?.tint ?? "ink"));
  brush.restore();
}
