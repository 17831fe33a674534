// The wire's skin: packets in order, commands answered once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { bytesOf, createOutbox, inflate, inOrder, packetOf } from "../../static/js/lib/wire.js";

const squeezed = (packet) => `z${deflateSync(JSON.stringify(packet)).toString("base64")}`;
const settled = () => new Promise((resolve) => setTimeout(resolve, 20));

test("a frame is JSON, or z and base64 of deflated JSON", async () => {
  const packet = [1, 1, [["clock", { at: 5, words: "Größe ∅" }]]];
  assert.deepEqual(await packetOf(JSON.stringify(packet), inflate), packet);
  assert.deepEqual(await packetOf(squeezed(packet), inflate), packet);
});

test("what is not a packet is refused", async () => {
  await assert.rejects(packetOf('{"seq":1}', inflate), /a packet is/);
  await assert.rejects(packetOf("[1,2]", inflate), /a packet is/);
});

test("base64 becomes bytes", () => {
  assert.deepEqual([...bytesOf("AP8=")], [0, 255]);
});

test("packets are handed on in the order of arrival, though a long one takes longer to unpack", async () => {
  const seen = [];
  const slowest = { 1: 12, 2: 1, 3: 5 };
  const take = inOrder(
    (packet) => seen.push(packet[0]),
    assert.fail,
    async (bytes) => {
      const text = await inflate(bytes);
      await new Promise((resolve) => setTimeout(resolve, slowest[JSON.parse(text)[0]]));
      return text;
    },
  );
  await Promise.all([take(squeezed([1, 1, []])), take(squeezed([2, 1, []])), take("[4,1,[]]"), take(squeezed([3, 1, []]))]);
  assert.deepEqual(seen, [1, 2, 4, 3]);
});

test("a broken packet is reported and the next one still comes", async () => {
  const seen = [];
  const errors = [];
  const take = inOrder((packet) => seen.push(packet[0]), (error) => errors.push(error));
  take("zAAAA");
  take("not json");
  await take("[3,1,[]]");
  assert.deepEqual(seen, [3]);
  assert.equal(errors.length, 2);
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
