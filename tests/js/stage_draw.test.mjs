// Sprites: painted once for each look, not for each thing or each picture, and then copied.

import assert from "node:assert/strict";
import { test } from "node:test";
import { BLANK, nextPalette } from "../../static/js/lib/palette.js";
import { createSprites, drawMoving } from "../../static/js/stage/draw.js";
import { layout as layoutOf, stageSize } from "../../static/js/stage/layout.js";
import { netOf } from "../../static/js/stage/net.js";
import { moving } from "../../static/js/stage/scene.js";

const PALETTE = nextPalette(BLANK, ["7", "8", "9", "1", "2", "3", "4", "5", "6"]);
const NODES = ["n1", "n2", "n3", "n4", "n5"];
const STATE = { status: "up", sentence: "", role: "follower", epoch: 1, store: { x: ["7"] }, log: [[1, "x=6"], [1, "x=7"]], log_start: 1, commit: 1, timers: [], facts: {}, lie: "" };
const COLOURS = Object.fromEntries(["bg", "ink", "dim", "line", "neutral", "on-value", ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => `value-${i}`)].map((name) => [name, name]));
const UI = { tool: "cut", watchedKey: "x", view: "god", hover: null, selection: null, gesture: null, ghost: null, reducedMotion: false, camera: { x: 0, y: 0, zoom: 1 }, colours: COLOURS };
const VIEW = { scale: 1, x: 461, y: 260, font: "sans-serif", colours: UI.colours };

/** A brush that paints nothing and records what is copied where. */
function brushOf() {
  const copies = [];
  const known = { measureText: () => ({ width: 10 }), drawImage: (surface, x, y) => copies.push({ surface, x, y }) };
  return { copies, brush: new Proxy({}, { get: (_, name) => known[name] ?? (() => {}), set: () => true }) };
}

function stage() {
  const made = [];
  const sprites = createSprites((width, height) => {
    const surface = { width, height };
    made.push(surface);
    return { surface, brush: brushOf().brush };
  });
  const picture = (given) => {
    const { brush, copies } = brushOf();
    const before = made.length;
    drawMoving(brush, moving(given), VIEW, sprites);
    return { copies, made: made.length - before };
  };
  return picture;
}

function given({ states = {}, messages = [], ui = {} } = {}) {
  const links = { cut: [], sides: [NODES], clean: true, tuned: [], words: "" };
  const layout = layoutOf({ nodes: NODES, sides: [NODES], clean: true, ...stageSize(922, 520) });
  const nodes = Object.fromEntries(NODES.map((id) => [id, { ...STATE, ...states[id] }]));
  return {
    lane: { nodes, links, flying: new Map(messages.map((message) => [message.id, message])), ended: [], operations: new Map(), dropped: { cut: 0 } },
    laneIndex: 0, layout, net: netOf(layout, links, []), renderAt: 1000, wall: 10, playing: true, fade: 1, cutSince: new Map(), palette: PALETTE, word: "term",
    answers: new Map(), clients: [], ui: { ...UI, ...ui },
  };
}
const message = (id) => ({ id, at: 0, due: 2000, src: NODES[id % 5], dst: NODES[(id + 1) % 5], type: "AppendEntries", tone: ["", "+", "-"][id % 3], epoch: 1 + (id % 2), fields: [] });

test("a thousand messages of three shapes and two epochs are six sprites, each message copied once", () => {
  const picture = stage();
  const quiet = picture(given());
  const states = Object.fromEntries(NODES.map((id) => [id, { epoch: 2 }]));
  const busy = picture(given({ states, messages: Array.from({ length: 1000 }, (_, id) => message(id)) }));
  assert.equal(busy.made, 6);
  assert.equal(busy.copies.length, quiet.copies.length + 1000);
});

test("a picture in which only time has gone on makes no sprite", () => {
  const picture = stage();
  const world = given({ messages: [message(1), message(2)] });
  picture(world);
  const later = picture({ ...world, renderAt: 1400 });
  assert.equal(later.made, 0);
});

test("nodes that look alike share all but their names", () => {
  assert.equal(stage()(given()).made, 1 + 5 + 1 + 1); // body, names, value, log
});

test("a new value is a new disc with two words, a commit one new row, whatever else stays", () => {
  const picture = stage();
  const world = given();
  picture(world);
  const nodes = { ...world.lane.nodes, n2: { ...STATE, store: { x: ["9"] } } };
  assert.equal(picture({ ...world, lane: { ...world.lane, nodes } }).made, 3);
  const committed = { ...nodes, n3: { ...STATE, commit: 2 } };
  assert.equal(picture({ ...world, lane: { ...world.lane, nodes: committed } }).made, 1);
});

test("whatever a node shows, a change of it is seen at once", () => {
  const changes = [{ status: "crashed" }, { status: "paused" }, { ring: "leads" }, { ring: "stands" }, { ring: "waits" }, { epoch: 2 }, { lie: "equivocates" }, { store: { x: ["7", "8"] } },
    { log: [[1, "x=5"], [1, "x=9"]] }, { log: [[1, "x=6"]] }, { log_start: 9, commit: 9 }, { commit: 2 }];
  for (const change of changes) {
    const picture = stage();
    const before = picture(given());
    const after = picture(given({ states: { n2: change } }));
    const shown = ({ copies }) => copies.map(({ surface }) => surface);
    assert.notDeepEqual(shown(after).map((surface) => shown(before).indexOf(surface)), shown(before).map((surface) => shown(before).indexOf(surface)), JSON.stringify(change));
  }
});

test("the parts of a node lie about one pixel", () => {
  const picture = stage();
  const { copies } = picture(given());
  for (const node of [0, 1, 2, 3, 4]) {
    const [body, name, value] = copies.slice(node * 4, node * 4 + 3).map(({ surface, x, y }) => [x + surface.width / 2, y + surface.height / 2]);
    assert.deepEqual(name, body);
    assert.deepEqual(value, body);
    assert.deepEqual(body.map(Math.round), body);
  }
});
