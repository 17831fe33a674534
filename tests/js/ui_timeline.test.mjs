// What the timeline's track shows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lengthOf, placed, SPEEDS, speedPlace } from "../../static/js/lib/timeline.js";

const S = 1e6;
const LENGTH = 20 * S;
const WORDS = { kind: (kind) => (kind === "stale" ? "stale read" : kind), lane: (lane, text) => `${lane}: ${text}` };
const labelled = (marks, lanes = []) => placed(marks, LENGTH, { ...WORDS, lanes }).filter(({ label }) => label !== "");

test("the slider's speeds go from 1/200 to 10, and any speed finds its nearest", () => {
  assert.equal(SPEEDS[0], 1 / 200);
  assert.equal(SPEEDS.at(-1), 10);
  assert.equal(SPEEDS[speedPlace(0.05)], 1 / 20);
  assert.equal(SPEEDS[speedPlace(0.06)], 1 / 20);
  assert.equal(SPEEDS[speedPlace(100)], 10);
});

test("the track always has room to grow, and keeps its length while a run goes on for a while", () => {
  for (const horizon of [0, 5 * S, 19 * S, 100 * S, 3599 * S, 9000 * S]) assert.ok(lengthOf(horizon) > horizon);
  assert.equal(lengthOf(3 * S), lengthOf(12 * S));
});

test("the track is as long as the scenario, until the run outlasts it", () => {
  assert.equal(lengthOf(2 * S, 7 * S), 7 * S);
  assert.equal(lengthOf(7 * S, 7 * S), 7 * S);
  assert.ok(lengthOf(8 * S, 7 * S) > 8 * S);
});

test("a label names the lane of its mark, or none when it is true of all", () => {
  const marks = [[3 * S, "leader", 0, "n2 leads term 4"], [10 * S, "leader", 0, "n3 leads term 5"], [10.05 * S, "leader", 1, "n3 leads term 5"], [15 * S, "cut", -1, "cut"]];
  assert.deepEqual(labelled(marks, ["joint", "at once"]).map(({ label }) => label), ["joint: n2 leads term 4", "n3 leads term 5", "cut"]);
});

test("a label stays inside the track", () => {
  const [first, last] = labelled([[0, "leader", 0, "n2 leads term 1"], [LENGTH, "crash", 0, "n1 crashed"]]);
  assert.ok(first.middle > 0.05 && last.middle < 0.97);
});

test("no label lies over another in its row, and the weightier comes first", () => {
  const marks = [[10 * S, "stale", 1, "stale read"], [10.1 * S, "cut", -1, "cut"], [10.2 * S, "crash", 0, "n1 crashed"], [10.3 * S, "leader", 0, "leader n3"], [16 * S, "heal", -1, "heal"]];
  assert.deepEqual(labelled(marks).map(({ label, row }) => [label, row]), [["cut", 0], ["leader n3", 1], ["heal", 0]]);
});

test("the leader that follows a cut is named in the second row, and so is the leader after a heal", () => {
  const marks = [[1 * S, "leader", 0, "leader n1"], [8 * S, "cut", -1, "cut"], [8.2 * S, "leader", 0, "leader n3"], [14 * S, "heal", -1, "heal"], [14.2 * S, "leader", 0, "leader n4"]];
  assert.deepEqual(labelled(marks).map(({ label, row }) => [label, row]), [["leader n1", 0], ["cut", 0], ["leader n3", 1], ["heal", 0], ["leader n4", 1]]);
});

test("a leader without a free place under its mark is named close beside the label in the way, and others are not", () => {
  const lanes = ["asks a majority", "asks one copy"];
  const marks = [[0.4 * S, "leader", 0, "n2 leads term 1"], [3.6 * S, "cut", -1, "cut"], [4 * S, "leader", 0, "n3 leads term 2"], [4.1 * S, "stale", 1, "stale read"]];
  const labels = labelled(marks, lanes);
  assert.deepEqual(labels.map(({ label, row }) => [label, row]), [["asks a majority: n2 leads term 1", 1], ["cut", 0], ["asks a majority: n3 leads term 2", 0]]);
  const [, cut, leader] = labels;
  const half = (leader.label.length * 0.0068) / 2;
  assert.ok(leader.middle - half > cut.middle && leader.middle - half < (4 * S) / LENGTH + 0.03);
});

test("marks of one kind close together are one mark that counts", () => {
  const stale = Array.from({ length: 50 }, (_, step) => [12 * S + step * 10_000, "stale", 1, "stale read"]);
  const kept = placed(stale, LENGTH, WORDS);
  assert.ok(kept.length <= 6, `${kept.length} marks`);
  assert.equal(kept.reduce((sum, { times }) => sum + times, 0), 50);
  assert.equal(labelled(stale).length, 1);
});

test("a label has the first words of a long text, and the story's sentences stay in the caption", () => {
  assert.deepEqual(labelled([[3 * S, "violation", 0, "c3 read x=7 after it had been removed"], [9 * S, "say", -1, "Now look left."]]).map(({ label }) => label), ["c3 read x=7 after it had been…"]);
  assert.deepEqual(labelled([[3 * S, "stale", 0, "c3 read x=7 at n1 after x=8 had been written"]]).map(({ label }) => label), ["stale read"], "of one read");
  assert.equal(placed([[9 * S, "say", -1, "Now look left."]], LENGTH, WORDS).length, 0);
});
