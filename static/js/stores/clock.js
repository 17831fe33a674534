/**
 * The picture's clock. News wait in `queue` until `renderAt` reaches their moment, so that a message is on screen from the microsecond
 * it was sent to the microsecond it ended, however unevenly packets come.
 *
 * `advanceRender` moves the clock: a fifth of a wall second behind the server's while playing, up to the newest news within 0.4 s when
 * paused, never backwards. Between two packets the server's clock is estimated (`reckoned`), for the server is silent while nothing
 * happens; but the picture waits at `sure`, the first moment at which something is due whose outcome is not known yet. After something
 * was done to the network the picture hurries, so that it is seen at once.
 */
import { LIMITS } from "../lib/wire-types.js";
import { applyNews } from "./lane.js";

/** @typedef {import("./world.js").WorldState} WorldState */
/** @typedef {import("./world.js").Pending} Pending */

const BEHIND = 0.2; // wall seconds that the picture stays behind the server while playing: packets come every tenth, and some late
const CLOSE = 0.04; // the same for a while after somebody acted: then they come every thirtieth
const HASTE = 0.5; // wall seconds of that while
const SILENCE = 1.3; // wall seconds for which the clock runs on without news; the server tells it every second
const HOPELESS = 1.0; // wall seconds behind at which it jumps instead of hurrying (the tab slept)
const EASE = 0.4; // wall seconds in which a paused picture reaches the news
const EFFECTS = 1.5; // wall seconds for which an ended message is kept
const MOMENTS_MAX = 4000;

/**
 * Sets the clock to a moment at once, with nothing held back.
 * @param {WorldState} state
 * @param {number} at
 */
export function standAt(state, at) {
  Object.assign(state, { newest: at, reckoned: at, haste: 0, renderAt: at, ease: { from: at, to: at, elapsed: EASE }, queue: [] });
}

/**
 * Somebody acted: the picture hurries for a while.
 * @param {WorldState} state
 */
export function hurry(state) {
  state.haste = HASTE;
}

/**
 * Puts news into the queue, in the order of their moments; equal moments keep the order of arrival.
 * @param {WorldState} state
 * @param {Pending} pending
 */
export function hold(state, pending) {
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
  const pace = state.haste > 0 ? Math.min(8, 1 + (behind - CLOSE) * 30) : Math.min(3, 1 + (behind - BEHIND) * 2.5);
  return Math.max(renderAt, Math.min(state.reckoned, state.sure, renderAt + wallSeconds * rate * Math.max(0, pace)));
}

/**
 * When the first message will land, or the first timer go off, after the newest news: until then nothing happens of itself.
 * @param {WorldState} state
 */
export function dueNext(state) {
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
export function apply(state, pending) {
  switch (pending.kind) {
    case "sent":
      state.lanes[pending.lane].flying.set(pending.message.id, pending.message);
      remember(state.moments, pending.at);
      return;
    case "ended":
      end(state, pending.lane, pending.id, pending.at, pending.how);
      return;
    case "state":
      applyNews(state.lanes[pending.lane], pending.body);
      return;
    case "meters":
      state.lanes[pending.lane].meters = pending.meters;
      return;
    case "verdict":
      state.lanes[pending.lane].findings = [...state.lanes[pending.lane].findings, pending.finding].slice(-LIMITS.findings);
      return;
    case "marks":
      state.marks = [...state.marks, ...pending.body.marks];
      state.cutSpans = pending.body.cut_spans;
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
 * The moment of the event (or of the landing) before this one, or null when none is remembered.
 * @param {number[]} moments in order
 * @param {number} at
 */
export function momentBefore(moments, at) {
  for (let index = moments.length - 1; index >= 0; index -= 1) if (moments[index] < at) return moments[index];
  return null;
}
