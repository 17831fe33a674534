/**
 * Every key of the page, in one table: the key map and the help are made from it.
 */

/** @typedef {{keys: string[], shift?: boolean, ctrl?: boolean, shown: string, action: string, words: string, group: string}} Key */
/** @typedef {{key: string, shiftKey: boolean, ctrlKey: boolean, metaKey: boolean, altKey: boolean}} Pressed */

/** @type {readonly Key[]} */
export const KEYS = Object.freeze([
  { keys: [" "], shown: "Space", action: "play", words: "Play or pause", group: "Time" },
  { keys: ["ArrowRight"], shift: false, shown: "→", action: "stepEvent", words: "Step to the next event", group: "Time" },
  { keys: ["ArrowRight"], shift: true, shown: "Shift →", action: "stepMessage", words: "Step to the next message that lands", group: "Time" },
  { keys: ["ArrowLeft"], shift: false, shown: "←", action: "backEvent", words: "Go back to the event before", group: "Time" },
  { keys: ["ArrowLeft"], shift: true, shown: "Shift ←", action: "backMessage", words: "Go back to the message that landed before", group: "Time" },
  { keys: ["PageDown"], shown: "Page ↓", action: "nextMark", words: "Next mark on the timeline; at the end, play", group: "Time" },
  { keys: ["PageUp"], shown: "Page ↑", action: "previousMark", words: "Previous mark on the timeline", group: "Time" },
  { keys: ["+", "="], shown: "+", action: "faster", words: "Faster", group: "Time" },
  { keys: ["-"], shown: "−", action: "slower", words: "Slower", group: "Time" },
  { keys: ["End"], shown: "End", action: "live", words: "Go to the newest moment", group: "Time" },
  { keys: ["r", "R"], shown: "R", action: "reset", words: "Back to the exact opening state", group: "Time" },
  { keys: ["v", "V"], shown: "V", action: "move", words: "Move: drag a node into another region", group: "Tools" },
  { keys: ["c", "C"], shown: "C", action: "cut", words: "Cut: drag a line across links", group: "Tools" },
  { keys: ["l", "L"], shown: "L", action: "lasso", words: "Lasso: draw a loop round nodes, then isolate them", group: "Tools" },
  { keys: ["h", "H"], shown: "H", action: "heal", words: "Heal: drag a line across cut links; again: heal all", group: "Tools" },
  { keys: ["Enter"], shown: "Enter", action: "confirm", words: "Isolate the nodes in the lasso", group: "Tools" },
  { keys: ["z", "Z"], shown: "Z", action: "undo", words: "Undo the last cut or fault (also Ctrl Z)", group: "Tools" },
  { keys: ["n", "N"], shown: "N", action: "twin", words: "Lists of nodes and links, with all commands", group: "Tools" },
  { keys: ["g", "G"], shown: "G", action: "view", words: "What the clients know, or everything", group: "Look" },
  { keys: ["k", "K"], shown: "K", action: "key", words: "Watch the next key", group: "Look" },
  { keys: ["1"], shown: "1 to 4", action: "lane1", words: "One lane alone; again: all lanes", group: "Look" },
  { keys: ["2"], shown: "", action: "lane2", words: "", group: "" },
  { keys: ["3"], shown: "", action: "lane3", words: "", group: "" },
  { keys: ["4"], shown: "", action: "lane4", words: "", group: "" },
  { keys: ["p", "P"], shown: "P", action: "present", words: "Present: larger type, no tools", group: "Look" },
  { keys: ["f", "F"], shown: "F", action: "fullscreen", words: "Full screen", group: "Look" },
  { keys: ["b", "B", "."], shown: "B or .", action: "blank", words: "Blank the screen", group: "Look" },
  { keys: ["t", "T"], shown: "T", action: "theme", words: "Dark, light, high contrast", group: "Look" },
  { keys: ["?"], shown: "?", action: "help", words: "All keys, and what the marks mean", group: "Look" },
  { keys: ["Escape"], shown: "Esc", action: "cancel", words: "Cancel, close", group: "Look" },
]);

const FOCUSED_CONTROL_KEEPS = [" ", "Enter"];
const SLIDER_KEEPS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"];

/**
 * The action of a key, or null. `where` is what has the focus: a text "field" keeps all keys but Escape, a "slider" its arrows,
 * a "control" (button, link, list reached by keyboard) Space and Enter.
 * @param {Pressed} pressed
 * @param {"page"|"field"|"slider"|"control"} where
 * @returns {string|null}
 */
export function actionOf(pressed, where) {
  const { key } = pressed;
  if (where === "field" && key !== "Escape") return null;
  if (where === "slider" && SLIDER_KEEPS.includes(key)) return null;
  if (where === "control" && FOCUSED_CONTROL_KEEPS.includes(key)) return null;
  if (pressed.ctrlKey || pressed.metaKey) return key.toLowerCase() === "z" && !pressed.shiftKey ? "undo" : null;
  if (pressed.altKey) return null;
  const row = KEYS.find((entry) => entry.keys.includes(key) && (entry.shift === undefined || entry.shift === pressed.shiftKey));
  return row ? row.action : null;
}

/** The letter or name shown beside a tool or button. @param {string} action */
export function shownKey(action) {
  return KEYS.find((entry) => entry.action === action)?.shown ?? "";
}

/**
 * The table for the help: groups in order, each with its rows.
 * @returns {Array<[string, Key[]]>}
 */
export function keysByGroup() {
  /** @type {Map<string, Key[]>} */
  const groups = new Map();
  for (const key of KEYS) if (key.group) groups.set(key.group, [...(groups.get(key.group) ?? []), key]);
  return [...groups];
}
