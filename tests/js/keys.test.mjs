// The table of keys is the key map and the help.
import assert from "node:assert/strict";
import { test } from "node:test";
import { actionOf, KEYS, keysByGroup, shownKey } from "../../static/js/lib/keys.js";
import { named } from "../../static/js/words/index.js";

const press = (key, more = {}) => ({ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...more });

test("every key of the design does what the design says", () => {
  const wanted = { " ": "play", ArrowRight: "stepEvent", ArrowLeft: "backEvent", PageDown: "next", PageUp: "previous", m: "nextMark", o: "scenes", q: "question", a: "lesson", d: "dot", s: "speaker", b: "blank", ".": "blank", f: "fullscreen", r: "reset", "?": "help", v: "move", c: "cut", l: "lasso", h: "heal", z: "undo", g: "view", k: "key", p: "present", 1: "lane1", 4: "lane4", t: "theme", Escape: "cancel" };
  for (const [key, action] of Object.entries(wanted)) assert.equal(actionOf(press(key), "page"), action, key);
});

test("shift with an arrow steps a message, and capitals do as small letters", () => {
  assert.equal(actionOf(press("ArrowRight", { shiftKey: true }), "page"), "stepMessage");
  assert.equal(actionOf(press("ArrowLeft", { shiftKey: true }), "page"), "backMessage");
  assert.equal(actionOf(press("L", { shiftKey: true }), "page"), "lasso");
});

test("control Z undoes; the browser's own shortcuts are left alone", () => {
  assert.equal(actionOf(press("z", { ctrlKey: true }), "page"), "undo");
  assert.equal(actionOf(press("z", { metaKey: true }), "page"), "undo");
  for (const key of ["r", "c", "f", "t", "l"]) assert.equal(actionOf(press(key, { ctrlKey: true }), "page"), null, key);
  assert.equal(actionOf(press("ArrowLeft", { altKey: true }), "page"), null);
});

test("who types in a field types, and Escape still cancels", () => {
  for (const { keys } of KEYS.filter(({ action }) => action !== "cancel")) for (const key of keys) assert.equal(actionOf(press(key), "field"), null, key);
  assert.equal(actionOf(press("Escape"), "field"), "cancel");
});

test("a focused slider keeps its arrows, a focused button Space and Enter; the rest works", () => {
  assert.equal(actionOf(press("ArrowRight"), "slider"), null);
  assert.equal(actionOf(press(" "), "slider"), "play");
  assert.equal(actionOf(press("PageDown"), "slider"), "next", "a clicker goes on whatever has the focus");
  assert.equal(actionOf(press(" "), "control"), null);
  assert.equal(actionOf(press("Enter"), "control"), null);
  assert.equal(actionOf(press("ArrowRight"), "control"), "stepEvent");
});

test("no key means two things", () => {
  const seen = new Set();
  for (const { keys, shift } of KEYS) {
    for (const key of keys) {
      const name = `${key} ${shift ?? "any"}`;
      assert.ok(!seen.has(name), name);
      seen.add(name);
    }
  }
});

test("the help shows every action once, with a key and words", () => {
  const shown = keysByGroup().flatMap(([, keys]) => keys);
  assert.ok(shown.every(({ shown: key, action }) => key !== "" && named("keys", action, "") !== ""));
  const hidden = KEYS.filter((key) => !shown.includes(key)).map(({ action }) => action);
  assert.deepEqual(hidden, ["lane2", "lane3", "lane4"], "which stand in the row `1 to 4`");
  assert.equal(shownKey("cut"), "C");
});
