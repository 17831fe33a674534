// One table of marks serves the legend and the stage: the stage paints only marks of it, and each mark has words and paints something.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createSprites, drawMoving, drawStill } from "../../static/js/stage/draw.js";
import { MARKS, paintMark } from "../../static/js/stage/marks.js";
import { named } from "../../static/js/words/index.js";

function recorder() {
  const calls = [];
  const kept = {};
  const brush = new Proxy(kept, {
    get: (target, name) => {
      if (name in target) return target[name];
      return (...given) => {
        calls.push([name, ...given]);
        return name === "measureText" ? { width: 20 } : undefined;
      };
    },
  });
  return { brush, calls, names: () => calls.map(([name]) => name) };
}
const view = { scale: 2, x: 100, y: 100, font: "Inter", colours: { ink: "#fff", bg: "#000" } };
const surfaces = (made) => (width, height) => {
  const { brush, calls } = recorder();
  made.push({ width, height, calls });
  return { surface: { width, height }, brush };
};

test("every mark has a name of its own, words for the legend, and leaves paint", () => {
  assert.equal(new Set(MARKS.map(({ name }) => name)).size, MARKS.length);
  for (const { name } of MARKS) {
    assert.ok(named("marks", name, "").length > 3, name);
    const { brush, names } = recorder();
    paintMark(brush, name, 0, 0, 24, {});
    assert.ok(names().includes("fill") || names().includes("stroke"), name);
  }
});

test("a mark keeps within its box and is painted where it was asked for", () => {
  const { brush, calls } = recorder();
  paintMark(brush, "failed", 30, 40, 48, {});
  assert.deepEqual(calls.slice(0, 3), [["save"], ["translate", 30, 40], ["scale", 2, 2]]);
  for (const [name, x, y] of calls) if (name === "moveTo" || name === "lineTo") assert.ok(Math.abs(x) <= 12 && Math.abs(y) <= 12);
});

test("an unknown mark is refused loudly", () => {
  assert.throws(() => paintMark(recorder().brush, "sparkle", 0, 0, 24, {}), /no mark is called "sparkle"/);
});

test("an unknown shape is refused loudly", () => {
  assert.throws(() => drawMoving(recorder().brush, [{ kind: "sparkle", x: 0, y: 0 }], view, createSprites(surfaces([]))), /no shape is called "sparkle"/);
});

test("what looks the same is painted once and copied afterwards", () => {
  const made = [];
  const sprites = createSprites(surfaces(made));
  const { brush, calls } = recorder();
  const dots = [1, 2, 3].map((id) => ({ kind: "message", id, x: id * 10, y: 0, name: "request", tint: "#56b4e9", size: 24, waits: false, focused: false, angle: null }));
  drawMoving(brush, dots, view, sprites);
  drawMoving(brush, dots, view, sprites);
  assert.equal(made.length, 1);
  assert.equal(calls.filter(([name]) => name === "drawImage").length, 6);
  drawMoving(brush, dots, { ...view, scale: 3 }, sprites);
  assert.equal(made.length, 2, "another scale needs another sprite");
});

test("sprites land on whole pixels", () => {
  const { brush, calls } = recorder();
  const dot = { kind: "message", id: 1, x: 10.37, y: 3.3, name: "yes", tint: "#e69f00", size: 24, waits: false, focused: false, angle: null };
  drawMoving(brush, [dot], view, createSprites(surfaces([])));
  const [, , left, top] = calls.find(([name]) => name === "drawImage");
  assert.ok(Number.isInteger(left) && Number.isInteger(top));
});

test("three hundred links of one look cost one stroke", () => {
  const { brush, names } = recorder();
  const links = Array.from({ length: 300 }, (_, i) => ({ kind: "link", id: String(i), x: i, y: 0, x2: i, y2: 9, cut: false, width: 2, colour: "#333", alpha: 1 }));
  drawStill(brush, links, view);
  assert.equal(names().filter((name) => name === "stroke").length, 1);
});

test("a cut link stops short of its wall on both sides", () => {
  const { brush, calls } = recorder();
  drawStill(brush, [{ kind: "link", x: 0, y: 0, x2: 100, y2: 0, cut: true, wallAt: 0.5, gap: 10, width: 2, colour: "#333", alpha: 1 }], view);
  const xs = calls.filter(([name]) => name === "moveTo" || name === "lineTo").map(([, x]) => x);
  assert.deepEqual(xs, [0, 40, 100, 60]);
});
