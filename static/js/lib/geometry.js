// Plane geometry of the stage: points, segments, polygons, closed curves. Pure numbers, without knowledge of networks.

/** @typedef {readonly [number, number]} Point */

/** @param {number} low @param {number} value @param {number} high */
export function clamp(low, value, high) {
  return Math.max(low, Math.min(high, value));
}

/** @param {number} a @param {number} b @param {number} t */
export function mix(a, b, t) {
  return a + (b - a) * t;
}

/** @param {Point} a @param {Point} b */
export function distance(a, b) {
  return Math.hypot(b[0] - a[0], b[1] - a[1]);
}

/** Where segment ab crosses segment cd: how far along ab (0..1), or null. Parallel segments never cross.
 * @param {Point} a @param {Point} b @param {Point} c @param {Point} d
 * @returns {number | null} */
export function crossing(a, b, c, d) {
  const bx = b[0] - a[0];
  const by = b[1] - a[1];
  const dx = d[0] - c[0];
  const dy = d[1] - c[1];
  const cross = bx * dy - by * dx;
  if (Math.abs(cross) < 1e-9) return null;
  const t = ((c[0] - a[0]) * dy - (c[1] - a[1]) * dx) / cross;
  const u = ((c[0] - a[0]) * by - (c[1] - a[1]) * bx) / cross;
  return t >= 0 && t <= 1 && u >= 0 && u <= 1 ? t : null;
}

/** Which side of the directed line ab the point lies on, walking from a to b on a screen (y down): -1 left, 1 right, 0 on it.
 * @param {Point} a @param {Point} b @param {Point} point */
export function sideOf(a, b, point) {
  return Math.sign((b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]));
}

/** How far the point is from segment ab.
 * @param {Point} point @param {Point} a @param {Point} b */
export function distanceToSegment(point, a, b) {
  const dx = b[0] - a[0];
  const dy = b[1] - a[1];
  const square = dx * dx + dy * dy;
  const t = square === 0 ? 0 : clamp(0, ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / square, 1);
  return Math.hypot(point[0] - a[0] - t * dx, point[1] - a[1] - t * dy);
}

/** Whether the point lies in the polygon (even-odd; the last corner joins the first).
 * @param {Point} point @param {readonly Point[]} polygon */
export function inside(point, polygon) {
  let within = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [ax, ay] = polygon[i];
    const [bx, by] = polygon[j];
    if (ay > point[1] !== by > point[1] && point[0] < ((bx - ax) * (point[1] - ay)) / (by - ay) + ax) within = !within;
  }
  return within;
}

/** The convex hull, in order round it (monotone chain).
 * @param {readonly Point[]} points
 * @returns {Point[]} */
export function hull(points) {
  const sorted = [...points].sort((p, q) => p[0] - q[0] || p[1] - q[1]);
  if (sorted.length < 3) return sorted;
  const half = (/** @type {Point[]} */ given) => {
    /** @type {Point[]} */
    const chain = [];
    for (const point of given) {
      while (chain.length > 1 && sideOf(chain[chain.length - 2], chain[chain.length - 1], point) <= 0) chain.pop();
      chain.push(point);
    }
    chain.pop();
    return chain;
  };
  return [...half(sorted), ...half([...sorted].reverse())];
}

/** Points at equal distances along an ellipse about the origin, clockwise on a screen from angle `start` (radians).
 * Equal angles would crowd the flat ends of a wide ellipse; equal distances give each node the same room.
 * @param {number} count @param {number} rx @param {number} ry @param {number} start
 * @returns {Point[]} */
export function roundEllipse(count, rx, ry, start) {
  const steps = 720;
  const lengths = [0];
  for (let i = 1; i <= steps; i++) {
    const a = start + ((i - 1) / steps) * 2 * Math.PI;
    const b = start + (i / steps) * 2 * Math.PI;
    lengths.push(lengths[i - 1] + Math.hypot((Math.cos(b) - Math.cos(a)) * rx, (Math.sin(b) - Math.sin(a)) * ry));
  }
  /** @type {Point[]} */
  const points = [];
  let i = 0;
  for (let k = 0; k < count; k++) {
    const wanted = (lengths[steps] * k) / count;
    while (lengths[i + 1] < wanted) i++;
    const part = (wanted - lengths[i]) / (lengths[i + 1] - lengths[i]);
    const angle = start + ((i + part) / steps) * 2 * Math.PI;
    points.push([Math.cos(angle) * rx, Math.sin(angle) * ry]);
  }
  return points;
}

/** The circumference of an ellipse (Ramanujan's first approximation).
 * @param {number} rx @param {number} ry */
export function ellipseLength(rx, ry) {
  return Math.PI * (3 * (rx + ry) - Math.sqrt((3 * rx + ry) * (rx + 3 * ry)));
}

/** A path with fewer points: those nearer than `least` to the one before are left out, the last one stays.
 * @param {readonly Point[]} points @param {number} least
 * @returns {Point[]} */
export function thinned(points, least) {
  /** @type {Point[]} */
  const kept = [];
  for (const [i, point] of points.entries()) {
    if (kept.length === 0 || i === points.length - 1 || distance(kept[kept.length - 1], point) >= least) kept.push(point);
  }
  return kept;
}
