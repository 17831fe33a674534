// The wire's outer layer: packets in order, commands answered once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { changed, Reader } from "../../static/js/lib/pack.js";
import { bytesOf, createEar, createOutbox, inflate, inOrder, parser } from "../../static/js/lib/wire.js";

const settled = () => new Promise((resolve) => setTimeout(resolve, 20));
const small = (...heads) => Uint8Array.from(heads);

// By hand, from docs/wire.md: a number n is 8 n + 1; a list of n is 8 n + 5; an empty table is `true`, 8 * 2.
const anew = (seq) => small(8 * seq + 1, 1, 5, 16, 5); // [seq, 0, no frames, new tables, nothing else]
const next = (seq) => small(8 * seq + 1, 1, 5, 0, 5);
const plain = (bytes) => small(0, ...bytes);
const squeezed = (bytes) => small(1, ...deflateRawSync(bytes));

/** What dashboard/wire/pack.py packs, so that the test compares both ends. */
function fromPython(program) {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const python = [`${root}.venv/bin/python`, `${root}.venv/Scripts/python.exe`].find((path) => existsSync(path)) ?? "python3";
  return JSON.parse(execFileSync(python, ["-c", program], { cwd: root, encoding: "utf8" }));
}

const VALUES = `
import json
from consensus.kernel.sentences import say
from dashboard.wire.pack import Writer, change
values = [None, True, False, 0, 1, -1, 2**50 - 1, 1 - 2**50, 0.05, -1e300, "", "log: 34 entries, 007 of 12.5", "Größe ∅ 🙂", [], [1], [3, -4, 2**40], ["x", 1, None],
          {"a": {"b": [1, 2], "c": "n1"}, "__proto__": {"x": "1"}}, {"a": {"b": [], "c": "n2"}, "__proto__": {"x": "2"}}, "log: 35 entries, 007 of 13.5", say("{n} of {m} reads", n=2, m=say("{all} x", all=3)), say("{n} of {m} reads", n=3, m="7 {n}")]
pairs = [(1, 2), ({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}}), ({"a": 1, "b": 2}, {"b": 2}), ({"a": 1}, {"b": 1, "a": 1}), ([1, 2, 3, 4], [3, 4, 5]), ([1, 2, 3, 4], [1, 9, 3, 4]),
         ([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 3}]), ({"a": {"b": 1}}, {"a": [1]}), ({"a": [1]}, {"a": {"b": 1}}), ({}, {"__proto__": {"b": 1}}), ({"~": 1}, {"~": 2, "=": 3})]
writer = Writer()
packed = [writer.packed(value).hex() for value in values]
print(json.dumps({"values": values, "packed": packed, "tables": writer.tables().hex(), "again": [writer.after().packed(value).hex() for value in values],
                  "changes": [[old, change(old, new), new] for old, new in pairs]}))
`;

test("values come back as the server packed them, to a reader of all of them and to one with the tables", () => {
  const { values, packed, tables, again } = fromPython(VALUES);
  const bytes = (hex) => Uint8Array.from(Buffer.from(hex, "hex"));
  const reader = new Reader();
  assert.deepEqual(packed.map((hex) => reader.unpacked(bytes(hex))), values);
  const late = new Reader();
  late.knows(new Reader().unpacked(bytes(tables)));
  assert.deepEqual(again.map((hex) => late.unpacked(bytes(hex), 0, false)), values);
});

test("a change makes of the old value the new one, as the server meant it", () => {
  for (const [old, change, now] of fromPython(VALUES).changes) assert.deepEqual(changed(old, change), now);
});

const SESSION = `
import json
from dashboard import wire
from dashboard.live.session import Session
session, ear, packets = Session("abcdefgh2", 0.0), wire.Ear(), []
session.join("anne", "anne-token", 0.0)
for tick in range(1, 90):
    for packet in session.tick(tick / 30, lambda: 0.0, lambda viewer: 0)[0]:
        packets.append([packet.data.hex(), ear.heard(packet.data)])
print(json.dumps(packets))
`;

test("the packets of a session are understood as the server's own ear understands them", async () => {
  const packets = fromPython(SESSION);
  const heard = [];
  const take = inOrder((packet) => heard.push(packet), assert.fail);
  for (const [hex] of packets) await take(Uint8Array.from(Buffer.from(hex, "hex")));
  assert.ok(packets.length > 15);
  assert.deepEqual(heard, packets.map(([, packet]) => packet));
});

test("a packet is plain or deflated, and nothing else", async () => {
  assert.deepEqual(await bytesOf(plain(anew(3)), inflate), anew(3));
  assert.deepEqual(await bytesOf(squeezed(anew(3)), inflate), anew(3));
  await assert.rejects(bytesOf(small(2, 1), inflate), /plain or deflated/);
});

test("what is not a packet is refused", () => {
  assert.throws(() => createEar()(small(5, 1, 5, 16, 5)), /a packet is/);
  assert.throws(() => createEar()(small(9, 1, 5, 16)), /too early/);
  assert.throws(() => createEar()(small(9, 1, 5, 16, 13, 3)), /never sent/);
});

test("after a gap, or after a packet that made no sense, only a snapshot's tables are understood", () => {
  const heard = createEar();
  const understood = (bytes) => heard(bytes)[2].length;
  const two = (bytes) => small(...bytes.slice(0, -1), 21, 0, 0); // its frames for everybody are [null, null]
  assert.deepEqual([two(anew(1)), two(next(2)), two(next(4)), two(next(5)), two(anew(9)), two(next(10))].map(understood), [2, 2, 0, 0, 2, 2]);
  assert.throws(() => heard(small(8 * 11 + 1, 1, 5, 0, 13, 3)), /never sent/);
  assert.deepEqual([two(next(12)), two(anew(13))].map(understood), [0, 2]);
});

test("packets are handed on in the order of arrival, though a long one takes longer to unpack", async () => {
  const seen = [];
  const slowest = { 1: 12, 2: 1, 3: 5 };
  const take = inOrder(
    (packet) => seen.push(packet[0]),
    assert.fail,
    async (bytes) => {
      const data = await inflate(bytes);
      await new Promise((resolve) => setTimeout(resolve, slowest[(data[0] - 1) / 8]));
      return data;
    },
  );
  await Promise.all([take(squeezed(anew(1))), take(squeezed(anew(2))), take(plain(anew(4))), take(squeezed(anew(3)))]);
  assert.deepEqual(seen, [1, 2, 4, 3]);
});

test("a broken packet is reported and the next one still comes", async () => {
  const seen = [];
  const errors = [];
  const take = inOrder((packet) => seen.push(packet[0]), (error) => errors.push(error));
  take(small(1, 0, 0, 0));
  take(small(9));
  await take(plain(anew(3)));
  assert.deepEqual(seen, [3]);
  assert.equal(errors.length, 2);
});

test("Socket.IO's texts are read and written, and a binary message is a frame", () => {
  const decoder = new parser.Decoder();
  const got = [];
  const hear = (packet) => got.push(packet);
  decoder.on("decoded", hear);
  const data = new ArrayBuffer(2);
  for (const message of ['0{"sid":"x"}', '317[{"ok":true}]', "1", '4{"message":"no"}', data]) decoder.add(message);
  assert.deepEqual(got.map(({ type, id, data: carried }) => [type, id, carried]), [
    [0, undefined, { sid: "x" }], [3, 17, [{ ok: true }]], [1, undefined, undefined], [4, undefined, { message: "no" }], [2, undefined, ["frame", data]],
  ]);
  for (const broken of ["", "9", "2", "3{}", "4", "2[", "51-[]"]) assert.throws(() => decoder.add(broken), undefined, broken);
  decoder.off("decoded");
  decoder.add("1");
  assert.equal(got.length, 5);
  const encoder = new parser.Encoder();
  assert.deepEqual(encoder.encode({ type: 2, id: 4, data: ["command", { id: "a" }] }), ['24["command",{"id":"a"}]']);
  assert.deepEqual(encoder.encode({ type: 0, data: { token: "t" } }), ['0{"token":"t"}']);
  assert.deepEqual(encoder.encode({ type: 1 }), ["1"]);
});

test("each command has an id of its own and resolves with its answer", async () => {
  const posted = [];
  let count = 0;
  const outbox = createOutbox((command, done) => posted.push([command, done]), () => `k${(count += 1)}`);
  const answer = outbox.send("cut", { links: [["n1", "n2"]] });
  outbox.send("play");
  assert.deepEqual(posted.map(([command]) => command), [{ id: "k1", type: "cut", links: [["n1", "n2"]] }, { id: "k2", type: "play" }]);
  posted[0][1]({ ok: false, sentence: "No." });
  assert.deepEqual(await answer, { ok: false, sentence: "No." });
  assert.equal(outbox.size, 1);
});

test("an unanswered command is sent again with the same id, and answered once", async () => {
  const posted = [];
  const outbox = createOutbox((command, done) => posted.push([command, done]), () => "k1");
  let answers = 0;
  outbox.send("reset").then(() => (answers += 1));
  outbox.resend();
  assert.deepEqual(posted.map(([command]) => command.id), ["k1", "k1"]);
  posted[0][1]({ ok: true });
  posted[1][1]({ ok: true });
  await settled();
  assert.equal(answers, 1);
  outbox.resend();
  assert.equal(posted.length, 2);
});
