/**
 * The operation strip: one row for each client, and one mark for each operation, at the moment of its request. A dot means that it was
 * answered; the legend's other marks mean that it was not, or that the answer was wrong. The partition is a shaded band. A click on a mark
 * goes to its moment. It is drawn on a canvas ten times a second.
 */
import { useEffect, useRef } from "preact/hooks";
import { t } from "../words/index.js";
import { operationWords } from "../words/sentences.js";
import { html, useStore } from "./html.js";
import { cardsOf } from "./node_actions.js";

const SPAN_REM = 0.18e6; // one rem of the strip, in simulated microseconds
const SPAN_MIN = 5e6;
const MARK_SIZE = 3.4; // a legend's mark, in radii of a dot
const STAMPS_MAX = 200;
const HALL = "hall"; // the row of all phones that are clients

/** @param {string} client */
function isOfHall(client) {
  return /^p\d+$/.test(client);
}

/** @param {{app: import("./html.js").App, index: number}} props */
export function Strip({ app, index }) {
  const canvas = useRef(/** @type {HTMLCanvasElement|null} */ (null));
  const label = useStore(app.world, (state) => t("strip.label", { lane: state.spec?.lanes[index]?.title ?? "", sums: sums(app, index) }));
  useStore(app.world, (state) => Math.round(state.renderAt / 1e6)); // the text for screen readers is updated once a second
  useEffect(() => {
    const element = canvas.current;
    if (!element) return undefined;
    const draw = () => drawStrip(element, app, index);
    const watch = new ResizeObserver(draw);
    watch.observe(element);
    let drawn = [app.ui.state.lit, app.ui.state.colours];
    const look = () => {
      const { lit, colours } = app.ui.state;
      if (drawn[0] === lit && drawn[1] === colours) return; // moving the pointer changes nothing here
      drawn = [lit, colours];
      draw();
    };
    const endings = [app.world.subscribe(draw), app.ui.subscribe(look), () => watch.disconnect()];
    return () => endings.forEach((end) => end());
  }, []);
  /** @param {MouseEvent} event */
  const found = (event) => {
    const element = canvas.current;
    return element ? operationAt(element, app, index, event.offsetX, event.offsetY) : null;
  };
  /** @param {MouseEvent} event */
  const go = (event) => {
    const operation = found(event);
    if (!operation) return;
    light(app, index, operation);
    app.send("seek", { at: operation.finish ?? operation.start });
  };
  /** @param {MouseEvent} event */
  const point = (event) => {
    const operation = found(event);
    if (!canvas.current) return;
    canvas.current.title = operation ? [operationWords(operation, cardsOf(app.world.state, index)[0]?.object), operation.note].filter(Boolean).join(". ") : "";
    canvas.current.classList.toggle("over", operation !== null);
  };
  return html`<div class="strip"><canvas ref=${canvas} role="img" aria-label=${label} onClick=${go} onMouseMove=${point}></canvas></div>`;
}

/**
 * Highlights the finding that an operation belongs to, or only the operation if there is no such finding.
 * @param {import("./html.js").App} app
 * @param {number} lane
 * @param {import("../lib/wire-types.js").Operation} operation
 */
export function light(app, lane, operation) {
  const finding = app.world.state.lanes[lane].findings.findLast((each) => each.operations.includes(operation.id));
  const sentence = finding?.sentence || operation.note || operationWords(operation, cardsOf(app.world.state, lane)[0]?.object);
  app.ui.update({ lit: { lane, sentence, operations: finding?.operations ?? [operation.id] } });
}

/** @param {import("./html.js").App} app @param {number} index */
function sums(app, index) {
  /** @type {Record<string, number>} */
  const count = { ok: 0, failed: 0, unknown: 0, pending: 0, stale: 0, conflict: 0, lost: 0, violation: 0 };
  for (const operation of app.world.state.lanes[index]?.operations.values() ?? []) {
    count[operation.outcome] += 1;
    if (operation.mark) count[operation.mark] += 1;
  }
  return t("strip.sums", count);
}

/**
 * The places of everything in the strip, for drawing and for pointing.
 * @param {HTMLCanvasElement} canvas
 * @param {import("../stores/world.js").WorldState} world
 * @param {number} index
 * @param {boolean} presenting
 */
function measure(canvas, world, index, presenting) {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const span = Math.max(SPAN_MIN, (width / rem) * SPAN_REM);
  const clients = (world.spec?.clients ?? []).map(([name]) => name);
  const { client: own } = world.hall.mine;
  let [byHand, byHall] = [false, false];
  for (const { client } of world.lanes[index]?.operations.values() ?? []) {
    byHand ||= client === "you";
    byHall ||= client !== own && isOfHall(client);
  }
  const names = [...clients, ...(byHand ? ["you"] : []), ...(byHall ? [HALL] : []), ...(own ? [own] : [])];
  const to = Math.max(span, world.renderAt + span * 0.02);
  const from = to - span;
  const row = (height - 8) / Math.max(1, names.length);
  const letters = rem * (presenting ? 2.2 : 1.5);
  const step = [1, 2, 5, 10].find((each) => letters <= row * each * 1.05) ?? 0; // with many clients there is room for every second name, or every fifth
  const left = step > 0 ? letters * (step === 1 ? 1.9 : 2.4) + 1.2 * rem : 1.6 * rem;
  return {
    width,
    height,
    names,
    left,
    letters,
    named: names.filter((_, each) => step > 0 && each % step === step >> 1),
    from,
    row,
    radius: Math.max(1.6, Math.min(row * 0.22, rem * 0.46)),
    x: (/** @type {number} */ at) => left + ((at - from) / span) * (width - left - 6),
    own,
    y: (/** @type {string} */ client) => 4 + row * (names.indexOf(names.includes(client) || !isOfHall(client) ? client : HALL) + 0.5),
  };
}

/** @param {HTMLCanvasElement} canvas @param {import("./html.js").App} app @param {number} index */
function drawStrip(canvas, app, index) {
  const world = app.world.state;
  const lane = world.lanes[index];
  const place = measure(canvas, world, index, app.ui.state.presenting);
  if (!lane || place.width === 0) return;
  const ratio = devicePixelRatio || 1;
  if (canvas.width !== Math.round(place.width * ratio) || canvas.height !== Math.round(place.height * ratio)) {
    canvas.width = Math.round(place.width * ratio);
    canvas.height = Math.round(place.height * ratio);
  }
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, place.width, place.height);
  const { colours, lit } = app.ui.state;
  drawCutSpans(context, place, world, colours);
  drawNames(context, place, colours);
  const stampOf = stamps(app, place.radius, ratio);
  const lightened = lit && lit.lane === index ? new Set(lit.operations) : null;
  const heights = new Map(place.names.map((name) => [name, place.y(name)]));
  const hall = heights.get(HALL);
  for (const { id, start, client, outcome, mark } of lane.operations.values()) {
    const y = heights.get(client) ?? (isOfHall(client) ? hall : undefined);
    if (start < place.from || start > world.renderAt || y === undefined) continue;
    const x = place.x(start);
    const stamp = stampOf(outcome === "ok" ? mark : outcome);
    const half = stamp.width / 2;
    context.drawImage(stamp, (Math.round(x * ratio) - half) / ratio, (Math.round(y * ratio) - half) / ratio, stamp.width / ratio, stamp.width / ratio);
    if (lightened?.has(id) || client === place.own) ring(context, x, y, place.radius * 2.4, colours.ink);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {ReturnType<typeof measure>} place
 * @param {import("../stores/world.js").WorldState} world
 * @param {Record<string, string>} colours
 */
function drawCutSpans(context, place, world, colours) {
  for (const [from, to] of world.cutSpans) {
    const left = Math.max(place.left - 4, place.x(from));
    const right = Math.min(place.width, place.x(Math.min(to ?? world.renderAt, world.renderAt)) + (to === null ? 4 : 0));
    if (right <= left) continue;
    context.globalAlpha = 0.14;
    context.fillStyle = colours.wall;
    context.fillRect(left, 0, right - left, place.height);
    context.globalAlpha = 1;
    for (const edge of [from, to]) {
      if (edge === null || edge > world.renderAt || edge < place.from) continue;
      context.fillRect(place.x(edge) - 0.75, 0, 1.5, place.height);
    }
  }
}

/** @param {CanvasRenderingContext2D} context @param {ReturnType<typeof measure>} place @param {Record<string, string>} colours */
function drawNames(context, place, colours) {
  context.font = `400 ${place.letters}px Inter, sans-serif`;
  context.textBaseline = "middle";
  context.fillStyle = colours.faint;
  for (const name of place.named) context.fillText(name === HALL ? t("strip.hall") : name, place.letters * 0.6, place.y(name) + 0.5);
}

/** @type {WeakMap<Record<string, string>, Map<string, HTMLCanvasElement>>} */
const STAMPS = new WeakMap();

/**
 * The marks. Each is painted once for a size and then copied, since a strip has hundreds of them, ten times a second. A dot is an answer,
 * a small ring is still pending; all others are marks of the legend.
 * @param {import("./html.js").App} app
 * @param {number} r
 * @param {number} ratio device pixels a CSS pixel
 * @returns {(name: string) => HTMLCanvasElement}
 */
function stamps({ ui, paintMark }, r, ratio) {
  const { colours } = ui.state;
  const kept = STAMPS.get(colours) ?? new Map();
  STAMPS.set(colours, kept);
  return (name) => {
    const key = `${name} ${r} ${ratio}`;
    const known = kept.get(key);
    if (known) return known;
    const stamp = document.createElement("canvas");
    const half = Math.ceil((r * MARK_SIZE * ratio) / 2) + 1;
    stamp.width = 2 * half;
    stamp.height = 2 * half;
    const brush = /** @type {CanvasRenderingContext2D} */ (stamp.getContext("2d"));
    brush.setTransform(ratio, 0, 0, ratio, half, half);
    if (name === "pending") ring(brush, 0, 0, r * 0.8, colours.faint);
    else if (name !== "") paintMark(brush, name, 0, 0, r * MARK_SIZE, colours);
    else dot(brush, r, colours.ok);
    if (kept.size >= STAMPS_MAX) kept.clear();
    kept.set(key, stamp);
    return stamp;
  };
}

/** @param {CanvasRenderingContext2D} context @param {number} r @param {string} colour */
function dot(context, r, colour) {
  context.beginPath();
  context.arc(0, 0, r, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} r @param {string} colour */
function ring(context, x, y, r, colour) {
  context.beginPath();
  context.arc(x, y, r, 0, 2 * Math.PI);
  context.lineWidth = Math.max(1.3, r * 0.35);
  context.strokeStyle = colour;
  context.stroke();
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {import("./html.js").App} app
 * @param {number} index
 * @param {number} x
 * @param {number} y
 */
function operationAt(canvas, app, index, x, y) {
  const world = app.world.state;
  const place = measure(canvas, world, index, app.ui.state.presenting);
  let nearest = null;
  let best = Math.max(10, place.radius * 2.5);
  for (const operation of world.lanes[index]?.operations.values() ?? []) {
    if (operation.start < place.from || operation.start > world.renderAt) continue;
    const distance = Math.hypot(place.x(operation.start) - x, place.y(operation.client) - y);
    if (distance < best) [nearest, best] = [operation, distance];
  }
  return nearest;
}
