// One stage in a browser under load, and a bare canvas that paints as many plain circles. stage.py opens this page in Chromium, calls
// `begin` and `measure` for each case, and prints the results. The stage is the page's own; only its world is invented here. Every node
// has a log of a thousand entries (the wire carries the last eight), a timer and a client. When a message on a random link lands,
// another one is sent. Ten entries a second are appended and committed.

import { createStage } from "/static/js/stage/index.js";

const LANE = [922, 520]; // the size of a lane's stage in a window of 1920 x 1080
const SPEED = 0.05e6; // simulated microseconds a second: 1/20, the page's first speed
const FLIGHT = 15_000;
const CLIENTS_MAX = 25;
const EVERY = 6; // pictures between two new entries

/** Pseudo-random numbers that are the same in every run. */
function chances() {
  let seed = 4711;
  return (/** @type {number} */ below) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
}

/** A world that moves. @param {number} count of nodes @param {number} messages always under way */
function worldOf(count, messages) {
  const chance = chances();
  const ids = Array.from({ length: count }, (_, i) => `n${i + 1}`);
  const log = (/** @type {number} */ start) => Array.from({ length: 8 }, (_, i) => [1 + (((start + i) >> 2) % 2), `x=${start + i}`]);
  const nodes = Object.fromEntries(ids.map((id, i) => [id, {
    status: "up", role: i ? "follower" : "leader", epoch: 2, store: { x: ["7"] }, log: log(993), log_start: 993, commit: 998,
    timers: [["election", 900_000, 1_200_000]], facts: {}, lie: "", sentence: "", leader: ids[0],
  }]));
  const flying = new Map();
  let sent = 0;
  const send = (/** @type {number} */ at) => {
    const src = chance(count);
    const dst = (src + 1 + chance(count - 1)) % count;
    const id = sent++;
    flying.set(id, { id, at, due: at + FLIGHT, src: ids[src], dst: ids[dst], type: "AppendEntries", tone: ["", "+", "-"][id % 3], epoch: 1 + (id % 2), fields: [] });
  };
  for (let i = 0; i < messages; i++) send(1_000_000 - chance(FLIGHT));
  const clients = ids.slice(0, CLIENTS_MAX).map((id, i) => [`c${i + 1}`, id]);
  const operations = new Map(clients.map(([client, node], i) => [i, { id: i, client, node, kind: "read", key: "x", start: 0, finish: 10, outcome: "ok", result: ["7"], mark: "" }]));
  const lane = { nodes, links: { cut: [], tuned: [], sides: [ids], clean: true }, flying, ended: [], operations, meters: null, lost: { cut: 0 } };
  const state = {
    spec: { nodes: ids, clients }, lanes: [lane], clock: { at: 0, speed: 0.05, playing: true }, renderAt: 1_000_000, wall: 0, version: 0, run: 1,
  };
  let pictures = 0;
  /** @param {number} seconds */
  const goOn = (seconds) => {
    state.wall += seconds;
    state.renderAt += seconds * SPEED;
    for (const message of flying.values()) {
      if (message.due > state.renderAt) break; // all messages take equally long, so they land in the order of sending
      flying.delete(message.id);
      send(state.renderAt);
    }
    pictures += 1;
    if (pictures % EVERY !== 0) return;
    const id = ids[(pictures / EVERY) % count];
    const node = nodes[id];
    lane.nodes = { ...lane.nodes, [id]: { ...node, log: log(node.log_start + 1), log_start: node.log_start + 1, commit: node.commit + 1 } };
    Object.assign(nodes, lane.nodes);
    state.version += 1;
  };
  const sorted = [...flying].sort((a, b) => a[1].at - b[1].at);
  flying.clear();
  for (const [id, message] of sorted) flying.set(id, message);
  return { state, goOn };
}

/** The page's colours, by their names in tokens.css. */
function colours() {
  const style = getComputedStyle(document.documentElement);
  const names = style.getPropertyValue("--names").trim().replaceAll('"', "").split(/\s+/);
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

function canvasOf() {
  const canvas = document.createElement("canvas");
  canvas.style.cssText = `display: block; width: ${LANE[0]}px; height: ${LANE[1]}px`;
  document.body.replaceChildren(canvas);
  return canvas;
}

/** @param {ReturnType<typeof worldOf>} world @returns {(now: number) => void} */
function stageOf(world) {
  const ui = {
    tool: "cut", watchedKey: "x", view: "god", hover: null, selection: null, gesture: null, ghost: null, reducedMotion: false,
    camera: { x: 0, y: 0, zoom: 1 }, colours: colours(),
  };
  const stage = createStage(canvasOf(), 0, /** @type {any} */ ({ state: world.state }), /** @type {any} */ ({ state: ui, update() {} }), /** @type {any} */ ({}));
  return stage.draw;
}

/** Draws as many circles as there are nodes and messages, at random places. @param {number} count @returns {() => void} */
function circlesOf(count) {
  const canvas = canvasOf();
  [canvas.width, canvas.height] = LANE;
  const brush = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const chance = chances();
  const spots = Array.from({ length: count }, () => [chance(LANE[0]), chance(LANE[1]), chance(3)]);
  const fills = ["#56b4e9", "#e69f00", "#7c8894"];
  return () => {
    brush.clearRect(0, 0, LANE[0], LANE[1]);
    for (const spot of spots) {
      spot[0] = (spot[0] + 1) % LANE[0];
      brush.beginPath();
      brush.arc(spot[0], spot[1], 6, 0, 2 * Math.PI);
      brush.fillStyle = fills[spot[2]];
      brush.fill();
    }
  };
}

/** The present subject, and its cost since `measure` last began. */
const now = { turn: 0, pictures: 0, script: 0, from: 0, to: 0 };

/** Starts to paint this subject, until the next call. @param {{what: "stage" | "circles", nodes: number, messages: number}} asked */
function begin({ what, nodes, messages }) {
  const world = worldOf(nodes, messages);
  const paint = what === "stage" ? stageOf(world) : circlesOf(nodes + messages);
  const turn = ++now.turn;
  let last = 0;
  const frame = (/** @type {number} */ moment) => {
    if (turn !== now.turn) return;
    world.goOn(last ? Math.min(0.1, (moment - last) / 1000) : 0);
    last = moment;
    const before = performance.now();
    paint(moment);
    now.script += performance.now() - before;
    now.pictures += 1;
    now.from ||= moment;
    now.to = moment;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

/** Counts the pictures during this many seconds. @param {number} seconds
 * @returns {Promise<{pictures: number, rate: number, script: number}>} `rate`: a second; `script`: milliseconds in JavaScript, each */
async function measure(seconds) {
  Object.assign(now, { pictures: 0, script: 0, from: 0 });
  await new Promise((done) => setTimeout(done, seconds * 1000));
  const { pictures, script, from, to } = now;
  return { pictures, rate: (1000 * (pictures - 1)) / (to - from), script: script / pictures };
}

Object.assign(globalThis, { begin, measure });
