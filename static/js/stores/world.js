/**
 * The world as the server describes it: a fold of packets, without socket, DOM or clock (docs/wire.md). News waits for the picture's
 * clock (clock.js). Panels, too, show the world at that clock, so words and picture agree.
 *
 * Left out: commands (socket.js) and what this visitor is doing (ui.js).
 */
import { changed } from "../lib/pack.js";
import { dueNext, hold, hurry, standAt } from "./clock.js";
import { emptyHall, hallWith } from "./hall.js";
import { ends, laneOf, newsOf, takenOff } from "./lane.js";
import { createStore } from "./store.js";

/** @typedef {import("../lib/wire-types.js").Hello} Hello */
/** @typedef {import("../lib/wire-types.js").Audience} Audience */
/** @typedef {import("../lib/wire-types.js").Spec} Spec */
/** @typedef {import("../lib/wire-types.js").TalkBody} TalkBody */
/** @typedef {import("../lib/wire-types.js").Clock} Clock */
/** @typedef {import("../lib/wire-types.js").Mark} Mark */
/** @typedef {import("../lib/wire-types.js").CutSpan} CutSpan */
/** @typedef {import("../lib/wire-types.js").Meters} Meters */
/** @typedef {import("./lane.js").Lane} Lane */
/** @typedef {import("./lane.js").Message} Message */
/**
 * News that waits for its moment.
 * @typedef {{at: number, kind: "sent", lane: number, message: Message}
 *   | {at: number, kind: "ended", lane: number, id: number, how: string}
 *   | {at: number, kind: "state", lane: number, body: import("./lane.js").LaneNews}
 *   | {at: number, kind: "meters", lane: number, meters: Meters}
 *   | {at: number, kind: "verdict", lane: number, finding: import("../lib/wire-types.js").Finding}
 *   | {at: number, kind: "marks", body: import("../lib/wire-types.js").MarksBody}} Pending
 */
/**
 * `version` grows with every change that panels may show; `moments` are the times of recent events, for stepping back. `cutSpans`: when
 * something was cut.
 * @typedef {{
 *   seq: number, run: number, stale: boolean, waiting: boolean, hello: Hello|null, audience: Audience, talk: TalkBody, hall: import("./hall.js").Hall, spec: Spec|null, clock: Clock, lanes: Lane[],
 *   marks: Mark[], cutSpans: CutSpan[], caption: string, undo: string|null, refused: {sentence: string, count: number}, bye: string,
 *   newest: number, reckoned: number, sure: number, haste: number, renderAt: number, wall: number,
 *   ease: {from: number, to: number, elapsed: number}, queue: Pending[], moments: number[], landings: number[], version: number,
 * }} WorldState
 */
/** @typedef {import("./store.js").Store<WorldState>} World */

const ACTS = ["cut", "heal", "crash", "fault"]; // kinds of marks that come from somebody's action
const FRAMES_WITHOUT_WORLD = ["hello", "audience", "talk", "hall", "refused", "bye"];

/** @returns {WorldState} */
export function emptyWorld() {
  return {
    seq: 0,
    run: 0,
    stale: false,
    waiting: true,
    hello: null,
    audience: { viewers: 0, controls: false, owner: false, open: false, asking: [], holder: "owner" },
    hall: emptyHall(),
    talk: { title: "", scenes: [], scene: 0, beats: [], beat: -1, under_way: false, fast: false, shown: "", blank: false, planned: 0, elapsed: 0 },
    spec: null,
    clock: { at: 0, horizon: 0, speed: 0.05, playing: false, live: true },
    lanes: [],
    marks: [],
    cutSpans: [],
    caption: "",
    undo: null,
    refused: { sentence: "", count: 0 },
    bye: "",
    newest: 0,
    reckoned: 0,
    sure: 0,
    haste: 0,
    renderAt: 0,
    wall: 0,
    ease: { from: 0, to: 0, elapsed: 0 },
    queue: [],
    moments: [],
    landings: [],
    version: 0,
  };
}

/** @returns {World} */
export function createWorld() {
  return createStore(emptyWorld());
}

/**
 * The connection is new: the page ignores packets until one with a snapshot comes, whatever its number.
 * @param {WorldState} state
 */
export function expectSnapshot(state) {
  state.waiting = true;
  state.version += 1;
}

/**
 * Folds one packet into the state. After a gap the state is `stale` until a snapshot comes; the caller asks for one.
 * @param {WorldState} state
 * @param {import("../lib/wire-types.js").Packet} packet
 */
export function fold(state, packet) {
  const [seq, run, frames] = packet;
  const whole = frames.some(([type]) => type === "snapshot");
  if (!whole && !state.waiting && (run < state.run || seq <= state.seq)) return; // an old run, or a packet that the page knows
  if (!whole && !state.waiting && seq !== state.seq + 1) state.stale = true;
  const ready = whole || (!state.waiting && !state.stale);
  for (const frame of frames) {
    const [type] = frame;
    if (ready || FRAMES_WITHOUT_WORLD.includes(type)) foldFrame(state, frame);
    else if (!FRAMES.includes(type)) throw new Error(`unknown frame "${type}"`);
  }
  if (ready) {
    state.sure = dueNext(state);
    state.seq = seq;
    state.run = run;
    state.waiting = false;
    state.stale = false;
  }
  state.version += 1;
}

const FRAMES = [...FRAMES_WITHOUT_WORLD, "snapshot", "events", "clock", "meters", "verdict", "marks"];

/**
 * @param {WorldState} state
 * @param {import("../lib/wire-types.js").Frame} frame
 */
function foldFrame(state, [type, body]) {
  switch (type) {
    case "hello":
      state.hello = body;
      state.hall = emptyHall(); // a newcomer hears of it next, if there is anything to hear
      return;
    case "audience":
      state.audience = body;
      return;
    case "talk":
      state.talk = body;
      return;
    case "hall":
      state.hall = hallWith(state.hall, body);
      return;
    case "refused":
      state.refused = { sentence: body.sentence, count: state.refused.count + 1 };
      return;
    case "bye":
      state.bye = body.sentence;
      return;
    case "snapshot":
      foldSnapshot(state, body);
      return;
    case "clock":
      foldClock(state, body);
      return;
    case "events":
      foldEvents(state, body);
      return;
    case "meters":
      foldMeters(state, body);
      return;
    case "verdict":
      hold(state, { at: state.newest, kind: "verdict", lane: body.lane, finding: body });
      return;
    case "marks":
      if (body.marks.some(([, kind]) => ACTS.includes(kind))) hurry(state);
      hold(state, { at: state.newest, kind: "marks", body });
      return;
    default:
      throw new Error(`unknown frame "${type}"`);
  }
}

/**
 * @param {WorldState} state
 * @param {import("../lib/wire-types.js").Snapshot} body
 */
function foldSnapshot(state, body) {
  const opened = !state.spec || state.spec.seed !== body.spec.seed || state.spec.scenario !== body.spec.scenario;
  const at = body.clock.at;
  state.spec = body.spec;
  state.clock = body.clock;
  state.lanes = body.lanes.map(laneOf);
  state.marks = body.marks;
  state.cutSpans = body.cut_spans;
  state.caption = body.caption;
  state.undo = body.undo;
  state.bye = "";
  standAt(state, at);
  state.moments = opened ? [] : state.moments.filter((moment) => moment <= at);
  state.landings = opened ? [] : state.landings.filter((moment) => moment <= at);
}

/**
 * A clock frame leaves out fields that can be predicted. Where the server's clock stands now is estimated from the fastest packet.
 * @param {WorldState} state
 * @param {import("../lib/wire-types.js").ClockNews} body
 */
function foldClock(state, body) {
  const { clock } = state;
  state.clock = { ...clock, horizon: Math.max(clock.horizon, body.at), ...body };
  state.newest = Math.max(state.newest, body.at);
  state.reckoned = body.at + (state.clock.playing ? Math.max(0, state.reckoned - body.at) / 2 : 0);
}

/**
 * @param {WorldState} state
 * @param {import("../lib/wire-types.js").MetersNews} body
 */
function foldMeters(state, { lane, ...news }) {
  const { latest } = laneAt(state, lane);
  latest.meters = changed(latest.meters ?? {}, news);
  hold(state, { at: state.newest, kind: "meters", lane, meters: /** @type {Meters} */ (latest.meters) });
}

/**
 * @param {WorldState} state
 * @param {number} lane
 */
function laneAt(state, lane) {
  if (!state.lanes[lane]) throw new Error(`news of lane ${lane}, which does not exist`);
  return state.lanes[lane];
}

/**
 * A batch of a lane, up to the moment of the clock. Messages wait for their own moments, everything else for the end of the batch.
 * @param {WorldState} state
 * @param {import("../lib/wire-types.js").EventsBody} body
 */
function foldEvents(state, body) {
  const { lane } = body;
  const { latest } = laneAt(state, lane);
  const now = state.clock.at;
  latest.kinds.push(...(body.kinds ?? []));
  latest.places.push(...(body.places ?? []));
  if (body.sent) for (const message of takenOff(latest, body.sent)) hold(state, { at: message.at, kind: "sent", lane, message });
  for (const id of body.late ?? []) latest.late.add(id);
  for (const [id, at, how] of ends(latest, body.ended, now)) hold(state, { at, kind: "ended", lane, id, how });
  const news = newsOf(latest, body, now);
  if (news.links) hurry(state);
  latest.at = now;
  state.newest = Math.max(state.newest, now);
  hold(state, { at: now, kind: "state", lane, body: news });
}

/**
 * This visitor's vote and seat, as the answer to its command has them.
 * @param {WorldState} state
 * @param {import("./hall.js").Mine} mine
 */
export function takeMine(state, mine) {
  state.hall = hallWith(state.hall, { ...state.hall, mine });
  state.version += 1;
}

/**
 * Keeps the fields of messages, which the server sends on request.
 * @param {WorldState} state
 * @param {number} lane
 * @param {number[]} ids
 * @param {Array<string[]|null>} fields
 */
export function carry(state, lane, ids, fields) {
  ids.forEach((id, place) => {
    const message = state.lanes[lane]?.flying.get(id) ?? state.lanes[lane]?.latest.air.get(id);
    if (message) message.fields = fields[place] ?? [];
  });
  state.version += 1;
}
