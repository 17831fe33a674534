/**
 * The world as the server tells it: a fold of packets, with no socket, no DOM and no clock of its own (docs/wire.md).
 *
 * What arrives is held back in `queue` until the picture's clock, `renderAt`, reaches its moment, so that a message is on screen
 * from the microsecond it was sent to the microsecond it ended, however unevenly packets come. `advanceRender` moves that clock: a fifth
 * of a wall second behind the server's while playing, up to the newest news within 0.4 s when paused, never backwards. Between two
 * packets the server's clock is `reckoned`, for the server is silent while nothing happens; but the picture waits at `sure`, the first
 * moment at which something is due of which it has not heard. After something was done to the network the
 * picture hurries, so that it is seen at once. Panels read what `renderAt` has reached, too: words and picture agree.
 *
 * News say what changed. What they change is `told`, a lane as the server has told it; whole states and messages are made of them here.
 *
 * Left out: commands (socket.js), what this visitor is doing (ui.js).
 */
import { changed } from "../lib/pack.js";
import { createStore } from "./store.js";

/** @typedef {{id: number, at: number, src: string, dst: string, type: string, tone: string, epoch: number|null, due: number, fields?: string[]}} Message */
/** @typedef {Message & {endedAt: number, how: string, endedWall: number}} EndedMessage */
/** @typedef {{id: string|number, client: string, node: string, kind: "read"|"write"|"remove", key: string, value: string, start: number, finish: number|null, outcome: "pending"|"ok"|"failed"|"unknown", result: string[], reason: string, mark: ""|"stale"|"conflict"|"lost"|"violation", note: string}} Operation */
/** @typedef {{status: "up"|"crashed"|"paused"|"halted", sentence: string, role: string, epoch: number|null, leader: string|null, store: Record<string, string[]>, log?: Array<[number, string]>, log_start?: number, commit?: number, facts: Record<string, string>, timers: Array<[string, number, number]>, lie: string, clock?: [skew: number, rate: number, since: number]}} NodeState */
/** @typedef {{base: [number, number, string, number, number], cut: Array<[string, string]>, tuned: Array<[string, string, number, number, string, number, number]>, words: string, sides: string[][], clean: boolean, adversary?: string}} Links */
/** @typedef {{nodes: string[], majority: boolean, asked: number, ok: number, failed: number, unknown: number, pending: number, stale: number, conflicts: number, violations?: number, lost: number, availability: "AVAILABLE"|"PARTLY"|"REFUSING"|"QUIET", consistency: "CONSISTENT"|"STALE"|"CONFLICT", read: [number, number], write: [number, number], latency_ms: [number, number]|null}} Side */
/** @typedef {{since: number, sides: Side[], sentence: string, badge: string, promises: Array<[string, "ok"|"violated"|"unknown", string]>, staleness: {versions: number, ms: number}, lost_at_cut: number, messages: number, diverged: number, converged_ms: number|null, nodes: Record<string, [number, number]>}} Meters */
/** @typedef {{checker: string, at: number, sentence: string, operations: Array<string|number>, nodes: string[]}} Finding */
/** @typedef {{at: number, nodes: Record<string, NodeState>, links: Links, meters: Meters|null, air: Map<number, Message>, late: Set<number>, last: number, kinds: Array<[string, string, number|null]>, places: string[], delay: number, operations: Map<number, Operation>, count: number}} Told */
/** @typedef {{told: Told, nodes: Record<string, NodeState>, links: Links, flying: Map<number, Message>, ended: EndedMessage[], operations: Map<string|number, Operation>, meters: Meters|null, findings: Finding[], lost: {cut: number, loss: number, down: number}, stopped: string|null}} Lane */
/** @typedef {[at: number, kind: string, lane: number, text: string]} Mark */
/** @typedef {[from: number, to: number|null, words: string]} Era */
/** @typedef {{name: string, title: string, what: string, default: unknown, choices: Array<[unknown, string]>, low: number|null, high: number|null, unit: string}} Knob */
/** @typedef {{name: string, title: string, what: string, argument: ""|"node"|"text"}} Action */
/** @typedef {{name: string, title: string, paper: string, summary: string, family: string, gives_up: string, needs: string, object: string, epoch: string, majority: boolean, claims: {consistency: string, availability: string, loses: boolean}, knobs: Knob[], actions: Action[], messages: Array<[string, string[]]>}} ProtocolCard */
/** @typedef {{name: string, number: number, title: string, story: string, level: string, lanes: string[]}} ScenarioCard */
/** @typedef {{name: string, title: string, delay: number, jitter: number, shape: string, loss: number, duplicate: number}} Preset */
/** @typedef {{format: number, version: string, session: string, url: string, protocols: ProtocolCard[], scenarios: ScenarioCard[], families: Record<string, string>, presets: Preset[], limits: Record<string, number>}} Hello */
/** @typedef {{scenario: string, number: number, title: string, story: string, ask?: string, lesson?: string, expect?: string[], seed: number, composed: boolean, veiled?: boolean, nodes: string[], keys: string[], deadline: number, link: {delay: number, jitter: number, shape: string, loss: number, duplicate: number}, clients: Array<[string, string]>, lanes: Array<{protocol: string, title: string, knobs: Record<string, unknown>, line: string}>}} Spec */
/** @typedef {{at: number, horizon: number, speed: number, playing: boolean, live: boolean}} Clock */
/** @typedef {{viewers: number, controls: boolean, holder_present: boolean}} Audience */
/** @typedef {{at: number, kind: "sent", lane: number, message: Message} | {at: number, kind: "ended", lane: number, id: number, how: string} | {at: number, kind: "state", lane: number, body: any} | {at: number, kind: "meters", lane: number, meters: Meters} | {at: number, kind: "verdict", lane: number, finding: Finding} | {at: number, kind: "marks", body: any}} Pending */
/** @typedef {[seq: number, run: number, frames: Array<[string, any]>]} Packet */

/**
 * `version` grows with every change that panels may show; `moments` are the times of recent events, for stepping back.
 * @typedef {{seq: number, run: number, stale: boolean, waiting: boolean, hello: Hello|null, audience: Audience, spec: Spec|null, clock: Clock, lanes: Lane[],
 *   marks: Mark[], eras: Era[], caption: string, undo: string|null, refused: {sentence: string, count: number}, bye: string,
 *   newest: number, reckoned: number, sure: number, haste: number, renderAt: number, wall: number, ease: {from: number, to: number, elapsed: number}, queue: Pending[], moments: number[],
 *   landings: number[], version: number}} WorldState
 */
/** @typedef {import("./store.js").Store<WorldState>} World */

const BEHIND = 0.2; // wall seconds that the picture stays behind the server while playing: packets come every tenth, and some late
const CLOSE = 0.04; // the same for a while after somebody acted: then they come every thirtieth
const HASTE = 0.5; // wall seconds of that while
const SILENCE = 1.3; // wall seconds for which the clock runs on without news; the server tells it every second
const HOPELESS = 1.0; // wall seconds behind at which it jumps instead of hurrying (the tab slept)
const EASE = 0.4; // wall seconds in which a paused picture reaches the news
const EFFECTS = 1.5; // wall seconds for which an ended message is kept
const OPERATIONS_MAX = 2000;
const FINDINGS_MAX = 200;
const MOMENTS_MAX = 4000;
const ACTS = ["cut", "heal", "crash", "fault"]; // kinds of marks that somebody's hand makes
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
      if (body.marks.some((/** @type {Mark} */ [, kind]) => ACTS.includes(kind))) state.haste = HASTE;
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
  state.reckoned = at;
  state.haste = 0;
  state.renderAt = at;
  state.ease = { from: at, to: at, elapsed: EASE };
  state.queue = [];
  state.moments = opened ? [] : state.moments.filter((moment) => moment <= at);
  state.landings = opened ? [] : state.landings.filter((moment) => moment <= at);
}

/** @param {any} body @returns {Lane} */
function laneOf(body) {
  const flying = new Map(rows(body.flying).map((message) => [message.id, message]));
  const operations = rows(body.operations);
  const first = body.count - operations.length;
  return {
    told: {
      at: body.since, nodes: body.nodes, links: body.links, meters: body.meters, air: new Map(flying), late: new Set(body.late), last: body.last, kinds: [...body.kinds],
      places: body.places, delay: body.delay, operations: new Map(operations.map((operation, place) => [first + place, operation])), count: body.count,
    },
    nodes: body.nodes,
    links: body.links,
    flying,
    ended: [],
    operations: new Map(operations.map((operation) => [operation.id, operation])),
    meters: body.meters,
    findings: body.findings,
    lost: body.lost,
    stopped: body.stopped,
  };
}

/**
 * The clock's news leave out what is to be expected. Where the server's clock stands now is reckoned from the packet that came soonest.
 * @param {WorldState} state
 * @param {any} body
 */
function foldClock(state, body) {
  const { clock } = state;
  state.clock = { ...clock, horizon: Math.max(clock.horizon, body.at), ...body };
  state.newest = Math.max(state.newest, body.at);
  state.reckoned = body.at + (state.clock.playing ? Math.max(0, state.reckoned - body.at) / 2 : 0);
}

/**
 * @param {WorldState} state
 * @param {any} body
 */
function foldMeters(state, { lane, ...news }) {
  const { told } = laneAt(state, lane);
  told.meters = changed(told.meters ?? {}, news);
  hold(state, { at: state.newest, kind: "meters", lane, meters: /** @type {Meters} */ (told.meters) });
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
 * A batch of a lane, up to the moment of the clock: its messages wait for their own moments, all else for the end of the batch.
 * @param {WorldState} state
 * @param {any} body
 */
function foldEvents(state, body) {
  const { lane } = body;
  const { told } = laneAt(state, lane);
  const now = state.clock.at;
  told.kinds.push(...(body.kinds ?? []));
  if (body.sent) for (const message of takenOff(told, body.sent)) hold(state, { at: message.at, kind: "sent", lane, message });
  for (const id of body.late ?? []) told.late.add(id);
  for (const [id, at, how] of ends(told, body.ended, now)) hold(state, { at, kind: "ended", lane, id, how });
  /** @type {any} */
  const news = { lost: body.lost, stopped: body.stopped };
  if (body.nodes) {
    news.nodes = Object.fromEntries(Object.entries(body.nodes).map(([id, change]) => [id, nodeChanged(told.nodes[id], change, now)]));
    told.nodes = { ...told.nodes, ...news.nodes };
  }
  if (body.links) {
    news.links = told.links = changed(told.links, body.links);
    state.haste = HASTE;
  }
  if (body.begun || body.operations) news.operations = operationsOf(told, body);
  told.at = now;
  state.newest = Math.max(state.newest, now);
  hold(state, { at: now, kind: "state", lane, body: news });
}

const ENDS = ["delivered", "cut", "loss", "down", "late", "hand"];

/**
 * The messages of Sent columns. What one was caused by says where and when it began, and mostly where it goes.
 * @param {Told} told
 * @param {number[][]} columns
 * @returns {Message[]}
 */
function takenOff(told, [steps, causes, kinds, dsts, delays, ats, srcs]) {
  let clock = told.at;
  let place = 0;
  return causes.map((back, row) => {
    const id = told.last + steps[row];
    const cause = back ? told.air.get(id - back) : undefined;
    if (back && !cause) throw new Error(`message ${id} was caused by one that is not there`);
    if (!cause) clock += ats[place];
    const at = cause?.due ?? clock;
    const src = cause?.dst ?? told.places[srcs[(place += 1) - 1]];
    const dst = dsts[row] || !cause ? told.places[dsts[row] - 1] : cause.src;
    const [type, tone, epoch] = told.kinds[kinds[row]];
    const message = { id, at, src, dst, type, tone, epoch, due: at + delays[row] + told.delay };
    told.air.set(id, message);
    told.last = id;
    return message;
  });
}

/**
 * How messages ended: some are told, all others landed when they were due.
 * @param {Told} told
 * @param {number[][]|undefined} columns
 * @param {number} now
 * @returns {Array<[id: number, at: number, how: string]>}
 */
function ends(told, columns, now) {
  /** @type {Array<[number, number, string]>} */
  const ended = (columns?.[0] ?? []).map((back, row) => [told.last - back, told.at + /** @type {number[][]} */ (columns)[1][row], ENDS[/** @type {number[][]} */ (columns)[2][row]]]);
  for (const [id] of ended) {
    told.air.delete(id);
    told.late.delete(id);
  }
  for (const { id, due } of [...told.air.values()]) {
    if (due > now || told.late.has(id)) continue;
    told.air.delete(id);
    ended.push([id, due, "delivered"]);
  }
  return ended;
}

/**
 * @param {NodeState} told
 * @param {any} change timers: [how many of the last ones stay, [name, since when, for how long], ...]
 * @param {number} now
 * @returns {NodeState}
 */
function nodeChanged(told, { timers, ...change }, now) {
  const state = changed(told, change);
  if (!timers) return state;
  const [kept, ...set] = timers;
  const fresh = set.map((/** @type {[string, number, number]} */ [name, ago, span]) => [name, now - ago, now - ago + span]);
  return { ...state, timers: [...told.timers.slice(told.timers.length - kept), ...fresh] };
}

/**
 * The operations of a batch that are new or changed, as whole rows.
 * @param {Told} told
 * @param {{begun?: any[][], operations?: any[][]}} body
 * @returns {Operation[]}
 */
function operationsOf(told, { begun, operations }) {
  /** @type {Map<number, Operation>} */
  const news = new Map();
  const [ids = [], nodes = [], kinds = [], keys = [], values = [], starts = []] = begun ?? [];
  ids.forEach((/** @type {string} */ id, /** @type {number} */ row) => {
    const client = id.slice(0, id.indexOf(":"));
    news.set(told.count, {
      id, client, node: nodes[row], kind: kinds[row], key: keys[row], value: values[row], start: told.at + starts[row],
      finish: null, outcome: "pending", result: [], reason: "", mark: "", note: "",
    });
    told.count += 1;
  });
  const [backs = [], spans = [], outcomes = [], results = [], reasons = [], marks = [], notes = []] = operations ?? [];
  backs.forEach((/** @type {number} */ back, /** @type {number} */ row) => {
    const number = told.count - back;
    const was = news.get(number) ?? told.operations.get(number);
    if (!was) return; // so old that it is not shown any more
    const finish = spans[row] ? was.start + spans[row] - 1 : null;
    news.set(number, { ...was, finish, outcome: outcomes[row], result: results[row], reason: reasons[row], mark: marks[row], note: notes[row] });
  });
  for (const [number, operation] of news) told.operations.set(number, operation);
  for (const number of [...told.operations.keys()].slice(0, Math.max(0, told.operations.size - OPERATIONS_MAX))) told.operations.delete(number);
  return [...news.values()];
}

/**
 * Keeps what messages carry, which the server tells to who asks.
 * @param {WorldState} state
 * @param {number} lane
 * @param {number[]} ids
 * @param {Array<string[]|null>} fields
 */
export function carry(state, lane, ids, fields) {
  ids.forEach((id, place) => {
    const message = state.lanes[lane]?.flying.get(id) ?? state.lanes[lane]?.told.air.get(id);
    if (message) message.fields = fields[place] ?? [];
  });
  state.version += 1;
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
  state.haste = Math.max(0, state.haste - wallSeconds);
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
    if (ease.to !== newest) Object.assign(ease, { from: Math.min(renderAt, newest), to: newest, elapsed: 0 });
    ease.elapsed = Math.min(EASE, ease.elapsed + wallSeconds);
    const part = ease.elapsed / EASE;
    return Math.max(Math.min(renderAt, newest), Math.round(ease.from + (ease.to - ease.from) * part * (2 - part)));
  }
  const rate = clock.speed * 1e6; // simulated microseconds a wall second
  state.reckoned = Math.max(state.reckoned, Math.min(state.reckoned + wallSeconds * rate, newest + SILENCE * rate));
  const behind = (state.reckoned - renderAt) / rate;
  if (behind > HOPELESS) return Math.max(renderAt, Math.min(state.sure, Math.round(state.reckoned - BEHIND * rate)));
  const hurry = state.haste > 0 ? Math.min(8, 1 + (behind - CLOSE) * 30) : Math.min(3, 1 + (behind - BEHIND) * 2.5);
  return Math.max(renderAt, Math.min(state.reckoned, state.sure, renderAt + wallSeconds * rate * Math.max(0, hurry)));
}

/**
 * When the first message will land, or the first timer go off, after the newest news: until then nothing happens of itself.
 * @param {WorldState} state
 */
function dueNext(state) {
  let first = Number.POSITIVE_INFINITY;
  const look = (/** @type {number} */ due) => {
    if (due > state.newest && due < first) first = due;
  };
  for (const { told } of state.lanes) {
    for (const { due } of told.air.values()) look(due);
    for (const { status, timers } of Object.values(told.nodes)) if (status === "up") for (const [, , due] of timers) look(due);
  }
  return first;
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
  for (const operation of body.operations) lane.operations.set(operation.id, operation);
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
