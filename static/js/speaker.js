/** Connects the speaker's view: the same stores, socket, acts and keys as the page, without stages. */
import { createActs } from "./acts.js";
import { actionOf } from "./lib/keys.js";
import { showSpeaker } from "./panels/speaker.js";
import { connect } from "./socket.js";
import { advanceRender } from "./stores/clock.js";
import { createUi, say } from "./stores/ui.js";
import { createWorld, expectSnapshot, fold } from "./stores/world.js";
import { language, t } from "./words/index.js";

const HERE = ["next", "previous", "nextScene", "previousScene", "question", "lesson", "blank", "reset", "faster", "slower", "play", "cancel"];
const EVERY = 100; // milliseconds: the view renders at most this often

const world = createWorld();
const ui = createUi();

const socket = connect({
  session: document.body.dataset.session ?? "",
  onPacket(packet) {
    const refusals = world.state.refused.count;
    fold(world.state, packet);
    if (world.state.stale) socket.send("resync", {});
    if (world.state.refused.count !== refusals) say(ui, world.state.refused.sentence, false);
  },
  onConnected(connected, sentence) {
    if (connected) expectSnapshot(world.state);
    ui.update({ connected });
    if (sentence) say(ui, sentence, false);
  },
  onBroken(error) {
    console.error(error);
    socket.send("resync", {});
  },
});

/** @param {string} type @param {Record<string, unknown>} [fields] */
async function send(type, fields = {}) {
  const answer = await socket.send(type, fields);
  say(ui, answer.ok ? "" : answer.sentence, answer.ok);
  return answer;
}

const act = createActs({ world, ui, send, showTheme: () => {} });

addEventListener("keydown", (event) => {
  const focused = document.activeElement?.matches("button:focus-visible") ? "control" : "page";
  const action = actionOf(event, focused);
  if (!action || !HERE.includes(action)) return;
  event.preventDefault();
  act(action);
});

addEventListener("click", (event) => {
  const { activeElement } = document;
  if (event.detail > 0 && activeElement instanceof HTMLButtonElement) activeElement.blur();
});

let drawnAt = performance.now();
let version = -1;
setInterval(() => {
  const now = performance.now();
  advanceRender(world.state, Math.min(1, (now - drawnAt) / 1000));
  drawnAt = now;
  if (version !== world.state.version) {
    version = world.state.version;
    world.notify();
  }
}, EVERY);

document.documentElement.dataset.theme = matchMedia("(prefers-contrast: more)").matches ? "contrast" : "dark";
document.documentElement.lang = language;
document.title = t("speaker.title");
showSpeaker({ world, ui, act, send }, /** @type {Element} */ (document.getElementById("app")));
Object.assign(globalThis, { speaker: Object.freeze({ get ready() { return world.state.spec !== null && !world.state.waiting; } }) });

export { send, ui, world }; // for a console or a test that imports this module by its address
