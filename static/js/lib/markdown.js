/**
 * The part of Markdown that speaker's notes need, as a tree: paragraphs, lists, headings, bold, italic, code. Everything else is text.
 * Nothing here makes HTML, so no note can put a tag on the page. Left out: links, pictures, nested lists, tables.
 */

/** @typedef {{kind: "text"|"bold"|"italic"|"code", text: string}} Span */
/** @typedef {{kind: "paragraph"|"heading", spans: Span[]} | {kind: "list"|"numbers", items: Span[][]}} Block */

const INLINE = /\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|_([^_\s][^_]*)_(?![A-Za-z0-9])|`([^`]+)`/g;

/** @param {string} text @returns {Block[]} */
export function blocksOf(text) {
  /** @type {Block[]} */
  const blocks = [];
  let open = false; // does the next line of text go on with the last block?
  for (const line of text.split(/\r?\n/)) {
    const item = /^\s*(?:([-*])|\d+[.)])\s+(.*)$/.exec(line);
    const heading = /^#{1,4}\s+(.*)$/.exec(line);
    const last = blocks.at(-1);
    if (!line.trim()) open = false;
    else if (heading) {
      blocks.push({ kind: "heading", spans: spansOf(heading[1]) });
      open = false;
    } else if (item) {
      const kind = item[1] ? "list" : "numbers";
      if (last && last.kind === kind && "items" in last) last.items.push(spansOf(item[2]));
      else blocks.push({ kind, items: [spansOf(item[2])] });
      open = true;
    } else if (open && last) {
      const more = spansOf(` ${line.trim()}`);
      if ("items" in last) last.items[last.items.length - 1].push(...more);
      else last.spans.push(...more);
    } else {
      blocks.push({ kind: "paragraph", spans: spansOf(line.trim()) });
      open = true;
    }
  }
  return blocks;
}

/** @param {string} text @returns {Span[]} */
export function spansOf(text) {
  /** @type {Span[]} */
  const spans = [];
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    if (found.index > at) spans.push({ kind: "text", text: text.slice(at, found.index) });
    const [whole, bold, star, line, code] = found;
    if (bold !== undefined) spans.push({ kind: "bold", text: bold });
    else if (code !== undefined) spans.push({ kind: "code", text: code });
    else spans.push({ kind: "italic", text: star ?? line });
    at = found.index + whole.length;
  }
  if (at < text.length) spans.push({ kind: "text", text: text.slice(at) });
  return spans;
}
