// The places on the stage: legible from 2 to 25 nodes, with separate islands, and dependent on the present alone.

import assert from "node:assert/strict";
import { test } from "node:test";
import { between, farOut, layout, sideAt, sidesAfterDrop, stageSize, wallBetween } from "../../static/js/stage/layout.js";

const SIZES = [[922, 520], [600, 300], [450, 520], [366, 300]];
const names = (count) => Array.from({ length: count }, (_, i) => `n${i + 1}`);
const clientsOf = (nodes) => nodes.map((id, i) => [`c${i + 1}`, id]);
const laid = (count, sides, [width, height] = SIZES[0]) => {
  const nodes = names(count);
  return layout({ nodes, sides, clean: true, clients: clientsOf(nodes), ...stageSize(width, height) });
};

test("from 2 to 25 nodes nobody overlaps and everybody is on the stage", () => {
  for (const size of SIZES) {
    for (let count = 2; count <= 25; count++) {
      const given = laid(count, [names(count)], size);
      const places = [...given.places.values()];
      for (const [i, [x, y]] of places.entries()) {
        assert.ok(Math.abs(x) + given.radius <= given.width / 2 && Math.abs(y) + given.radius <= given.height / 2, `${count} nodes at ${size}`);
        for (const [ox, oy] of places.slice(i + 1)) assert.ok(Math.hypot(x - ox, y - oy) > 2 * given.radius, `${count} nodes at ${size}`);
      }
    }
  }
});

test("every client stands on the stage, near its node, and on no node", () => {
  for (const count of [3, 5, 9, 25]) {
    for (const sides of [[names(count)], [names(count).slice(0, 2), names(count).slice(2)]]) {
      const given = laid(count, sides);
      assert.equal(given.clients.size, count);
      for (const [client, [x, y]] of given.clients) {
        const [nx, ny] = given.places.get(`n${client.slice(1)}`);
        assert.ok(Math.hypot(x - nx, y - ny) < given.radius + 110 * given.unit);
        assert.ok(Math.abs(x) < given.width / 2 && Math.abs(y) < given.height / 2, `${client} of ${count}`);
        for (const [px, py] of given.places.values()) assert.ok(Math.hypot(x - px, y - py) > given.radius + 4, `${client} of ${count}`);
      }
    }
  }
});

test("the lowest numbers stand together on the left and the middle one on top", () => {
  const { places } = laid(5, [names(5)]);
  assert.ok(places.get("n1")[0] < 0 && places.get("n2")[0] < 0 && places.get("n4")[0] > 0 && places.get("n5")[0] > 0);
  assert.ok(Math.abs(places.get("n3")[0]) < 1 && places.get("n3")[1] < places.get("n1")[1]);
  assert.ok(places.get("n1")[1] < places.get("n2")[1]);
});

test("a clean split makes islands, with the canyon between every two nodes of different sides", () => {
  const sides = [["n1", "n2"], ["n3", "n4", "n5"]];
  const given = laid(5, sides);
  assert.equal(given.islands.length, 2);
  assert.equal(given.canyons.length, 1);
  const [[x]] = given.canyons[0];
  for (const id of sides[0]) assert.ok(given.places.get(id)[0] + given.radius < x, "the side that was on the left stays left");
  for (const id of sides[1]) assert.ok(given.places.get(id)[0] - given.radius > x);
});

test("every split of up to seven nodes keeps its sides in regions of their own", () => {
  for (let count = 2; count <= 7; count++) {
    const nodes = names(count);
    for (let mask = 1; mask < 2 ** count - 1; mask++) {
      const sides = [nodes.filter((_, i) => mask & (1 << i)), nodes.filter((_, i) => !(mask & (1 << i)))];
      const given = laid(count, sides);
      for (const [s, side] of sides.entries()) for (const id of side) assert.equal(sideAt(given, given.places.get(id)), s);
    }
  }
});

test("k sides make k islands and k - 1 canyons", () => {
  const given = laid(5, names(5).map((id) => [id]));
  assert.equal(given.islands.length, 5);
  assert.equal(given.canyons.length, 4);
});

test("overlapping cuts move nobody", () => {
  const nodes = names(5);
  const size = stageSize(922, 520);
  const whole = layout({ nodes, sides: [nodes], clean: true, ...size });
  const mess = layout({ nodes, sides: [["n1"], ["n2", "n3", "n4", "n5"]], clean: false, ...size });
  assert.deepEqual([...mess.places], [...whole.places]);
  assert.deepEqual(mess.islands, []);
});

test("the same instant gives the same picture, whatever came before", () => {
  const sides = [["n1", "n4"], ["n2", "n3", "n5"]];
  assert.deepEqual(laid(5, sides), laid(5, sides));
  assert.deepEqual([...laid(5, [["n2", "n3", "n5"], ["n1", "n4"]]).places].sort(), [...laid(5, sides).places].sort());
});

test("nodes glide from where they were to where they go", () => {
  const from = laid(5, [names(5)]);
  const to = laid(5, [["n1", "n2"], ["n3", "n4", "n5"]]);
  assert.deepEqual([...between(from, to, 0).places], [...from.places]);
  assert.deepEqual([...between(from, to, 1).places], [...to.places]);
  const half = between(from, to, 0.5).places.get("n4");
  assert.ok(Math.abs(half[1] - (from.places.get("n4")[1] + to.places.get("n4")[1]) / 2) < 1e-9);
});

test("the wall stands at the first canyon on the way, else in the middle", () => {
  const canyons = [[[10, -50], [10, 50]], [[60, -50], [60, 50]]];
  assert.equal(wallBetween([0, 0], [100, 0], canyons), 0.1);
  assert.equal(wallBetween([100, 0], [0, 0], canyons), 0.4);
  assert.equal(wallBetween([0, 0], [100, 0], []), 0.5);
});

test("a node dragged far out of the ring stands alone; near it, nothing changes", () => {
  const given = laid(5, [names(5)]);
  const [x, y] = given.places.get("n4");
  assert.equal(sidesAfterDrop(given, "n4", [x + 10, y + 10]), null);
  assert.equal(farOut(given, [x * 1.6, y]), true);
  assert.deepEqual(sidesAfterDrop(given, "n4", [x * 1.6, y]), [["n4"], ["n1", "n2", "n3", "n5"]]);
});

test("a node dropped on another island changes sides, and the last one to return heals", () => {
  const given = laid(5, [["n1", "n2"], ["n3", "n4", "n5"]]);
  const right = given.places.get("n4");
  assert.deepEqual(sidesAfterDrop(given, "n2", right), [["n1"], ["n2", "n3", "n4", "n5"]]);
  assert.equal(sidesAfterDrop(given, "n3", right), null);
  const alone = laid(5, [["n1"], ["n2", "n3", "n4", "n5"]]);
  assert.deepEqual(sidesAfterDrop(alone, "n1", alone.places.get("n4")), [names(5)]);
  assert.deepEqual(sidesAfterDrop(given, "n2", [5000, 0]), [["n1"], ["n3", "n4", "n5"], ["n2"]]);
});

test("on a small canvas nodes take a larger share", () => {
  const share = ([width, height]) => (laid(5, [names(5)], [width, height]).radius * stageSize(width, height).scale) / Math.sqrt(width * height);
  assert.ok(share([366, 300]) > share([922, 520]) * 1.2);
});
