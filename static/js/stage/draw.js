// Paints plain shapes on a canvas. It knows colours, pens and pixels, but no networks: scene.js decides what is where. Things that are
// drawn often and look the same (nodes, messages, marks) are painted once into a small surface of their own, a sprite, and then copied:
// on a machine without a graphics card a copy costs a tenth of a drawing.

import { colourOf, readableOn } from "../lib/colour.js";
import { paintBurst, paintMark } from "./marks.js";

/** @typedef {import("./types.js").Shape} Shape */
/** @typedef {import("./types.js").CanyonShape} CanyonShape */
/** @typedef {import("./types.js").ClientShape} ClientShape */
/** @typedef {import("./types.js").DotShape} DotShape */
/** @typedef {import("./types.js").EndShape} EndShape */
/** @typedef {import("./types.js").IslandShape} IslandShape */
/** @typedef {import("./types.js").LinkShape} LinkShape */
/** @typedef {import("./types.js").LoopShape} LoopShape */
/** @typedef {import("./types.js").MarkShape} MarkShape */
/** @typedef {import("./types.js").MessageShape} MessageShape */
/** @typedef {import("./types.js").NodeShape} NodeShape */
/** @typedef {import("./types.js").PointerShape} PointerShape */
/** @typedef {import("./types.js").RopeShape} RopeShape */
/** @typedef {import("./types.js").TetherShape} TetherShape */
/** @typedef {import("./types.js").TextShape} TextShape */
/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./types.js").Colours} Colours */
/** @typedef {CanvasRenderingContext2D} Brush */
/** `scale` is device pixels for each stage unit, (x, y) the place of the stage's middle on the canvas in device pixels.
 * @typedef {{scale: number, x: number, y: number, font: string, colours: Colours}} View */
/** @typedef {(width: number, height: number) => {surface: CanvasImageSource, brush: Brush}} MakeSurface */
/** Paints the content of a sprite round the origin. A named function, so that no copy makes a new one.
 * @template S @typedef {(brush: Brush, shape: S, view: View) => void} PaintShape */
/** @typedef {{copy: <S>(brush: Brush, view: View, key: string, x: number, y: number, width: number, height: number, paint: PaintShape<S>, shape: S) => void, forget: () => void}} Sprites */

const TURN = 2 * Math.PI;
const SPRITES_MAX = 900;

/** The sprites of one stage. They are copied from whole pixels to whole pixels, so they are not blurred and need no filter. A new scale
 * needs new sprites. @param {MakeSurface} makeSurface @returns {Sprites} */
export function createSprites(makeSurface) {
  /** @type {Map<string, {surface: CanvasImageSource, width: number, height: number}>} */
  const kept = new Map();
  let scale = 0;
  return {
    forget: () => kept.clear(),
    copy(brush, view, key, x, y, width, height, paint, shape) {
      if (view.scale !== scale || kept.size >= SPRITES_MAX) kept.clear();
      scale = view.scale;
      let sprite = kept.get(key);
      if (!sprite) {
        const w = 2 * Math.ceil((width * scale) / 2) + 2; // even, so that sprites round one point have the same middle to the pixel
        const h = 2 * Math.ceil((height * scale) / 2) + 2;
        const made = makeSurface(w, h);
        made.brush.setTransform(scale, 0, 0, scale, w / 2, h / 2);
        paint(made.brush, shape, view);
        sprite = { surface: made.surface, width: w, height: h };
        kept.set(key, sprite);
      }
      brush.drawImage(sprite.surface, Math.round(view.x + x * scale) - sprite.width / 2, Math.round(view.y + y * scale) - sprite.height / 2);
    },
  };
}

// --- what stands still ------------------------------------------------------------------------------

/** @param {Brush} brush @param {readonly Shape[]} shapes @param {View} view */
export function drawStill(brush, shapes, view) {
  brush.setTransform(view.scale, 0, 0, view.scale, view.x, view.y);
  for (const shape of shapes) if (shape.kind === "island") drawIsland(brush, shape);
  drawLinks(brush, shapes);
  for (const shape of shapes) {
    if (shape.kind === "canyon") drawCanyon(brush, shape);
    else if (shape.kind === "mark") drawMark(brush, shape, view);
  }
  brush.setTransform(1, 0, 0, 1, 0, 0);
}

/** A rounded outline at a distance round a convex hull, as one path, so that it can fade. @param {Brush} brush @param {readonly Point[]} points
 * @param {number} pad */
function outline(brush, points, pad) {
  brush.beginPath();
  if (points.length === 1) brush.arc(points[0][0], points[0][1], pad, 0, TURN);
  for (let i = 0; points.length > 1 && i < points.length; i++) {
    const before = points[(i + points.length - 1) % points.length];
    const after = points[(i + 1) % points.length];
    const [x, y] = points[i];
    const came = Math.atan2(y - before[1], x - before[0]) - TURN / 4;
    const goes = Math.atan2(after[1] - y, after[0] - x) - TURN / 4;
    brush.arc(x, y, pad, came, goes);
  }
  brush.closePath();
}

/** @param {Brush} brush @param {IslandShape} shape */
function drawIsland(brush, shape) {
  brush.globalAlpha = shape.alpha;
  outline(brush, shape.points, shape.pad);
  if (shape.fill !== "none") {
    brush.fillStyle = shape.fill;
    brush.fill();
  }
  if (shape.stroke) {
    brush.strokeStyle = shape.stroke;
    brush.lineWidth = 3;
    brush.setLineDash([10, 8]);
    brush.stroke();
    brush.setLineDash([]);
  }
  brush.globalAlpha = 1;
}

/** @param {Brush} brush @param {readonly Point[]} points */
function trace(brush, points) {
  brush.beginPath();
  for (const [i, [x, y]] of points.entries()) i === 0 ? brush.moveTo(x, y) : brush.lineTo(x, y);
}

/** @param {Brush} brush @param {CanyonShape} shape */
function drawCanyon(brush, shape) {
  brush.globalAlpha = shape.alpha;
  brush.lineJoin = "round";
  brush.lineCap = "round";
  trace(brush, shape.points);
  brush.strokeStyle = shape.depth;
  brush.lineWidth = shape.width;
  brush.stroke();
  brush.globalAlpha = shape.alpha * 0.9;
  brush.strokeStyle = shape.colour;
  brush.lineWidth = shape.thread;
  brush.setLineDash([shape.thread * 0.8, shape.thread * 3.4]);
  brush.stroke();
  brush.setLineDash([]);
  brush.globalAlpha = 1;
}

/** Draws all links that look the same as one path: 300 of them cost one stroke. @param {Brush} brush @param {readonly Shape[]} shapes */
function drawLinks(brush, shapes) {
  /** @type {Map<string, (LinkShape | TetherShape)[]>} */
  const looks = new Map();
  for (const shape of shapes) {
    if (shape.kind !== "link" && shape.kind !== "tether") continue;
    const look = `${shape.kind}|${shape.cut}|${shape.width}|${shape.colour}|${shape.alpha}`;
    const same = looks.get(look);
    if (same) same.push(shape);
    else looks.set(look, [shape]);
  }
  for (const same of looks.values()) {
    const [first] = same;
    brush.beginPath();
    for (const link of same) link.kind === "link" && link.cut ? broken(brush, link) : straight(brush, link);
    brush.strokeStyle = first.colour;
    brush.lineWidth = first.width;
    brush.globalAlpha = first.alpha;
    brush.lineCap = first.kind === "tether" ? "round" : "butt";
    brush.setLineDash(first.kind === "tether" ? [0.5, 6] : first.cut ? [3, 7] : []);
    brush.stroke();
  }
  brush.setLineDash([]);
  brush.globalAlpha = 1;
}

/** @param {Brush} brush @param {LinkShape | TetherShape} link */
function straight(brush, link) {
  brush.moveTo(link.x, link.y);
  brush.lineTo(link.x2, link.y2);
}

/** Draws a cut link: two stumps that end before the wall. @param {Brush} brush @param {LinkShape} link */
function broken(brush, link) {
  const length = Math.hypot(link.x2 - link.x, link.y2 - link.y);
  const part = Math.min(0.2, link.gap / Math.max(1, length));
  const point = (/** @type {number} */ t) => /** @type {Point} */ ([link.x + (link.x2 - link.x) * t, link.y + (link.y2 - link.y) * t]);
  brush.moveTo(link.x, link.y);
  brush.lineTo(...point(Math.max(0, link.wallAt - part)));
  brush.moveTo(link.x2, link.y2);
  brush.lineTo(...point(Math.min(1, link.wallAt + part)));
}

/** @param {Brush} brush @param {MarkShape} shape @param {View} view */
function drawMark(brush, shape, view) {
  brush.save();
  brush.translate(shape.x, shape.y);
  brush.rotate(shape.angle);
  paintMark(brush, shape.name, 0, 0, shape.size, view.colours);
  brush.restore();
}

// --- what moves -------------------------------------------------------------------------------------

/** @param {Brush} brush @param {readonly Shape[]} shapes @param {View} view @param {Sprites} sprites */
export function drawMoving(brush, shapes, view, sprites) {
  for (const shape of shapes) {
    if (shape.kind === "message") drawMessage(brush, shape, view, sprites);
    else if (shape.kind === "node") drawNode(brush, shape, view, sprites);
    else drawOther(brush, shape, view, sprites);
  }
  brush.setTransform(1, 0, 0, 1, 0, 0);
}

/** @param {Brush} brush @param {Shape} shape @param {View} view @param {Sprites} sprites */
function drawOther(brush, shape, view, sprites) {
  switch (shape.kind) {
    case "client":
      return drawClient(brush, shape, view, sprites);
    case "table":
      return inUnits(brush, view, () => drawTable(brush, shape, view));
    case "burst":
      return inUnits(brush, view, () => drawBurst(brush, shape));
    case "vanish":
      return inUnits(brush, view, () => drawVanish(brush, shape, view));
    case "text":
      return inUnits(brush, view, () => drawText(brush, shape, view));
    case "rope":
      return inUnits(brush, view, () => drawRope(brush, shape, view));
    case "loop":
      return inUnits(brush, view, () => drawLoop(brush, shape));
    case "dot":
      return inUnits(brush, view, () => drawDot(brush, shape));
    case "pointer":
      return inUnits(brush, view, () => drawPointer(brush, shape));
    case "mark":
      return inUnits(brush, view, () => drawMark(brush, shape, view));
    case "island":
      return inUnits(brush, view, () => drawIsland(brush, shape));
    case "canyon":
      return inUnits(brush, view, () => drawCanyon(brush, shape));
    default:
      throw new Error(`no shape is called "${shape.kind}"`);
  }
}

/** @param {Brush} brush @param {View} view @param {() => void} paint */
function inUnits(brush, view, paint) {
  brush.setTransform(view.scale, 0, 0, view.scale, view.x, view.y);
  paint();
  brush.setTransform(1, 0, 0, 1, 0, 0);
}

/** @param {Brush} brush @param {MessageShape} shape @param {View} view @param {Sprites} sprites */
function drawMessage(brush, shape, view, sprites) {
  if (shape.waits) brush.globalAlpha = 0.5;
  const { size } = shape;
  sprites.copy(brush, view, shape.look, shape.x, shape.y, size * 0.86, size * 0.86, paintMessage, shape);
  if (shape.waits) brush.globalAlpha = 1;
  if (shape.focused) inUnits(brush, view, () => ringRound(brush, shape, view));
  const { angle } = shape;
  if (angle !== null && !shape.waits) inUnits(brush, view, () => arrowAhead(brush, shape, angle));
}

/** @type {PaintShape<MessageShape>} */
function paintMessage(brush, { name, size, tint }, { colours }) {
  paintMark(brush, name, 0, 0, size, colours, tint);
}

/** @param {Brush} brush @param {MessageShape} shape @param {View} view */
function ringRound(brush, shape, view) {
  brush.beginPath();
  brush.arc(shape.x, shape.y, shape.size * 0.62, 0, TURN);
  brush.strokeStyle = colourOf(view.colours, "ink");
  brush.lineWidth = 2.5;
  brush.stroke();
}

/** @param {Brush} brush @param {MessageShape} shape @param {number} angle */
function arrowAhead(brush, shape, angle) {
  const { size } = shape;
  brush.save();
  brush.translate(shape.x, shape.y);
  brush.rotate(angle);
  trace(brush, [[size * 0.52, -size * 0.25], [size * 0.76, 0], [size * 0.52, size * 0.25]]);
  brush.strokeStyle = shape.tint;
  brush.lineWidth = size * 0.11;
  brush.lineCap = "round";
  brush.lineJoin = "round";
  brush.stroke();
  brush.restore();
}

/** Each part of a node is a sprite of its own. When its value or its log changes, only a word or a row is painted again, and nodes
 * with the same look share it. @param {Brush} brush @param {NodeShape} shape @param {View} view @param {Sprites} sprites */
function drawNode(brush, shape, view, sprites) {
  const { looks, x, y, radius, unit } = shape;
  const round = 2 * radius + 100 * unit;
  sprites.copy(brush, view, shape.focused ? looks.focused : looks.body, x, y, 2 * radius + 48 * unit, round, paintBody, shape);
  sprites.copy(brush, view, looks.name, x, y, 2.2 * radius, 2.2 * radius, paintName, shape);
  if (looks.value) sprites.copy(brush, view, looks.value, x, y, 2 * radius, 2.2 * radius, paintValue, shape);
  if (shape.lie) sprites.copy(brush, view, looks.lie, x, y, round, round, paintLie, shape);
  const [cell] = shape.cells;
  if (looks.log) sprites.copy(brush, view, looks.log, x, cell.y, 2 * (x - cell.x) + cell.width + 44 * unit, cell.height + 6 * unit, paintLog, shape);
  if (looks.labels) copyLabels(brush, shape, view, sprites);
  const { arc } = shape;
  if (arc && arc.part > 0) inUnits(brush, view, () => drawArc(brush, shape, arc));
}

/** @param {Brush} brush @param {NodeShape} shape @param {NonNullable<NodeShape["arc"]>} arc */
function drawArc(brush, shape, arc) {
  brush.beginPath();
  brush.arc(shape.x, shape.y, shape.radius + (shape.ring ? 12.5 : 7) * shape.unit, -TURN / 4, -TURN / 4 + TURN * arc.part);
  brush.strokeStyle = shape.dim;
  brush.globalAlpha = shape.status === "paused" ? 0.35 : arc.main ? 0.8 : 0.4;
  brush.lineWidth = (arc.main ? 4 : 2.5) * shape.unit;
  brush.lineCap = "round";
  brush.stroke();
  brush.globalAlpha = 1;
}

/** All texts beside a node, as one sprite round the middle of them. @param {Brush} brush @param {NodeShape} shape @param {View} view
 * @param {Sprites} sprites */
function copyLabels(brush, shape, view, sprites) {
  const low = Math.max(...shape.labels.map(({ y, size }) => Math.max(Math.abs(y - size), Math.abs(y + size * 0.4))));
  const wide = Math.max(...shape.labels.map(({ x, wide: room }) => Math.abs(x) + room / 2 + 14));
  sprites.copy(brush, view, shape.looks.labels, shape.x, shape.y, 2 * wide, 2 * low, paintLabels, shape);
}

/** @type {PaintShape<NodeShape>} */
function paintLabels(brush, { labels, ground }, { font }) {
  brush.textAlign = "center";
  brush.textBaseline = "alphabetic";
  brush.lineJoin = "round";
  for (const { text, x, y, size, weight, colour, dot } of labels) {
    brush.font = `${weight} ${size}px ${font}`;
    brush.lineWidth = size * 0.22;
    brush.strokeStyle = ground;
    brush.strokeText(text, x, y);
    brush.fillStyle = colour;
    brush.fillText(text, x, y);
    if (!dot) continue;
    brush.beginPath();
    brush.arc(x - brush.measureText(text).width / 2 - size * 0.5, y - size * 0.34, size * 0.3, 0, TURN);
    brush.fillStyle = dot;
    brush.fill();
  }
}

/** The disc, or the person, with its ring, its crown, and the mark of a fault. @type {PaintShape<NodeShape>} */
function paintBody(brush, shape, view) {
  const { radius, unit } = shape;
  if (shape.person) paintPerson(brush, shape);
  else paintDisc(brush, shape);
  if (shape.ring) paintRing(brush, shape);
  if (shape.ring === "leads") paintMark(brush, "crown", shape.crownAt, -radius - 21 * unit, 30 * unit, view.colours, shape.old ? shape.dim : shape.ink);
  if (shape.focused) {
    brush.beginPath();
    brush.arc(0, 0, radius + 13 * unit, 0, TURN);
    brush.strokeStyle = shape.ink;
    brush.lineWidth = 2.5;
    brush.setLineDash([4, 5]);
    brush.stroke();
    brush.setLineDash([]);
  }
  if (shape.status !== "up") paintMark(brush, shape.status, 0, radius * 0.38, radius * 0.74, view.colours);
}

/** @type {PaintShape<NodeShape>} */
function paintLie(brush, { radius, unit }, { colours }) {
  paintMark(brush, "traitor", radius * 0.72, -radius * 0.72, 30 * unit, colours);
}

/** The last entries of a node's log, about the middle of their row: solid when committed, dashed before, struck out when overwritten.
 * @type {PaintShape<NodeShape>} */
function paintLog(brush, shape, view) {
  for (const cell of shape.cells) paintCell(brush, cell, cell.x - shape.x, shape, view);
  if (shape.more) paintMore(brush, shape);
}

/** @param {Brush} brush @param {import("./types.js").Cell} cell @param {number} x @param {Pick<NodeShape, "unit" | "ink" | "ground">} look @param {View} view
 * @param {number} [y] */
export function paintCell(brush, { width, height, size, committed, struck, text, tint, stripes }, x, { unit, ink, ground }, view, y = 0) {
  const line = committed ? 0 : 2.4 * unit;
  brush.beginPath();
  brush.roundRect(x - width / 2 + line / 2, y - height / 2 + line / 2, width - line, height - line, 3.5 * unit);
  if (committed) {
    brush.fillStyle = tint;
    brush.fill();
    if (stripes > 0) hatch(brush, width, stripes, ground, x, y);
  } else {
    brush.fillStyle = ground;
    brush.fill();
    brush.strokeStyle = struck ? colourOf(view.colours, "refuse") : tint;
    brush.lineWidth = line;
    brush.setLineDash([5 * unit, 3.5 * unit]);
    brush.stroke();
    brush.setLineDash([]);
  }
  if (text) {
    letters(brush, committed ? readableOn(tint, [colourOf(view.colours, "on-value"), ink, ground]) : ink);
    brush.font = `700 ${size}px ${view.font}`;
    brush.fillText(text, x, y + size * 0.36);
  }
  if (!struck) return;
  brush.beginPath();
  brush.moveTo(x - width / 2 - 2 * unit, y + height * 0.3);
  brush.lineTo(x + width / 2 + 2 * unit, y - height * 0.3);
  brush.strokeStyle = colourOf(view.colours, "refuse");
  brush.lineWidth = 3 * unit;
  brush.stroke();
}

/** Three dots before the first log cell: there are earlier entries. @param {Brush} brush @param {NodeShape} shape */
function paintMore(brush, shape) {
  const [first] = shape.cells;
  brush.fillStyle = shape.dim;
  for (const i of [0, 1]) {
    brush.beginPath();
    brush.arc(first.x - first.width / 2 - shape.x - (5 + i * 6) * shape.unit, 0, 1.7 * shape.unit, 0, TURN);
    brush.fill();
  }
}

/** Stripes over the path that was filled last: this value is not the one that has its hue alone. @param {Brush} brush @param {number} reach
 * @param {number} stripes how often the hue was given out before @param {string} ground @param {number} [x] @param {number} [y] */
function hatch(brush, reach, stripes, ground, x = 0, y = 0) {
  brush.save();
  brush.clip();
  brush.translate(x, y);
  brush.rotate((TURN / 8) * stripes);
  brush.strokeStyle = ground;
  brush.globalAlpha = 0.55;
  brush.lineWidth = reach * 0.09;
  brush.beginPath();
  for (let at = -reach; at <= reach; at += reach * 0.26) {
    brush.moveTo(at, -reach);
    brush.lineTo(at, reach);
  }
  brush.stroke();
  brush.restore();
}

/** @param {Brush} brush @param {NodeShape} shape */
function paintDisc(brush, shape) {
  const { radius, fills } = shape;
  brush.globalAlpha = shape.faint ? 0.45 : shape.status === "paused" ? 0.55 : shape.idle ? 0.4 : 1;
  for (const [i, fill] of fills.entries()) {
    brush.beginPath();
    if (fills.length > 1) brush.moveTo(0, 0);
    const turn = TURN / 4;
    brush.arc(0, 0, radius, turn + (i / fills.length) * TURN, turn + ((i + 1) / fills.length) * TURN);
    brush.fillStyle = fill;
    brush.fill();
    if (shape.stripes[i] > 0) hatch(brush, radius, shape.stripes[i], shape.ground);
  }
  brush.globalAlpha = 1;
  brush.beginPath();
  brush.arc(0, 0, radius, 0, TURN);
  brush.strokeStyle = shape.ground;
  brush.lineWidth = 3 * shape.unit;
  brush.stroke();
}

/** A person: a head over shoulders, on which the name and the value stand. Several values divide it from left to right.
 * @param {Brush} brush @param {NodeShape} shape */
function paintPerson(brush, shape) {
  const { radius: r, fills } = shape;
  const path = () => {
    brush.beginPath();
    brush.moveTo(-r * 0.98, r * 1.02);
    brush.bezierCurveTo(-r * 1.02, r * 0.1, -r * 0.8, -r * 0.22, -r * 0.3, -r * 0.22);
    brush.lineTo(r * 0.3, -r * 0.22);
    brush.bezierCurveTo(r * 0.8, -r * 0.22, r * 1.02, r * 0.1, r * 0.98, r * 1.02);
    brush.closePath();
    brush.moveTo(r * 0.35, -r * 0.62);
    brush.arc(0, -r * 0.62, r * 0.35, 0, TURN);
  };
  brush.globalAlpha = shape.faint ? 0.45 : shape.status === "paused" ? 0.55 : shape.idle ? 0.4 : 1;
  for (const [i, fill] of fills.entries()) {
    brush.save();
    brush.beginPath();
    brush.arc(0, 0, r, 0, TURN); // the shoulders end at the circle, inside the ring
    brush.clip();
    if (fills.length > 1) {
      brush.beginPath();
      brush.rect(-r + (i / fills.length) * 2 * r, -r * 1.1, (2 * r) / fills.length, r * 2.2);
      brush.clip();
    }
    path();
    brush.fillStyle = fill;
    brush.fill();
    if (shape.stripes[i] > 0) hatch(brush, r, shape.stripes[i], shape.ground);
    brush.restore();
  }
  brush.globalAlpha = 1;
}

/** @param {Brush} brush @param {NodeShape} shape */
function paintRing(brush, shape) {
  brush.beginPath();
  brush.arc(0, 0, shape.radius + 6.5 * shape.unit, 0, TURN);
  brush.strokeStyle = shape.old ? shape.dim : shape.ink;
  brush.lineWidth = 4 * shape.unit;
  brush.lineCap = "butt";
  const dash = (TURN * (shape.radius + 6.5 * shape.unit)) / 24;
  if (shape.ring === "stands") brush.setLineDash([dash * 1.1, dash * 0.9]);
  if (shape.ring === "waits") {
    brush.lineCap = "round";
    brush.setLineDash([0.01, dash]); // dots
  }
  brush.stroke();
  brush.setLineDash([]);
}

/** The colour of a node's letters. @param {NodeShape} shape @param {View} view */
function faceColour({ status, dim, idle, faint, ink, ground, fills }, { colours }) {
  if (status === "crashed" || idle) return dim;
  return faint || status === "paused" ? ink : readableOn(fills[0], [colourOf(colours, "on-value"), ink, ground]);
}

/** @param {Brush} brush @param {string} colour */
function letters(brush, colour) {
  brush.textAlign = "center";
  brush.textBaseline = "alphabetic";
  brush.fillStyle = colour;
}

/** The name; in the middle if there is nothing under it. @type {PaintShape<NodeShape>} */
function paintName(brush, shape, view) {
  const { radius } = shape;
  const size = radius * (shape.person ? 0.48 : 0.62);
  const alone = !shape.label && shape.status === "up";
  letters(brush, faceColour(shape, view));
  brush.font = `700 ${alone ? size * 1.1 : size}px ${view.font}`;
  const wide = brush.measureText(shape.name).width;
  const room = radius * (shape.person ? 1.36 : 1.7);
  if (wide > room) brush.font = `700 ${((alone ? size * 1.1 : size) * room) / wide}px ${view.font}`;
  brush.fillText(shape.name, 0, shape.person ? radius * (alone ? 0.46 : 0.24) : alone ? size * 0.4 : -radius * 0.1);
}

/** The watched value, as large as it fits: it is short, and a longer one stands on the plate. @type {PaintShape<NodeShape>} */
function paintValue(brush, shape, view) {
  const { radius, label, person } = shape;
  const size = radius * (person ? 0.5 : 0.67);
  letters(brush, faceColour(shape, view));
  brush.font = `600 ${size}px ${view.font}`;
  const wide = brush.measureText(label).width;
  const room = radius * (person ? 1.36 : 1.76);
  if (wide > room) brush.font = `600 ${(size * room) / wide}px ${view.font}`;
  brush.fillText(label, 0, radius * (person ? 0.72 : wide > room ? 0.45 : 0.52)); // higher up a node is wider
}

/** @param {Brush} brush @param {ClientShape} shape @param {View} view @param {Sprites} sprites */
function drawClient(brush, shape, view, sprites) {
  const { size } = shape;
  const wide = Math.max(size * 3.4, shape.wide + size * 1.2);
  sprites.copy(brush, view, shape.look, shape.x, shape.y, wide, 2 * (size * 0.8 + shape.letters * 1.3), paintClient, shape);
}

/** @type {PaintShape<ClientShape>} */
function paintClient(brush, { size, answer, focused, said, letters: height, bright }, { colours, font }) {
  paintMark(brush, "client", 0, 0, size, colours);
  if (answer) paintMark(brush, answer, size * 0.98, 0, size * 0.82, colours);
  if (focused) {
    brush.beginPath();
    brush.roundRect(-size * 0.7, -size * 0.75, size * 2.3, size * 1.5, size * 0.3);
    brush.strokeStyle = colourOf(colours, "dim");
    brush.lineWidth = 2;
    brush.stroke();
  }
  if (!said) return;
  brush.textAlign = "center";
  brush.textBaseline = "alphabetic";
  brush.lineJoin = "round";
  brush.font = `600 ${height}px ${font}`;
  brush.strokeStyle = colourOf(colours, "bg");
  brush.lineWidth = height * 0.2;
  brush.strokeText(said, size * 0.45, size * 0.6 + height * 0.86);
  brush.fillStyle = colourOf(colours, bright ? "ink" : "dim");
  brush.fillText(said, size * 0.45, size * 0.6 + height * 0.86);
}

/** @param {Brush} brush @param {EndShape} shape */
function drawBurst(brush, shape) {
  brush.save();
  brush.translate(shape.x, shape.y);
  brush.scale(shape.size / 24, shape.size / 24);
  brush.globalAlpha = 1 - shape.part ** 3;
  if (shape.part < 0.18) {
    brush.beginPath();
    brush.arc(0, 0, 9 * (1 - shape.part * 3), 0, TURN);
    brush.fillStyle = shape.tint;
    brush.fill();
  }
  paintBurst(brush, shape.tint, shape.part);
  brush.restore();
}

/** The message fades where it was lost, and a small cross stays a moment longer. @param {Brush} brush @param {EndShape} shape @param {View} view */
function drawVanish(brush, shape, view) {
  brush.globalAlpha = Math.max(0, 0.7 - shape.part * 1.4);
  if (brush.globalAlpha > 0.02) paintMark(brush, shape.mark, shape.x, shape.y, shape.size * 0.9, view.colours, shape.tint);
  brush.globalAlpha = 1 - shape.part ** 2;
  paintMark(brush, "vanish", shape.x, shape.y, shape.size, view.colours);
  brush.globalAlpha = 1;
}

/** @param {Brush} brush @param {TextShape} shape @param {View} view */
function drawText(brush, shape, view) {
  brush.font = `${shape.weight} ${shape.size}px ${view.font}`;
  brush.textAlign = "center";
  brush.textBaseline = "alphabetic";
  brush.lineJoin = "round";
  brush.lineWidth = 6;
  brush.strokeStyle = shape.ground;
  brush.strokeText(shape.text, shape.x, shape.y);
  brush.fillStyle = shape.colour;
  brush.fillText(shape.text, shape.x, shape.y);
}

/** @param {Brush} brush @param {RopeShape} shape @param {View} view */
function drawRope(brush, shape, view) {
  brush.lineCap = "round";
  brush.lineJoin = "round";
  trace(brush, shape.points);
  brush.strokeStyle = colourOf(view.colours, "bg");
  brush.globalAlpha = 0.7;
  brush.lineWidth = shape.width + 4;
  if (!shape.dotted) brush.stroke();
  brush.globalAlpha = shape.dotted ? 0.85 : 1;
  brush.strokeStyle = shape.colour;
  brush.lineWidth = shape.width;
  if (shape.dotted) brush.setLineDash([7, 9]);
  brush.stroke();
  brush.setLineDash([]);
  brush.globalAlpha = 1;
}

/** @param {Brush} brush @param {LoopShape} shape */
function drawLoop(brush, shape) {
  trace(brush, shape.points);
  brush.closePath();
  brush.fillStyle = shape.fill;
  brush.globalAlpha = 0.07;
  brush.fill();
  brush.globalAlpha = 1;
  trace(brush, shape.points);
  brush.strokeStyle = shape.colour;
  brush.lineWidth = 3.5;
  brush.lineCap = "round";
  brush.setLineDash([8, 9]);
  brush.stroke();
  brush.setLineDash([]);
}

/** @param {Brush} brush @param {DotShape} shape */
function drawDot(brush, shape) {
  brush.beginPath();
  brush.arc(shape.x, shape.y, shape.radius, 0, TURN);
  brush.fillStyle = shape.colour;
  brush.fill();
}

/** @param {Brush} brush @param {PointerShape} shape */
function drawPointer(brush, shape) {
  const s = shape.size / 24;
  trace(brush, [[0, 0], [0, 22], [5.2, 17.4], [9, 25.2], [12.6, 23.4], [8.9, 16], [15.6, 15.4]].map(([x, y]) => /** @type {Point} */ ([shape.x + x * s, shape.y + y * s])));
  brush.closePath();
  brush.fillStyle = shape.colour;
  brush.fill();
  brush.strokeStyle = shape.ground;
  brush.lineWidth = 2;
  brush.lineJoin = "round";
  brush.stroke();
}

/** The logs of a lane under each other: a row for each node, a column for each index. A line ends what each node knows to be committed.
 * @param {Brush} brush @param {import("./types.js").TableShape} shape @param {View} view */
function drawTable(brush, shape, view) {
  const { rows, heads, size, unit, ink, dim, ground } = shape;
  brush.textBaseline = "alphabetic";
  brush.fillStyle = dim;
  for (const { text, x, y } of heads) {
    brush.font = `600 ${size * 0.86}px ${view.font}`;
    brush.textAlign = "center";
    brush.fillText(text, x, y);
  }
  for (const { name, about, crown, old, x, y, cells, border, next } of rows) {
    brush.textAlign = "left";
    brush.font = `700 ${size}px ${view.font}`;
    brush.fillStyle = ink;
    brush.fillText(name, x, y + size * 0.36);
    const named = brush.measureText(name).width + size * 0.4;
    if (crown) paintMark(brush, "crown", x + named + size * 0.5, y, size, view.colours, old ? dim : ink);
    brush.font = `600 ${size}px ${view.font}`;
    brush.fillStyle = old ? dim : ink;
    brush.fillText(about, x + named + (crown ? size * 1.25 : 0), y + size * 0.36);
    for (const cell of cells) paintCell(brush, cell, cell.x, { unit, ink, ground }, view, cell.y);
    if (border !== null) {
      trace(brush, [[border, y - shape.row / 2], [border, y + shape.row / 2]]);
      brush.strokeStyle = colourOf(view.colours, "ok");
      brush.lineWidth = 4 * unit;
      brush.stroke();
    }
    if (next !== null) {
      trace(brush, [[next - size * 0.3, y - size * 0.28], [next + size * 0.2, y], [next - size * 0.3, y + size * 0.28]]);
      brush.strokeStyle = dim;
      brush.lineWidth = 3 * unit;
      brush.stroke();
    }
  }
}
