// The world's fold of packets, as docs/wire.md tells it; no browser, no server.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { advanceRender, createWorld, emptyWorld, expectSnapshot, fold, hashOf, momentBefore, rows } from "../../static/js/stores/world.js";

const NODE = { status: "up", sentence: "", role: "follower", epoch: 1, leader: "n1", store: {}, facts: {}, timers: [], lie: "" };
const LINKS = { base: [10_000, 0, "uniform", 0, 0], cut: [], tuned: [], words: "Whole.", sides: [["n1", "n2"]], clean: false };
const NOTHING = {};

const clock = (at, more = {}) => ["clock", { at, horizon: at, speed: 0.05, playing: true, live: true, ...more }];

function snapshot(at, more = {}) {
  const lane = { nodes: { n1: NODE, n2: NODE }, links: LINKS, flying: NOTHING, operations: NOTHING, meters: null, findings: [], lost: { cut: 0, loss: 0, down: 0 }, stopped: null };
  const spec = { scenario: "same-cut", seed: 1, nodes: ["n1", "n2"], keys: ["x"], clients: [], lanes: [{ protocol: "raft", title: "Raft", knobs: {}, line: "" }] };
  return ["snapshot", { spec, clock: clock(at, more.clock)[1], lanes: [{ ...lane, ...more.lane }], marks: [], eras: [], caption: "", undo: null, ...more.body }];
}

const sent = (...messages) => ({
  id: messages.map(([id]) => id), at: messages.map(([, at]) => at), src: messages.map(() => "n1"), dst: messages.map(() => "n2"), type: messages.map(() => "Vote"),
  tone: messages.map(() => ""), epoch: messages.map(() => 1), due: messages.map(([, at]) => at + 10_000), fields: messages.map(() => []),
});

const ended = (...messages) => ({ id: messages.map(([id]) => id), at: messages.map(([, at]) => at), how: messages.map(([, , how]) => how) });

const events = (from, to, more = {}) => ["events", { lane: 0, from, to, ...more }];

function opened(at = 1_000_000, more = {}) {
  const state = emptyWorld();
  fold(state, [1, 1, [snapshot(at, more)]]);
  return state;
}

/** Lets wall time pass in frames of a sixtieth of a second. */
function pass(state, seconds) {
  for (let frame = 0; frame < Math.round(seconds * 60); frame += 1) advanceRender(state, 1 / 60);
}

describe("packets", () => {
  test("columns become rows", () => {
    assert.deepEqual(rows({ id: [1, 2], at: [5, 6] }), [{ id: 1, at: 5 }, { id: 2, at: 6 }]);
    assert.deepEqual(rows({}), []);
  });

  test("a snapshot is a whole world and sets the picture's clock at once", () => {
    const state = opened(8_200_000);
    assert.equal(state.renderAt, 8_200_000);
    assert.equal(state.lanes.length, 1);
    assert.equal(state.waiting, false);
  });

  test("nothing of the world is believed before the first snapshot", () => {
    const state = emptyWorld();
    fold(state, [7, 3, [["audience", { viewers: 1, controls: true, holder_present: true }], clock(500)]]);
    assert.equal(state.audience.controls, true);
    assert.equal(state.clock.at, 0);
    assert.equal(state.waiting, true);
  });

  test("a gap in the numbers makes the world stale until a snapshot comes", () => {
    const state = opened();
    fold(state, [3, 1, [events(1_000_000, 1_010_000, { nodes: { n1: { ...NODE, role: "leader" } } }), clock(1_010_000)]]);
    assert.equal(state.stale, true);
    pass(state, 1);
    assert.equal(state.lanes[0].nodes.n1.role, "follower");
    fold(state, [4, 1, [clock(1_020_000)]]);
    assert.equal(state.stale, true);
    fold(state, [5, 1, [snapshot(1_030_000)]]);
    assert.equal(state.stale, false);
    assert.equal(state.renderAt, 1_030_000);
    fold(state, [6, 1, [clock(1_040_000)]]);
    assert.equal(state.clock.at, 1_040_000);
  });

  test("the same packet twice counts once, and one of an old future not at all", () => {
    const state = opened();
    const packet = [2, 1, [["marks", { marks: [[1_000_000, "cut", -1, "cut"]], eras: [], caption: "", undo: null }], clock(1_000_000)]];
    fold(state, packet);
    fold(state, packet);
    pass(state, 0.1);
    assert.equal(state.marks.length, 1);
    fold(state, [3, 2, [snapshot(200_000)]]);
    fold(state, [4, 1, [clock(1_500_000)]]);
    assert.equal(state.clock.at, 200_000);
    assert.equal(state.stale, false);
  });

  test("after a reconnect any snapshot will do, even of a server that began anew", () => {
    const state = opened();
    fold(state, [2, 1, [clock(1_000_000)]]);
    expectSnapshot(state);
    fold(state, [1, 1, [snapshot(400_000)]]);
    assert.equal(state.seq, 1);
    assert.equal(state.renderAt, 400_000);
  });

  test("an unknown frame fails loudly, whether or not a world is there", () => {
    assert.throws(() => fold(opened(), [2, 1, [["weather", {}]]]), /unknown frame "weather"/);
    assert.throws(() => fold(emptyWorld(), [2, 1, [["weather", {}]]]), /unknown frame "weather"/);
  });

  test("a refusal and a goodbye are kept as sentences", () => {
    const state = opened();
    fold(state, [2, 1, [["refused", { sentence: "Too fast." }], ["bye", { sentence: "The session ends." }]]]);
    assert.deepEqual(state.refused, { sentence: "Too fast.", count: 1 });
    assert.equal(state.bye, "The session ends.");
  });
});

describe("the picture's clock", () => {
  test("stays about a tenth of a second behind the news while playing", () => {
    const state = opened(1_000_000);
    let at = 1_000_000;
    for (let packet = 0; packet < 90; packet += 1) {
      at += 1667; // a thirtieth of a second at 1/20
      fold(state, [packet + 2, 1, [events(at - 1667, at), clock(at)]]);
      advanceRender(state, 1 / 60);
      advanceRender(state, 1 / 60);
    }
    const behind = (at - state.renderAt) / (0.05 * 1e6);
    assert.ok(behind > 0.06 && behind < 0.14, `${behind} s behind`);
  });

  test("never goes backwards and never beyond the newest news, however unevenly packets come", () => {
    const state = opened(1_000_000);
    let at = 1_000_000;
    let seq = 1;
    let before = state.renderAt;
    for (let frame = 0; frame < 600; frame += 1) {
      if (frame % 37 === 0) {
        at += 1667 * ((frame % 5) + 1) * 8;
        fold(state, [(seq += 1), 1, [events(state.newest, at), clock(at)]]);
      }
      advanceRender(state, 1 / 60);
      assert.ok(state.renderAt >= before && state.renderAt <= state.newest);
      before = state.renderAt;
    }
  });

  test("jumps when it is hopelessly behind", () => {
    const state = opened(1_000_000);
    fold(state, [2, 1, [clock(9_000_000)]]);
    advanceRender(state, 1 / 60);
    assert.ok(9_000_000 - state.renderAt <= 0.2 * 0.05 * 1e6);
  });

  test("paused, it reaches a step's end within 0.4 s, so that a stepped message is seen to move", () => {
    const state = opened(1_000_000, { clock: { playing: false } });
    fold(state, [2, 1, [events(1_000_000, 1_030_000), clock(1_030_000, { playing: false })]]);
    pass(state, 0.2);
    assert.ok(state.renderAt > 1_000_000 && state.renderAt < 1_030_000);
    pass(state, 0.25);
    assert.equal(state.renderAt, 1_030_000);
  });
});

describe("messages", () => {
  const news = (state) =>
    fold(state, [2, 1, [events(1_000_000, 1_040_000, { sent: sent([1, 1_005_000], [2, 1_020_000]), ended: ended([1, 1_015_000, "delivered"]), nodes: { n2: { ...NODE, role: "leader" } } }), clock(1_040_000)]]);

  test("fly from the microsecond they were sent to the one they ended, not from the arrival of the packet", () => {
    const state = opened(1_000_000);
    news(state);
    assert.equal(state.lanes[0].flying.size, 0);
    while (state.renderAt < 1_006_000) advanceRender(state, 1 / 60);
    assert.deepEqual([...state.lanes[0].flying.keys()], [1]);
    while (state.renderAt < 1_016_000) advanceRender(state, 1 / 60);
    assert.equal(state.lanes[0].flying.size, 0);
    assert.deepEqual(state.lanes[0].ended.map(({ id, how, endedAt }) => [id, how, endedAt]), [[1, "delivered", 1_015_000]]);
    assert.equal(state.lanes[0].nodes.n2.role, "follower");
    fold(state, [3, 1, [clock(1_060_000)]]);
    pass(state, 1);
    assert.equal(state.lanes[0].nodes.n2.role, "leader");
  });

  test("that ended are kept for a second and a half of effects", () => {
    const state = opened(1_000_000);
    news(state);
    fold(state, [3, 1, [clock(1_050_000, { playing: false })]]);
    pass(state, 1);
    assert.equal(state.lanes[0].ended.length, 1);
    pass(state, 1);
    assert.equal(state.lanes[0].ended.length, 0);
  });

  test("leave their moments behind for stepping back", () => {
    const state = opened(1_000_000);
    news(state);
    fold(state, [3, 1, [clock(1_050_000, { playing: false })]]);
    pass(state, 1);
    assert.equal(momentBefore(state.moments, 1_020_000), 1_015_000);
    assert.equal(momentBefore(state.landings, 1_050_000), 1_015_000);
    assert.equal(momentBefore(state.landings, 1_015_000), null);
    fold(state, [4, 2, [snapshot(1_010_000)]]);
    assert.deepEqual(state.moments, [1_005_000], "what lies ahead is forgotten, what lies behind is still true");
  });
});

describe("what the panels show", () => {
  const operation = (more) => ({ id: ["c1:1"], client: ["c1"], node: ["n1"], kind: ["write"], key: ["x"], value: ["1"], start: [1_000_000], finish: [null], outcome: ["pending"], result: [[]], reason: [""], mark: [""], note: [""], ...more });

  test("an operation's row that comes again takes the place of the old one", () => {
    const state = opened(1_000_000, { clock: { playing: false } });
    fold(state, [2, 1, [events(1_000_000, 1_010_000, { operations: operation() }), clock(1_010_000, { playing: false })]]);
    pass(state, 0.5);
    fold(state, [3, 1, [events(1_010_000, 1_030_000, { operations: operation({ outcome: ["ok"], finish: [1_025_000] }) }), clock(1_030_000, { playing: false })]]);
    pass(state, 0.5);
    assert.equal(state.lanes[0].operations.size, 1);
    assert.equal(state.lanes[0].operations.get("c1:1").outcome, "ok");
  });

  test("words, verdicts and marks wait for their moment, so that panels and picture agree", () => {
    const state = opened(1_000_000);
    const meters = { lane: 0, since: 0, sides: [], sentence: "Nothing stale." };
    fold(state, [2, 1, [events(1_000_000, 1_020_000), ["verdict", { lane: 0, checker: "linearizable", at: 1_019_000, sentence: "s", operations: [], nodes: [] }], ["meters", meters], clock(1_020_000)]]);
    advanceRender(state, 1 / 60);
    assert.equal(state.lanes[0].meters, null);
    assert.equal(state.lanes[0].findings.length, 0);
    fold(state, [3, 1, [clock(1_020_000, { playing: false })]]);
    pass(state, 0.5);
    assert.equal(state.lanes[0].meters.sentence, "Nothing stale.");
    assert.equal(state.lanes[0].findings.length, 1);
  });

  test("the version grows with what panels may show, and stands still when nothing happens", () => {
    const state = opened(1_000_000, { clock: { playing: false } });
    pass(state, 1);
    const { version } = state;
    pass(state, 1);
    assert.equal(state.version, version);
    fold(state, [2, 1, [clock(1_000_000)]]);
    assert.ok(state.version > version);
  });

  test("a lane's exception is shown", () => {
    const state = opened(1_000_000, { clock: { playing: false } });
    fold(state, [2, 1, [events(1_000_000, 1_001_000, { stopped: "log matching" }), clock(1_001_000, { playing: false })]]);
    pass(state, 0.5);
    assert.equal(state.lanes[0].stopped, "log matching");
  });
});

describe("the hash", () => {
  const later = [2, 1, [events(1_000_000, 1_040_000, { nodes: { n2: { ...NODE, role: "leader" } } }), clock(1_040_000, { playing: false })]];

  test("is the same on a page that has drawn the news and on one that has only heard it", () => {
    const [one, other] = [opened(), opened()];
    fold(one, later);
    fold(other, later);
    pass(one, 1);
    assert.notEqual(one.renderAt, other.renderAt);
    assert.equal(hashOf(one), hashOf(other));
    assert.equal(other.lanes[0].nodes.n2.role, "follower", "asking for it changes nothing");
  });

  test("differs when the world does, and does not depend on the order of names", () => {
    const [one, other] = [opened(), opened()];
    fold(one, later);
    assert.notEqual(hashOf(one), hashOf(other));
    const turned = opened(1_000_000, { lane: { nodes: { n2: NODE, n1: Object.fromEntries(Object.entries(NODE).reverse()) } } });
    assert.equal(hashOf(turned), hashOf(other));
  });
});

test("a world is a store", () => {
  const world = createWorld();
  let heard = 0;
  const end = world.subscribe(() => (heard += 1));
  world.notify();
  end();
  world.notify();
  assert.equal(heard, 1);
});
