// The places of everything: nodes, islands, the canyon between them, clients at their home nodes.
// A pure function of the members, the sides and the shape of the stage. So the same instant always gives the same picture, however
// the visitor got there (by playing, by a seek, by a reload). Places are in stage units, from the middle of the stage; in a lane of
// 922 x 520 pixels one unit is one pixel. `between` computes the glide from one layout to the next.

import { crossing, distanceToSegment, ellipseLength, hull, mix, roundEllipse } from "../lib/geometry.js";
import { fromLeft } from "../lib/sides.js";

/** @typedef {import("./types.js").Layout} Layout */
/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./types.js").Region} Region */
/** @typedef {import("./types.js").Room} Room */
/** @typedef {{left: number, right: number, top: number, bottom: number}} Margins */

const STAGE_AREA = 922 * 520;
const RADIUS_FULL = 38; // the radius at which a unit is one unit
const RADIUS_MIN = 13;
const RADIUS_OF_FEW = [38, 84, 76, 54, 45]; // one to four nodes are larger
const RINGED = 8; // with more nodes than that on one side, their clients stand all round them
const APART = 1.3; // a node dragged this far from the middle, as a multiple of the ring, stands alone
const LETTERS = 16;
const SHRINKS_TO = 0.65; // of the radius that suits the number of nodes: no texts make nodes smaller than this

/** The room for texts of a lane that has none. @type {Room} */
export const NO_TEXTS = Object.freeze({ head: false, log: true, lines: 0, wide: 0, said: 0, foot: true });

/** The size of the stage in stage units on a canvas of this size, and the pixels of one unit. Nodes shrink more slowly than the canvas:
 * on a phone they take a larger part of it.
 * @param {number} width @param {number} height in CSS pixels */
export function stageSize(width, height) {
  const aspect = Math.max(0.5, Math.min(3, width / Math.max(1, height)));
  const share = Math.min(1, (width * height) / STAGE_AREA);
  const area = STAGE_AREA * Math.max(0.05, share) ** 0.32;
  const size = { width: Math.sqrt(area * aspect), height: Math.sqrt(area / aspect) };
  return { ...size, scale: Math.min(width / size.width, height / size.height) };
}

/** The layout of a cluster. Nodes become smaller until their texts cover neither each other nor another node, but never so small that the
 * last row cannot read them: where that does not help, the layout that covers least is taken.
 * @param {{nodes: readonly string[], sides?: readonly (readonly string[])[], clean?: boolean,
 *   clients?: readonly (readonly [string, string])[], width: number, height: number, letters?: number, room?: Room}} given
 * @returns {Layout} */
export function layout({ nodes, sides = [], clean = false, clients = [], width, height, letters = LETTERS, room = NO_TEXTS }) {
  const whole = { left: -width / 2, top: -height / 2, right: width / 2, bottom: height / 2 };
  const groups = clean && sides.length > 1 ? sides.map((side) => [...side]) : [[...nodes]];
  /** @type {Layout | null} */
  let best = null;
  let least = Number.POSITIVE_INFINITY;
  const most = radiusFor(nodes.length, width, height);
  const smallest = Math.max(RADIUS_MIN, Math.floor(most * SHRINKS_TO));
  for (let radius = most; radius >= smallest || !best; radius -= 1) {
    const given = arranged(nodes, groups, clients, whole, radius, letters, room);
    if (radius > RADIUS_MIN && !given.roomy) continue;
    const covered = overlap(given.layout);
    if (covered < least - 1) [best, least] = [given.layout, covered];
    if (least < 1) break;
  }
  return /** @type {Layout} */ (best);
}

/** The layout with nodes of this radius, and whether there is room between them.
 * @param {readonly string[]} nodes @param {string[][]} groups @param {readonly (readonly [string, string])[]} clients @param {Region} whole
 * @param {number} radius @param {number} letters @param {Room} room @returns {{layout: Layout, roomy: boolean}} */
function arranged(nodes, groups, clients, whole, radius, letters, room) {
  const unit = Math.min(1.25, radius / RADIUS_FULL);
  const size = { radius, unit, letters: Math.min(letters, Math.max(9, radius * 0.8)), room };
  const home = homes(nodes, whole, size);
  const { regions, canyons } = divided(nodes, groups, home, whole);
  const settledIn = groups.map((group, i) => (groups.length === 1 ? home : settled(group, home, regions[i], whole, size)));
  const places = new Map(nodes.map((id) => [id, settledIn.find((some) => some.has(id))?.get(id) ?? /** @type {Point} */ ([0, 0])]));
  const islands = groups.length === 1 ? [] : groups.map((group, i) => island(group, places, regions[i], whole, radius, unit));
  const ring = extent([...home.values()]);
  const seats = seated(clients, places, regions, groups, whole, size);
  const base = { width: whole.right * 2, height: whole.bottom * 2, ...size, places, clients: seats, islands, canyons, ring };
  return { layout: base, roomy: settledIn.every((some) => roomy(some, radius)) };
}

// --- the boxes of texts -----------------------------------------------------------------------------

/** @typedef {{radius: number, unit: number, letters: number, room: Room}} Size */

/** The boxes that a node and its texts may fill, about its middle. @param {Size} size @returns {Region[]} */
export function nodeBoxes({ radius, unit, letters, room }) {
  const edge = radius + 9 * unit;
  const boxes = [{ left: -edge, right: edge, top: -edge, bottom: edge }];
  const half = letters * 3.1 + 17 * unit;
  if (room.head) boxes.push({ left: -half, right: half, top: -radius - 13 * unit - letters * 0.86 - 4 * unit, bottom: -radius });
  const log = room.log ? Math.max(16 * unit, letters * 1.12) + 5 * unit : 0;
  const logHalf = Math.min(letters * 4, 88 * Math.max(unit, 0.6)) + 12 * unit;
  const top = radius + 12 * unit;
  if (log) boxes.push({ left: -logHalf, right: logHalf, top, bottom: top + log });
  const plate = (room.wide * letters) / 2 + 3 * unit;
  if (room.lines > 0) boxes.push({ left: -plate, right: plate, top: top + log, bottom: top + log + letters * (1.16 * room.lines + 0.1) });
  return boxes;
}

/** How far a node and its texts reach from its middle. @param {Size} size @returns {Region} */
function reachOf(size) {
  const boxes = nodeBoxes(size);
  const most = (/** @type {keyof Region} */ edge) => Math.max(...boxes.map((box) => Math.abs(box[edge])));
  return { left: most("left"), right: most("right"), top: most("top"), bottom: most("bottom") };
}

/** The size of a client's figure. @param {number} unit */
export const figureOf = (unit) => 27 * Math.max(0.72, unit);

/** The box of a client with its mark and its words, about its place. @param {Size} size @returns {Region} */
export function clientBox({ unit, letters, room }) {
  const size = figureOf(unit);
  const said = (room.said * letters) / 2;
  const middle = size * 0.45;
  return { left: Math.min(-size * 0.6, middle - said), right: Math.max(size * 1.5, middle + said), top: -size * 0.6, bottom: size * 0.6 + (room.said > 0 ? letters * 1.05 : 0) };
}

/** @param {Region} box @param {Point} at @returns {Region} */
function moved({ left, right, top, bottom }, [x, y]) {
  return { left: left + x, right: right + x, top: top + y, bottom: bottom + y };
}

/** The area that two boxes share. @param {Region} a @param {Region} b */
function shared(a, b) {
  const x = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return x > 0 && y > 0 ? x * y : 0;
}

/** The part of a box outside the stage. @param {Region} box @param {{width: number, height: number}} stage */
function outside(box, { width, height }) {
  const x = Math.max(0, -width / 2 - box.left) + Math.max(0, box.right - width / 2);
  const y = Math.max(0, -height / 2 - box.top) + Math.max(0, box.bottom - height / 2);
  return x * (box.bottom - box.top) + y * (box.right - box.left);
}

/** The area that is covered twice by nodes, clients and their texts, or lies outside the stage. @param {Layout} given */
export function overlap(given) {
  const shapes = nodeBoxes(given);
  /** @type {Region[][]} */
  const owners = [...given.places.values()].map((at) => shapes.map((box) => moved(box, at)));
  for (const at of given.clients.values()) owners.push([moved(clientBox(given), at)]);
  if (given.room.foot) owners.push([footBox(given)]);
  let area = 0;
  for (const [i, mine] of owners.entries()) {
    for (const box of mine) {
      area += outside(box, given);
      for (const other of owners.slice(i + 1)) for (const each of other) area += shared(box, each);
    }
  }
  return area;
}

/** The box of the count of lost messages. @param {Pick<Layout, "height" | "letters" | "canyons">} given @returns {Region} */
export function footBox({ height, letters, canyons }) {
  const x = canyons.length === 1 ? (canyons[0][0][0] + canyons[0][1][0]) / 2 : 0;
  const half = letters * 5.6;
  return { left: x - half, right: x + half, top: height / 2 - letters * 1.25, bottom: height / 2 };
}

// --- places -----------------------------------------------------------------------------------------

/** @param {number} count @param {number} width @param {number} height */
function radiusFor(count, width, height) {
  const spacing = ellipseLength(width * 0.4, height * 0.36) / Math.max(1, count);
  const most = RADIUS_OF_FEW[count] ?? RADIUS_FULL;
  return Math.max(RADIUS_MIN, Math.min(most, Math.floor(spacing / 2.7), Math.floor(Math.max(RADIUS_FULL, Math.min(width, height) * 0.16))));
}

/** Half the width and height of the places taken together. @param {Point[]} points @returns {Point} */
function extent(points) {
  const xs = points.map(([x]) => Math.abs(x));
  const ys = points.map(([, y]) => Math.abs(y));
  return [Math.max(60, ...xs), Math.max(60, ...ys)];
}

/** The margins of a region: outside for the clients, above for crowns, below for logs, plates and the count of lost messages. The clients
 * of many nodes stand all round their ring.
 * @param {Region} region @param {Region} whole @param {Size} size @param {number} count @returns {Margins} */
function margins(region, whole, size, count) {
  const { radius, unit, letters, room } = size;
  const alone = region === whole;
  const ringed = count > RINGED;
  const client = clientBox(size);
  const reach = reachOf(size);
  const outer = Math.max(radius + 16 * unit + client.right - client.left, reach.left + 6 * unit, radius + 100 * unit);
  const inner = Math.max(radius + (ringed ? 108 : 80) * unit, reach.left + 6 * unit);
  const foot = room.foot && (alone || region.bottom === whole.bottom) ? letters * 1.25 : 0;
  return {
    left: region.left === whole.left ? outer : inner,
    right: region.right === whole.right ? outer : inner,
    top: Math.max(radius + (ringed ? 86 : alone ? 36 : 52) * unit, reach.top + 2 * unit),
    bottom: Math.max(radius + (ringed ? 118 : alone ? 50 : region.bottom === whole.bottom ? 60 : 60) * unit, reach.bottom + (alone ? 2 : 14) * unit) + foot,
  };
}

/** The points, moved and stretched to fill the region inside its margins.
 * @param {Point[]} points @param {Region} region @param {Margins} free @returns {Point[]} */
function fitted(points, region, free) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const stretch = (/** @type {number} */ value, /** @type {number[]} */ all, /** @type {number} */ low, /** @type {number} */ high) => {
    const least = Math.min(...all);
    const span = Math.max(...all) - least;
    if (high < low || span < 1e-6) return (low + high) / 2;
    return low + ((value - least) / span) * (high - low);
  };
  return points.map(([x, y]) => [
    stretch(x, xs, region.left + free.left, region.right - free.right),
    stretch(y, ys, region.top + free.top, region.bottom - free.bottom),
  ]);
}

/** The places in a whole network: the first half on the left, the middle one on top, the rest on the right. So the lowest numbers stand
 * together, and a straight stroke can separate them from the others.
 * @param {readonly string[]} nodes @param {Region} whole @param {Size} size @returns {Map<string, Point>} */
function homes(nodes, whole, size) {
  const count = nodes.length;
  const half = Math.floor(count / 2);
  const clockwise = [...nodes.slice(half), ...nodes.slice(0, half).reverse()]; // from the top
  const free = margins(whole, whole, size, count);
  const rx = (whole.right - whole.left - free.left - free.right) / 2;
  const ry = (whole.bottom - whole.top - free.top - free.bottom) / 2;
  const odd = count % 2 === 1;
  const around = odd ? roundEllipse(count, rx, ry, -Math.PI / 2) : halfTurned(count, rx, ry);
  const points = fitted(around, whole, free);
  return new Map(clockwise.map((id, i) => [id, points[i]]));
}

/** An even number of points round an ellipse, none at the top: every second one of twice as many.
 * @param {number} count @param {number} rx @param {number} ry @returns {Point[]} */
function halfTurned(count, rx, ry) {
  return roundEllipse(count * 2, rx, ry, -Math.PI / 2).filter((_, i) => i % 2 === 1);
}

/** The stage, cut into one rectangle for each side by halving: across its longer direction, with the sides in their present order.
 * @param {readonly string[]} nodes @param {string[][]} groups @param {Map<string, Point>} home @param {Region} whole
 * @returns {{regions: Region[], canyons: [Point, Point][]}} */
function divided(nodes, groups, home, whole) {
  /** @type {Region[]} */
  const regions = groups.map(() => whole);
  /** @type {[Point, Point][]} */
  const canyons = [];
  const centres = groups.map((group) => middle(group.map((id) => home.get(id) ?? [0, 0])));
  const rank = fromLeft(nodes, groups);
  const weight = (/** @type {number} */ i) => groups[i].length ** 0.8;

  const halve = (/** @type {number[]} */ some, /** @type {Region} */ region) => {
    if (some.length === 1) {
      regions[some[0]] = region;
      return;
    }
    const width = region.right - region.left;
    const height = region.bottom - region.top;
    const upright = width > height * (some.length === 2 ? 0.95 : 1.25);
    const ordered = [...some].sort((i, j) => upright ? rank.indexOf(i) - rank.indexOf(j) : centres[i][1] - centres[j][1] || i - j);
    const total = ordered.reduce((sum, i) => sum + weight(i), 0);
    let taken = weight(ordered[0]);
    let first = 1;
    while (first < ordered.length - 1 && Math.abs(taken + weight(ordered[first]) - total / 2) < Math.abs(taken - total / 2)) {
      taken += weight(ordered[first]);
      first += 1;
    }
    const share = Math.max(0.24, Math.min(0.76, taken / total));
    const x = region.left + width * share;
    const y = region.top + height * share;
    canyons.push(upright ? [[x, region.top], [x, region.bottom]] : [[region.left, y], [region.right, y]]);
    halve(ordered.slice(0, first), upright ? { ...region, right: x } : { ...region, bottom: y });
    halve(ordered.slice(first), upright ? { ...region, left: x } : { ...region, top: y });
  };
  halve(groups.map((_, i) => i), whole);
  return { regions, canyons };
}

/** @param {Point[]} points @returns {Point} */
function middle(points) {
  const sum = points.reduce(([x, y], [px, py]) => [x + px, y + py], /** @type {Point} */ ([0, 0]));
  return [sum[0] / points.length, sum[1] / points.length];
}

/** One side's places in its region: the one of a few upright arrangements that moves its nodes least.
 * @param {string[]} group @param {Map<string, Point>} home @param {Region} region @param {Region} whole @param {Size} size
 * @returns {Map<string, Point>} */
function settled(group, home, region, whole, size) {
  const free = margins(region, whole, size, group.length);
  const rx = Math.max(1, (region.right - region.left - free.left - free.right) / 2);
  const ry = Math.max(1, (region.bottom - region.top - free.top - free.bottom) / 2);
  const stood = group.map((id) => home.get(id) ?? /** @type {Point} */ ([0, 0]));
  const centre = middle(stood);
  const angle = (/** @type {Point} */ [x, y]) => Math.atan2(y - centre[1], x - centre[0]);
  const order = group.map((_, i) => i).sort((i, j) => angle(stood[i]) - angle(stood[j]) || i - j);
  const rounds = rings(group.length, rx, ry, ry >= Math.min(rx, size.radius * 2));

  /** @type {Map<string, Point>} */
  let best = new Map();
  let least = Number.POSITIVE_INFINITY;
  for (const round of rounds) {
    const slots = fitted(round, region, free);
    const slotsCentre = middle(slots);
    for (let turn = 0; turn < group.length; turn++) {
      let moved = 0;
      for (const [k, i] of order.entries()) {
        const [x, y] = slots[(k + turn) % group.length];
        moved += (x - slotsCentre[0] - stood[i][0] + centre[0]) ** 2 + (y - slotsCentre[1] - stood[i][1] + centre[1]) ** 2;
      }
      if (moved < least - 1e-6) {
        least = moved;
        best = new Map(order.map((i, k) => [group[i], slots[(k + turn) % group.length]]));
      }
    }
  }
  return best;
}

/** The upright arrangements of this many nodes. In a tall region one of them has a column on one side, which looks calm beside a canyon.
 * @param {number} count @param {number} rx @param {number} ry @param {boolean} tall @returns {Point[][]} */
function rings(count, rx, ry, tall) {
  if (count === 1) return [[[0, 0]]];
  if (count === 2) return [tall ? [[0, -ry], [0, ry]] : [[-rx, 0], [rx, 0]]];
  if (count % 2 === 0) return [halfTurned(count, rx, ry)];
  return (tall ? [0, Math.PI] : [-Math.PI / 2, Math.PI / 2]).map((start) => roundEllipse(count, rx, ry, start));
}

/** True if no two nodes are so close that their rings and logs would touch.
 * @param {Map<string, Point>} places @param {number} radius */
function roomy(places, radius) {
  const all = [...places.values()];
  return all.every((a, i) => all.slice(i + 1).every((b) => Math.hypot(b[0] - a[0], (b[1] - a[1]) * 0.88) >= radius * 2.5));
}

/** @param {string[]} group @param {Map<string, Point>} places @param {Region} region @param {Region} whole @param {number} radius @param {number} unit */
function island(group, places, region, whole, radius, unit) {
  const points = group.map((id) => places.get(id) ?? /** @type {Point} */ ([0, 0]));
  const gaps = points.flatMap(([x, y]) => [
    x - region.left - (region.left === whole.left ? 8 : 30) * unit,
    region.right - x - (region.right === whole.right ? 8 : 30) * unit,
    y - region.top - (region.top === whole.top ? 4 : 26) * unit,
    region.bottom - y - (region.bottom === whole.bottom ? 30 : 26) * unit,
  ]);
  return { nodes: [...group], hull: hull(points), pad: Math.max(radius + 6, Math.min(104 * unit, ...gaps)), region };
}

/** The place of each client: outside its home node, where it covers neither a node, nor a text, nor another client.
 * @param {readonly (readonly [string, string])[]} clients @param {Map<string, Point>} places @param {Region[]} regions
 * @param {string[][]} groups @param {Region} whole @param {Size} size
 * @returns {Map<string, Point>} */
function seated(clients, places, regions, groups, whole, size) {
  const { unit, radius, room, letters } = size;
  /** @type {Map<string, Point>} */
  const seats = new Map();
  const around = nodeBoxes(size);
  const box = clientBox(size);
  const drop = room.said > 0 ? letters * 0.4 : 0;
  /** @type {Region[]} */
  const taken = [...places.values()].flatMap((at) => around.map((each) => moved(each, at)));
  for (const [client, node] of clients) {
    const at = places.get(node);
    if (!at) continue;
    const g = Math.max(0, groups.findIndex((group) => group.includes(node)));
    const region = regions[g];
    const centre = middle(groups[g].map((id) => places.get(id) ?? at));
    const wanted = groups[g].length > RINGED ? Math.atan2(at[1] - centre[1], at[0] - centre[0]) : outward(at, centre, region, whole);
    let seat = at;
    let least = Number.POSITIVE_INFINITY;
    for (let k = 0; k < 48; k++) {
      const turn = (k % 2 === 0 ? 1 : -1) * Math.ceil((k >> 1 << 1) / 4 + (k % 2) / 2) * (Math.PI / 12);
      const way = wanted + turn;
      const further = (k >> 1) % 2 === 1 ? 16 * unit : 0;
      const reach = radius + (52 + 12 * Math.abs(Math.sin(way)) + (Math.cos(way) < -0.3 ? 20 : 0)) * unit + further + (room.said * letters > 60 * unit ? 8 * unit : 0);
      /** @type {Point} */
      const spot = [at[0] + Math.cos(way) * reach, at[1] + Math.sin(way) * reach - drop * Math.sign(Math.max(0, Math.sin(way) - 0.2))];
      const mine = moved(box, spot);
      const covers = taken.reduce((sum, each) => sum + shared(mine, each), 0);
      const off = Math.max(0, region.left + 2 - mine.left) + Math.max(0, mine.right - region.right + 2) + Math.max(0, region.top + 2 - mine.top) + Math.max(0, mine.bottom - region.bottom + 2);
      const cost = Math.abs(turn) * 20 + further * 0.5 + covers * 3 + off * 60 + onLinks(spot, at, groups[g], places, unit);
      if (cost < least - 1e-6) {
        least = cost;
        seat = spot;
      }
    }
    seats.set(client, seat);
    taken.push(moved(box, seat));
  }
  return seats;
}

/** The preferred angle of a client. @param {Point} at @param {Point} centre @param {Region} region @param {Region} whole */
function outward(at, centre, region, whole) {
  const left = region.left === whole.left;
  const right = region.right === whole.right;
  const dx = at[0] - centre[0];
  const out = left === right ? (dx < -8 ? -1 : 1) : left ? -1 : 1;
  const dy = Math.max(-0.55, Math.min(0.2, (at[1] - centre[1]) / (left === right ? 280 : 700)));
  return Math.atan2(dy, out);
}

/** The cost of a place on a link inside the home node's own side, where messages pass. @param {Point} spot @param {Point} at
 * @param {string[]} group @param {Map<string, Point>} places @param {number} unit */
function onLinks(spot, at, group, places, unit) {
  if (group.length > RINGED) return 0;
  let cost = 0;
  for (const id of group) {
    const other = places.get(id);
    if (other && other !== at) cost += Math.max(0, 30 * unit - distanceToSegment(spot, at, other)) * 5;
  }
  return cost;
}

/** A layout between one and the next; `part` is eased already. A thing that is in only one of them appears at once.
 * @param {Layout} from @param {Layout} to @param {number} part @returns {Layout} */
export function between(from, to, part) {
  if (part >= 1) return to;
  const glide = (/** @type {Map<string, Point>} */ a, /** @type {Map<string, Point>} */ b) =>
    new Map([...b].map(([id, [x, y]]) => {
      const before = a.get(id) ?? [x, y];
      return [id, /** @type {Point} */ ([mix(before[0], x, part), mix(before[1], y, part)])];
    }));
  const radius = mix(from.radius, to.radius, part);
  const places = glide(from.places, to.places);
  return {
    ...to,
    radius,
    unit: mix(from.unit, to.unit, part),
    letters: mix(from.letters, to.letters, part),
    places: part > 0 ? apart(places, radius * 2.02) : places,
    clients: glide(from.clients, to.clients),
  };
}

/** The places, with those moved away from each other that are nearer than `least`: nodes on their way pass round each other.
 * @param {Map<string, Point>} places @param {number} least @returns {Map<string, Point>} */
function apart(places, least) {
  const ids = [...places.keys()];
  const at = ids.map((id) => [.../** @type {Point} */ (places.get(id))]);
  for (let round = 0; round < 12; round++) {
    let moves = false;
    for (let i = 0; i < at.length; i++) {
      for (let k = i + 1; k < at.length; k++) {
        const dx = at[k][0] - at[i][0];
        const dy = at[k][1] - at[i][1];
        const gap = Math.hypot(dx, dy);
        if (gap >= least - 0.01) continue;
        const [ux, uy] = gap < 1e-6 ? [0, 1] : [dx / gap, dy / gap];
        const push = (least - gap) / 2;
        at[i] = [at[i][0] - ux * push, at[i][1] - uy * push];
        at[k] = [at[k][0] + ux * push, at[k][1] + uy * push];
        moves = true;
      }
    }
    if (!moves) break;
  }
  return new Map(ids.map((id, i) => [id, /** @type {Point} */ ([at[i][0], at[i][1]])]));
}

/** The place of a cut's wall on the way from a to b (0..1): at the first canyon that the way crosses, else in the middle.
 * @param {Point} a @param {Point} b @param {readonly [Point, Point][]} canyons */
export function wallBetween(a, b, canyons) {
  let first = 2;
  for (const [c, d] of canyons) {
    const t = crossing(a, b, c, d);
    if (t !== null && t < first) first = t;
  }
  return first <= 1 ? first : 0.5;
}

/** The side in whose region a point lies, or -1 outside all of them. @param {Layout} given @param {Point} point */
export function sideAt(given, [x, y]) {
  return given.islands.findIndex(({ region }) => x >= region.left && x <= region.right && y >= region.top && y <= region.bottom);
}

/** True if this point is far enough outside the ring for a dragged node to stand alone. @param {Layout} given @param {Point} point */
export function farOut(given, [x, y]) {
  const [rx, ry] = given.ring;
  return Math.hypot(x / (rx * APART), y / (ry * APART)) > 1;
}

/** The new sides if a dragged node is dropped here, or null if nothing changes. A single side means: heal.
 * @param {Layout} given @param {string} node @param {Point} point @returns {string[][] | null} */
export function sidesAfterDrop(given, node, point) {
  const all = [...given.places.keys()];
  if (given.islands.length === 0) {
    return all.length > 1 && farOut(given, point) ? [[node], all.filter((id) => id !== node)] : null;
  }
  const from = given.islands.findIndex(({ nodes }) => nodes.includes(node));
  const to = sideAt(given, point);
  if (to === from) return null;
  const without = given.islands.map(({ nodes }) => nodes.filter((id) => id !== node));
  const sides = to < 0 ? [...without, [node]] : without.map((side, i) => (i === to ? [...side, node] : side));
  if (to < 0 && given.islands[from].nodes.length === 1) return null;
  return sides.filter((side) => side.length > 0).map((side) => all.filter((id) => side.includes(id)));
}
