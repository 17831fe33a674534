// The stage at one instant shows only what is in the world, at the places that the world gives.

import assert from "node:assert/strict";
import { test } from "node:test";
import { epochTint, readableOn } from "../../static/js/lib/colour.js";
import { hit } from "../../static/js/stage/hit.js";
import { BLANK, lookOf, nextPalette, plainValue } from "../../static/js/lib/palette.js";
import { layout as layoutOf, stageSize } from "../../static/js/stage/layout.js";
import { netOf } from "../../static/js/stage/net.js";
import { scene } from "../../static/js/stage/scene.js";
import { answerMark, lastAnswers, saidText, wordsOf } from "../../static/js/stage/scene/clients.js";
import { ghostPath } from "../../static/js/stage/scene/gestures.js";
import { position } from "../../static/js/stage/scene/messages.js";
import { entryOf, overwritten, visibleValues } from "../../static/js/stage/scene/values.js";
import { epochText, fillsOf, plateLines, shownTimer, valueText } from "../../static/js/stage/scene/nodes.js";

const PALETTE = nextPalette(BLANK, ["7", "8", "9", "1", "2", "3", "4", "5", "6"]);
const NODES = ["n1", "n2", "n3", "n4", "n5"];
const CLIENTS = NODES.map((id, i) => [`c${i + 1}`, id]);
const COLOURS = Object.fromEntries(
  ["bg", "panel", "ink", "dim", "line", "island", "ok", "wall", "canyon", "neutral", "on-value", ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((i) => `value-${i}`)].map((name) => [name, name]),
);
const both = (a, b) => [[a, b], [b, a]];
const SPLIT = ["n1", "n2"].flatMap((a) => ["n3", "n4", "n5"].flatMap((b) => both(a, b)));

function given({ cut = [], sides = [NODES], clean = true, states = {}, messages = [], ended = [], ui = {}, lost = 0, operations = [], ...more } = {}) {
  const links = { cut, sides, clean, tuned: [], words: "" };
  const state = { ui: { tool: "cut", watchedKey: "x", view: "god", hover: null, selection: null, gesture: null, ghost: null, reducedMotion: false, camera: { x: 0, y: 0, zoom: 1 }, colours: COLOURS, ...ui } };
  const hidden = state.ui.view === "clients";
  const layout = layoutOf({ nodes: NODES, sides: hidden ? [NODES] : sides, clean, clients: CLIENTS, ...stageSize(922, 520) });
  const nodes = Object.fromEntries(NODES.map((id) => [id, { status: "up", sentence: "", role: "follower", epoch: 1, store: { x: ["7"] }, timers: [], facts: {}, lie: "", ...states[id] }]));
  return {
    lane: { nodes, links, flying: new Map(messages.map((message) => [message.id, message])), ended, operations: new Map(), dropped: { cut: lost } },
    laneIndex: 0, layout, net: netOf(layout, links, CLIENTS), renderAt: 1000, wall: 10, playing: true, fade: 1, cutSince: new Map(), palette: PALETTE, word: "term",
    answers: lastAnswers(operations), clients: CLIENTS, ...state, ...more,
  };
}
const message = (more) => ({ id: 1, at: 0, due: 2000, src: "n1", dst: "n4", type: "AppendEntries", tone: "", epoch: 1, fields: [], ...more });
const shapesOf = (options, kind) => scene(given(options)).filter((shape) => shape.kind === kind);
const only = (options, kind) => {
  const shapes = shapesOf(options, kind);
  assert.equal(shapes.length, 1, `one ${kind}`);
  return shapes[0];
};

test("a message flies evenly from edge to edge", () => {
  for (const part of [0, 0.25, 0.5, 1]) {
    const world = given({ messages: [message()], renderAt: 2000 * part });
    const dot = scene(world).find(({ kind }) => kind === "message");
    const way = world.net.ways.get("n1").get("n4");
    assert.ok(Math.abs(dot.x - (way.x1 + (way.x2 - way.x1) * part)) < 1e-9);
    assert.ok(Math.abs(dot.y - (way.y1 + (way.y2 - way.y1) * part)) < 1e-9);
  }
});

test("a message that is due but was not taken waits at its receiver's edge", () => {
  const world = given({ messages: [message()], renderAt: 9999 });
  const dot = scene(world).find(({ kind }) => kind === "message");
  assert.equal(dot.x, world.net.ways.get("n1").get("n4").x2);
});

test("a message not yet sent is not drawn", () => {
  assert.equal(shapesOf({ messages: [message({ at: 1500 })] }, "message").length, 0);
});

test("requests, yes and no have shapes of their own, and those of an older epoch are grey", () => {
  const dots = shapesOf({ states: { n1: { epoch: 2 } }, messages: [message(), message({ id: 2, tone: "+", epoch: 2 }), message({ id: 3, tone: "-", epoch: null })] }, "message");
  assert.deepEqual(dots.map(({ name }) => name), ["request", "yes", "no"]);
  assert.deepEqual(dots.map(({ tint }) => tint), ["neutral", "ink", "dim"]);
});

test("arrows are drawn only when time stands still", () => {
  assert.equal(only({ messages: [message()] }, "message").angle, null);
  assert.ok(Math.abs(only({ messages: [message()], playing: false }, "message").angle) < 1e-9);
});

test("on a cut link a message flies to the wall and waits there, dimmed", () => {
  const way = { x1: 0, y1: 0, x2: 1000, y2: 0, length: 1000, cut: true, wall: 0.4 };
  assert.deepEqual(position(message(), way, 400, -1, 1), { part: 0.2, waits: false });
  const late = position(message(), way, 1800, -1, 1);
  assert.ok(late.waits && late.part < 0.4 && late.part > 0.36);
});

test("a message that had passed the wall when the cut came flies on", () => {
  const way = { x1: 0, y1: 0, x2: 1000, y2: 0, length: 1000, cut: true, wall: 0.4 };
  assert.deepEqual(position(message(), way, 1800, 1200, 1), { part: 0.9, waits: false });
  assert.equal(position(message(), way, 1800, 600, 1).waits, true);
});

test("a message that the cut killed bursts at the wall for half a second", () => {
  const cut = { cut: SPLIT, sides: [["n1", "n2"], ["n3", "n4", "n5"]], renderAt: 2100, cutSince: new Map([["n1>n4", 0]]) };
  const ended = [{ ...message(), endedAt: 2000, how: "cut", endedWall: 9.8 }];
  const burst = only({ ...cut, ended }, "burst");
  const canyon = given(cut).layout.canyons[0][0][0];
  assert.ok(burst.x < canyon && burst.x > canyon - 30, `${burst.x} at ${canyon}`);
  assert.equal(shapesOf({ ...cut, ended, wall: 10.4 }, "burst").length, 0);
});

test("after a heal the burst stays where the message died", () => {
  const world = { renderAt: 2100, cutSince: new Map([["n1>n4", 0]]), ended: [{ ...message(), endedAt: 2000, how: "cut", endedWall: 9.8 }] };
  const burst = only(world, "burst");
  const way = given(world).net.ways.get("n1").get("n4");
  assert.ok(burst.x < (way.x1 + way.x2) / 2);
});

test("a lost message vanishes where it was lost; a delivered one leaves nothing", () => {
  const world = { ended: [{ ...message(), endedAt: 1000, how: "loss", endedWall: 9.9 }, { ...message({ id: 2 }), endedAt: 1000, how: "delivered", endedWall: 9.9 }] };
  const shape = only(world, "vanish");
  const way = given(world).net.ways.get("n1").get("n4");
  assert.equal(shape.x, (way.x1 + way.x2) / 2);
});

test("however many messages have been delivered since, one that died is still seen to die", () => {
  const died = { ...message(), endedAt: 1000, how: "cut", endedWall: 9.9 };
  const delivered = Array.from({ length: 2000 }, (_, i) => ({ ...message({ id: i + 2 }), endedAt: 1000, how: "delivered", endedWall: 9.95 }));
  only({ ended: [died, ...delivered] }, "burst");
});

test("with reduced motion a burst is still", () => {
  const ended = [{ ...message(), endedAt: 1000, how: "cut", endedWall: 9.9 }];
  const parts = [9.95, 10.2].map((wall) => only({ ended, wall, ui: { reducedMotion: true } }, "burst").part);
  assert.equal(parts[0], parts[1]);
});

test("a split brain is two crowns, each with the number of its term, and the older one is dimmer", () => {
  const nodes = shapesOf({ states: { n1: { ring: "leads", epoch: 1 }, n3: { ring: "leads", epoch: 2 }, n4: { epoch: 2 }, n5: { epoch: 2 } } }, "node");
  assert.deepEqual(nodes.map(({ id, labels, old }) => [id, labels.map(({ text }) => text).join(), old]), [
    ["n1", "term 1", true], ["n2", "term 1", true], ["n3", "term 2", false], ["n4", "", false], ["n5", "", false],
  ]);
});

test("an epoch is text only where there is something to say", () => {
  assert.equal(epochText({ status: "up", epoch: 17, ring: "stands" }, "ballot", 17), "ballot 17");
  assert.equal(epochText({ status: "up", epoch: 17, ring: "" }, "ballot", 17), "", "the one with the crown says it");
  assert.equal(epochText({ status: "up", epoch: 0, ring: "" }, "term", 3), "", "it has never heard of an epoch");
  assert.equal(epochText({ status: "up", epoch: 4, ring: "leads" }, "", 4), "", "a protocol without a word for it");
});

test("a node's colour is the watched value, siblings are several, nothing is grey", () => {
  const fills = (state, object) => fillsOf({ status: "up", epoch: 1, ...state }, "x", COLOURS, PALETTE, object).colours;
  assert.deepEqual(fills({ store: { x: ["9"] } }), [lookOf(PALETTE, "9").hue]);
  assert.equal(new Set(fills({ store: { x: ["8", "9"] } })).size, 2);
  assert.equal(fills({ store: { x: ["1", "2", "3", "4", "5", "6"] } }).length, 6);
  assert.deepEqual(fills({ store: {} }), ["neutral"]);
});

test("two visible values never share a look, and a value keeps its own while it is visible", () => {
  let palette = BLANK;
  for (let step = 0; step < 200; step++) {
    const visible = Array.from({ length: 1 + (step % 25) }, (_, i) => `v${step + i * 7}`);
    const next = nextPalette(palette, visible);
    assert.equal(new Set(next.looks.values()).size, new Set(visible).size);
    for (const value of visible) if (palette.looks.has(value)) assert.equal(next.looks.get(value), palette.looks.get(value));
    palette = next;
  }
  assert.equal(nextPalette(palette, [...palette.looks.keys()]), palette, "nothing new, nothing changes");
  assert.equal(lookOf(palette, "unseen"), null);
  assert.equal(epochTint(3, 3), "ink", "an epoch has no hue");
});

test("a value has no internal suffix", () => {
  assert.deepEqual(["old'1", "jam'4", "tea'c22", "tea'2,eggs", "it's", "12"].map(plainValue), ["old", "jam", "tea", "tea,eggs", "it's", "12"]);
});

test("a node says its watched value and its siblings, and nothing where it has nothing", () => {
  assert.equal(valueText({ status: "up", store: { x: ["7"] } }, "x"), "x=7");
  assert.equal(valueText({ status: "up", store: { x: ["7", "9"] } }, "x"), "7|9");
  assert.equal(valueText({ status: "up", store: {} }, "x"), "");
  assert.equal(valueText({ status: "up" }, "x"), "");
  assert.equal(valueText({ status: "up", store: { x: ["1234"] } }, "x"), "x=1234");
  assert.equal(valueText({ status: "up", store: { at: ["old'1"] } }, "at"), "at=old");
});

const plate = (store, key = "x", object = "register", more = {}, away = false) => plateLines({ status: "up", store, ...more }, key, object, away, 10).map(({ text }) => text);

test("a value that does not fit into a node stands whole on its plate", () => {
  assert.deepEqual(plate({ x: ["7"] }), []);
  assert.deepEqual(plate({ lunch: ["porridge"] }, "lunch"), ["porridge"]);
  assert.deepEqual(plate({ x: ["7", "9", "11"] }), [], "three short ones fit into it");
  assert.deepEqual(plate({ x: ["17", "19", "11"] }), ["17 | 19 | 11"]);
  assert.deepEqual(plate({ cart: ["eggs'2,tea", "jam"] }, "cart"), ["eggs, tea", "jam"]);
  assert.deepEqual(plate({}, "x", "register", {}, true), ["not a home", "of\u00a0x"]);
  assert.deepEqual(plate({}, "x", "register", { hints: [["n3", "x", ["12"]]] }), ["keeps x=12", "for\u00a0n3"]);
});

test("a set is one value however many elements it has, and an untouched counter stands at nought", () => {
  const state = { status: "up", epoch: null, store: { x: ["milk", "eggs", "jam'4"] } };
  assert.equal(valueText(state, "x", "set"), "");
  assert.deepEqual(plate(state.store, "x", "set"), ["eggs, jam,", "milk"]);
  assert.deepEqual(plate({ x: Array.from({ length: 40 }, (_, i) => String(i)) }, "x", "set"), ["40 items"]);
  assert.deepEqual(plate({}, "y", "set"), ["empty"]);
  assert.deepEqual(visibleValues({ nodes: { n1: state } }, "x", "set"), ["eggs, jam, milk"]);
  assert.deepEqual(visibleValues({ nodes: { n1: state } }, "x", "register"), ["milk", "eggs", "jam"], "what is no set has siblings");
  assert.deepEqual([valueText({ status: "up", store: {} }, "x", "counter"), valueText({ status: "up", store: { x: ["12"] } }, "x", "counter")], ["x=0", "x=12"]);
});

test("a client shows what it wants to write until it has an answer, and after a refusal", () => {
  const write = { kind: "write", key: "x", value: "12" };
  assert.equal(wordsOf("c1", undefined, { ...write, outcome: "pending" }, false), "x=12?");
  assert.equal(wordsOf("c1", { ...write, outcome: "unknown" }, undefined, false), "x=12?");
  assert.equal(wordsOf("c1", { ...write, outcome: "ok" }, undefined, false), "");
  assert.equal(wordsOf("you", undefined, undefined, false), "you");
});

test("an overwritten entry is noticed, a committed or a growing log is not", () => {
  const log = (labels, commit, log_start = 1) => ({ status: "up", log: labels.map((label, i) => [1, label, i].slice(0, 2)), log_start, commit });
  assert.deepEqual(overwritten(log(["x=1", "x=12"], 1), log(["x=1", "x=13"], 2)), [{ index: 2, label: "x=12" }]);
  assert.deepEqual(overwritten(log(["x=1", "x=12"], 1), log(["x=1"], 1)), [{ index: 2, label: "x=12" }]);
  assert.deepEqual(overwritten(log(["x=1", "x=12"], 1), log(["x=1", "x=12", "x=14"], 2)), []);
  assert.deepEqual(overwritten(log(["x=1", "x=12"], 1), log(["x=14"], 3, 3)), [], "the window of the log went on");
  assert.deepEqual([entryOf("x=7"), entryOf("yes x=7"), entryOf("x?"), entryOf("hot pot")], [{ key: "x", value: "7" }, { key: "x", value: "7" }, { key: "", value: "" }, { key: "", value: "hot pot" }]);
});

test("a node wears the ring that its protocol names, whatever its role, and none while it is down", () => {
  const ring = (state) => shapesOf({ states: { n1: { role: "leader", ...state } } }, "node")[0].ring;
  assert.deepEqual(["leads", "stands", "waits"].map((name) => ring({ ring: name })), ["leads", "stands", "waits"]);
  assert.deepEqual([ring({}), ring({ ring: "waits", status: "crashed" }), ring({ ring: "leads", status: "paused" })], ["", "", "leads"]);
});

test("a crashed node shows neither role, nor value, nor timer", () => {
  const node = shapesOf({ states: { n1: { status: "crashed", role: "leader", timers: [["election", 0, 2000]] } } }, "node")[0];
  assert.deepEqual([node.status, node.ring, node.label, node.arc], ["crashed", "", "", null]);
});

test("the arc is what is left of the timer that the protocol names, else of the longest", () => {
  assert.equal(shownTimer({ status: "up", ring_timer: "tock", timers: [["tick", 0, 90], ["tock", 0, 20]] })[0], "tock");
  assert.equal(shownTimer({ status: "up", timers: [["tick", 0, 90], ["tock", 0, 20]] })[0], "tick");
  const node = shapesOf({ states: { n2: { timers: [["election", 0, 4000]] } } }, "node")[1];
  assert.equal(node.arc.part, 0.75);
});

test("log cells are solid up to the commit index and dashed beyond it", () => {
  const node = shapesOf({ states: { n1: { log: [[1, "x=1"], [1, "x=2"], [2, "x=3"]], log_start: 41, commit: 42 } } }, "node")[0];
  assert.deepEqual(node.cells.map(({ index, committed, tint, text }) => [index, committed, tint, text]), [
    [41, true, lookOf(PALETTE, "1").hue, "1"], [42, true, lookOf(PALETTE, "2").hue, "2"], [43, false, lookOf(PALETTE, "3").hue, "3?"],
  ]);
});

test("a clean split breaks its links at the canyon; a lone cut gets a wall of its own", () => {
  const split = shapesOf({ cut: SPLIT, sides: [["n1", "n2"], ["n3", "n4", "n5"]] }, "link");
  assert.equal(split.filter(({ cut, across }) => cut && across).length, 6);
  const lone = scene(given({ cut: both("n1", "n3") }));
  assert.equal(lone.filter(({ kind, name }) => kind === "mark" && name === "cut").length, 1);
});

test("a one-way cut leaves the link whole and points its arrow the stopped way", () => {
  const shapes = scene(given({ cut: [["n4", "n1"]], clean: false }));
  const arrow = shapes.find(({ kind, name }) => kind === "mark" && name === "oneway");
  assert.ok(Math.cos(arrow.angle) < 0, "from n4 on the right to n1 on the left");
  assert.equal(shapes.find(({ kind, id }) => kind === "link" && id === "n1-n4").cut, false);
});

test("what the cut has killed is counted in words, and nothing is said of nothing", () => {
  assert.equal(only({ lost: 418 }, "text").text, "418 lost at the cut");
  assert.equal(shapesOf({}, "text").length, 0);
});

test("clients carry their last answer", () => {
  const operation = (more) => ({ id: "1", client: "c1", node: "n1", kind: "read", key: "x", start: 0, finish: 10, outcome: "ok", mark: "", ...more });
  const operations = [operation(), operation({ id: "2", start: 20, finish: 30, outcome: "failed" }), operation({ id: "3", start: 40, finish: null, outcome: "pending" })];
  const clients = shapesOf({ operations }, "client");
  assert.equal(clients[0].answer, "failed");
  assert.equal(clients[1].answer, "");
  assert.equal(answerMark(operation({ mark: "stale" })), "stale");
  assert.equal(answerMark(operation({ outcome: "unknown" })), "unknown");
});

test("what the clients know: no roles, no logs, no links, no canyon, no messages but their own", () => {
  const shapes = scene(given({
    cut: SPLIT, sides: [["n1", "n2"], ["n3", "n4", "n5"]], ui: { view: "clients" }, lost: 9,
    states: { n1: { role: "leader", log: [[1, "x=1"]], status: "crashed" } },
    messages: [message(), message({ id: 2, src: "c1", dst: "n1", type: "Request" })],
  }));
  assert.deepEqual([...new Set(shapes.map(({ kind }) => kind))].sort(), ["client", "message", "node", "tether"]);
  assert.equal(shapes.filter(({ kind }) => kind === "message").length, 1);
  for (const node of shapes.filter(({ kind }) => kind === "node")) assert.deepEqual([node.fills, node.label, node.ring, node.status, node.cells], [["neutral"], "", "", "up", []]);
});

test("in the clients' view each client says what it was told, or what it asked in vain", () => {
  const operation = { id: "1", client: "c1", node: "n1", kind: "read", key: "x", value: "", start: 0, finish: 10, outcome: "ok", result: ["8", "9"], mark: "" };
  assert.equal(saidText(operation), "x=8|9");
  assert.equal(saidText({ ...operation, outcome: "failed", result: [] }), "x?");
  assert.equal(saidText({ ...operation, kind: "write", value: "12" }), "x←12");
  const said = (object, more) => saidText({ ...operation, result: [], ...more }, object);
  assert.deepEqual([said("set", { kind: "write", value: "jam" }), said("set", { kind: "remove", value: "jam" }), said("set", { kind: "read", result: ["eggs", "jam"] })], ["x+jam", "x−jam", "2 items"]);
  assert.deepEqual([said("counter", { kind: "write" }), said("counter", { kind: "remove" }), said("counter", { kind: "read", result: ["4"] })], ["x+1", "x−1", "x=4"]);
  assert.deepEqual([said("decision", { kind: "write", value: "sushi", result: ["pizza"] }), said("decision", { kind: "write", value: "sushi", outcome: "unknown" })], ["x=pizza", "x←sushi"]);
  const told = (view) => shapesOf({ operations: [operation], ui: { view } }, "client")[0].said;
  assert.deepEqual([told("clients"), told("god")], ["x=8|9", ""]);
});

test("what is seen can be grabbed, and a node comes before the link behind it", () => {
  const shapes = scene(given({ messages: [message()] }));
  const node = shapes.find(({ kind, id }) => kind === "node" && id === "n4");
  assert.deepEqual(hit(shapes, [node.x - node.radius + 4, node.y], 9).kind, "node");
  const dot = shapes.find(({ kind }) => kind === "message");
  assert.equal(hit(shapes, [dot.x, dot.y], 9).id, "1");
  const link = shapes.find(({ id }) => id === "n1-n2");
  assert.deepEqual(hit(shapes, [(link.x + link.x2) / 2 + 4, (link.y + link.y2) / 2], 9).id, "n1-n2");
  assert.equal(hit(shapes, [0, 240], 9), null);
});

test("a log cell is found under the pointer and its words are shown", () => {
  const states = { n1: { log: [[1, "x=41"]], log_start: 9, commit: 9 } };
  const shapes = scene(given({ states }));
  const [cell] = shapes.find(({ id }) => id === "n1").cells;
  assert.equal(hit(shapes, [cell.x, cell.y], 9).id, "n1#9");
  assert.equal(only({ states, ui: { hover: { lane: 0, kind: "cell", id: "n1#9" } } }, "text").text, "9: x=41");
});

test("the ghost's stroke parts the first half of the nodes from the rest", () => {
  const world = given({ ui: { ghost: { progress: 1 } } });
  const path = ghostPath(world.layout);
  for (const [id, [x, y]] of world.layout.places) {
    const nearest = path.reduce((best, point) => (Math.abs(point[1] - y) < Math.abs(best[1] - y) ? point : best));
    assert.equal(x < nearest[0], ["n1", "n2"].includes(id), id);
  }
  assert.equal(scene(world).filter(({ kind }) => kind === "pointer").length, 1);
  assert.equal(scene({ ...world, laneIndex: 1 }).filter(({ kind }) => kind === "pointer").length, 0);
});

test("a stroke in progress marks the links it would cut, on every lane", () => {
  const gesture = { kind: "rope", points: [[0, -250], [0, 250]] };
  const world = { ui: { gesture } };
  for (const laneIndex of [0, 1]) {
    const dots = scene({ ...given(world), laneIndex }).filter(({ kind }) => kind === "dot");
    assert.ok(dots.length >= 3 && dots.every(({ x }) => Math.abs(x) < 1e-6));
  }
});

test("the writing on a node is the candidate that contrasts most", () => {
  assert.equal(readableOn("#56B4E9", ["#E8EDF2", "#0D1115"]), "#0D1115");
  assert.equal(readableOn("rgb(20, 20, 60)", ["#fff", "#0D1115"]), "#fff");
});

test("a node that people call by another name shows it: in itself, or if it is long on its plate, also when it is down", () => {
  const [ann, bob, eve] = shapesOf({ states: { n1: { called: "Ann" }, n2: { called: "Bartholomew" }, n3: { called: "Bartholomew", status: "crashed" } } }, "node");
  assert.deepEqual([ann.name, ann.id, bob.name, eve.name], ["Ann", "n1", "n2", "n3"]);
  assert.deepEqual([ann, bob, eve].map(({ labels }) => labels.some(({ text }) => text === "Bartholomew")), [false, true, true]);
  assert.notEqual(ann.looks.name, shapesOf({}, "node")[0].looks.name);
  const hidden = shapesOf({ ui: { view: "clients" }, states: { n1: { called: "Ann" } } }, "node");
  assert.equal(hidden[0].name, "Ann");
});

test("a node whose copy lacks acknowledged writes says how many, in the last line of its plate", () => {
  const lane = given({ states: { n3: { store: { x: ["porridge"] } } } });
  lane.lane.meters = { behind: { x: { n2: 3, n3: 1 }, y: { n1: 9 } } };
  const plates = scene(lane).filter(({ kind }) => kind === "node").map(({ labels }) => labels.map(({ text }) => text).filter((text) => !text.startsWith("term")));
  assert.deepEqual(plates, [[], ["3 behind"], ["porridge", "1 behind"], [], []]);
});
