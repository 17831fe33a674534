/**
 * One lane as the server has described it so far, and how a batch changes it: messages, nodes, operations (docs/wire.md).
 *
 * A batch has only changes. `latest` holds the newest whole state of everything that batches change; messages, node states and operations
 * are rebuilt from it here. Panels and stages read the fields beside `latest`, which change when the picture's clock gets there (clock.js).
 */
import { changed } from "../lib/pack.js";
import { ENDS, LIMITS } from "../lib/wire-types.js";

/** @typedef {import("../lib/wire-types.js").Links} Links */
/** @typedef {import("../lib/wire-types.js").Meters} Meters */
/** @typedef {import("../lib/wire-types.js").Finding} Finding */
/** @typedef {import("../lib/wire-types.js").Operation} Operation */
/** @typedef {import("../lib/wire-types.js").NodeState} NodeState */
/** @typedef {import("../lib/wire-types.js").Message & {fields?: string[], root?: string}} Message `fields` once the server has sent them; `root`: where its chain of causes begins */
/** @typedef {Message & {endedAt: number, how: string, endedWall: number}} EndedMessage */
/**
 * @typedef {{
 *   at: number, nodes: Record<string, NodeState>, links: Links, meters: Meters, air: Map<number, Message>, late: Set<number>, last: number,
 *   kinds: import("../lib/wire-types.js").Kind[], places: string[], delay: number, operations: Map<number, Operation>, count: number,
 * }} Latest
 */
/**
 * `dropped`: dropped messages, by cause.
 * @typedef {{
 *   latest: Latest, nodes: Record<string, NodeState>, links: Links, flying: Map<number, Message>, ended: EndedMessage[],
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
    latest: {
      at: body.since, nodes: body.nodes, links: body.links, meters: body.meters, air: new Map(flying), late: new Set(body.late), last: body.last, kinds: [...body.kinds],
      places: [...body.places], delay: body.delay, operations: new Map(operations.map((operation, place) => [first + place, operation])), count: body.count,
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
 * One array for each field -> one object for each row.
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
 * Where a message's chain of causes begins, as far as the page knows it: the sender and the moment of its first message. The chain of a
 * client's request begins with the message to its node, and has the same name in every lane.
 * @param {Message} message
 */
export function rootOf({ root, src, at }) {
  return root ?? `${src}@${at}`;
}

/**
 * The messages of Sent columns. The cause of a message tells where and when the message began, and often where it goes.
 * @param {Latest} latest
 * @param {number[][]} columns
 * @returns {Message[]}
 */
export function takenOff(latest, [steps, causes, kinds, dsts, delays, ats, srcs]) {
  let clock = latest.at;
  let place = 0;
  return causes.map((back, row) => {
    const id = latest.last + steps[row];
    const cause = back ? latest.air.get(id - back) : undefined;
    if (back && !cause) throw new Error(`message ${id} was caused by one that is not there`);
    if (!cause) clock += ats[place];
    const at = cause?.due ?? clock;
    const src = cause?.dst ?? latest.places[srcs[(place += 1) - 1]];
    const dst = dsts[row] || !cause ? latest.places[dsts[row] - 1] : cause.src;
    const [type, tone, epoch] = latest.kinds[kinds[row]];
    const message = { id, at, src, dst, type, tone, epoch, due: at + delays[row] + latest.delay, ...(cause ? { root: rootOf(cause) } : {}) };
    latest.air.set(id, message);
    latest.last = id;
    return message;
  });
}

/**
 * How messages ended: as the batch says, or else on time.
 * @param {Latest} latest
 * @param {number[][]|undefined} columns
 * @param {number} now
 * @returns {Array<[id: number, at: number, how: string]>}
 */
export function ends(latest, columns, now) {
  /** @type {Array<[number, number, string]>} */
  const ended = (columns?.[0] ?? []).map((back, row) => [latest.last - back, latest.at + /** @type {number[][]} */ (columns)[1][row], ENDS[/** @type {number[][]} */ (columns)[2][row]]]);
  for (const [id] of ended) {
    latest.air.delete(id);
    latest.late.delete(id);
  }
  for (const { id, due } of [...latest.air.values()]) {
    if (due > now || latest.late.has(id)) continue;
    latest.air.delete(id);
    ended.push([id, due, "delivered"]);
  }
  return ended;
}

/**
 * The changes at the end of a batch: whole states of nodes, links and operations.
 * @param {Latest} latest
 * @param {import("../lib/wire-types.js").EventsBody} body
 * @param {number} now
 * @returns {LaneNews}
 */
export function newsOf(latest, body, now) {
  /** @type {LaneNews} */
  const news = { dropped: body.dropped, stopped: body.stopped };
  if (body.nodes) {
    news.nodes = Object.fromEntries(Object.entries(body.nodes).map(([id, change]) => [id, nodeChanged(latest.nodes[id], change, now)]));
    latest.nodes = { ...latest.nodes, ...news.nodes };
  }
  if (body.links) news.links = latest.links = changed(latest.links, body.links);
  if (body.begun || body.operations) news.operations = operationsOf(latest, body);
  return news;
}

/**
 * @param {NodeState} latest
 * @param {any} change timers: [how many of the last ones stay, [name, since when, for how long], ...]
 * @param {number} now
 * @returns {NodeState}
 */
function nodeChanged(latest, { timers, ...change }, now) {
  const state = changed(latest, change);
  if (!timers) return state;
  const [kept, ...set] = timers;
  const fresh = set.map((/** @type {[string, number, number]} */ [name, ago, span]) => [name, now - ago, now - ago + span]);
  return { ...state, timers: [...latest.timers.slice(latest.timers.length - kept), ...fresh] };
}

/**
 * The operations of a batch that are new or changed, as whole rows.
 * @param {Latest} latest
 * @param {{begun?: import("../lib/wire-types.js").BegunColumns, operations?: import("../lib/wire-types.js").OpColumns}} body
 * @returns {Operation[]}
 */
function operationsOf(latest, { begun, operations }) {
  /** @type {Map<number, Operation>} */
  const news = new Map();
  const [ids = [], nodes = [], kinds = [], keys = [], values = [], starts = []] = begun ?? [];
  ids.forEach((/** @type {string} */ id, /** @type {number} */ row) => {
    const client = id.slice(0, id.indexOf(":"));
    news.set(latest.count, {
      id, client, node: nodes[row], kind: kinds[row], key: keys[row], value: values[row], start: latest.at + starts[row],
      finish: null, outcome: "pending", result: [], reason: "", mark: "", note: "",
    });
    latest.count += 1;
  });
  const [backs = [], spans = [], outcomes = [], results = [], reasons = [], marks = [], notes = []] = operations ?? [];
  backs.forEach((/** @type {number} */ back, /** @type {number} */ row) => {
    const number = latest.count - back;
    const was = news.get(number) ?? latest.operations.get(number);
    if (!was) return; // too old: the page does not show it any more
    const finish = spans[row] ? was.start + spans[row] - 1 : null;
    news.set(number, { ...was, finish, outcome: outcomes[row], result: results[row], reason: reasons[row], mark: marks[row], note: notes[row] });
  });
  for (const [number, operation] of news) latest.operations.set(number, operation);
  for (const number of [...latest.operations.keys()].slice(0, Math.max(0, latest.operations.size - LIMITS.operations))) latest.operations.delete(number);
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
