/**
 * The world as the server tells it: a fold of packets, with no socket, no DOM and no clock of its own (docs/wire.md).
 *
 * What arrives is held back in `queue` until the picture's clock, `renderAt`, reaches its moment, so that a message is on screen
 * from the microsecond it was sent to the microsecond it ended, however unevenly packets come. `advanceRender` moves that clock: a tenth
 * of a wall second behind the newest news while playing, up to the newest news within 0.4 s when paused, never backwards and never
 * ahead of what is known. Panels read what `renderAt` has reached, too: words and picture agree.
 *
 * Left out: commands (socket.js), what this visitor is doing (ui.js).
 */
import { createStore } from "./store.js";

/** @typedef {{id: number, at: number, src: string, dst: string, type: string, tone: string, epoch: number|null, due: number, fields: string[]}} Message */
/** @typedef {Message & {endedAt: number, how: string, endedWall: number}} EndedMessage */
/** @typedef {{id: string|number, client: string, node: string, kind: "read"|"write", key: string, value: string, start: number, finish: number|null, outcome: "pending"|"ok"|"failed"|"unknown", result: string[], reason: string, mark: ""|"stale"|"conflict"|"lost"|"violation", note: string}} Operation */
/** @typedef {{status: "up"|"crashed"|"paused"|"halted", sentence: string, role: string, epoch: number|null, leader: string|null, store: Record<string, string[]>, log?: Array<[number, string]>, log_start?: number, commit?: number, facts: Record<string, string>, timers: Array<[string, number, number]>, lie: string}} NodeState */
/** @typedef {{base: [number, number, string, number, number], cut: Array<[string, string]>, tuned: Array<[string, string, number, number, string, number, number]>, words: string, sides: string[][], clean: boolean}} Links */
/** @typedef {{nodes: string[], majority: boolean, asked: number, ok: number, failed: number, unknown: number, pending: number, stale: number, conflicts: number, violations?: number, lost: number, availability: "AVAILABLE"|"PARTLY"|"REFUSING"|"QUIET", consistency: "CONSISTENT"|"STALE"|"CONFLICT", read: [number, number], write: [number, number], latency_ms: [number, number]|null}} Side */
/** @typedef {{since: number, sides: Side[], sentence: string, badge: string, promises: Array<[string, "ok"|"violated"|"unknown", string]>, staleness: {versions: number, ms: number}, lost_at_cut: number, messages: number, diverged: number, converged_ms: number|null, nodes: Record<string, [number, number]>}} Meters */
/** @typedef {{checker: string, at: number, sentence: string, operations: Array<string|number>, nodes: string[]}} Finding */
/** @typedef {{nodes: Record<string, NodeState>, links: Links, flying: Map<number, Message>, ended: EndedMessage[], operations: Map<string|number, Operation>, meters: Meters|null, findings: Finding[], lost: {cut: number, loss: number, down: number}, stopped: string|null}} Lane */
/** @typedef {[at: number, kind: string, lane: number, text: string]} Mark */
/** @typedef {[from: number, to: number|null, words: string]} Era */
/** @typedef {{name: string, title: string, what: string, default: unknown, choices: Array<[unknown, string]>, low: number|null, high: number|null, unit: string}} Knob */
/** @typedef {{name: string, title: string, paper: string, summary: string, family: string, gives_up: string, needs: string, object: string, epoch: string, majority: boolean, claims: {consistency: string, availability: string, loses: boolean}, knobs: Knob[], messages: Array<[string, string[]]>}} ProtocolCard */
/** @typedef {{name: string, number: number, title: string, story: string, level: string}} ScenarioCard */
/** @typedef {{name: string, title: string, delay: number, jitter: number, shape: string, loss: number, duplicate: number}} Preset */
/** @typedef {{format: number, version: string, session: string, url: string, protocols: ProtocolCard[], scenarios: ScenarioCard[], presets: Preset[], limits: Record<string, number>}} Hello */
/** @typedef {{scenario: string, number: number, title: string, story: string, ask?: string, seed: number, composed: boolean, nodes: string[], keys: string[], deadline: number, link: {delay: number, jitter: number, shape: string, loss: number, duplicate: number}, clients: Array<[string, string]>, lanes: Array<{protocol: string, title: string, knobs: Record<string, unknown>, line: string}>}} Spec */
/** @typedef {{at: number, horizon: number, speed: number, playing: boolean, live: boolean}} Clock */
/** @typedef {{viewers: number, controls: boolean, holder_present: boolean}} Audience */
/** @typedef {{at: number, kind: "sent", lane: number, message: Message} | {at: number, kind: "ended", lane: number, id: number, how: string} | {at: number, kind: "state", lane: number, body: any} | {at: number, kind: "meters", lane: number, meters: Meters} | {at: number, kind: "verdict", lane: number, finding: Finding} | {at: number, kind: "marks", body: any}} Pending */
/** @typedef {[seq: number, run: number, frames: Array<[string, any]>]} Packet */

/**
 * `version` grows with every change that panels may show; `moments` are the times of recent events, for stepping back.
 * @typedef {{seq: number, run: number, stale: boolean, waiting: boolean, hello: Hello|null, audience: Audience, spec: Spec|null, clock: Clock, lanes: Lane[],
 *   marks: Mark[], eras: Era[], caption: string, undo: string|null, refused: {sentence: string, count: number}, bye: string,
 *   newest: number, renderAt: number, wall: number, ease: {from: number, to: number, elapsed: number}, queue: Pending[], moments: number[],
 *   landings: number[], version: number}} WorldState
 */
/** @typedef {import("./store.js").Store<WorldState>} World */

const BEHIND = 0.1; // wall seconds that the picture stays behind the news while playing
const HOPELESS = 1.0; // wall seconds behind at which it jumps instead of hurrying (the tab slept)
const EASE = 0.4; // wall seconds in which a paused picture reaches the news
const EFFECTS = 1.5; // wall seconds for which an ended message is kept
const OPERATIONS_MAX = 2000;
const FINDINGS_MAX = 200;
const MOMENTS_MAX = 4000;
const FRAMES_WITHOUT_WORLD = ["hello", "audience", "refused", "bye"];

/** @returns {WorldState} */
export function emptyWorld() {
  return {
    seq: 0,
    run: 0,
    stale: false,
    waiting: true,
    hello: null,
    audience: { viewers: 0, controls: false, holder_present: true },
    spec: null,
    clock: { at: 0, horizon: 0, speed: 0.05, playing: false, live: true },
    lanes: [],
    marks: [],
    eras: [],
    caption: "",
    undo: null,
    refused: { sentence: "", count: 0 },
    bye: "",
    newest: 0,
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
 * The connection is new: the next packet that matters is the one with a snapshot, whatever its number.
 * @param {WorldState} state
 */
export function expectSnapshot(state) {
  state.waiting = true;
  state.version += 1;
}

/**
 * Folds one packet into the state. After a gap the state is `stale` until a snapshot comes; the caller asks for one.
 * @param {WorldState} state
 * @param {Packet} packet
 */
export function fold(state, packet) {
  const [seq, run, frames] = packet;
  const whole = frames.some(([type]) => type === "snapshot");
  if (!whole && !state.waiting && (run < state.run || seq <= state.seq)) return; // an old future, or news we had
  if (!whole && !state.waiting && seq !== state.seq + 1) state.stale = true;
  const ready = whole || (!state.waiting && !state.stale);
  for (const [type, body] of frames) {
    if (ready || FRAMES_WITHOUT_WORLD.includes(type)) foldFrame(state, type, body);
    else if (!FRAMES.includes(type)) throw new Error(`unknown frame "${type}"`);
  }
  if (ready) {
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
 * @param {string} type
 * @param {any} body
 */
function foldFrame(state, type, body) {
  switch (type) {
    case "hello":
      state.hello = body;
      return;
    case "audience":
      state.audience = body;
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
      state.clock = body;
      state.newest = Math.max(state.newest, body.at);
      return;
    case "events":
      foldEvents(state, body);
      return;
    case "meters":
      hold(state, { at: state.newest, kind: "meters", lane: body.lane, meters: body });
      return;
    case "verdict":
      hold(state, { at: state.newest, kind: "verdict", lane: body.lane, finding: body });
      return;
    case "marks":
      hold(state, { at: state.newest, kind: "marks", body });
      return;
    default:
      throw new Error(`unknown frame "${type}"`);
  }
}

/**
 * @param {WorldState} state
 * @param {any} body
 */
function foldSnapshot(state, body) {
  const opened = !state.spec || state.spec.seed !== body.spec.seed || state.spec.scenario !== body.spec.scenario;
  const at = body.clock.at;
  state.spec = body.spec;
  state.clock = body.clock;
  state.lanes = body.lanes.map(laneOf);
  state.marks = body.marks;
  state.eras = body.eras;
  state.caption = body.caption;
  state.undo = body.undo;
  state.bye = "";
  state.newest = at;
  state.renderAt = at;
  state.ease = { from: at, to: at, elapsed: EASE };
  state.queue = [];
  state.moments = opened ? [] : state.moments.filter((moment) => moment <= at);
  state.landings = opened ? [] : state.landings.filter((moment) => moment <= at);
}

/** @param {any} body @returns {Lane} */
function laneOf(body) {
  return {
    nodes: body.nodes,
    links: body.links,
    flying: new Map(rows(body.flying).map((message) => [message.id, message])),
    ended: [],
    operations: new Map(rows(body.operations).map((operation) => [operation.id, operation])),
    meters: body.meters,
    findings: body.findings,
    lost: body.lost,
    stopped: body.stopped,
  };
}

/**
 * One array a field -> one object a row.
 * @param {Record<string, any[]>} columns
 * @returns {any[]}
 */
export function rows(columns) {
  const names = Object.keys(columns);
  if (names.length === 0) return [];
  return columns[names[0]].map((_, index) => {
    /** @type {Record<string, any>} */
    const row = {};
    for (const name of names) row[name] = columns[name][index];
    return row;
  });
}

/**
 * A batch of a lane: its messages wait for their own moments, all else for the end of the batch.
 * @param {WorldState} state
 * @param {any} body
 */
function foldEvents(state, body) {
  const { lane } = body;
  if (!state.lanes[lane]) throw new Error(`events of lane ${lane}, which does not exist`);
  if (body.sent) for (const message of rows(body.sent)) hold(state, { at: message.at, kind: "sent", lane, message });
  if (body.ended) for (const { id, at, how } of rows(body.ended)) hold(state, { at, kind: "ended", lane, id, how });
  state.newest = Math.max(state.newest, body.to);
  hold(state, { at: body.to, kind: "state", lane, body });
}

/**
 * Puts news into the queue, in the order of their moments; equal moments keep the order of arrival.
 * @param {WorldState} state
 * @param {Pending} pending
 */
function hold(state, pending) {
  const { queue } = state;
  let place = queue.length;
  while (place > 0 && queue[place - 1].at > pending.at) place -= 1;
  queue.splice(place, 0, pending);
}

/**
 * Moves the picture's clock by so many wall seconds and lets the news that it reaches take effect.
 * @param {WorldState} state
 * @param {number} wallSeconds
 */
export function advanceRender(state, wallSeconds) {
  state.wall += wallSeconds;
  state.renderAt = nextRender(state, wallSeconds);
  release(state);
  for (const lane of state.lanes) {
    if (lane.ended.length > 0 && lane.ended[0].endedWall < state.wall - EFFECTS) {
      lane.ended = lane.ended.filter((message) => message.endedWall >= state.wall - EFFECTS);
    }
  }
}

/**
 * @param {WorldState} state
 * @param {number} wallSeconds
 */
function nextRender(state, wallSeconds) {
  const { clock, newest, renderAt, ease } = state;
  if (!clock.playing) {
    if (ease.to !== newest) Object.assign(ease, { from: renderAt, to: newest, elapsed: 0 });
    ease.elapsed = Math.min(EASE, ease.elapsed + wallSeconds);
    const part = ease.elapsed / EASE;
    return Math.max(renderAt, Math.round(ease.from + (ease.to - ease.from) * part * (2 - part)));
  }
  const rate = clock.speed * 1e6; // simulated microseconds a wall second
  const behind = (newest - renderAt) / rate;
  if (behind > HOPELESS) return Math.round(newest - BEHIND * rate);
  const hurry = Math.min(3, Math.max(0, 1 + (behind - BEHIND) * 2.5));
  return Math.min(newest, Math.max(renderAt, renderAt + wallSeconds * rate * hurry));
}

/** @param {WorldState} state */
function release(state) {
  const { queue, renderAt } = state;
  let count = 0;
  while (count < queue.length && queue[count].at <= renderAt) count += 1;
  if (count === 0) return;
  const due = count === queue.length ? queue : queue.slice(0, count);
  state.queue = queue.slice(count);
  for (const pending of due) apply(state, pending);
  state.version += 1;
}

/**
 * @param {WorldState} state
 * @param {Pending} pending
 */
function apply(state, pending) {
  switch (pending.kind) {
    case "sent":
      state.lanes[pending.lane].flying.set(pending.message.id, pending.message);
      remember(state.moments, pending.at);
      return;
    case "ended":
      end(state, pending.lane, pending.id, pending.at, pending.how);
      return;
    case "state":
      applyState(state.lanes[pending.lane], pending.body);
      return;
    case "meters":
      state.lanes[pending.lane].meters = pending.meters;
      return;
    case "verdict":
      state.lanes[pending.lane].findings = [...state.lanes[pending.lane].findings, pending.finding].slice(-FINDINGS_MAX);
      return;
    case "marks":
      state.marks = [...state.marks, ...pending.body.marks];
      state.eras = pending.body.eras;
      state.caption = pending.body.caption;
      state.undo = pending.body.undo;
      return;
  }
}

/**
 * @param {WorldState} state
 * @param {number} laneIndex
 * @param {number} id
 * @param {number} at
 * @param {string} how
 */
function end(state, laneIndex, id, at, how) {
  const lane = state.lanes[laneIndex];
  const message = lane.flying.get(id);
  remember(state.moments, at);
  if (how === "delivered") remember(state.landings, at);
  if (!message) return;
  lane.flying.delete(id);
  lane.ended.push({ ...message, endedAt: at, how, endedWall: state.wall });
}

/**
 * @param {number[]} moments in order
 * @param {number} at
 */
function remember(moments, at) {
  if (moments.length > 0 && moments[moments.length - 1] >= at) return;
  moments.push(at);
  if (moments.length > MOMENTS_MAX) moments.splice(0, MOMENTS_MAX / 4);
}

/**
 * @param {Lane} lane
 * @param {any} body
 */
function applyState(lane, body) {
  if (body.nodes) lane.nodes = { ...lane.nodes, ...body.nodes };
  if (body.links) lane.links = body.links;
  if (body.lost) lane.lost = body.lost;
  if (body.stopped !== undefined) lane.stopped = body.stopped;
  if (!body.operations) return;
  for (const operation of rows(body.operations)) lane.operations.set(operation.id, operation);
  const extra = lane.operations.size - OPERATIONS_MAX;
  if (extra > 0) for (const id of [...lane.operations.keys()].slice(0, extra)) lane.operations.delete(id);
}

/**
 * The moment of the event (or of the landing) before this one, or null when none is remembered.
 * @param {number[]} moments in order
 * @param {number} at
 */
export function momentBefore(moments, at) {
  for (let index = moments.length - 1; index >= 0; index -= 1) if (moments[index] < at) return moments[index];
  return null;
}

/**
 * A short text that two pages share exactly when they were told the same world: FNV-1a over the newest news, not over what is drawn.
 * @param {WorldState} state
 */
export function hashOf(state) {
  const whole = structuredCloneOfNews(state);
  const lanes = whole.lanes.map((lane) => [lane.nodes, lane.links, [...lane.operations.values()], lane.lost, lane.stopped]);
  const text = canonical([whole.spec, whole.clock.at, lanes, whole.eras]);
  let hash = 0xcbf29ce484222325n;
  for (let index = 0; index < text.length; index += 1) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(index))) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}

/**
 * The world with all its held-back news applied, leaving the state itself as it is.
 * @param {WorldState} state
 */
function structuredCloneOfNews(state) {
  const copy = {
    ...state,
    moments: [],
    landings: [],
    lanes: state.lanes.map((lane) => ({
      ...lane,
      flying: new Map(lane.flying),
      ended: [],
      operations: new Map(lane.operations),
    })),
  };
  for (const pending of state.queue) apply(copy, pending);
  return copy;
}

/**
 * JSON with the keys of every object in order.
 * @param {any} value
 * @returns {string}
 */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`;
}
