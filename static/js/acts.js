/** What each key and button does, by the names in lib/keys.js: changes of this visitor's page, and commands to the server. */
import { SPEEDS, speedPlace } from "./lib/timeline.js";
import { momentBefore } from "./stores/clock.js";
import { cancel, say } from "./stores/ui.js";
import { capital, exactMoment } from "./words/figures.js";
import { named, t } from "./words/index.js";

const THEMES = /** @type {const} */ (["dark", "light", "contrast"]);
const MARK_SLACK = 20_000; // microseconds: this close, the page is at the mark already

/**
 * @param {{world: import("./stores/world.js").World, ui: import("./stores/ui.js").Ui, send: (type: string, fields?: Record<string, unknown>) => Promise<import("./lib/wire.js").Answer>, showTheme: () => void}} given
 * @returns {(action: string) => void}
 */
export function createActs({ world, ui, send, showTheme }) {
  /** @param {number} at */
  const seek = (at) => send("seek", { at: Math.max(0, Math.round(at)) });

  /** @param {number[]} moments @param {"time.backEvent"|"time.backMessage"} said */
  const back = (moments, said) => {
    const at = momentBefore(moments, world.state.clock.playing ? world.state.renderAt : world.state.clock.at);
    if (at === null) return say(ui, t("time.nothingBefore"));
    seek(at);
    return say(ui, t(said, { moment: exactMoment(at) }));
  };

  const nextMark = () => {
    const { marks, renderAt, clock } = world.state;
    const ahead = marks.map(([at]) => at).filter((at) => at > renderAt + MARK_SLACK);
    if (ahead.length > 0) seek(Math.min(...ahead));
    else if (!clock.playing) send("play");
  };

  const previousMark = () => {
    const { marks, renderAt } = world.state;
    const behind = marks.map(([at]) => at).filter((at) => at < renderAt - MARK_SLACK);
    if (behind.length > 0) seek(Math.max(...behind));
    else say(ui, t("time.noEarlierMark"));
  };

  const wanted = { speed: 0, at: -Infinity }; // the speed last requested: a user may press keys faster than the server answers

  /** @param {number} places */
  const speed = (places) => {
    const now = performance.now();
    const place = speedPlace(now - wanted.at < 1000 ? wanted.speed : world.state.clock.speed) + places;
    if (place < 0 || place >= SPEEDS.length) return;
    Object.assign(wanted, { speed: SPEEDS[place], at: now });
    send("speed", { speed: SPEEDS[place] });
  };

  const confirm = () => {
    const { selection } = ui.state;
    if (selection?.kind !== "lasso") return;
    const inside = selection.ids;
    const rest = (world.state.spec?.nodes ?? []).filter((node) => !inside.includes(node));
    ui.update({ selection: null });
    if (inside.length > 0 && rest.length > 0) send("partition", { sides: [inside, rest] });
  };

  /** @param {number} index */
  const solo = (index) => {
    if (index >= world.state.lanes.length) return;
    const alone = ui.state.solo === index ? null : index;
    ui.update({ solo: alone });
    say(ui, alone === null ? t("lane.everyLane") : t("lane.solo", { lane: index + 1 }));
  };

  const nextKey = () => {
    const keys = world.state.spec?.keys ?? [];
    if (keys.length === 0) return;
    const watchedKey = keys[(keys.indexOf(ui.state.watchedKey) + 1) % keys.length];
    ui.update({ watchedKey });
    say(ui, t("view.key", { key: watchedKey }));
  };

  /** @param {number} places */
  const scene = (places) => {
    const { talk } = world.state;
    const number = talk.scene + places;
    if (talk.scenes.length === 0) return say(ui, t("talk.none"));
    if (number < 0 || number >= talk.scenes.length) return say(ui, t(number < 0 ? "talk.first" : "talk.last"));
    return void send("scene", { number });
  };

  /** @param {"question"|"lesson"} what */
  const show = (what) => void send("show", { what: world.state.talk.shown === what ? "" : what });

  const logs = () => {
    ui.update({ logs: !ui.state.logs });
    say(ui, ui.state.logs ? t("view.logs") : t("view.network"));
  };

  const view = () => {
    const next = ui.state.view === "god" ? "clients" : "god";
    ui.update({ view: next });
    say(ui, named("view", next));
  };

  const fullscreen = () => {
    if (document.fullscreenElement) return void document.exitFullscreen();
    const asked = document.documentElement.requestFullscreen?.();
    return void (asked ? asked.catch(() => say(ui, t("noFullscreen"))) : say(ui, t("noFullscreen")));
  };

  const share = async () => {
    const address = location.href;
    try {
      await navigator.clipboard.writeText(address);
      say(ui, t("bar.shared"));
    } catch {
      say(ui, t("bar.shareByHand", { address })); // the browser has no clipboard on a plain http address
    }
  };

  const theme = () => {
    ui.update({ theme: THEMES[(THEMES.indexOf(ui.state.theme) + 1) % THEMES.length] });
    showTheme();
    say(ui, t("sentence", { text: named("bar.theme", ui.state.theme) }));
  };

  const reset = () => {
    ui.update({ dock: null, lit: null, selection: null, gesture: null });
    ui.update({ invited: false }); // the story and the question are back, not the invitation
    send("reset").then((answer) => answer.ok && world.state.talk.beat < 0 && say(ui, t("reset")));
  };

  const undo = () => {
    if (!world.state.undo) return say(ui, t("sentence", { text: t("bar.nothingToUndo") }));
    return void send("undo").then((answer) => answer.ok && say(ui, t("bar.undone", { what: capital(String(answer.sentence)) })));
  };

  /** @type {Record<string, () => void>} */
  const acts = {
    play: () => void send(world.state.clock.playing ? "pause" : "play"),
    stepEvent: () => void send("step", { unit: "event" }),
    stepMessage: () => void send("step", { unit: "message" }),
    backEvent: () => back(world.state.moments, "time.backEvent"),
    backMessage: () => back(world.state.landings, "time.backMessage"),
    nextMark,
    next: () => void send("next"),
    previous: () => void send("previous"),
    nextScene: () => scene(1),
    previousScene: () => scene(-1),
    scenes: () => ui.update({ dialog: ui.state.dialog === "talks" ? null : "talks" }),
    question: () => show("question"),
    lesson: () => show("lesson"),
    dot: () => ui.update({ dot: ui.state.dot ? null : { x: -100, y: -100 } }),
    speaker: () => {
      window.open(`${location.pathname.replace(/\/$/, "")}/speaker`, "capscope speaker", "popup,width=900,height=760");
    },
    previousMark,
    faster: () => speed(1),
    slower: () => speed(-1),
    live: () => void seek(world.state.clock.horizon),
    reset,
    move: () => ui.update({ tool: "move" }),
    cut: () => ui.update({ tool: "cut" }),
    lasso: () => ui.update({ tool: "lasso" }),
    heal: () => {
      if (ui.state.tool === "heal") return void send("heal");
      ui.update({ tool: "heal" });
      return say(ui, t("healAgain"));
    },
    confirm,
    undo,
    twin: () => ui.update({ twin: !ui.state.twin }),
    view,
    logs,
    key: nextKey,
    lane1: () => solo(0),
    lane2: () => solo(1),
    lane3: () => solo(2),
    lane4: () => solo(3),
    present: () => ui.update({ presenting: !ui.state.presenting }),
    fullscreen,
    blank: () => (world.state.audience.controls ? void send("blank", { on: !world.state.talk.blank }) : ui.update({ blank: !ui.state.blank })),
    theme,
    join: () => ui.update({ dialog: ui.state.dialog === "join" ? null : "join" }),
    help: () => ui.update({ dialog: ui.state.dialog === "help" ? null : "help" }),
    cancel: () => {
      const { talk, audience } = world.state;
      if (talk.blank && audience.controls) return void send("blank", { on: false });
      if (talk.shown && audience.controls && !ui.state.dialog) return void send("show", { what: "" });
      const { activeElement } = document;
      if (!cancel(ui) && activeElement instanceof HTMLElement) activeElement.blur(); // the lists close when they lose the focus
    },
    share: () => void share(),
  };
  return (action) => {
    const act = acts[action];
    if (!act) throw new Error(`no act is called "${action}"`);
    act();
  };
}
