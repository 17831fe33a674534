// Notes in Markdown are a tree of spans, never HTML; a talk as a file comes back as it was.
import assert from "node:assert/strict";
import { test } from "node:test";
import { blocksOf, spansOf } from "../../static/js/lib/markdown.js";
import { plainTalk, readTalk } from "../../static/js/lib/talk.js";

test("notes have paragraphs, lists, headings, bold, italic and code", () => {
  const blocks = blocksOf("# Begin\n**One** value,\nin *two* places.\n\n- first\n  goes on\n- `second`\n\n1. then\n2) last");
  assert.deepEqual(blocks.map(({ kind }) => kind), ["heading", "paragraph", "list", "numbers"]);
  assert.deepEqual(blocks[1].spans.map(({ kind, text }) => [kind, text]), [["bold", "One"], ["text", " value,"], ["text", " in "], ["italic", "two"], ["text", " places."]]);
  assert.deepEqual(blocks[2].items.map((spans) => spans.map(({ text }) => text).join("")), ["first goes on", "second"]);
  assert.equal(blocks[3].items.length, 2);
});

test("a tag in the notes is only text", () => {
  const text = '<img src=x onerror="alert(1)"> <script>alert(2)</script>';
  assert.deepEqual(blocksOf(text), [{ kind: "paragraph", spans: [{ kind: "text", text }] }]);
});

test("names with underscores and products with stars stay as they are", () => {
  assert.deepEqual(spansOf("zab_kept and 2 * 3 * 4").map(({ kind }) => kind), ["text"]);
  assert.deepEqual(spansOf("_so_ it is").map(({ kind, text }) => [kind, text]), [["italic", "so"], ["text", " it is"]]);
});

test("a talk as a file comes back as it was, and another file is no talk", () => {
  const tray = { title: "Mine", scenes: [{ scenario: "cap-moment", minutes: 3, notes: "**Look.**" }], sentence: "" };
  assert.deepEqual(readTalk(JSON.stringify(plainTalk(tray, "My talk"))), tray);
  assert.equal(plainTalk({ ...tray, title: " " }, "My talk").title, "My talk");
  for (const text of ["", "[]", "null", "{}", '{"title": 5, "scenes": []}', "not JSON"]) assert.equal(readTalk(text), null, text);
});
