// The pace of things that change their place or state on the screen. Messages do not use it: they show time, so they move evenly.

/** Slow at both ends, for gliding from one place to another. @param {number} t */
export function easeInOut(t) {
  const x = Math.max(0, Math.min(1, t));
  return x < 0.5 ? 4 * x * x * x : 1 - (-2 * x + 2) ** 3 / 2;
}

/** Fast, then slow, for a burst. @param {number} t */
export function easeOut(t) {
  const x = Math.max(0, Math.min(1, t));
  return 1 - (1 - x) ** 3;
}
