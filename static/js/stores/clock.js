/**
 * The picture's clock. News waits in `queue` until `renderAt` reaches its moment. So a message is on the screen from the microsecond when
 * it was sent to the microsecond when it ended, however unevenly packets come.
 *
 * `advanceRender` moves the clock. While playing, it is a fifth of a wall second behind the server's clock; when paused, it gets to the
 * newest news within 0.4 s; it never goes backwards. The server is silent while nothing happens, so the page estimates the server's clock
 * between two packets (`reckoned`). But the picture waits at `sure`, the first moment at which something is due whose outcome is unknown.
 * After an action on the network the picture hurries, so that its effect is visible at once.
 */
import { LIMITS } from "../lib/wire-types.js";
import { applyNews } from "./lane.js";

/** @typedef {import("./world.js").WorldState} WorldState */
/** @typedef {import("./world.js").Pending} Pending */

const BEHIND = 0.2; // wall seconds from the server's clock to the picture's while playing: packets come every tenth of a second, and some are late
const CLOSE = 0.04; // the same shortly after an action: then packets come every thirtieth of a second
const HASTE = 0.5; // wall seconds for which that lasts
const SILENCE = 1.3; // wall seconds for which the clock goes on without news; the server sends its clock every second
const HOPELESS = 1.0; // wall seconds: if the clock is further behind, it jumps instead of hurrying (the tab slept)
const EASE = 0.4; // wall seconds in which a paused picture gets to the newest news
const EFFECTS = 1.5; // wall seconds for which an ended message is kept
const MOMENTS_MAX = 4000;

/**
 * Sets the clock to a moment at once, with an empty queue.
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
 * Puts news into the queue, in the order of moments; news of equal moments keeps the order of arrival.
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
 * Moves the picture's clock by this many wall seconds and applies the news up to there.
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
 * When the first message lands, or the first timer fires, after the newest news: until then nothing happens without an action.
 * @param {WorldState} state
 */
export function dueNext(state) {
  let first = Number.POSITIVE_INFINITY;
  const look = (/** @type {number} */ due) => {
    if (due > state.newest && due < first) first = due;
  };
  for (const { latest } of state.lanes) {
    for (const { due } of latest.air.values()) look(due);
    for (const { status, timers } of Object.values(latest.nodes)) if (status === "up") for (const [, , due] of timers) look(due);
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
 * The moment of the event (or of the landing) before this one, or null if the page does not remember one.
 * @param {number[]} moments in order
 * @param {number} at
 */
export function momentBefore(moments, at) {
  for (let index = moments.length - 1; index >= 0; index -= 1) if (moments[index] < at) return moments[index];
  return null;
}
