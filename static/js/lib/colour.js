// Chooses named colours, and computes how well one can be read on another. The colours themselves are in tokens.css.

/** Names in tokens.css (without the dashes), as main.js reads them: `{bg: "#0D1115", "value-0": "#56B4E9", ...}`.
 * @typedef {Readonly<Record<string, string>>} Colours */

/** The colour by its name, with or without the two dashes; grey when the table does not have it.
 * @param {Colours | undefined} colours @param {string} name */
export function colourOf(colours, name) {
  return colours?.[name] ?? colours?.[`--${name}`] ?? "gray";
}

/** The colour of a message, by the epoch of its sender: bright in the newest epoch of its lane, grey in an older one. Hues are for values.
 * @param {number | null | undefined} epoch @param {number} newest */
export function epochTint(epoch, newest) {
  if (epoch === null || epoch === undefined) return "dim";
  return epoch >= newest ? "ink" : "neutral";
}

/** @param {string} colour a CSS colour as #rgb, #rrggbb or rgb(r g b)
 * @returns {[number, number, number] | null} */
export function channels(colour) {
  const text = colour.trim();
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(text);
  if (short) return [17 * Number.parseInt(short[1], 16), 17 * Number.parseInt(short[2], 16), 17 * Number.parseInt(short[3], 16)];
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/i.exec(text);
  if (long) return [Number.parseInt(long[1], 16), Number.parseInt(long[2], 16), Number.parseInt(long[3], 16)];
  const parts = /^rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)/i.exec(text);
  return parts ? [Number(parts[1]), Number(parts[2]), Number(parts[3])] : null;
}

/** Relative luminance as WCAG defines it; 0.5 for a colour that cannot be parsed. @param {string} colour */
export function luminance(colour) {
  const rgb = channels(colour);
  if (!rgb) return 0.5;
  const [r, g, b] = rgb.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Contrast of two colours, 1 to 21. @param {string} a @param {string} b */
export function contrast(a, b) {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

/** The one of the candidates that reads best on the fill. @param {string} fill @param {readonly string[]} candidates */
export function readableOn(fill, candidates) {
  return candidates.reduce((best, next) => (contrast(fill, next) > contrast(fill, best) ? next : best));
}
