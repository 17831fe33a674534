// Runs in every page of a test before the page's own scripts, so that the test controls the page's frames and long timers.
//
// Without a test's help frames come a dozen times a second. Each adds the wall time that has passed, but at most STEP: on a busy machine
// the page's time is slower, so that nothing ends before a test has seen it. A test may hold the frames and hand out time frame by
// frame, however slow the machine is.
(() => {
  const EVERY = 80; // milliseconds between two automatic frames
  const STEP = 120; // the most milliseconds that such a frame adds
  const LONG = 300; // milliseconds: from this length on a timer follows the page's time (how long a sentence stays, a long press)
  const display = requestAnimationFrame.bind(globalThis);
  const clock = performance.now.bind(performance);
  const later = setTimeout.bind(globalThis);
  const forget = clearTimeout.bind(globalThis);
  const { port1, port2 } = new MessageChannel();
  const timers = new Map();
  let asked = new Map();
  let count = 1e9; // larger than the browser's own ids
  let running = !location.hash.includes("held");
  let seen = clock();
  let spent = seen; // the page's clock
  let now = seen; // the clock of its frames: ahead by the time that tests handed out

  performance.now = () => spent;
  globalThis.requestAnimationFrame = (callback) => {
    count += 1;
    asked.set(count, callback);
    return count;
  };
  globalThis.cancelAnimationFrame = (id) => void asked.delete(id);
  globalThis.setTimeout = (callback, milliseconds, ...given) => {
    if (!(milliseconds >= LONG)) return later(callback, milliseconds, ...given);
    count += 1;
    timers.set(count, { due: spent + milliseconds, ring: () => callback(...given) });
    return count;
  };
  globalThis.clearTimeout = (id) => {
    if (!timers.delete(id)) forget(id);
  };

  const call = (callback, ...given) => {
    try {
      callback(...given);
    } catch (error) {
      reportError(error);
    }
  };
  const frame = (milliseconds) => {
    now += milliseconds;
    const due = asked;
    asked = new Map();
    for (const callback of due.values()) call(callback, now);
  };
  const turn = () =>
    new Promise((done) => {
      port1.onmessage = () => done();
      port2.postMessage(0);
    });

  setInterval(() => {
    const passed = Math.min(STEP, clock() - seen);
    seen = clock();
    if (!running) return;
    spent += passed;
    frame(passed);
    for (const [id, { due, ring }] of [...timers]) if (due <= spent && timers.delete(id)) call(ring);
  }, EVERY);

  // What the line under the lanes has shown, after how many sentences. A sentence goes away by itself: the list keeps it.
  const shown = [];
  let readTo = 0;
  const noteLine = () => {
    const line = document.querySelector(".caption > p");
    const said = globalThis.inside?.ui.state.said;
    if (!line || !said) return;
    const aloud = document.querySelector(".caption > [role=status]").textContent;
    const entry = { count: said.count, text: line.textContent, alarm: line.classList.contains("alarm"), aloud };
    const last = shown.at(-1);
    if (!last || Object.keys(entry).some((key) => entry[key] !== last[key])) shown.push(entry);
  };

  globalThis.held = {
    /** From now on time passes only by `pass`. A page whose address ends with #held begins like this. */
    hold: () => void (running = false),
    letGo: () => void (running = true),
    /** Runs this many frames, each after this many milliseconds. */
    async pass(frames, milliseconds) {
      for (let done = 0; done < frames; done += 1) {
        frame(milliseconds);
        await turn();
      }
    },
    /** Runs frames of this many milliseconds until a condition is true; false if it is still not true after that many frames. */
    async passUntil(isTrue, milliseconds, most) {
      for (let done = 0; done < most && !isTrue(); done += 1) {
        frame(milliseconds);
        await turn();
      }
      return isTrue();
    },
    /** Waits until this many milliseconds have passed in automatic frames. */
    async elapsed(milliseconds) {
      for (const end = now + milliseconds; now < end; ) await new Promise((done) => later(done, EVERY));
    },
    /** Whether the line has shown such a sentence after the one that was read last; the next reading begins behind it. */
    reads(pattern, wanted) {
      const found = shown.find(({ count, text, alarm, aloud }) =>
        count > readTo && new RegExp(pattern).test(wanted === "aloud" ? aloud : text) && (wanted !== "alarm" || alarm));
      if (found) readTo = found.count;
      return found !== undefined;
    },
    /** Waits until the browser has laid the page out and painted it. */
    painted: () => new Promise((done) => display(() => display(() => done()))),
  };

  // The exports of main.js: the page's stores and stages, for tests to read.
  addEventListener("DOMContentLoaded", () => {
    const main = document.querySelector('script[type="module"]');
    if (!main) return;
    import(main.src).then((inside) => {
      globalThis.inside = inside;
      inside.ui.subscribe(() => later(noteLine)); // when the line has been drawn: the same sentence twice changes nothing in it
      new MutationObserver(noteLine).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    });
  });
})();
