/**
 * Connects all parts of the page: stores, socket, stages, panels, keys, and the one animation loop. It does nothing else.
 */
import { createActs } from "./acts.js";
import { actionOf } from "./lib/keys.js";
import { LIMITS } from "./lib/wire-types.js";
import { showPage } from "./panels/page.js";
import { createScripts } from "./scripts.js";
import { connect, joining, ownerLink } from "./socket.js";
import { createStage } from "./stage/index.js";
import { MARKS, paintMark } from "./stage/marks.js";
import { advanceRender } from "./stores/clock.js";
import { createUi, say } from "./stores/ui.js";
import { carry, createWorld, expectSnapshot, fold, takeMine } from "./stores/world.js";
import { language, named, t } from "./words/index.js";

const THEME = "capscope theme";
const SEEN = "capscope seen";
const PANELS_EVERY = 100; // milliseconds: panels render at most this often while time runs
const OVER_A_TALK = ["ask", "lesson", "talks"]; // dialogs that do not stop a clicker
const INSPECTED_MAX = 5000;
const GHOST = { wait: 1800, draw: 2200, stay: 1600 }; // milliseconds

const world = createWorld();
const ui = createUi();
/** @type {Map<number, ReturnType<typeof createStage>>} */
const stages = new Map();

const socket = connect({
  session: document.body.dataset.session ?? "",
  onPacket(packet) {
    const refusals = world.state.refused.count;
    fold(world.state, packet);
    if (world.state.stale) send("resync");
    if (world.state.refused.count !== refusals) say(ui, world.state.refused.sentence, false);
    keepUiWithWorld(); // the loop notifies the panels: they need not render for each of thirty packets a second
  },
  onConnected(connected, sentence) {
    if (connected) expectSnapshot(world.state);
    ui.update({ connected });
    if (sentence) say(ui, sentence, false);
  },
  onBroken(error) {
    console.error(error);
    send("resync");
  },
});

/**
 * @param {string} type
 * @param {Record<string, unknown>} [fields]
 */
async function send(type, fields = {}) {
  const answer = await socket.send(type, fields);
  if (!answer.ok) say(ui, answer.sentence, false);
  else {
    const done = named("done", type, "", { node: String(fields.node) });
    if (done) say(ui, done);
  }
  return answer;
}

/** The messages that the server was asked about already, for a run. @type {{run: number, keys: Set<string>}} */
const inspected = { run: -1, keys: new Set() };

/**
 * Asks once for the fields of these messages; panels show them when they come.
 * @param {number} lane
 * @param {number[]} ids
 */
async function inspect(lane, ids) {
  const { run } = world.state;
  if (inspected.run !== run || inspected.keys.size > INSPECTED_MAX) Object.assign(inspected, { run, keys: new Set() });
  const fresh = ids.filter((id) => !inspected.keys.has(`${lane} ${id}`)).slice(0, LIMITS.inspected);
  if (fresh.length === 0) return;
  for (const id of fresh) inspected.keys.add(`${lane} ${id}`);
  const answer = await socket.send("inspect", { lane, messages: fresh });
  if (!answer.ok || world.state.run !== run) return;
  carry(world.state, lane, fresh, /** @type {any} */ (answer).fields);
  world.notify();
}

/** @param {import("./stores/hall.js").Mine} news */
function mine(news) {
  takeMine(world.state, news);
  world.notify();
}

const narrow = matchMedia("(max-width: 600px)");

/** A phone without controls follows: it shows neither tools nor a player, and invites to nothing that it may not do. */
function keepFollowing() {
  const follow = narrow.matches && world.state.spec !== null && !world.state.audience.controls;
  if (follow === ui.state.follow) return;
  ui.update(follow ? { follow, tool: "move", invited: false, ghost: null, presenting: false, twin: false, solo: null } : { follow, tool: "cut" });
}

/** Closes what a visitor was looking at, if it does not exist in a new world. */
function keepUiWithWorld() {
  const { spec } = world.state;
  if (!spec) return;
  keepFollowing();
  if (!spec.keys.includes(ui.state.watchedKey)) ui.update({ watchedKey: spec.keys[0] });
  const { dock, lit } = ui.state;
  if (dock && (dock.lane >= spec.lanes.length || (dock.kind === "node" && !spec.nodes.includes(dock.id)))) ui.update({ dock: null });
  if (lit && lit.lane >= spec.lanes.length) ui.update({ lit: null });
  if (ui.state.only && ui.state.only.run !== nameOfRun()) ui.update({ only: null });
  openTalkOfAddress();
  if (ui.state.invited && world.state.cutSpans.length > 0) ui.update({ invited: false });
}

/** What a run starts from: another scenario, seed or size has other requests. */
function nameOfRun() {
  const { spec } = world.state;
  return spec ? `${spec.scenario} ${spec.seed} ${spec.nodes.length}` : "";
}

/** Shows only the messages of one chain of causes. @param {string|null} root null: all messages again */
function follow(root) {
  ui.update({ only: root === null ? null : { root, run: nameOfRun() } });
}

/** `?talk=cap-in-ten` or `?talk=8,13,16`: opens this talk once, for whoever holds the controls. */
function openTalkOfAddress() {
  const name = new URLSearchParams(location.search).get("talk");
  if (!name || !world.state.audience.controls) return;
  history.replaceState(null, "", location.pathname);
  ui.update({ invited: false });
  send("talk", { name });
}

const act = createActs({ world, ui, send, showTheme });

/** Are these nodes, in the middle of them, in the right half of a lane's stage? @param {number} lane @param {string[]} ids */
function liesRight(lane, ids) {
  const box = document.querySelector(`.lane[data-lane="${lane}"] .stage`)?.getBoundingClientRect();
  const at = ids.map((id) => stages.get(lane)?.positionOf(id).x ?? 0);
  return box !== undefined && at.reduce((sum, x) => sum + x, 0) / ids.length > box.left + box.width / 2;
}

/** @param {number|null} lane */
function inLane(lane) {
  return lane === null ? {} : { lane };
}

const handlers = {
  /** `lane`: the only lane on which it falls; null: every lane. @param {[string, string][]} links @param {number|null} lane */
  cut: (links, lane) => void send("cut", { links, ...inLane(lane) }),
  /** @param {[string, string][]|undefined} links @param {number|null} lane */
  heal: (links, lane) => void send("heal", { ...(links ? { links } : {}), ...inLane(lane) }),
  /** @param {string[][]} sides @param {number|null} lane */
  partition: (sides, lane) => void send("partition", { sides, ...inLane(lane) }),
  menu: (/** @type {import("./stores/ui.js").MenuPlace} */ place) => ui.update({ menu: place, hover: null }),
  /** @param {{kind: string, id: string, lane: number}} what */
  card({ kind, id, lane }) {
    if (kind === "node") return ui.update({ dock: { lane, kind: "node", id, left: liesRight(lane, [id]) } });
    const ends = id.split(/[^A-Za-z0-9_]+/).filter(Boolean);
    if (kind === "link" && ends.length === 2) ui.update({ dock: { lane, kind: "link", src: ends[0], dst: ends[1], left: liesRight(lane, ends) } });
    return undefined;
  },
  hover: (/** @type {any} */ what) => ui.update({ hover: what }),
  say: (/** @type {string} */ text) => say(ui, text),
};

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number} lane
 */
function mountStage(canvas, lane) {
  const stage = createStage(canvas, lane, world, ui, handlers);
  stages.set(lane, stage);
  const watch = new ResizeObserver(() => stage.resize());
  watch.observe(canvas);
  return () => {
    watch.disconnect();
    stage.destroy();
    stages.delete(lane);
  };
}

/** Puts the theme on the page and reads its colours for the canvases. */
function showTheme() {
  document.documentElement.dataset.theme = ui.state.theme;
  const style = getComputedStyle(document.documentElement);
  const names = style.getPropertyValue("--names").trim().replaceAll('"', "").split(/\s+/);
  ui.update({ colours: Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) });
  keep(THEME, ui.state.theme);
}

/** @param {string} name @param {string} value */
function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // storage is forbidden here, so the page does not remember it
  }
}

/** @param {string} name */
function kept(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** Loads the font from the address that the page has requested already. */
function loadFont() {
  const asked = document.querySelector('link[rel="preload"][as="font"]');
  if (!(asked instanceof HTMLLinkElement)) return;
  const font = new FontFace("Inter", `url(${asked.href}) format("woff2")`, { weight: "100 900", display: "swap" });
  document.fonts.add(font);
  font.load().catch(() => {}); // then the system's own font is used
}

/** On a first visit a hand shows once how to cut; any touch of the page removes it. */
function showGhost() {
  if (kept(SEEN)) return;
  let began = 0;
  const leave = () => {
    removeEventListener("pointerdown", leave, true);
    removeEventListener("keydown", leave, true);
    keep(SEEN, "yes");
    began = Number.NaN;
    ui.update({ ghost: null });
  };
  addEventListener("pointerdown", leave, true);
  addEventListener("keydown", leave, true);
  const move = (/** @type {number} */ now) => {
    if (Number.isNaN(began)) return;
    if (ui.state.follow) return;
    if (world.state.spec && began === 0) began = now + GHOST.wait;
    if (began > 0 && now >= began) {
      const passed = now - began;
      if (passed > GHOST.draw + GHOST.stay) return leave();
      ui.state.ghost = { progress: ui.state.reducedMotion ? 1 : Math.min(1, passed / GHOST.draw) };
    }
    requestAnimationFrame(move);
  };
  requestAnimationFrame(move);
}

/** @param {Element|null} element @returns {"page"|"field"|"slider"|"control"} */
function whereIs(element) {
  if (element instanceof HTMLInputElement) {
    if (element.type === "range") return "slider";
    return element.type === "checkbox" ? "control" : "field";
  }
  if (element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement) return "field";
  return element?.matches("button:focus-visible, a:focus-visible, summary:focus-visible, [tabindex]:focus-visible:not([tabindex='-1'])") ? "control" : "page";
}

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const action = actionOf(event, whereIs(document.activeElement));
  if (!action || (action === "confirm" && ui.state.selection?.kind !== "lasso")) return;
  if (ui.state.dialog && !["cancel", "help", "join"].includes(action)) {
    if (!OVER_A_TALK.includes(ui.state.dialog)) return;
    if (["next", "previous"].includes(action)) ui.update({ dialog: null });
  }
  event.preventDefault();
  act(action);
});

/** A click with a pointer does not choose a control for the keys: Space still means play. A click by key has no detail. */
addEventListener("click", (event) => {
  const { activeElement } = document;
  if (event.detail > 0 && activeElement instanceof HTMLButtonElement) activeElement.blur();
});

/** The one animation loop. At every frame the picture's clock goes on and the stages are drawn; panels render ten times a second. */
function runLoop() {
  let drawnAt = performance.now();
  let rendered = { at: 0, version: -1, render: -1 };
  /** @param {number} now */
  const frame = (now) => {
    advanceRender(world.state, Math.min(1, Math.max(0, (now - drawnAt) / 1000)));
    drawnAt = now;
    for (const [lane, stage] of stages) if (ui.state.solo === null || ui.state.solo === lane) stage.draw(now);
    const { version, renderAt } = world.state;
    if (now - rendered.at >= PANELS_EVERY && (version !== rendered.version || renderAt !== rendered.render)) {
      rendered = { at: now, version, render: renderAt };
      world.notify();
    }
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

const theme = kept(THEME);
const motion = matchMedia("(prefers-reduced-motion: reduce)");
ui.update({
  theme: theme === "light" || theme === "contrast" || theme === "dark" ? theme : matchMedia("(prefers-contrast: more)").matches ? "contrast" : "dark",
  reducedMotion: motion.matches,
  invited: true,
});
narrow.addEventListener("change", keepFollowing);
motion.addEventListener("change", () => ui.update({ reducedMotion: motion.matches }));
loadFont();
showTheme();
document.title = t("brand");
document.documentElement.lang = language;
showPage({ world, ui, send, inspect, joining, ownerLink, mine, follow, act, mountStage, marks: MARKS, paintMark }, /** @type {Element} */ (document.getElementById("app")));
showGhost();
Object.assign(globalThis, { capscope: createScripts(world, stages) });
runLoop();

export { send, stages, ui, world }; // for a console or a test that imports this module by its address
