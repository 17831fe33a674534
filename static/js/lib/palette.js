// Which value has which colour. A value keeps its look while it is visible; two visible values never share one, in any lane of the page.
// There are ten hues; when more values are visible at once, the hues come again with stripes.

export const HUES = 10;

/** `looks`: value -> its look, a hue and stripes. `last`: the look given out last. @typedef {{looks: ReadonlyMap<string, number>, last: number}} Palette */
/** @typedef {{hue: string, stripes: number}} Look the name of a colour in tokens.css, and 0 for no stripes */

/** @type {Palette} */
export const BLANK = Object.freeze({ looks: new Map(), last: -1 });

/** The palette when these values are visible, after another one. A new value gets the hue that has been free for the longest time, so that
 * a value and the next one differ. @param {Palette} before @param {Iterable<string>} visible @returns {Palette} */
export function nextPalette(before, visible) {
  const wanted = new Set(visible);
  const looks = new Map([...before.looks].filter(([value]) => wanted.has(value)));
  const taken = new Set(looks.values());
  let last = before.last;
  for (const value of wanted) {
    if (looks.has(value)) continue;
    last = freeLook(taken, last);
    taken.add(last);
    looks.set(value, last);
  }
  const same = looks.size === before.looks.size && [...looks].every(([value, look]) => before.looks.get(value) === look);
  return same ? before : { looks, last };
}

/** @param {ReadonlySet<number>} taken @param {number} last */
function freeLook(taken, last) {
  for (let stripes = 0; ; stripes++) {
    for (let step = 1; step <= HUES; step++) {
      const look = ((last + step + HUES) % HUES) + stripes * HUES;
      if (!taken.has(look)) return look;
    }
  }
}

/** @param {Palette} palette @param {string} value @returns {Look | null} null for a value that has no look */
export function lookOf(palette, value) {
  const look = palette.looks.get(value);
  return look === undefined ? null : { hue: `value-${look % HUES}`, stripes: Math.floor(look / HUES) };
}

/** A value as people call it. The kernel adds `'` and a number to a value that was written before, so that each write has a name of its
 * own; that is no part of the value. @param {string} value */
export function plainValue(value) {
  return value.replace(/'[A-Za-z0-9_]*\d+(?=$|[,|])/g, "");
}
