// What this visitor is doing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createStore } from "../../static/js/stores/store.js";
import { operationWords } from "../../static/js/words/sentences.js";
import { cancel, createUi, say } from "../../static/js/stores/ui.js";

test("a store tells everybody who listens, and nobody who has left", () => {
  const store = createStore({ a: 1, b: 1 });
  const heard = [];
  const leave = store.subscribe((state) => heard.push(["one", state.a]));
  store.subscribe((state) => heard.push(["two", state.a]));
  store.update({ a: 2 });
  leave();
  store.update({ a: 3 });
  assert.deepEqual(heard, [["one", 2], ["two", 2], ["two", 3]]);
  assert.deepEqual(store.state, { a: 3, b: 1 });
});

test("who leaves while being told does not silence the others", () => {
  const store = createStore({ a: 1 });
  let heard = 0;
  const leave = store.subscribe(() => leave());
  store.subscribe(() => (heard += 1));
  store.update({ a: 2 });
  assert.equal(heard, 1);
});

test("a newcomer has the knife in hand and looks at everything", () => {
  const { state } = createUi();
  assert.equal(state.tool, "cut");
  assert.equal(state.view, "god");
  assert.equal(state.theme, "dark");
});

test("the same sentence twice is said twice", () => {
  const ui = createUi();
  say(ui, "No.", false);
  say(ui, "No.", false);
  assert.deepEqual(ui.state.said, { sentence: "No.", count: 2, calm: false });
});

test("Escape closes one thing at a time, the uppermost first", () => {
  const ui = createUi();
  ui.update({ presenting: true, solo: 1, dock: { lane: 0, kind: "details" }, selection: { lane: 0, kind: "lasso", ids: ["n1"] }, dialog: "help", blank: true });
  const open = () => ["blank", "dialog", "selection", "dock", "solo", "presenting"].filter((name) => ui.state[name] !== null && ui.state[name] !== false);
  const order = [];
  while (open().length > 0) {
    const before = open();
    assert.equal(cancel(ui), true);
    order.push(before.find((name) => !open().includes(name)));
  }
  assert.deepEqual(order, ["blank", "dialog", "selection", "dock", "solo", "presenting"]);
  assert.equal(cancel(ui), false);
});

test("an operation is told in the words of its lane's object", () => {
  const operation = { id: "you:1", client: "you", node: "n1", kind: "write", key: "x", value: "jam", start: 0, finish: 1, outcome: "ok", result: [], reason: "", mark: "", note: "" };
  const told = (object, more = {}) => operationWords({ ...operation, ...more }, object);
  assert.equal(told("register"), "you wrote x=jam at n1");
  assert.equal(told("decision", { result: ["tea"] }), "you proposed jam for x at n1 → tea");
  assert.equal(told("counter"), "you added one to x at n1");
  assert.equal(told("counter", { kind: "remove" }), "you took one away from x at n1");
  assert.equal(told("set"), "you added jam to x at n1");
  assert.equal(told("set", { kind: "remove", outcome: "unknown" }), "you removed jam from x at n1: no answer in time");
  assert.equal(told("set", { kind: "read", result: ["eggs", "jam"] }), "you read x at n1 → {eggs, jam}");
  assert.equal(told("register", { kind: "read", result: ["7", "9"] }), "you read x at n1 → 7 | 9");
});
