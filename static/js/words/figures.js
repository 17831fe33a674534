/** Numbers, times and lists in words. */
import { plainValue } from "../lib/palette.js";
import { t } from "./index.js";

const FOLLOWED = 1e5; // wall microseconds that a message must take so that an eye can follow it

/** @param {number} value @param {number} [places] always shown, even if they are zeros */
const figure = (value, places) => (places === undefined ? String(value) : value.toFixed(places)).replace(".", t("figure.point"));

/** @param {number} us @returns {string} a moment: "8.2 s" */
export const moment = (us) => t("figure.seconds", { n: figure(us / 1e6, 1) });

/** @param {number} us @returns {string} a moment to the millisecond: "8.213 s" */
export const exactMoment = (us) => t("figure.seconds", { n: figure(us / 1e6, 3) });

/** @param {number} us @returns {string} a length that grows: "0.2 s", "3.0 s" */
export const tenths = (us) => t("figure.seconds", { n: figure(Math.floor(us / 1e5) / 10, 1) });

/** @param {number} us @returns {string} a length: "15 ms", "0.3 ms", "1.5 s" */
export function span(us) {
  if (us >= 1e6) return t("figure.seconds", { n: figure(Math.round(us / 1e5) / 10) });
  return t("figure.milliseconds", { n: figure(Math.round(us / 100) / 10) });
}

/** @param {number} value simulated seconds a wall second: "1/20", "2×" */
export function speed(value) {
  return value >= 0.995 ? t("figure.times", { n: figure(Math.round(value * 10) / 10) }) : t("figure.part", { n: Math.round(1 / value) });
}

/** A speed in words: "20× slower". @param {number} value */
export function paceWords(value) {
  const times = (/** @type {number} */ n) => t("figure.times", { n: figure(Math.round(n * 10) / 10) });
  if (value > 1.05) return t("status.faster", { times: times(value) });
  return value < 0.95 ? t("status.slower", { times: times(value > 0.1 ? 1 / value : Math.round(1 / value)) }) : t("status.real");
}

/** The same, and whether a message flies by before anybody can follow it. @param {number} value @param {number} delay of a link, microseconds */
export function paceAndNote(value, delay) {
  const pace = paceWords(value);
  return delay > 0 && delay / value < FOLLOWED ? t("status.tooFast", { pace }) : pace;
}

/** @param {number} ppm parts per million: "2.5 %" */
export const percent = (ppm) => t("figure.percent", { n: figure(Math.round(ppm / 1000) / 10) });

/** @param {readonly string[]} names: "{n1, n2}"; a long list becomes a count */
export const set = (names) =>
  names.length <= 6 ? t("figure.set", { names: names.join(", ") }) : t("figure.longSet", { names: names.slice(0, 3).join(", "), n: names.length });

/** @param {readonly string[]} values siblings, or the elements of a set @param {string} [object] */
export function valueWords(values, object) {
  const plain = values.map(plainValue);
  return object === "set" ? t("figure.set", { names: plain.join(", ") }) : plain.join(" | ");
}

/** A text that begins a sentence. @param {string} text */
export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
