// The meaning of pointer events, with synthetic pointers: every tool, every drag, every way to cancel.

import assert from "node:assert/strict";
import { test } from "node:test";
import { atRest, reduce, toPx, toStage } from "../../static/js/stage/gestures.js";
import { hit } from "../../static/js/stage/hit.js";
import { BLANK, nextPalette } from "../../static/js/lib/palette.js";
import { layout as layoutOf, stageSize } from "../../static/js/stage/layout.js";
import { netOf } from "../../static/js/stage/net.js";
import { scene } from "../../static/js/stage/scene.js";

const PALETTE = nextPalette(BLANK, ["7", "8", "9", "1", "2", "3", "4", "5", "6"]);
const NODES = ["n1", "n2", "n3", "n4", "n5"];
const both = (a, b) => [[a, b], [b, a]];
const SPLIT = ["n1", "n2"].flatMap((a) => ["n3", "n4", "n5"].flatMap((b) => both(a, b)));
const ACROSS = SPLIT.map(String).sort();

function stage({ tool = "cut", view = "god", cut = [], sides = [NODES], clean = true, camera = { x: 0, y: 0, zoom: 1 } } = {}) {
  const size = stageSize(922, 520);
  const links = { cut, sides, clean };
  const layout = layoutOf({ nodes: NODES, sides, clean, clients: [["c1", "n1"]], ...size });
  const net = netOf(layout, links, [["c1", "n1"]]);
  const ui = { tool, view, watchedKey: "x", hover: null, selection: null, gesture: null, ghost: null, reducedMotion: false, camera, colours: {} };
  const nodes = Object.fromEntries(NODES.map((id) => [id, { status: "up", role: "follower", epoch: 1, store: {}, log: [[1, "x=1"]], commit: 1 }]));
  const shapes = scene({ lane: { nodes, links, flying: new Map(), ended: [] }, laneIndex: 0, ui, layout, net, renderAt: 0, wall: 0, playing: true, fade: 1, cutSince: new Map(), palette: PALETTE, word: "term", answers: new Map(), clients: [["c1", "n1"]] });
  return { tool, view, camera, scale: size.scale, middle: [461, 260], layout, net, find: (point, slop) => hit(shapes, point, slop) };
}

/** A hand over a stage: it remembers the state and every action. */
function hand(about, options = {}) {
  let state = atRest();
  const done = [];
  const feed = (type, point, more = {}) => {
    const input = { type, pointer: 1, point, px: point && toPx(point, about), button: 0, ...options, ...more };
    const [next, actions] = reduce(state, input, about);
    state = next;
    done.push(...actions);
    return actions;
  };
  return {
    feed, done, name: () => state.name,
    stroke(points, more = {}) {
      feed("down", points[0], more);
      for (const point of points.slice(1)) feed("move", point, more);
      return feed("up", points[points.length - 1], more);
    },
    did: (what) => done.filter((action) => action.do === what),
  };
}
const gap = (about) => {
  const [ax] = about.layout.places.get("n2");
  const [bx] = about.layout.places.get("n5");
  const [, top] = about.layout.places.get("n3");
  const left = (about.layout.places.get("n1")[0] + about.layout.places.get("n3")[0]) / 2;
  return [[left, top - 40], [left + 20, 0], [(ax + bx) / 2, 220]];
};

test("a stroke across links cuts them both ways", () => {
  const about = stage();
  const over = hand(about);
  over.stroke(gap(about));
  const [{ links }] = over.did("cut");
  assert.deepEqual(links.map(String).sort(), ACROSS);
  assert.equal(over.name(), "idle");
  assert.deepEqual(over.done.filter((action) => action.do === "gesture").at(-1), { do: "gesture", gesture: null });
});

test("a stroke over the rim of a node that parts it from the others cuts all its links", () => {
  const about = stage();
  const over = hand(about);
  const [x, y] = about.layout.places.get("n3");
  const rim = y + about.layout.radius * 0.7;
  over.stroke([[x - 200, rim], [x + 200, rim]]);
  const [{ links }] = over.did("cut");
  assert.deepEqual(links.map(String).sort(), ["n1", "n2", "n4", "n5"].flatMap((other) => both("n3", other)).map(String).sort());
});

test("while the stroke is drawn every lane can see it", () => {
  const about = stage();
  const over = hand(about);
  const points = gap(about);
  over.feed("down", points[0]);
  assert.equal(over.name(), "pressing");
  over.feed("move", points[1]);
  assert.equal(over.name(), "roping");
  assert.equal(over.did("gesture").at(-1).gesture.kind, "rope");
  assert.deepEqual(over.did("gesture").at(-1).gesture.points, points.slice(0, 2));
});

test("links that are cut already are not cut again, and a stroke over nothing says so", () => {
  const about = stage({ cut: both("n1", "n3") });
  const over = hand(about);
  over.stroke(gap(about));
  assert.equal(over.did("cut")[0].links.some((pair) => String(pair) === "n1,n3"), false);
  const away = hand(about);
  away.stroke([[-440, -250], [-400, -250], [-380, -245]]);
  assert.equal(away.did("cut").length, 0);
  assert.match(away.did("say")[0].text, /crosses no link/);
});

test("with Shift a stroke stops what goes from its left to its right, and the other way when drawn backwards", () => {
  const about = stage();
  const down = hand(about, { oneWay: true });
  down.stroke(gap(about)); // walking down the screen, left is where n3, n4, n5 stand
  assert.deepEqual(down.did("oneWay")[0].links.map(String).sort(), SPLIT.filter(([a]) => ["n3", "n4", "n5"].includes(a)).map(String).sort());
  assert.match(down.did("say")[0].text, /left to its right/);
  const up = hand(about, { oneWay: true });
  up.stroke(gap(about).reverse());
  assert.deepEqual(up.did("oneWay")[0].links.map(String).sort(), SPLIT.filter(([a]) => ["n1", "n2"].includes(a)).map(String).sort());
});

test("with Alt a stroke or a dragged node falls on this lane only", () => {
  const about = stage();
  const plain = hand(about);
  plain.stroke(gap(about));
  assert.equal(plain.did("cut")[0].alone, undefined);
  const over = hand(about, { alone: true });
  over.stroke(gap(about));
  assert.equal(over.did("cut")[0].alone, true);
  assert.equal(over.did("gesture")[0].gesture.alone, true);
  assert.match(over.did("say")[0].text, /this lane only/);
  const [x, y] = about.layout.places.get("n4");
  const far = hand(about, { alone: true });
  far.stroke([[x, y], [x + 40, y], [x * 1.6, y]]);
  assert.equal(far.did("partition")[0].alone, true);
});

test("a tap on a link opens its card with every tool but Heal, which makes a cut link whole", () => {
  for (const tool of ["move", "cut", "lasso"]) {
    for (const cut of [[], both("n1", "n4")]) {
      const about = stage({ tool, cut, clean: false });
      const { way } = about.net.pairs.find(({ a, b }) => a === "n1" && b === "n4");
      const over = hand(about);
      over.stroke([[way.x1 + 40, way.y1]]);
      assert.equal(over.did("card")[0].target.id, "n1-n4", tool);
      assert.equal(over.did("cut").length + over.did("heal").length, 0);
    }
  }
  const about = stage({ tool: "heal", cut: both("n1", "n4"), clean: false });
  const { way } = about.net.pairs.find(({ a, b }) => a === "n1" && b === "n4");
  const over = hand(about);
  over.stroke([[way.x1 + 40, way.y1]]);
  assert.deepEqual(over.did("heal").map(({ links }) => links), [both("n1", "n4")]);
});

test("a tap on a node opens its card with any tool", () => {
  for (const tool of ["move", "cut", "lasso", "heal"]) {
    const about = stage({ tool });
    const over = hand(about);
    over.stroke([about.layout.places.get("n2")]);
    assert.deepEqual(over.did("card").map(({ target }) => [target.kind, target.id]), [["node", "n2"]], tool);
  }
});

test("a hand may tremble and still tap; a finger more than a mouse", () => {
  const about = stage();
  const [x, y] = about.layout.places.get("n2");
  const mouse = hand(about);
  mouse.stroke([[x, y], [x + 4, y], [x + 5, y]]);
  assert.equal(mouse.did("card").length, 1);
  const finger = hand(about, { touch: true });
  finger.stroke([[x, y], [x + 8, y]]);
  assert.equal(finger.did("card").length, 1);
});

test("the right button and a long press open the menu of what lies there", () => {
  const about = stage();
  const { way } = about.net.pairs.find(({ a, b }) => a === "n1" && b === "n4");
  for (const [point, kind, id] of [[about.layout.places.get("n3"), "node", "n3"], [[way.x1 + 40, way.y1], "link", "n1-n4"], [[-440, -240], undefined, undefined]]) {
    const over = hand(about);
    over.feed("context", point);
    assert.deepEqual(over.did("menu").map(({ target }) => [target?.kind, target?.id]), [[kind, id]]);
    const long = hand(about, { touch: true });
    long.feed("down", point);
    long.feed("hold");
    assert.deepEqual(long.did("menu").map(({ target }) => target?.kind), [kind]);
    long.feed("up", point);
    assert.equal(long.did("menu").length + long.did("card").length, 1, "letting go opens nothing more");
    assert.equal(long.name(), "idle");
  }
});

test("a mouse that waits on open ground before it draws opens no menu", () => {
  const about = stage();
  const over = hand(about);
  const points = gap(about);
  over.feed("down", points[0]);
  over.feed("hold");
  assert.equal(over.did("menu").length, 0);
  for (const point of points.slice(1)) over.feed("move", point);
  over.feed("up", points.at(-1));
  assert.equal(over.did("cut").length, 1);
});

test("a lasso chooses the nodes inside it", () => {
  const about = stage({ tool: "lasso" });
  const over = hand(about);
  over.stroke([[-440, -200], [-100, -200], [-100, 230], [-440, 230], [-440, -190]]);
  assert.deepEqual(over.did("select").map(({ kind, ids }) => [kind, ...ids]), [["lasso", "n1", "n2"]]);
});

test("a lasso round everybody or nobody chooses nobody and says why", () => {
  const about = stage({ tool: "lasso" });
  for (const loop of [[[-450, -255], [450, -255], [450, 255], [-450, 255]], [[-30, -30], [30, -30], [30, 30], [-30, 30]]]) {
    const over = hand(about);
    over.stroke(loop);
    assert.equal(over.did("select").length, 0);
    assert.equal(over.did("say").length, 1);
  }
});

test("the Heal tool heals the cut links that a stroke crosses, in the directions that are cut", () => {
  const about = stage({ tool: "heal", cut: [...both("n1", "n3"), ["n2", "n5"]], clean: false });
  const over = hand(about);
  over.stroke(gap(about));
  assert.deepEqual(over.did("heal")[0].links.map(String).sort(), ["n1,n3", "n2,n5", "n3,n1"]);
  const nothing = hand(stage({ tool: "heal" }));
  nothing.stroke(gap(about));
  assert.equal(nothing.did("heal").length, 0);
  assert.equal(nothing.did("say").length, 1);
});

test("a node dragged out of the ring is parted from the rest; a short drag changes nothing", () => {
  for (const tool of ["move", "cut"]) {
    const about = stage({ tool });
    const [x, y] = about.layout.places.get("n4");
    const far = hand(about);
    far.stroke([[x, y], [x + 40, y], [x * 1.6, y]]);
    assert.deepEqual(far.did("partition").map(({ sides }) => sides), [[["n4"], ["n1", "n2", "n3", "n5"]]]);
    const near = hand(about);
    near.stroke([[x, y], [x - 40, y + 10]]);
    assert.equal(near.did("partition").length + near.did("cut").length, 0);
  }
});

test("a node dragged to another island joins it, and back again heals", () => {
  const about = stage({ tool: "move", cut: SPLIT, sides: [["n1", "n2"], ["n3", "n4", "n5"]] });
  const over = hand(about);
  over.stroke([about.layout.places.get("n3"), about.layout.places.get("n1")]);
  assert.deepEqual(over.did("partition")[0].sides, [["n1", "n2", "n3"], ["n4", "n5"]]);
  const alone = stage({ tool: "move", cut: ["n2", "n3", "n4", "n5"].flatMap((id) => both("n1", id)), sides: [["n1"], ["n2", "n3", "n4", "n5"]] });
  const back = hand(alone);
  back.stroke([alone.layout.places.get("n1"), alone.layout.places.get("n4")]);
  assert.equal(back.did("healAll").length, 1);
  assert.equal(back.did("partition").length, 0);
});

test("with Move a drag over empty ground pans, and the ground stays under the pointer", () => {
  const about = stage({ tool: "move" });
  const over = hand(about);
  over.feed("down", [0, 230]);
  over.feed("move", [60, 210]);
  const [{ camera }] = over.feed("move", [60, 210]);
  assert.ok(Math.abs(camera.x + 60) < 1e-9 && Math.abs(camera.y - 20) < 1e-9);
  over.feed("up", [60, 210]);
  assert.equal(over.name(), "idle");
});

test("the wheel zooms about the pointer, within bounds", () => {
  const about = stage({ camera: { x: 20, y: -10, zoom: 1.5 } });
  const px = [700, 100];
  const before = toStage(px, about);
  const [, [{ camera }]] = reduce(atRest(), { type: "wheel", px, delta: -300 }, about);
  assert.ok(camera.zoom > 1.5);
  const after = toStage(px, { ...about, camera });
  assert.ok(Math.hypot(after[0] - before[0], after[1] - before[1]) < 1e-6);
  assert.equal(reduce(atRest(), { type: "wheel", px, delta: -99999 }, about)[1][0].camera.zoom, 6);
});

test("a double click on empty ground shows everything again", () => {
  const about = stage({ camera: { x: 50, y: 0, zoom: 3 } });
  const [, actions] = reduce(atRest(), { type: "double", point: [0, 240], px: [0, 0] }, about);
  assert.deepEqual(actions, [{ do: "camera", camera: { x: 0, y: 0, zoom: 1 } }]);
  assert.deepEqual(reduce(atRest(), { type: "double", point: about.layout.places.get("n1"), px: [0, 0] }, about)[1], []);
});

test("two fingers pinch: the ground between them stays, the stroke begun with one is forgotten", () => {
  const about = stage();
  const over = hand(about, { touch: true });
  over.feed("down", [-50, 230]);
  over.feed("move", [-50, 180]);
  assert.equal(over.name(), "roping");
  over.feed("down", [50, 180], { pointer: 2 });
  assert.equal(over.name(), "pinching");
  assert.equal(over.did("gesture").at(-1).gesture, null);
  const [{ camera }] = over.feed("move", [150, 180], { pointer: 2 });
  assert.ok(Math.abs(camera.zoom - 2) < 1e-9);
  over.feed("up", [150, 180], { pointer: 2 });
  over.feed("move", [0, 0]);
  over.feed("up", [0, 0]);
  assert.equal(over.name(), "idle");
  assert.equal(over.did("cut").length, 0);
});

test("every state answers cancel, and nothing has happened", () => {
  const starts = {
    pressing: [stage(), [[0, 230]]],
    roping: [stage(), [[0, 230], [0, 180]]],
    lassoing: [stage({ tool: "lasso" }), [[0, 230], [0, 180]]],
    dragging: [stage(), null],
    panning: [stage({ tool: "move" }), [[0, 230], [0, 180]]],
  };
  for (const [name, [about, given]] of Object.entries(starts)) {
    const [x, y] = about.layout.places.get("n4");
    const over = hand(about);
    const points = given ?? [[x, y], [x * 1.6, y]];
    over.feed("down", points[0]);
    for (const point of points.slice(1)) over.feed("move", point);
    assert.equal(over.name(), name);
    over.feed("cancel");
    assert.equal(over.name(), "idle", name);
    over.feed("up", points.at(-1));
    for (const what of ["cut", "oneWay", "heal", "healAll", "partition", "card", "select"]) assert.equal(over.did(what).length, 0, `${name}: ${what}`);
  }
});

test("a second pointer's moves do not draw the first one's stroke", () => {
  const about = stage();
  const over = hand(about);
  over.feed("down", [0, 230]);
  over.feed("move", [0, 180]);
  const before = over.did("gesture").length;
  over.feed("move", [300, 0], { pointer: 7 });
  assert.equal(over.did("gesture").length, before);
});

test("in the clients' view the network cannot be cut, and the stage says how to see it", () => {
  const about = stage({ view: "clients" });
  const over = hand(about);
  over.stroke(gap(about));
  assert.equal(over.did("cut").length, 0);
  assert.match(over.did("say")[0].text, /Press G/);
});

test("a mouse that moves points at things; a finger does not", () => {
  const about = stage();
  const place = about.layout.places.get("n1");
  assert.equal(hand(about).feed("move", place)[0].target.id, "n1");
  assert.deepEqual(hand(about, { touch: true }).feed("move", place), []);
});
