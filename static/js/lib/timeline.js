/** The timeline's arithmetic: speeds on a log scale, the length of the track in time, the marks that get labels. Pure. */

export const SPEEDS = Object.freeze([1 / 200, 1 / 100, 1 / 50, 1 / 20, 1 / 10, 1 / 5, 1 / 2, 1, 2, 5, 10]);
const LENGTHS = [20, 30, 45, 60, 90, 120, 180, 300, 450, 600, 900, 1200, 1800, 3600]; // possible lengths of the track in seconds

/** The place in SPEEDS nearest to a speed. @param {number} speed */
export function speedPlace(speed) {
  const distances = SPEEDS.map((each) => Math.abs(Math.log(each / speed)));
  return distances.indexOf(Math.min(...distances));
}

/** The length of the whole track in simulated microseconds: a round number with room to grow. @param {number} horizon */
export function lengthOf(horizon) {
  const seconds = horizon / 1e6;
  return (LENGTHS.find((length) => length >= seconds * 1.08) ?? Math.ceil(seconds / 3600) * 3600) * 1e6;
}

const WEIGHT = ["cut", "heal", "leader", "violation", "lost", "conflict", "crash", "fault", "refused", "stale", "say"];
const LABEL_MAX = 14; // letters
const LETTER = 0.0068; // of the track's width, for each letter of a label
const NEAR = 0.006; // of the track's width: marks of one kind that are closer than this become one

/**
 * The marks to draw, and the labels of some of them: the important ones first, none over another. Labels have two rows, so that events
 * right after a cut (a new leader, a stale read) get labels, too; `row` is 0 or 1.
 * @param {Array<[at: number, kind: string, lane: number, text: string]>} marks
 * @param {number} length the length of the whole track in simulated microseconds
 * @param {(kind: string) => string} nameOf the name of a kind, for a mark whose own text is too long
 */
export function placed(marks, length, nameOf) {
  /** @type {Array<{at: number, kind: string, text: string, label: string, row: number, times: number}>} */
  const kept = [];
  for (const [at, kind, , text] of [...marks].sort((a, b) => a[0] - b[0])) {
    if (kind === "say") continue; // the story's sentences are in the caption
    const near = kept.findLast((other) => other.kind === kind && at - other.at < NEAR * length);
    if (near) near.times += 1;
    else kept.push({ at, kind, text, label: "", row: 0, times: 1 });
  }
  /** @type {Array<Array<[number, number]>>} */
  const rows = [[], []];
  const firstOfKind = new Set();
  for (const mark of [...kept].sort((a, b) => WEIGHT.indexOf(a.kind) - WEIGHT.indexOf(b.kind) || a.at - b.at)) {
    if ((mark.kind === "stale" || mark.kind === "conflict" || mark.kind === "lost") && firstOfKind.has(mark.kind)) continue;
    const label = mark.text.length > 0 && mark.text.length <= LABEL_MAX ? mark.text : nameOf(mark.kind);
    const half = (label.length * LETTER) / 2 + 0.008;
    const middle = mark.at / length;
    const row = rows.findIndex((taken) => !taken.some(([from, to]) => middle - half < to && middle + half > from));
    if (row < 0) continue;
    rows[row].push([middle - half, middle + half]);
    firstOfKind.add(mark.kind);
    mark.label = label;
    mark.row = row;
  }
  return kept;
}
