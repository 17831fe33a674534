// Clients as shapes: each at its home, with the result of its last operation beside it.

import { plainValue } from "../../lib/palette.js";
import { widthOf } from "../../lib/text.js";
import { t } from "../../words/index.js";
import { figureOf } from "../layout.js";

/** @typedef {import("../scene.js").Given} Given */
/** @typedef {import("../types.js").Shape} Shape */
/** @typedef {import("../types.js").Operation} Operation */

/** The newest answer of each client. @param {Iterable<Operation>} operations @returns {Map<string, Operation>} */
export function lastAnswers(operations) {
  /** @type {Map<string, Operation>} */
  const last = new Map();
  for (const operation of operations) {
    if (operation.outcome === "pending") continue;
    const before = last.get(operation.client);
    if (!before || ended(operation) >= ended(before)) last.set(operation.client, operation);
  }
  return last;
}

/** @param {Operation} operation */
function ended(operation) {
  return operation.finish ?? operation.start;
}

/** The mark beside a client: the result of its last operation, as known now. @param {Operation} operation */
export function answerMark({ outcome, mark }) {
  if (mark) return mark;
  return outcome === "ok" || outcome === "failed" ? outcome : "unknown";
}

/** The text beside a client about its last operation: what it read, what it wrote, or a request without success. @param {Operation} operation
 * @param {string} [object] */
export function saidText({ kind, key, value, outcome, result = [] }, object) {
  const [written, read] = [plainValue(value ?? ""), result.map(plainValue)];
  if (kind === "write" && object === "decision" && outcome === "ok" && read.length > 0) return `${key}=${read[0]}`; // the answer is the decided value
  if (kind === "write") return object === "counter" ? `${key}+1` : object === "set" ? `${key}+${written}` : `${key}←${written}`;
  if (kind === "remove") return object === "counter" ? `${key}−1` : `${key}−${written}`;
  if (outcome === "ok" && object === "set") return t("stage.elements", { n: new Set(read).size });
  return outcome === "ok" ? `${key}=${read.length > 0 ? read.join("|") : "–"}` : `${key}?`;
}

/** The words under a client: what it wants to write, while it has no answer or the answer was no; in the clients' view its last answer.
 * @param {string} client @param {import("../types.js").Operation | undefined} answer the last one @param {import("../types.js").Operation | undefined} wish
 * @param {boolean} all the clients' view @param {string} [object] */
export function wordsOf(client, answer, wish, all, object) {
  const last = wish ?? (answer && answer.kind !== "read" && answer.outcome !== "ok" ? answer : undefined);
  const value = last ? plainValue(last.value) : "";
  const wanted = last && object !== "counter" && value.length <= WISH_MAX ? t("stage.wants", { wish: object === "set" ? value : `${last.key}=${value}` }) : "";
  const said = all ? (answer ? saidText(answer, object) : "") : wanted;
  if (said === "" && /^p\d+$/.test(client)) return client; // a phone's own client has a name
  return client !== "you" ? said : said ? t("stage.youSaid", { said }) : t("stage.you");
}

const WISH_MAX = 9;

/** @param {Given} given @returns {Shape[]} */
export function clientShapes({ layout, answers, wishes, clients, ui, laneIndex, object }) {
  const { unit, letters } = layout;
  const size = figureOf(unit);
  /** @type {Shape[]} */
  const shapes = [];
  for (const [client, node] of clients) {
    const seat = layout.clients.get(client);
    if (!seat) continue;
    const answer = answers.get(client);
    const focused = ui.hover?.kind === "client" && ui.hover.id === client && ui.hover.lane === laneIndex;
    const wish = wishes?.get(client);
    const mark = answer && !(wish && answer.outcome !== "ok") ? answerMark(answer) : "";
    const said = wordsOf(client, answer, wish, ui.view === "clients", object);
    const bright = Boolean(wish) || ui.view === "clients";
    const look = `client|${size}|${mark}|${focused}|${said}|${bright}|${letters}`;
    shapes.push({ kind: "client", id: client, node, x: seat[0], y: seat[1], size, focused, answer: mark, unit, said, bright, wide: widthOf(said, letters), letters, look });
  }
  return shapes;
}

/** The write of each client that has no answer yet. @param {Iterable<Operation>} operations @returns {Map<string, Operation>} */
export function openWishes(operations) {
  /** @type {Map<string, Operation>} */
  const open = new Map();
  for (const operation of operations) if (operation.outcome === "pending" && operation.kind !== "read") open.set(operation.client, operation);
  return open;
}
