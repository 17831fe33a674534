/**
 * What this visitor is doing: tool, gesture, open cards and dialogs. None of it comes from the server or is sent to it.
 */
import { createStore } from "./store.js";

/** @typedef {"move"|"cut"|"lasso"|"heal"} Tool */
/** @typedef {"dark"|"light"|"contrast"} Theme */
/** `left`: the card lies at the left side of the stage, because what it is about is on the right. `rename`: its field
 * for a node's name is ready to type in.
 * @typedef {({lane: number, kind: "details"|"knobs"} | {lane: number, kind: "node", id: string} | {lane: number, kind: "link", src: string, dst: string}) & {left?: boolean, rename?: boolean}} Dock */
/** Where a menu is open, and about what: a "node", a "link", a "message" or the "stage". @typedef {{lane: number, kind: string, id: string, x: number, y: number}} MenuPlace */
/**
 * `gesture` and `camera` are in stage units and shared by all lanes. `solo` is the one lane shown, or null. `lit` names a finding whose operations are lit.
 * `only`: the one chain of messages that the stages show (stores/lane.js), and of which run.
 * `catalogueLane` is the lane for which a protocol is chosen. `follow`: a phone without controls, which only follows. `voteShown` names
 * the card of the vote on the screen, `voteShut` the one that the visitor has closed.
 * @typedef {{tool: Tool, theme: Theme, colours: Record<string, string>, watchedKey: string, view: "god"|"clients",
 *   hover: {lane: number, kind: string, id: any, x?: number, y?: number}|null,
 *   selection: {lane: number, kind: "node"|"link"|"message"|"lasso", ids: any[]}|null,
 *   gesture: null|{kind: "rope"|"lasso"|"drag"|"pan"|"heal", points: Array<readonly [number, number]>, node?: string, oneWay?: boolean, alone?: boolean, lane?: number},
 *   ghost: null|{progress: number}, reducedMotion: boolean, camera: {x: number, y: number, zoom: number},
 *   dock: Dock|null, dialog: null|"help"|"scenarios"|"catalogue"|"ask"|"lesson"|"join"|"talks", dot: null|{x: number, y: number}, tray: import("../lib/talk.js").Tray, catalogueLane: number, twin: boolean, logs: boolean, presenting: boolean, blank: boolean, solo: number|null,
 *   lit: {lane: number, sentence: string, operations: Array<string|number>}|null, said: {sentence: string, count: number, calm: boolean}, connected: boolean,
 *   invited: boolean, follow: boolean, voteShut: string, voteShown: string, menu: MenuPlace|null, only: {root: string, run: string}|null, why: boolean}} UiState
 */
/** @typedef {import("./store.js").Store<UiState>} Ui */

/** @returns {Ui} */
export function createUi() {
  return createStore(
    /** @type {UiState} */ ({
      tool: "cut",
      theme: "dark",
      colours: {},
      watchedKey: "x",
      view: "god",
      hover: null,
      selection: null,
      gesture: null,
      ghost: null,
      reducedMotion: false,
      camera: { x: 0, y: 0, zoom: 1 },
      dock: null,
      dialog: null,
      dot: null,
      tray: { title: "", scenes: [], sentence: "" },
      catalogueLane: 0,
      twin: false,
      logs: false,
      presenting: false,
      blank: false,
      solo: null,
      lit: null,
      said: { sentence: "", count: 0, calm: true },
      connected: true,
      invited: true,
      follow: false,
      voteShut: "",
      voteShown: "",
      menu: null,
      only: null,
      why: false,
    }),
  );
}

/**
 * Shows a sentence to the visitor, even if it is the same sentence again.
 * @param {Ui} ui
 * @param {string} sentence
 * @param {boolean} calm false: something was refused or lost
 */
export function say(ui, sentence, calm = true) {
  ui.update({ said: { sentence, count: ui.state.said.count + 1, calm } });
}

/**
 * Escape: closes the uppermost thing that is open. False if nothing was open.
 * @param {Ui} ui
 * @returns {boolean}
 */
export function cancel(ui) {
  const { state } = ui;
  /** @type {Array<[boolean, Partial<UiState>]>} */
  const layers = [
    [state.blank, { blank: false }],
    [state.menu !== null, { menu: null }],
    [state.dialog !== null, { dialog: null }],
    [state.gesture !== null, { gesture: null }],
    [state.voteShown !== "", { voteShut: state.voteShown, voteShown: "" }],
    [state.selection !== null, { selection: null }],
    [state.dock !== null, { dock: null }],
    [state.why, { why: false }],
    [state.only !== null, { only: null }],
    [state.lit !== null, { lit: null }],
    [state.twin, { twin: false }],
    [state.solo !== null, { solo: null }],
    [state.presenting, { presenting: false }],
  ];
  const open = layers.find(([there]) => there);
  if (open) ui.update(open[1]);
  return open !== undefined;
}
