// What the hall does together, as a page knows it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cardOf, emptyHall, hallWith, hasBars, isMarked, shares } from "../../static/js/stores/hall.js";
import { emptyWorld, fold, takeMine } from "../../static/js/stores/world.js";

const poll = (more = {}) => ({ number: 3, state: "open", votes: null, counts: [], right: [], ...more });
const seats = (open = false) => ({ open, most: 120, taken: {} });
const body = (more = {}) => ({ poll: poll(), seats: seats(), ...more });

test("a page keeps its own vote while the same vote goes on, and forgets it with another one", () => {
  const chosen = hallWith(emptyHall(), body({ mine: { number: 3, answer: 1, client: "", node: "" } }));
  assert.equal(chosen.mine.answer, 1);
  assert.equal(hallWith(chosen, body({ poll: poll({ state: "closed" }) })).mine.answer, 1);
  assert.equal(hallWith(chosen, body({ poll: poll({ number: 4 }) })).mine.answer, -1);
});

test("an answer to a vote that is over already is not taken for one to the new vote", () => {
  const hall = hallWith(emptyHall(), body({ poll: poll({ number: 5 }) }));
  assert.equal(hallWith(hall, { ...hall, mine: { number: 4, answer: 2, client: "", node: "" } }).mine.answer, -1);
});

test("a seat is gone when the seats are closed", () => {
  const sits = hallWith(emptyHall(), body({ seats: seats(true), mine: { number: 3, answer: -1, client: "p4", node: "n2" } }));
  assert.deepEqual([sits.mine.client, sits.mine.node], ["p4", "n2"]);
  assert.deepEqual([hallWith(sits, body({ seats: seats(true) })).mine.node, hallWith(sits, body()).mine.node], ["n2", ""]);
});

test("the owner's page knows counts and right answers before the hall does, and shows neither before", () => {
  const known = poll({ votes: 7, counts: [3, 4], right: [true, false] });
  assert.deepEqual([hasBars(known), isMarked(known, 30)], [false, false]);
  assert.deepEqual([hasBars({ ...known, state: "shown" }), isMarked({ ...known, state: "shown" }, 30)], [true, false]);
  assert.deepEqual([hasBars({ ...known, state: "right" }), isMarked({ ...known, state: "right" }, 30)], [true, true]);
  assert.equal(isMarked(known, 1), true, "alone at a desk there is nobody to wait for");
});

test("a card that was closed comes back when it shows something else", () => {
  assert.equal(cardOf(poll({ state: "off" }), 1), "");
  const cards = [cardOf(poll(), 1), cardOf(poll({ right: [true] }), 1), cardOf(poll({ state: "closed" }), 1), cardOf(poll({ number: 4 }), 1)];
  assert.equal(new Set(cards).size, 4);
  assert.equal(cardOf(poll({ votes: 1 }), 5), cardOf(poll({ votes: 2 }), 5), "not with every vote");
});

test("shares are percents, of nothing none", () => {
  assert.deepEqual(shares([1, 3]), [25, 75]);
  assert.deepEqual(shares([0, 0]), [0, 0]);
});

test("a hall's frame is believed without a snapshot, and a new connection begins without one", () => {
  const state = emptyWorld();
  fold(state, [1, 0, [["hall", body()]]]);
  assert.equal(state.hall.poll.state, "open");
  takeMine(state, { number: 3, answer: 0, client: "", node: "" });
  assert.equal(state.hall.mine.answer, 0);
  fold(state, [2, 0, [["hello", { protocols: [], scenarios: [] }]]]);
  assert.equal(state.hall.poll.state, "off");
});
