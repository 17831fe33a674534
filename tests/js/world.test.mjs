// The world's fold of packets, as docs/wire.md describes it; without browser and server.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { advanceRender, momentBefore } from "../../static/js/stores/clock.js";
import { hashOf } from "../../static/js/stores/hash.js";
import { rows } from "../../static/js/stores/lane.js";
import { carry, createWorld, emptyWorld, expectSnapshot, fold } from "../../static/js/stores/world.js";

const NODE = { status: "up", sentence: "", role: "follower", epoch: 1, leader: "n1", store: {}, facts: {}, timers: [], lie: "" };
const LINKS = { base: [10_000, 0, "uniform", 0, 0], cut: [], tuned: [], words: "Whole.", sides: [["n1", "n2"]], clean: false };
const NOTHING = {};

const clock = (at, more = {}) => ["clock", { at, horizon: at, speed: 0.05, playing: true, live: true, ...more }];

function snapshot(at, more = {}) {
  const lane = { nodes: { n1: NODE, n2: NODE }, links: LINKS, since: at, flying: NOTHING, late: [], last: 0, kinds: [["Vote", "", 1]], places: ["n1", "n2", "c1", "you"], delay: 10_000, operations: NOTHING, count: 0, meters: null, findings: [], dropped: { cut: 0, loss: 0, down: 0 }, stopped: null };
  const spec = { scenario: "same-cut", seed: 1, nodes: ["n1", "n2"], keys: ["x"], clients: [], lanes: [{ protocol: "raft", title: "Raft", knobs: {}, line: "" }] };
  return ["snapshot", { spec, clock: clock(at, more.clock)[1], lanes: [{ ...lane, ...more.lane }], marks: [], cut_spans: [], caption: "", undo: null, ...more.body }];
}

// Messages without a cause, from n1 to n2, ten milliseconds on their way; their ids are 1, 2, ...
const sent = (since, ...ats) => [ats.map(() => 1), ats.map(() => 0), ats.map(() => 0), ats.map(() => 2), ats.map(() => 0), ats.map((at, place) => at - (place ? ats[place - 1] : since)), ats.map(() => 0)];

const events = (more = {}) => ["events", { lane: 0, ...more }];

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
    fold(state, [7, 3, [["audience", { viewers: 1, controls: true, owner: true, open: false, asking: [], holder: "owner" }], clock(500)]]);
    assert.equal(state.audience.controls, true);
    assert.equal(state.clock.at, 0);
    assert.equal(state.waiting, true);
  });

  test("a gap in the numbers makes the world stale until a snapshot comes", () => {
    const state = opened();
    fold(state, [3, 1, [clock(1_010_000), events({ nodes: { n1: { role: "leader" } } })]]);
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
    const packet = [2, 1, [["marks", { marks: [[1_000_000, "cut", -1, "cut"]], cut_spans: [], caption: "", undo: null }], clock(1_000_000)]];
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
  const behind = (state, at) => (at - state.renderAt) / (0.05 * 1e6);

  test("stays about a fifth of a second behind the server while playing, though news come every tenth only", () => {
    const state = opened(1_000_000);
    let at = 1_000_000;
    let [least, most] = [1, 0];
    for (let packet = 0; packet < 60; packet += 1) {
      at += 5000; // a tenth of a second at 1/20
      fold(state, [packet + 2, 1, [clock(at), events()]]);
      for (let frame = 0; frame < 6; frame += 1) {
        if (packet > 30) [least, most] = [Math.min(least, behind(state, at + 833 * frame)), Math.max(most, behind(state, at + 833 * frame))];
        advanceRender(state, 1 / 60);
      }
    }
    assert.ok(least > 0.17 && most < 0.23, `${least} to ${most} s behind`);
  });

  test("runs on evenly while the server is silent because nothing happens, and stands when it is silent for too long", () => {
    const state = opened(1_000_000);
    for (let packet = 0; packet < 5; packet += 1) {
      fold(state, [packet + 2, 1, [clock(1_000_000 + 50_000 * (packet + 1))]]);
      let before = state.renderAt;
      for (let frame = 0; frame < 60; frame += 1) {
        advanceRender(state, 1 / 60);
        const moved = (state.renderAt - before) / (0.05 * 1e6) * 60;
        assert.ok(packet < 2 || (moved > 0.9 && moved < 1.1), `${moved} times as fast`);
        before = state.renderAt;
      }
    }
    pass(state, 5);
    assert.ok(state.renderAt <= 1_250_000 + 1.3 * 0.05 * 1e6);
    assert.ok(state.newest === 1_250_000);
  });

  test("waits where a message is due to land, or a timer to go off, until it hears what came of it", () => {
    for (const due of [{ sent: sent(1_000_000, 1_001_000) }, { nodes: { n1: { timers: [0, ["a", 2000, 11_000]] } } }]) {
      const state = opened(1_000_000);
      fold(state, [2, 1, [clock(1_002_000), events(due)]]);
      pass(state, 1);
      assert.equal(state.renderAt, 1_011_000);
      assert.equal(state.lanes[0].ended.length, 0);
      fold(state, [3, 1, [clock(1_050_000), events({ nodes: { n1: { timers: [0] } } })]]);
      pass(state, 0.5);
      assert.ok(state.renderAt > 1_020_000);
    }
  });

  test("never goes backwards while playing, however unevenly packets come", () => {
    const state = opened(1_000_000);
    let at = 1_000_000;
    let seq = 1;
    let before = state.renderAt;
    for (let frame = 0; frame < 600; frame += 1) {
      if (frame % 37 === 0) {
        at += 1667 * ((frame % 5) + 1) * 8;
        fold(state, [(seq += 1), 1, [clock(at), events()]]);
      }
      advanceRender(state, 1 / 60);
      assert.ok(state.renderAt >= before && state.renderAt <= state.newest + 1.3 * 0.05 * 1e6);
      before = state.renderAt;
    }
  });

  test("hurries when somebody has acted: a cut is seen within a seventh of a second", () => {
    const state = opened(1_000_000);
    let at = 1_000_000;
    for (let packet = 0; packet < 20; packet += 1) {
      at += 5000;
      fold(state, [packet + 2, 1, [clock(at), events()]]);
      pass(state, 0.1);
    }
    fold(state, [22, 1, [clock(at), events({ links: { cut: [["n1", "n2"]] } })]]);
    let waited = 0;
    while (state.lanes[0].links.cut.length === 0) {
      advanceRender(state, 1 / 60);
      waited += 1 / 60;
    }
    assert.ok(waited <= 1 / 7, `${waited} s`);
    for (const seq of [23, 24]) {
      pass(state, 1);
      fold(state, [seq, 1, [clock((at += 50_000))]]);
    }
    assert.ok(Math.abs(behind(state, state.reckoned) - 0.2) < 0.05, "and then it falls back");
  });

  test("jumps when it is hopelessly behind", () => {
    const state = opened(1_000_000);
    fold(state, [2, 1, [clock(9_000_000)]]);
    advanceRender(state, 1 / 60);
    assert.ok(9_000_000 - state.renderAt <= 0.3 * 0.05 * 1e6);
  });

  test("paused, it reaches a step's end within 0.4 s, so that a stepped message is seen to move", () => {
    const state = opened(1_000_000, { clock: { playing: false } });
    fold(state, [2, 1, [clock(1_030_000, { playing: false }), events()]]);
    pass(state, 0.2);
    assert.ok(state.renderAt > 1_000_000 && state.renderAt < 1_030_000);
    pass(state, 0.25);
    assert.equal(state.renderAt, 1_030_000);
  });

  test("paused, it stands where the server stands, even if it had run ahead of it", () => {
    const state = opened(1_000_000);
    fold(state, [2, 1, [clock(1_010_000)]]);
    pass(state, 1.2);
    assert.ok(state.renderAt > 1_020_000);
    fold(state, [3, 1, [clock(1_012_000, { playing: false }), events()]]);
    pass(state, 0.5);
    assert.equal(state.renderAt, 1_012_000);
  });

  test("what can be predicted of the clock is not sent", () => {
    const state = opened(1_000_000);
    fold(state, [2, 1, [["clock", { at: 1_050_000 }]]]);
    assert.deepEqual(state.clock, { at: 1_050_000, horizon: 1_050_000, speed: 0.05, playing: true, live: true });
    fold(state, [3, 1, [["clock", { at: 1_060_000, playing: false }]]]);
    assert.equal(state.clock.playing, false);
  });
});

describe("messages", () => {
  const standing = { playing: false };
  const still = () => opened(1_000_000, { clock: standing });
  const arrives = (state, at, ...frames) => fold(state, [state.seq + 1, 1, [clock(at, standing), ...frames]]);
  const ended = (state) => state.lanes[0].ended.map(({ id, how, endedAt }) => [id, how, endedAt]);

  test("fly from the microsecond they were sent to the one they were due, not from the arrival of the packet", () => {
    const state = opened(1_000_000);
    fold(state, [2, 1, [clock(1_040_000), events({ sent: sent(1_000_000, 1_005_000, 1_032_000), nodes: { n2: { role: "leader" } } })]]);
    assert.equal(state.lanes[0].flying.size, 0);
    while (state.renderAt < 1_006_000) advanceRender(state, 1 / 60);
    assert.deepEqual([...state.lanes[0].flying.values()], [{ id: 1, at: 1_005_000, src: "n1", dst: "n2", type: "Vote", tone: "", epoch: 1, due: 1_015_000 }]);
    while (state.renderAt < 1_016_000) advanceRender(state, 1 / 60);
    assert.equal(state.lanes[0].flying.size, 0);
    assert.deepEqual(ended(state), [[1, "delivered", 1_015_000]]);
    assert.equal(state.lanes[0].nodes.n2.role, "follower");
    fold(state, [3, 1, [clock(1_060_000)]]);
    pass(state, 1);
    assert.equal(state.lanes[0].nodes.n2.role, "leader");
    assert.equal(state.lanes[0].flying.size, 1, "no batch has said that the second one landed");
  });

  test("begin where and when their cause landed, and go back to who sent it", () => {
    const state = still();
    arrives(state, 1_008_000, events({ sent: sent(1_000_000, 1_001_000) }));
    arrives(state, 1_013_000, events({ kinds: [["VoteReply", "+", 2]], sent: [[1], [1], [1], [0], [-4000], [], []] }));
    pass(state, 0.5);
    assert.deepEqual([...state.lanes[0].flying.values()], [{ id: 2, at: 1_011_000, src: "n2", dst: "n1", type: "VoteReply", tone: "+", epoch: 2, due: 1_017_000, root: "n1@1001000" }], "its chain of causes begins with the Vote");
    assert.throws(() => arrives(state, 1_014_000, events({ sent: [[1], [2], [0], [0], [0], [], []] })), /is not there/);
  });

  test("that ended in another way end as the batch says", () => {
    const state = still();
    arrives(state, 1_008_000, events({ sent: sent(1_000_000, 1_000_000, 1_000_000) }));
    arrives(state, 1_020_000, events({ ended: [[1], [2000], [1]] }));
    pass(state, 0.5);
    assert.deepEqual(ended(state), [[2, "delivered", 1_010_000], [1, "cut", 1_010_000]].sort((a, b) => (a[1] < b[1] ? -1 : 1)));
  });

  test("that are late stay until the batch names their end", () => {
    const state = still();
    arrives(state, 1_012_000, events({ sent: sent(1_000_000, 1_000_000), late: [1] }));
    pass(state, 0.5);
    assert.equal(state.lanes[0].flying.size, 1);
    arrives(state, 1_500_000, events({}));
    pass(state, 0.5);
    assert.equal(state.lanes[0].flying.size, 1);
    arrives(state, 1_600_000, events({ ended: [[0], [90_000], [0]] }));
    pass(state, 0.5);
    assert.deepEqual(ended(state), [[1, "delivered", 1_590_000]]);
  });

  test("that ended are kept for a second and a half of effects", () => {
    const state = still();
    arrives(state, 1_050_000, events({ sent: sent(1_000_000, 1_005_000) }));
    pass(state, 1);
    assert.equal(state.lanes[0].ended.length, 1);
    pass(state, 1);
    assert.equal(state.lanes[0].ended.length, 0);
  });

  test("leave their moments behind for stepping back", () => {
    const state = still();
    arrives(state, 1_025_000, events({ sent: sent(1_000_000, 1_005_000, 1_020_000) }));
    pass(state, 1);
    assert.equal(momentBefore(state.moments, 1_020_000), 1_015_000);
    assert.equal(momentBefore(state.landings, 1_050_000), 1_015_000);
    assert.equal(momentBefore(state.landings, 1_015_000), null);
    fold(state, [4, 2, [snapshot(1_010_000)]]);
    assert.deepEqual(state.moments, [1_005_000], "what lies ahead is forgotten, what lies behind is still true");
  });

  test("carry what the server tells who asks", () => {
    const state = still();
    arrives(state, 1_008_000, events({ sent: sent(1_000_000, 1_000_000, 1_001_000) }));
    pass(state, 0.5);
    const { version } = state;
    carry(state, 0, [1, 2, 9], [["1", "yes"], null, ["lost"]]);
    assert.deepEqual([...state.lanes[0].flying.values()].map(({ fields }) => fields), [["1", "yes"], []]);
    assert.ok(state.version > version);
  });
});

describe("what the panels show", () => {
  test("an operation begins pending, and changes when a batch names it again", () => {
    const state = opened(1_000_000, { clock: { playing: false } });
    const arrives = (at, more) => fold(state, [state.seq + 1, 1, [clock(at, { playing: false }), events(more)]]);
    arrives(1_010_000, { begun: [["c1:1", "you:1"], ["n1", "n2"], ["write", "read"], ["x", "x"], ["1", null], [4000, 5000]] });
    pass(state, 0.5);
    assert.deepEqual(state.lanes[0].operations.get("c1:1"), {
      id: "c1:1", client: "c1", node: "n1", kind: "write", key: "x", value: "1", start: 1_004_000, finish: null, outcome: "pending", result: [], reason: "", mark: "", note: "",
    });
    assert.equal(state.lanes[0].operations.get("you:1").client, "you");
    arrives(1_030_000, { operations: [[1], [10_001], ["ok"], [["7"]], [""], ["stale"], ["Old."]] });
    pass(state, 0.5);
    assert.equal(state.lanes[0].operations.size, 2);
    const { outcome, finish, result, mark, note } = state.lanes[0].operations.get("you:1");
    assert.deepEqual([outcome, finish, result, mark, note], ["ok", 1_015_000, ["7"], "stale", "Old."]);
  });

  test("a node's news are its changed fields, and its timers count from the batch", () => {
    const state = opened(1_000_000, { clock: { playing: false }, lane: { nodes: { n1: { ...NODE, timers: [["a", 900_000, 2_000_000], ["b", 950_000, 1_100_000]] }, n2: NODE } } });
    const before = state.lanes[0].nodes.n1;
    fold(state, [2, 1, [clock(1_050_000, { playing: false }), events({ nodes: { n1: { epoch: 2, timers: [1, ["c", 1000, 60_000]] } } })]]);
    pass(state, 0.5);
    assert.deepEqual(state.lanes[0].nodes.n1, { ...before, epoch: 2, timers: [["b", 950_000, 1_100_000], ["c", 1_049_000, 1_109_000]] });
    assert.equal(before.epoch, 1, "what has been drawn stays as it was");
  });

  test("words, verdicts and marks wait for their moment, so that panels and picture agree", () => {
    const state = opened(1_000_000);
    const meters = { lane: 0, since: 0, sides: [], sentence: "Nothing stale." };
    fold(state, [2, 1, [clock(1_020_000), events(), ["verdict", { lane: 0, checker: "linearizable", at: 1_019_000, sentence: "s", operations: [], nodes: [] }], ["meters", meters]]]);
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
    fold(state, [2, 1, [clock(1_001_000, { playing: false }), events({ stopped: "log matching" })]]);
    pass(state, 0.5);
    assert.equal(state.lanes[0].stopped, "log matching");
  });
});

describe("the hash", () => {
  const later = [2, 1, [clock(1_040_000, { playing: false }), events({ nodes: { n2: { role: "leader" } } })]];

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
