// Clients as shapes: each at its home, with the result of its last operation beside it.

import { elementsWords } from "../../words/sentences.js";

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
  if (kind === "write" && object === "decision" && outcome === "ok" && result.length > 0) return `${key}=${result[0]}`; // the answer is the decided value
  if (kind === "write") return object === "counter" ? `${key}+1` : object === "set" ? `${key}+${value}` : `${key}←${value}`;
  if (kind === "remove") return object === "counter" ? `${key}−1` : `${key}−${value}`;
  if (outcome === "ok" && object === "set") return elementsWords(result.length, key);
  return outcome === "ok" ? `${key}=${result.length > 0 ? result.join("|") : "–"}` : `${key}?`;
}

/** @param {Given} given @returns {Shape[]} */
export function clientShapes({ layout, answers, clients, ui, laneIndex, object }) {
  const { unit } = layout;
  const size = 27 * Math.max(0.72, unit);
  /** @type {Shape[]} */
  const shapes = [];
  for (const [client, node] of clients) {
    const seat = layout.clients.get(client);
    if (!seat) continue;
    const answer = answers.get(client);
    const focused = ui.hover?.kind === "client" && ui.hover.id === client && ui.hover.lane === laneIndex;
    const mark = answer ? answerMark(answer) : "";
    const said = answer && ui.view === "clients" ? saidText(answer, object) : /^p\d+$/.test(client) ? client : ""; // a phone's own client has a name
    const look = `client|${client === "you"}|${size}|${mark}|${focused}|${said}`;
    shapes.push({ kind: "client", id: client, node, x: seat[0], y: seat[1], size, focused, answer: mark, unit, said, look });
  }
  return shapes;
}
