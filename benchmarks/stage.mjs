// What one picture of the stage costs in JavaScript: milliseconds, and calls on the canvas, beside a naive stage that paints everything
// anew in every picture. The canvas here only counts; what the pixels cost is measured in a real browser by the browser tests' frame rate.
// Run: node benchmarks/stage.mjs

import { createSprites, drawMoving, drawStill } from "../static/js/stage/draw.js";
import { layout as layoutOf, stageSize } from "../static/js/stage/layout.js";
import { netOf } from "../static/js/stage/net.js";
import { moving, still } from "../static/js/stage/scene.js";

const PICTURES = 120;
const CASES = [
  [5, 30],
  [25, 300],
  [50, 300],
  [25, 2000],
  [100, 5000],
];

/** A brush that paints nothing and counts every call. */
function countingBrush() {
  const count = { calls: 0 };
  const brush = new Proxy(
    {},
    {
      get: (_, name) => (name === "measureText" ? () => ({ width: 10 }) : () => { count.calls += 1; }),
      set: () => true,
    },
  );
  return { brush, count };
}

/** A made-up lane: every node with a log and a timer, messages under way on every link.
 * @param {number} nodes @param {number} messages */
function given(nodes, messages) {
  let seed = 4711;
  const chance = (/** @type {number} */ below) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  const ids = Array.from({ length: nodes }, (_, i) => `n${i + 1}`);
  const log = Array.from({ length: 8 }, (_, i) => [1 + (i >> 2), `x=${i}`]);
  const states = Object.fromEntries(ids.map((id, i) => [id, {
    status: "up", role: i ? "follower" : "leader", epoch: 2, store: { x: ["7"] }, log, log_start: 993, commit: 999,
    timers: [["election", 900_000, 1_200_000]], facts: {}, lie: "", sentence: "", leader: ids[0],
  }]));
  const flying = new Map();
  for (let id = 0; id < messages; id++) {
    const src = chance(nodes);
    const dst = (src + 1 + chance(nodes - 1)) % nodes;
    const at = 1_000_000 - chance(15_000);
    flying.set(id, { id, at, due: at + 15_000, src: ids[src], dst: ids[dst], type: "AppendEntries", tone: ["", "+", "-"][id % 3], epoch: 1 + (id % 2), fields: [] });
  }
  const links = { cut: [], tuned: [], sides: [ids], clean: true };
  const clients = ids.slice(0, 25).map((id, i) => [`c${i + 1}`, id]);
  const size = stageSize(922, 520);
  const layout = layoutOf({ nodes: ids, clients, ...size });
  const ui = { tool: "cut", watchedKey: "x", view: "god", hover: null, selection: null, gesture: null, ghost: null, reducedMotion: false, camera: { x: 0, y: 0, zoom: 1 }, colours: { ink: "#fff", bg: "#000" } };
  return {
    lane: { nodes: states, links, flying, ended: [], operations: new Map(), lost: { cut: 0 } }, laneIndex: 0, ui, layout, net: netOf(layout, links, clients),
    renderAt: 1_000_000, wall: 0, playing: true, fade: 1, cutSince: new Map(), answers: new Map(), clients,
  };
}

/** @param {() => void} picture */
function timed(picture) {
  for (let i = 0; i < 20; i++) picture();
  const times = [];
  for (let i = 0; i < PICTURES; i++) {
    const began = process.cpuUsage();
    picture();
    const spent = process.cpuUsage(began);
    times.push((spent.user + spent.system) / 1000);
  }
  return times.sort((a, b) => a - b)[PICTURES >> 1];
}

const view = { scale: 1, x: 461, y: 260, font: "Inter", colours: { ink: "#fff", bg: "#000" } };
const row = (/** @type {(string | number)[]} */ cells) => console.log(cells.map((cell, i) => String(cell).padStart(i ? 16 : 22)).join(""));
row(["nodes, messages", "stage ms", "calls", "naive ms", "calls"]);
for (const [nodes, messages] of CASES) {
  const world = given(nodes, messages);
  const ours = countingBrush();
  const sprites = createSprites(() => ({ surface: /** @type {any} */ ({}), brush: /** @type {any} */ (countingBrush().brush) }));
  let step = 0;
  const stage = () => {
    world.renderAt = 1_000_000 + (step++ % 100) * 40;
    drawMoving(/** @type {any} */ (ours.brush), moving(/** @type {any} */ (world)), view, sprites);
  };
  const theirs = countingBrush();
  const bare = { forget() {}, copy: (/** @type {any} */ brush, /** @type {any} */ _v, /** @type {string} */ _k, /** @type {number} */ _x, /** @type {number} */ _y, /** @type {number} */ _w, /** @type {number} */ _h, /** @type {(brush: any) => void} */ paint) => paint(brush) };
  const naive = () => {
    world.renderAt = 1_000_000 + (step++ % 100) * 40;
    drawStill(/** @type {any} */ (theirs.brush), still(/** @type {any} */ (world)), view);
    drawMoving(/** @type {any} */ (theirs.brush), moving(/** @type {any} */ (world)), view, bare);
  };
  const stageMs = timed(stage);
  const naiveMs = timed(naive);
  const per = PICTURES + 20;
  row([`${nodes}, ${messages}`, stageMs.toFixed(2), Math.round(ours.count.calls / per), naiveMs.toFixed(2), Math.round(theirs.count.calls / per)]);
}
