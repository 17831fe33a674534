/** The timeline's arithmetic: speeds on a log scale, the length of the track in time, the marks that get labels. Pure. */

export const SPEEDS = Object.freeze([1 / 200, 1 / 100, 1 / 50, 1 / 20, 1 / 10, 1 / 5, 1 / 2, 1, 2, 5, 10]);
const LENGTHS = [20, 30, 45, 60, 90, 120, 180, 300, 450, 600, 900, 1200, 1800, 3600]; // possible lengths of the track in seconds

/** The place in SPEEDS nearest to a speed. @param {number} speed */
export function speedPlace(speed) {
  const distances = SPEEDS.map((each) => Math.abs(Math.log(each / speed)));
  return distances.indexOf(Math.min(...distances));
}

/** The length of the whole track in simulated microseconds: the scenario's own, until the run outlasts it; then a round number with room to grow.
 * @param {number} horizon @param {number} [until] */
export function lengthOf(horizon, until = 0) {
  if (until > 0 && horizon <= until) return until;
  const seconds = horizon / 1e6;
  return (LENGTHS.find((length) => length >= seconds * 1.08) ?? Math.ceil(seconds / 3600) * 3600) * 1e6;
}

const WEIGHT = ["cut", "heal", "violation", "leader", "lost", "conflict", "crash", "fault", "refused", "stale", "say"];
const COUNTED = ["stale", "conflict", "lost"]; // their labels name the kind; the text is about one read or write
const LABEL_MAX = 34; // letters of a mark's own text
const LETTER = 0.0068; // of the track's width, for each letter of a label
const LARGER = 0.0082; // the same when presenting
const NEAR = 0.006; // of the track's width: marks of one kind that are closer than this become one
const BESIDE = 0.02; // of the track's width: how far from its mark a leader's label may begin or end
const LANES_NAMED = 2;

/** The first words of a mark's text. @param {string} text */
function shortened(text) {
  if (text.length <= LABEL_MAX) return text;
  const cut = text.lastIndexOf(" ", LABEL_MAX - 1);
  return `${text.slice(0, cut > LABEL_MAX / 2 ? cut : LABEL_MAX - 1).replace(/[\s,:;(]+$/, "")}…`;
}

/**
 * The marks to draw, and the labels of some of them: the important ones first, none over another, none out of the track. A label names the
 * lanes of its mark unless it is true of all. Labels have two rows, so that events right after a cut (a new leader, a stale read) get labels,
 * too; `row` is 0 or 1, and `middle` the label's place as a part of the track. Where no place is free under the mark of a new leader, its
 * label stands close beside the label in the way, since the leader is half of the story.
 * @param {Array<[at: number, kind: string, lane: number, text: string]>} marks
 * @param {number} length the length of the whole track in simulated microseconds
 * @param {{kind: (kind: string) => string, lane: (lane: string, text: string) => string, lanes?: readonly string[], large?: boolean}} words
 *   the name of a kind, for a mark without a text of its own; a text of a lane; the names of the lanes; whether letters are larger
 */
export function placed(marks, length, { kind: nameOf, lane: inLane, lanes = [], large = false }) {
  /** @type {Array<{at: number, kind: string, lane: number, text: string, texts: string[], label: string, row: number, middle: number, times: number, of: number[]}>} */
  const kept = [];
  for (const [at, kind, lane, text] of [...marks].sort((a, b) => a[0] - b[0])) {
    if (kind === "say") continue; // the story's sentences are in the caption
    const whole = lane >= 0 && lanes.length > 1 ? inLane(lanes[lane] ?? "", text) : text;
    const near = kept.findLast((other) => other.kind === kind && at - other.at < NEAR * length);
    if (near) {
      near.times += 1;
      if (!near.texts.includes(whole)) near.texts.push(whole);
      if (near.text === text && !near.of.includes(lane)) near.of.push(lane);
    } else kept.push({ at, kind, lane, text, texts: [whole], label: "", row: 0, middle: at / length, times: 1, of: [lane] });
  }
  /** @type {Array<Array<[number, number]>>} */
  const rows = [[], []];
  const firstOfKind = new Set();
  for (const mark of [...kept].sort((a, b) => WEIGHT.indexOf(a.kind) - WEIGHT.indexOf(b.kind) || a.at - b.at)) {
    const first = `${mark.kind} ${mark.lane}`;
    if (COUNTED.includes(mark.kind) && firstOfKind.has(first)) continue;
    const text = mark.text === "" || COUNTED.includes(mark.kind) ? nameOf(mark.kind) : shortened(mark.text);
    const named = mark.of.map((lane) => lanes[lane] ?? "").filter(Boolean);
    const label = named.length > 0 && named.length <= LANES_NAMED && named.length < lanes.length ? inLane(named.join(", "), text) : text;
    const half = (label.length * (large ? LARGER : LETTER)) / 2 + 0.008;
    const place = free(rows, mark.at / length, half, mark.kind === "leader");
    if (!place) continue;
    rows[place.row].push([place.middle - half, place.middle + half]);
    firstOfKind.add(first);
    Object.assign(mark, { label, ...place });
  }
  return kept;
}

/** The place of a label: under its mark, in the first row that is free there; or else, if it may, beside another label.
 * @param {ReadonlyArray<ReadonlyArray<readonly [number, number]>>} rows what is taken
 * @param {number} at @param {number} half of the label's width @param {boolean} beside */
function free(rows, at, half, beside) {
  const under = Math.min(Math.max(at, half), 1 - half);
  const isFree = (/** @type {number} */ row, /** @type {number} */ middle) => !rows[row].some(([from, to]) => middle - half < to - 1e-9 && middle + half > from + 1e-9); // labels may touch
  const row = rows.findIndex((_, number) => isFree(number, under));
  if (row >= 0) return { row, middle: under };
  const others = beside ? rows.flatMap((taken, number) => taken.flatMap(([from, to]) => [to + half, from - half].map((middle) => ({ row: number, middle })))) : [];
  return others
    .filter(({ row: number, middle }) => middle >= half && middle <= 1 - half && Math.abs(middle - at) <= half + BESIDE && isFree(number, middle))
    .sort((a, b) => Math.abs(a.middle - at) - Math.abs(b.middle - at))[0];
}
