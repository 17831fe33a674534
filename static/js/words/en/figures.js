/** Numbers, times and lists in words. */
export const figures = Object.freeze({
  "figure.point": ".",
  "figure.seconds": "{n} s",
  "figure.milliseconds": "{n} ms",
  "figure.percent": "{n} %",
  "figure.times": "{n}×",
  "figure.part": "1/{n}",
  "figure.set": "{{names}}",
  "figure.longSet": "{{names} … {n} in all}",
});
