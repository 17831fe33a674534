// The second view of a lane: one table of all logs, aligned by index. Index across, node down.

import { colourOf } from "../../lib/colour.js";
import { lookOf, plainValue } from "../../lib/palette.js";
import { widthOf } from "../../lib/text.js";
import { named, t } from "../../words/index.js";
import { entryOf, newestEpoch } from "./values.js";

/** @typedef {import("../scene.js").Given} Given */
/** @typedef {import("../types.js").TableShape} TableShape */

const COLUMNS_MAX = 16;

/** True if a node of the lane has a log: without one there is no table. @param {Pick<import("../types.js").Lane, "nodes">} lane */
export function hasLogs({ nodes }) {
  return Object.values(nodes).some(({ log }) => log !== undefined);
}

/** @param {Given} given @returns {TableShape} */
export function tableShape({ lane, layout, palette, struck, word, ui: { colours } }) {
  const { width, height } = layout;
  const ids = [...layout.places.keys()].filter((id) => lane.nodes[id]);
  const names = ids.map((id) => lane.nodes[id].called || id);
  const row = Math.min(58, (height - 12) / (ids.length + 1));
  const size = Math.min(layout.letters * 1.1, row * 0.62);
  const unit = size / 22;
  const newest = newestEpoch(lane.nodes);
  const abouts = ids.map((id) => aboutOf(lane.nodes[id], word ?? ""));
  const left = -width / 2 + 14;
  const start = left + Math.max(...ids.map((id, i) => widthOf(`${names[i]} ${abouts[i]}`, size) + (lane.nodes[id].ring === "leads" ? size * 1.3 : 0))) + size;

  const entries = ids.map((id) => {
    const { log = [], log_start: first = 1, commit = 0 } = lane.nodes[id];
    const now = log.map(([, label], i) => ({ index: first + i, label, committed: first + i <= commit, struck: false }));
    const there = new Set(now.map(({ index }) => index));
    const gone = (struck?.get(id) ?? []).filter(({ index }) => !there.has(index)).map((each) => ({ ...each, committed: false, struck: true }));
    return [...now, ...gone];
  });
  const all = entries.flat();
  const last = Math.max(1, ...all.map(({ index }) => index));
  const wide = Math.max(size * 1.9, ...all.map(({ label }) => widthOf(textOf(label), size * 0.9) + 12 * unit));
  const room = width / 2 - 14 - start;
  const columns = Math.max(1, Math.min(COLUMNS_MAX, Math.floor(room / (wide + 5 * unit))));
  const from = Math.max(1, Math.min(...all.map(({ index }) => index), last) > last - columns ? Math.min(...all.map(({ index }) => index), last) : last - columns + 1);
  const step = Math.min(room / columns, wide * 1.5);
  const at = (/** @type {number} */ index) => start + (index - from + 0.5) * step;
  const top = -((ids.length + 1) * row) / 2 + row / 2;

  return {
    kind: "table", x: 0, y: 0, size, unit, row, ink: colourOf(colours, "ink"), dim: colourOf(colours, "dim"), ground: colourOf(colours, "bg"),
    heads: Array.from({ length: Math.min(columns, last - from + 1) }, (_, i) => ({ text: String(from + i), x: at(from + i), y: top + size * 0.36 })),
    rows: ids.map((id, i) => {
      const y = top + (i + 1) * row;
      const { ring, epoch, commit } = lane.nodes[id];
      const nexts = ids.map((other) => lane.nodes[other]).filter((other) => other.ring === "leads" && (other.epoch ?? 0) === newest);
      const next = nexts.length === 1 ? nexts[0].next?.[id] : undefined;
      return {
        id, name: names[i], about: abouts[i], crown: ring === "leads", old: (epoch ?? newest) < newest, x: left, y,
        border: commit !== undefined && commit >= from - 1 && commit <= last ? at(commit + 0.5) : null,
        next: next !== undefined && next >= from && next <= last + 1 ? at(next - 0.5) + size * 0.2 : null,
        cells: entries[i].filter(({ index }) => index >= from).map((entry) => {
          const look = lookOf(palette, entryOf(entry.label).value);
          return {
            ...entry, text: textOf(entry.label), x: at(entry.index), y, width: Math.min(step - 5 * unit, wide), height: row * 0.74, size: size * 0.9,
            tint: colourOf(colours, look?.hue ?? "neutral"), stripes: look?.stripes ?? 0,
          };
        }),
      };
    }),
  };
}

/** @param {string} label */
function textOf(label) {
  return plainValue(label);
}

/** @param {import("../types.js").NodeState} state @param {string} word */
function aboutOf({ status, epoch }, word) {
  if (status !== "up") return named("card.statuses", status);
  return word && epoch ? t("stage.epoch", { word, n: epoch }) : "";
}
