/**
 * Every word of the page in English: calm, plain sentences, read on a projector. Numbers and times are put into words here, too.
 * Words that come with the world (stories, verdicts, reasons) come from the server.
 */

/** @param {number} count @param {string} one @param {string} [many] */
const counted = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** @param {number} us @returns {string} a moment: "8.2 s" */
const moment = (us) => `${(us / 1e6).toFixed(1)} s`;

/** @param {number} us @returns {string} a moment to the millisecond: "8.213 s" */
const exactMoment = (us) => `${(us / 1e6).toFixed(3)} s`;

/** @param {number} us @returns {string} a length: "15 ms", "0.3 ms", "1.5 s" */
function span(us) {
  if (us >= 1e6) return `${Math.round(us / 1e5) / 10} s`;
  return `${Math.round(us / 100) / 10} ms`;
}

/** @param {number} value simulated seconds a wall second: "1/20", "2×" */
function speed(value) {
  return value >= 0.995 ? `${Math.round(value * 10) / 10}×` : `1/${Math.round(1 / value)}`;
}

/** @param {number} ppm parts per million: "2.5 %" */
const percent = (ppm) => `${Math.round(ppm / 1000) / 10} %`;

/** @param {readonly string[]} names: "{n1, n2}"; a long one says how many there are */
const set = (names) => (names.length <= 6 ? `{${names.join(", ")}}` : `{${names.slice(0, 3).join(", ")} … ${names.length} in all}`);

/** @param {readonly string[]} values siblings side by side; a set's are the elements of one value @param {string} [object] */
const value = (values, object) => (object === "set" ? `{${values.join(", ")}}` : values.join(" | "));

export const english = Object.freeze({
  value,
  counted,
  moment,
  exactMoment,
  span,
  speed,
  percent,
  set,
  brand: "CAPscope",
  tools: { move: "Move", cut: "Cut", lasso: "Lasso", heal: "Heal" },
  toolsLabel: "Tools",
  bar: {
    scenario: "Choose a scenario",
    undo: "Undo",
    undoWhat: (/** @type {string} */ what) => `Undo: ${what}`,
    undone: "Undone",
    nothingToUndo: "Nothing to undo",
    lists: "Lists",
    listsWhat: "Lists of nodes and links, with all commands",
    theme: { dark: "Dark theme", light: "Light theme", contrast: "High contrast theme" },
    share: "Share",
    shareWhat: "Copy the address of this session",
    shared: "The address of this session is copied. Who opens it sees what you see.",
    shareByHand: (/** @type {string} */ address) => `The address of this session is ${address}`,
    present: "Present",
    presentEnd: "End",
    help: "Keys and marks",
    more: "More",
    viewers: (/** @type {number} */ n) => `${counted(n, "person", "people")} looking`,
  },
  watcher: {
    someone: "You are watching; another person holds the controls.",
    nobody: "You are watching; whoever held the controls is gone.",
    take: "Take the controls",
  },
  lane: {
    label: (/** @type {string} */ title) => `Lane: ${title}`,
    protocol: (/** @type {string} */ title) => `Protocol of this lane, now ${title}`,
    protocolWhat: "Another protocol for this lane, or several side by side",
    knob: (/** @type {string} */ title, /** @type {string} */ lane) => `${title} of ${lane}`,
    knobs: "All knobs",
    add: "+ lane",
    addWhat: "Add a lane",
    remove: (/** @type {string} */ title) => `Remove the lane ${title}`,
    solo: (/** @type {number} */ n) => `Lane ${n} alone. Press ${n} again for all lanes.`,
    everyLane: "All lanes.",
    stage: (/** @type {string} */ title) => `Picture of ${title}. The lists of nodes and links (key N) say the same in words and have the same commands.`,
    stopped: (/** @type {string} */ sentence, /** @type {number} */ seed) => `This lane stopped: ${sentence} (seed ${seed})`,
  },
  meters: {
    everyone: "everyone",
    quorum: "quorum",
    noQuorum: "no quorum",
    availability: /** @type {Record<string, string>} */ ({ AVAILABLE: "AVAILABLE", PARTLY: "PARTLY", REFUSING: "REFUSING", QUIET: "QUIET" }),
    consistency: /** @type {Record<string, string>} */ ({ CONSISTENT: "CONSISTENT", STALE: "STALE", CONFLICT: "CONFLICT" }),
    answered: (/** @type {number} */ ok, /** @type {number} */ all, declined = 0) => `${ok} of ${all}${declined ? `, ${declined} declined` : ""}`,
    leftOut: (/** @type {number} */ n) => `${n} not counted`,
    leftOutWhat: (/** @type {{down: number, straddled: number}} */ { down, straddled }) =>
      `Not counted on any side: ${counted(down, "request")} at nodes that were not running, ${counted(straddled, "request")} that a change of the network met on the way.`,
    notAsked: "nothing asked yet",
    odd: (/** @type {{stale: number, conflicts: number, lost: number, violations?: number}} */ { stale, conflicts, lost, violations = 0 }) => {
      const parts = [`${stale} stale`];
      if (conflicts) parts.push(`${conflicts} with siblings`);
      if (violations) parts.push(counted(violations, "contradiction"));
      if (lost) parts.push(`${lost} lost`);
      return parts.map((part, place) => (place < parts.length - 1 ? `${part},` : part));
    },
    details: (/** @type {string} */ side) => `Details of ${side}`,
    more: (/** @type {number} */ n) => `and ${counted(n, "more side")}`,
  },
  details: {
    title: (/** @type {string} */ lane) => `${lane}: what was promised, what was seen`,
    promises: "Promises",
    verdicts: { ok: "holds", violated: "broken", unknown: "not known" },
    badge: (/** @type {string} */ badge) => `While cut, it ${badge}.`,
    sides: "Sides",
    side: "side",
    reads: "reads",
    writes: "writes",
    latency: "half / 99 %, ms",
    latencyValue: (/** @type {[number, number]} */ [half, most]) => `${half} / ${most}`,
    staleness: "stalest read",
    stalenessValue: (/** @type {{versions: number, ms: number}} */ { versions, ms }) => (versions ? `${counted(versions, "version")}, ${span(ms * 1000)}` : "none"),
    messages: "messages",
    lostAtCut: "lost at the cut",
    diverged: "keys on which replicas differ",
    converged: "agreed after the heal",
    convergedValue: (/** @type {number} */ ms) => `within ${ms} ms`,
    findings: "Findings",
    noFindings: "Nothing contradicts so far.",
    goTo: (/** @type {string} */ at) => `Go to ${at}`,
  },
  strip: {
    label: (/** @type {string} */ lane, /** @type {string} */ sums) => `Operations of ${lane} in time, one row for each client. ${sums}`,
    sums: (/** @type {Record<string, number>} */ n) =>
      `${n.ok} answered, ${n.failed} refused, ${n.unknown} unanswered, ${n.stale} stale, ${n.conflict} in conflict, ${n.lost} lost.`,
    outcome: /** @type {Record<string, string>} */ ({ pending: "still waiting", ok: "answered", failed: "refused", unknown: "no answer in time" }),
    operation: (/** @type {import("../../lib/wire-types.js").Operation} */ op, /** @type {string} */ object = "register") => {
      const { key, value: named } = op;
      const writes = /** @type {Record<string, string>} */ ({ decision: `proposed ${named} for ${key}`, counter: `added one to ${key}`, set: `added ${named} to ${key}` });
      const what = { write: writes[object] ?? `wrote ${key}=${named}`, remove: object === "counter" ? `took one from ${key}` : `removed ${named} from ${key}`, read: `read ${key}` };
      const asked = `${op.client} ${what[op.kind]} at ${op.node}`;
      const told = op.outcome === "ok" && (op.kind === "read" || op.result.length > 0);
      const answer = told ? `→ ${op.result.length ? value(op.result, object) : object === "set" ? "nothing in it" : "nothing"}` : "";
      const end = op.outcome === "ok" ? "" : `: ${english.strip.outcome[op.outcome]}`;
      return [`${asked}${end}`, answer, op.reason && op.outcome !== "ok" ? `(${op.reason})` : ""].filter(Boolean).join(" ");
    },
  },
  time: {
    label: "Time",
    play: "Play",
    pause: "Pause",
    stepEvent: "Step one event",
    stepMessage: "Step one message",
    speed: "Speed",
    speedValue: (/** @type {number} */ value) => `${speed(value)} of real time`,
    scrub: "Moment of the run",
    live: "live",
    liveWhat: "You are at the newest moment",
    goLive: "Go to the newest moment",
    back: (/** @type {number} */ us, /** @type {string} */ what) => `Back to ${exactMoment(us)}, one ${what} earlier.`,
    event: "event",
    message: "message",
    nothingBefore: "Nothing earlier is remembered here; drag the timeline to go back.",
    noEarlierMark: "There is no earlier mark on the timeline.",
    again: (/** @type {string} */ text, /** @type {number} */ times) => `${text} ×${times}`,
    marks: /** @type {Record<string, string>} */ ({
      leader: "leader", cut: "cut", heal: "heal", crash: "crash", fault: "fault", stale: "stale read", conflict: "conflict", violation: "violation", lost: "lost write", refused: "not done", say: "story",
    }),
  },
  status: {
    simulated: "simulated",
    seed: "seed",
    seedWhat: "Seed of chance: the same seed gives the same run",
    nodes: (/** @type {number} */ n) => counted(n, "node"),
    nodesWhat: "Number of nodes; changing it begins a new run",
    speed: (/** @type {string} */ value) => `${value} speed`,
    links: (/** @type {{delay: number, jitter: number}} */ { delay, jitter }) =>
      jitter ? `links ${delay / 1000}–${span(delay + jitter)}` : `links ${span(delay)}`,
    adversary: "an adversary delays messages",
    linksWhat: "Delay, loss and duplicates of all links",
    deadline: (/** @type {number} */ us) => `deadline ${span(us)}`,
    deadlineWhat: "How long a client waits for an answer",
    watch: (/** @type {string} */ key) => `watching ${key}`,
    watchWhat: "The key whose value is written in the nodes",
    god: "everything",
    clients: "what the clients know",
    viewWhat: "What the picture shows",
    legend: "Legend",
    badge: (/** @type {string[]} */ parts) => parts.join(" · "),
    apply: "Begin anew",
  },
  caption: {
    invitation: (/** @type {number} */ lanes) =>
      lanes === 1 ? "Drag a line across the links to cut the network." : lanes === 2 ? "Drag a line across the links to cut the network. The same cut falls on both." : "Drag a line across the links to cut the network. The same cut falls on all.",
    lost: "Connection lost. What you see is the last state; trying again.",
    stale: "Some news was missed; asking for the whole state.",
    opening: "Opening the session …",
    isolate: (/** @type {readonly string[]} */ nodes) => `Isolate ${set(nodes)}`,
    cancel: "Cancel",
    backToWhole: "Whole network",
  },
  card: {
    close: "Close",
    falls: "Commands fall on every lane.",
    role: "role",
    status: "state",
    statuses: /** @type {Record<string, string>} */ ({ up: "up", crashed: "crashed", paused: "paused", halted: "halted" }),
    epoch: "epoch",
    leader: "follows",
    log: "log",
    logEmpty: "empty",
    store: "store",
    storeEmpty: "nothing stored",
    answered: "answered",
    timer: (/** @type {string} */ name, /** @type {number} */ us) => `${name} in ${span(Math.max(0, us))}`,
    timers: "timer",
    committed: "committed",
    uncommitted: "not committed",
    lie: "traitor",
    crash: "Crash",
    restart: "Restart",
    pause: "Pause",
    resume: "Resume",
    wipe: "Wipe disk",
    isolate: "Cut off",
    join: "Heal its links",
    read: "Read here",
    write: "Write here",
    writes: /** @type {Record<string, string>} */ ({ register: "Write here", decision: "Propose here", counter: "Add one here", set: "Add here" }),
    value: "Value",
    valueNext: "next",
    remove: "Remove here",
    removeWhat: (/** @type {string} */ key) => `What to remove from ${key}`,
    nothingToRemove: "nothing",
    takeOne: "Take one away here",
    argument: (/** @type {string} */ title, /** @type {string} */ kind) => (kind === "node" ? `${title}: which node` : `${title}: words`),
    clock: "clock",
    clockIs: (/** @type {number} */ us, /** @type {number} */ percent) =>
      [us === 0 ? "" : `${span(Math.abs(us))} ${us > 0 ? "ahead" : "behind"}`, percent === 0 ? "" : `runs ${Math.abs(Math.round(percent * 10) / 10)} % ${percent > 0 ? "fast" : "slow"}`].filter(Boolean).join(", ") || "right for a moment",
    setClock: "Set its clock",
    ahead: "ahead by",
    fast: "fast by",
    clockWhat: "Its timers go by this clock. Below zero: behind, slow.",
    key: "Key",
    node: (/** @type {string} */ id) => `Node ${id}`,
  },
  link: {
    title: (/** @type {string} */ a, /** @type {string} */ b) => `Link ${a} – ${b}`,
    all: "All links",
    scope: "Applies to",
    this: "this link",
    every: "all links",
    delay: "delay",
    jitter: "jitter",
    loss: "loss",
    duplicate: "duplicates",
    shape: "delays are",
    shapes: /** @type {Record<string, string>} */ ({ uniform: "evenly spread", exponential: "exponential", normal: "bell-shaped", constant: "constant", fixed: "constant", lognormal: "long-tailed" }),
    adversary: "Bring in an adversary",
    adversaryEnd: "Send the adversary away",
    adversaryWhat: "It sees all that nodes hold and delays what would bring a decision nearer, in protocols that can say what does. It loses no message.",
    presets: "Like",
    cut: "Cut",
    heal: "Heal",
    oneWay: (/** @type {string} */ a, /** @type {string} */ b) => `Cut ${a} → ${b}`,
    healWay: (/** @type {string} */ a, /** @type {string} */ b) => `Heal ${a} → ${b}`,
    whole: "whole",
    cutBoth: "cut",
    cutOneWay: (/** @type {string} */ a, /** @type {string} */ b) => `cut from ${a} to ${b}`,
  },
  knobs: {
    title: (/** @type {string} */ lane) => `${lane}: knobs`,
    turn: "A knob turns while the run goes on.",
    first: (/** @type {string} */ value) => `At first: ${value}.`,
    bounds: (/** @type {number|null} */ low, /** @type {number|null} */ high, /** @type {string} */ unit, /** @type {string} */ first) =>
      `${low === null || high === null ? "" : `${low} to ${high}${unit && ` ${unit}`}. `}At first: ${first}.`,
  },
  twin: {
    title: "Nodes and links in words",
    what: "The same commands as on the picture; they fall on every lane.",
    nodes: "Nodes",
    links: "Links",
    messages: "Messages in flight",
    messagesWhenPaused: "Pause to read the messages in flight.",
    noMessages: "No message is in flight.",
    open: (/** @type {string} */ id) => `Open ${id}`,
    more: (/** @type {string} */ id) => `More commands for ${id}`,
    choose: (/** @type {string} */ id) => `${id} on one side`,
    oneSide: "One side of a cut",
    split: (/** @type {readonly string[]} */ nodes) => (nodes.length ? `Cut ${set(nodes)} off from the rest` : "Choose nodes, then cut them off"),
    healAll: "Heal all links",
    tune: "Settings",
    nodeLine: (/** @type {string} */ lane, /** @type {string} */ words) => `${lane}: ${words}`,
    linkState: (/** @type {string} */ a, /** @type {string} */ b, /** @type {string} */ state) => `${a} – ${b}: ${state}`,
  },
  message: {
    line: (/** @type {import("../../stores/lane.js").Message} */ m) => `${m.type} ${m.src} → ${m.dst}`,
    lands: (/** @type {number} */ us) => `lands at ${exactMoment(us)}`,
  },
  help: {
    title: "Keys and marks",
    keys: "Keys",
    marks: "What the marks mean",
    close: "Close",
    strip: "In the strip under each lane every operation has its place in time: a dot where it was answered, else one of these marks. A click goes there.",
    colours: "Fill is the epoch (term, view); where a protocol has none, the value of the watched key. Shape always repeats what colour says.",
    gestures: "Gestures",
    gestureRows: [
      ["Drag a line across links", "cuts them, in every lane"],
      ["Shift and drag", "cuts one way only"],
      ["Drag a node away, or into another region", "moves it to that side; back again heals"],
      ["Loop round nodes with the lasso", "offers to isolate them"],
      ["Click a node or link", "opens it"],
      ["Click a protocol's name", "opens the catalogue: another one, or several side by side"],
      ["Wheel, pinch", "zooms; drag the ground with Move to pan"],
    ],
  },
  audience: {
    ask: "Ask the audience",
    askWhat: "The question of this scenario, large",
    lesson: "What it shows",
    lessonWhat: "The lesson of this scenario, and what must come out",
    reveal: "Reveal",
    revealWhat: "Show which protocol this is, and all that was hidden",
    mustComeOut: "What must come out",
  },
  catalogue: {
    title: "Protocols",
    what: (/** @type {string} */ lane) => `One of them takes the place of ${lane} in its lane, in a new run. Claims are those with all knobs as they are at first.`,
    compare: "Compare",
    compareWhat: (/** @type {string} */ title) => `Compare ${title}`,
    tick: (/** @type {number} */ most) => `Tick two to ${most === 4 ? "four" : most} to see them side by side.`,
    sideBySide: (/** @type {string[]} */ titles, /** @type {number} */ nodes, /** @type {number} */ seed) =>
      `${titles.slice(0, -1).join(", ")} and ${titles[titles.length - 1]}: ${counted(nodes, "node")} each, seed ${seed}, the same links and clients.`,
    claims: "Claims",
    claim: (/** @type {{consistency: string, availability: string, loses: boolean}} */ { consistency, availability, loses }) =>
      [english.catalogue.consistency[consistency] ?? consistency, english.catalogue.availability[availability] ?? availability, loses ? english.catalogue.loses : ""].filter(Boolean).join(" "),
    consistency: /** @type {Record<string, string>} */ ({
      linearizable: "Linearizable: as if there were one copy, and each request took effect at one moment before its answer.",
      sequential: "Sequential: one order of all operations, the same for everybody, but a read may be old.",
      causal: "Causal: nobody sees an effect without its cause.",
      eventual: "Eventual: copies become alike once messages get through again; nothing says when.",
      none: "No consistency: copies may differ for good.",
      nothing: "Nothing of data: it keeps none.",
    }),
    availability: /** @type {Record<string, string>} */ ({
      majority: "While cut, the side with a majority of the members answers.",
      "clean majority": "While cut into sides, the side with a majority of the members answers; where only some links are cut, perhaps nobody does.",
      total: "While cut, every node that is up answers.",
      sticky: "While cut, every node that is up answers; the promise holds for a client that stays with one node.",
      quorum: "While cut, a side that can gather its quorums answers.",
      share: "While cut, every node that is up answers, but grants no more than its own share.",
      primary: "While cut, every node that is up answers reads; writes are answered where a primary can be reached.",
      all: "It needs every member: while one is missing, nobody gets what needs them all.",
      nobody: "It serves no client.",
    }),
    loses: "It may lose writes that it has acknowledged.",
    givesUp: "Gives up",
    needs: "Needs",
    asked: "Asked",
    objects: /** @type {Record<string, string>} */ ({
      decision: "A write proposes a value for its key; a read tells what was decided there.",
      counter: "A write adds one, whatever its value, and a removal, where the counter can, takes one away; a read tells the count.",
      set: "A write adds its value, a removal takes it out; a read lists what is in the set.",
    }),
  },
  scenarios: {
    title: "Scenarios",
    what: "Each begins a new run, played from the start.",
    on: (/** @type {string} */ protocol, /** @type {number} */ times) => (times > 1 ? `${protocol} ×${times}` : protocol),
    levels: /** @type {Record<string, string>} */ ({ B: "Beginner", I: "Intermediate", A: "Advanced", E: "Expert" }),
  },
  view: {
    clients: "Only what the clients know: what they asked, what they were told.",
    god: "Everything, as only a simulation can show it.",
    key: (/** @type {string} */ key) => `Watching ${key}.`,
  },
  healAgain: "Drag across cut links to heal them. Heal once more heals all.",
  done: /** @type {Record<string, (node: string) => string>} */ ({
    crash: (node) => `${node} has crashed.`,
    restart: (node) => `${node} starts again from its disk.`,
    pause_node: (node) => `${node} is paused.`,
    resume_node: (node) => `${node} goes on.`,
    wipe: (node) => `${node} has lost its disk.`,
  }),
  reset: "Back to the opening state.",
  blank: "The screen is blank. Press B to come back.",
  noFullscreen: "This browser does not offer full screen here.",
});
