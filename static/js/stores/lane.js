/**
 * One lane as the server has described it so far, and what a batch of news changes of it: messages, nodes, operations (docs/wire.md).
 *
 * News say what changed. `told` holds the last whole state of everything that news change; messages, node states and operations are
 * rebuilt from it here. What panels and stages read stands beside `told`, and changes when the picture's clock gets there (clock.js).
 */
import { changed } from "../lib/pack.js";
import { ENDS, LIMITS } from "../lib/wire-types.js";

/** @typedef {import("../lib/wire-types.js").Links} Links */
/** @typedef {import("../lib/wire-types.js").Meters} Meters */
/** @typedef {import("../lib/wire-types.js").Finding} Finding */
/** @typedef {import("../lib/wire-types.js").Operation} Operation */
/** @typedef {import("../lib/wire-types.js").NodeState} NodeState */
/** @typedef {import("../lib/wire-types.js").Message & {fields?: string[]}} Message `fields` once the server has said what it carries */
/** @typedef {Message & {endedAt: number, how: string, endedWall: number}} EndedMessage */
/**
 * @typedef {{
 *   at: number, nodes: Record<string, NodeState>, links: Links, meters: Meters, air: Map<number, Message>, late: Set<number>, last: number,
 *   kinds: import("../lib/wire-types.js").Kind[], places: string[], delay: number, operations: Map<number, Operation>, count: number,
 * }} Told
 */
/**
 * `dropped`: messages that died, by cause.
 * @typedef {{
 *   told: Told, nodes: Record<string, NodeState>, links: Links, flying: Map<number, Message>, ended: EndedMessage[],
 *   operations: Map<string, Operation>, meters: Meters, findings: Finding[], dropped: import("../lib/wire-types.js").Dropped, stopped: string|null,
 * }} Lane
 */
/** What a batch changes at its end. @typedef {{nodes?: Record<string, NodeState>, links?: Links, dropped?: import("../lib/wire-types.js").Dropped, stopped?: string, operations?: Operation[]}} LaneNews */

/** @param {import("../lib/wire-types.js").LaneBody} body @returns {Lane} */
export function laneOf(body) {
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
    dropped: body.dropped,
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
 * The messages of Sent columns. What one was caused by says where and when it began, and mostly where it goes.
 * @param {Told} told
 * @param {number[][]} columns
 * @returns {Message[]}
 */
export function takenOff(told, [steps, causes, kinds, dsts, delays, ats, srcs]) {
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
export function ends(told, columns, now) {
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
 * What a batch changes at its end: whole states of nodes, links and operations.
 * @param {Told} told
 * @param {import("../lib/wire-types.js").EventsBody} body
 * @param {number} now
 * @returns {LaneNews}
 */
export function newsOf(told, body, now) {
  /** @type {LaneNews} */
  const news = { dropped: body.dropped, stopped: body.stopped };
  if (body.nodes) {
    news.nodes = Object.fromEntries(Object.entries(body.nodes).map(([id, change]) => [id, nodeChanged(told.nodes[id], change, now)]));
    told.nodes = { ...told.nodes, ...news.nodes };
  }
  if (body.links) news.links = told.links = changed(told.links, body.links);
  if (body.begun || body.operations) news.operations = operationsOf(told, body);
  return news;
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
 * @param {{begun?: import("../lib/wire-types.js").BegunColumns, operations?: import("../lib/wire-types.js").OpColumns}} body
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
  for (const number of [...told.operations.keys()].slice(0, Math.max(0, told.operations.size - LIMITS.operations))) told.operations.delete(number);
  return [...news.values()];
}

/**
 * @param {Lane} lane
 * @param {LaneNews} body
 */
export function applyNews(lane, body) {
  if (body.nodes) lane.nodes = { ...lane.nodes, ...body.nodes };
  if (body.links) lane.links = body.links;
  if (body.dropped) lane.dropped = body.dropped;
  if (body.stopped !== undefined) lane.stopped = body.stopped;
  if (!body.operations) return;
  for (const operation of body.operations) lane.operations.set(operation.id, operation);
  const extra = lane.operations.size - LIMITS.operations;
  if (extra > 0) for (const id of [...lane.operations.keys()].slice(0, extra)) lane.operations.delete(id);
}
