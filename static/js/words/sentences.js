/** Sentences with several cases or parts. The texts are in the catalogue; this file chooses among them. */
import { shownKey } from "../lib/keys.js";
import { SHORT } from "../lib/knobs.js";
import { plainValue } from "../lib/palette.js";
import { exactMoment, set, span, tenths, valueWords } from "./figures.js";
import { named, t } from "./index.js";

/** An operation in words, from its client's view. @param {import("../lib/wire-types.js").Operation} op @param {string} [object] what reads and writes mean here */
export function operationWords(op, object = "register") {
  const { client, key, node } = op;
  const did = { client, key, node, value: plainValue(op.value ?? "") };
  const what =
    op.kind === "read" ? t("strip.did.read", did)
    : op.kind === "remove" ? (object === "counter" ? t("strip.did.remove.counter", did) : t("strip.did.remove", did))
    : object === "decision" ? t("strip.did.write.decision", did)
    : object === "counter" ? t("strip.did.write.counter", did)
    : object === "set" ? t("strip.did.write.set", did)
    : t("strip.did.write", did);
  const asked = op.outcome === "ok" ? what : t("strip.ended", { did: what, outcome: named("strip.outcome", op.outcome) });
  const answered = op.outcome === "ok" && (op.kind === "read" || op.result.length > 0);
  const nothing = object === "set" ? t("strip.nothingInIt") : t("strip.nothing");
  const answer = answered ? t("strip.answer", { value: op.result.length ? valueWords(op.result, object) : nothing }) : "";
  return [asked, answer, op.reason && op.outcome !== "ok" ? t("strip.reason", { reason: op.reason }) : ""].filter(Boolean).join(" ");
}

/** A side's words, one after the other. @param {import("../lib/wire-types.js").Side} side */
export function outcomeWords({ nodes, availability, consistency }) {
  const words = { nodes: set(nodes), availability: named("meters.availability", availability).toLowerCase() };
  return consistency ? t("meters.outcome", { ...words, consistency: named("meters.consistency", consistency).toLowerCase() }) : t("meters.outcomeUnjudged", words);
}

/** @typedef {{stale: number, conflicts: number, lost: number, violations?: number, splits?: number, inverted?: number}} Harm */

/** Wrong answers, one part for each kind, the gravest first. @param {Harm} harm */
export function harmWords({ stale, conflicts, lost, violations = 0, splits = 0, inverted = 0 }) {
  const parts = [];
  if (splits) parts.push(t("meters.splits", { n: splits }));
  if (lost) parts.push(t("meters.lost", { n: lost }));
  if (violations) parts.push(t("meters.violations", { n: violations }));
  if (conflicts) parts.push(t("meters.siblings", { n: conflicts }));
  if (stale) parts.push(t("meters.stale", { n: stale }));
  if (inverted) parts.push(t("meters.inverted", { n: inverted }));
  return parts;
}

/** The number of which a side's word of consistency speaks, in words and alone. @param {import("../lib/wire-types.js").Side} side @returns {[words: string, figure: string]} */
export function oddWords(side) {
  if (side.consistency_earlier) return [t("meters.before"), ""];
  if (side.consistency === "") return ["", ""];
  const [gravest] = harmWords(side);
  if (gravest === undefined) return [t("meters.stale", { n: 0 }), ""];
  const { splits, lost, violations, conflicts, stale, inverted } = side;
  return [gravest, String(splits || lost || violations || conflicts || stale || inverted)];
}

/** The number of which a side's word of availability speaks, at a moment, and what else there is to say of it.
 * @param {import("../lib/wire-types.js").Side} side @param {number} now @returns {[words: string, more: string]} */
export function recentWords({ availability, availability_earlier: earlier, recent, pending, oldest }, now) {
  if (availability === "WAITING") return [t("meters.waiting", { n: pending, span: tenths(Math.max(0, now - (oldest ?? now))) }), ""];
  if (availability === "IDLE") return [t("meters.idle"), ""];
  const [ok, all, declined] = recent;
  return [t("meters.answered", { ok, all }), [declined ? t("meters.declined", { n: declined }) : "", earlier ? t("meters.before") : ""].filter(Boolean).join(", ")];
}

/** One column of the cost of a cut. @param {import("../lib/wire-types.js").Span} part */
export function costWords(part) {
  const notes = harmWords(part);
  if (part.slowest_ms !== null) notes.push(t("meters.slowest", { ms: part.slowest_ms }));
  return notes.join(", ");
}

/** The name of an action's key. @param {string} action */
export const keyName = (action) => named("shownKeys", action, shownKey(action));

/** What a control does, with its key. @param {string} text @param {string} action */
export const withKey = (text, action) => t("keyed", { text, key: keyName(action) });

/** How many operations were answered. @param {number} ok @param {number} all */
export const answeredWords = (ok, all) => t("meters.answered", { ok, all });

/** The operations that no side counts. @param {{down: number, straddled: number}} left */
export const leftOutWords = ({ down, straddled }) =>
  t("meters.leftOutWhat", { down: t("meters.leftDown", { n: down }), straddled: t("meters.leftStraddled", { n: straddled }) });

/** @param {number} us how far ahead (below zero: behind) @param {number} percent how fast (below zero: slow) */
export function clockIs(us, percent) {
  const much = Math.abs(Math.round(percent * 10) / 10);
  const parts = [
    us === 0 ? "" : us > 0 ? t("card.clockAhead", { span: span(us) }) : t("card.clockBehind", { span: span(-us) }),
    percent === 0 ? "" : percent > 0 ? t("card.clockFast", { percent: much }) : t("card.clockSlow", { percent: much }),
  ];
  return parts.filter(Boolean).join(", ") || t("card.clockRight");
}

/** @param {{delay: number, jitter: number}} link */
export const linksWords = ({ delay, jitter }) =>
  jitter ? t("status.linksBetween", { low: delay / 1000, high: span(delay + jitter) }) : t("status.links", { delay: span(delay) });

/** @param {number} lanes */
export const invitation = (lanes) => (lanes === 2 ? t("caption.invitationBoth") : t("caption.invitation", { n: lanes }));

/** @param {import("../lib/wire-types.js").Claims} claims */
export const claimWords = ({ consistency, availability, loses }) =>
  [named("catalogue.consistency", consistency), named("catalogue.availability", availability), loses ? t("catalogue.loses") : ""].filter(Boolean).join(" ");

/** @param {readonly string[]} titles two or more @param {number} nodes @param {number} seed */
export const sideBySide = (titles, nodes, seed) =>
  t("catalogue.sideBySide", { first: titles.slice(0, -1).join(", "), last: titles[titles.length - 1], n: nodes, seed });

/** The range of a knob and its default. @param {number|null} low @param {number|null} high @param {string} unit @param {string} value */
export function boundsWords(low, high, unit, value) {
  const first = t("knobs.first", { value });
  if (low === null || high === null) return first;
  return unit ? t("knobs.boundsUnit", { low, high, unit, first }) : t("knobs.bounds", { low, high, first });
}

/** A knob and its value, as the head of a lane shows them: "Reads: via log", "N=3", "Time-out: 200 ms". @param {import("../lib/wire-types.js").Knob} knob @param {unknown} value */
export function knobShown(knob, value) {
  const choice = knob.choices.find(([each]) => each === value);
  if (choice) return t("named", { name: knob.title, text: choice[1] });
  if (knob.title.length <= SHORT) return t("lane.symbol", { knob: knob.title, value: String(value) });
  return t("named", { name: knob.title, text: numberWords(knob, Number(value)) });
}

/** The value of a number knob with its unit. @param {import("../lib/wire-types.js").Knob} knob @param {number} number */
export function numberWords({ unit }, number) {
  if (unit === "nodes") return t("lane.nodes", { n: number });
  return unit ? t("lane.unit", { n: number, unit }) : String(number);
}

/** How many versions the stalest read was behind. @param {{versions: number, ms: number}} staleness */
export const stalenessWords = ({ versions, ms }) => (versions ? t("details.stalenessValue", { n: versions, span: span(ms * 1000) }) : t("details.notStale"));

/** @param {readonly string[]} nodes */
export const splitWords = (nodes) => (nodes.length ? t("twin.split", { nodes: set(nodes) }) : t("twin.splitNone"));

/** @param {import("../stores/lane.js").Message} message */
export const messageWords = ({ type, src, dst }) => t("message.line", { type, src, dst });

/** @param {number} us */
export const landsWords = (us) => t("message.lands", { moment: exactMoment(us) });
