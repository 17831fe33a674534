/**
 * Every key of the page, in one table, from which the key map and the help are made. The catalogue says what keys do (keys.*).
 */

/** @typedef {{keys: string[], shift?: boolean, ctrl?: boolean, shown: string, action: string, group: string}} Key */
/** @typedef {{key: string, shiftKey: boolean, ctrlKey: boolean, metaKey: boolean, altKey: boolean}} Pressed */

/** @type {readonly Key[]} */
export const KEYS = Object.freeze([
  { keys: [" "], shown: "Space", action: "play", group: "time" },
  { keys: ["ArrowRight"], shift: false, shown: "→", action: "stepEvent", group: "time" },
  { keys: ["ArrowRight"], shift: true, shown: "Shift →", action: "stepMessage", group: "time" },
  { keys: ["ArrowLeft"], shift: false, shown: "←", action: "backEvent", group: "time" },
  { keys: ["ArrowLeft"], shift: true, shown: "Shift ←", action: "backMessage", group: "time" },
  { keys: ["m", "M"], shift: false, shown: "M", action: "nextMark", group: "time" },
  { keys: ["m", "M"], shift: true, shown: "Shift M", action: "previousMark", group: "time" },
  { keys: ["+", "="], shown: "+", action: "faster", group: "time" },
  { keys: ["-"], shown: "−", action: "slower", group: "time" },
  { keys: ["End"], shown: "End", action: "live", group: "time" },
  { keys: ["r", "R"], shown: "R", action: "reset", group: "time" },
  { keys: ["PageDown"], shift: false, shown: "Page ↓", action: "next", group: "talk" },
  { keys: ["PageUp"], shift: false, shown: "Page ↑", action: "previous", group: "talk" },
  { keys: ["PageDown"], shift: true, shown: "Shift Page ↓", action: "nextScene", group: "talk" },
  { keys: ["PageUp"], shift: true, shown: "Shift Page ↑", action: "previousScene", group: "talk" },
  { keys: ["o", "O"], shown: "O", action: "scenes", group: "talk" },
  { keys: ["q", "Q"], shown: "Q", action: "question", group: "talk" },
  { keys: ["a", "A"], shown: "A", action: "lesson", group: "talk" },
  { keys: ["b", "B", "."], shown: "B or .", action: "blank", group: "talk" },
  { keys: ["d", "D"], shown: "D", action: "dot", group: "talk" },
  { keys: ["s", "S"], shown: "S", action: "speaker", group: "talk" },
  { keys: ["v", "V"], shown: "V", action: "move", group: "tools" },
  { keys: ["c", "C"], shown: "C", action: "cut", group: "tools" },
  { keys: ["l", "L"], shown: "L", action: "lasso", group: "tools" },
  { keys: ["h", "H"], shown: "H", action: "heal", group: "tools" },
  { keys: ["Enter"], shown: "Enter", action: "confirm", group: "tools" },
  { keys: ["z", "Z"], shown: "Z", action: "undo", group: "tools" },
  { keys: ["n", "N"], shown: "N", action: "twin", group: "tools" },
  { keys: ["g", "G"], shown: "G", action: "view", group: "look" },
  { keys: ["i", "I"], shown: "I", action: "logs", group: "look" },
  { keys: ["k", "K"], shown: "K", action: "key", group: "look" },
  { keys: ["1"], shown: "1 to 4", action: "lane1", group: "look" },
  { keys: ["2"], shown: "", action: "lane2", group: "" },
  { keys: ["3"], shown: "", action: "lane3", group: "" },
  { keys: ["4"], shown: "", action: "lane4", group: "" },
  { keys: ["p", "P"], shown: "P", action: "present", group: "look" },
  { keys: ["f", "F"], shown: "F", action: "fullscreen", group: "look" },
  { keys: ["j", "J"], shown: "J", action: "join", group: "look" },
  { keys: ["t", "T"], shown: "T", action: "theme", group: "look" },
  { keys: ["?"], shown: "?", action: "help", group: "look" },
  { keys: ["Escape"], shown: "Esc", action: "cancel", group: "look" },
]);

const FOCUSED_CONTROL_KEEPS = [" ", "Enter"];
const SLIDER_KEEPS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]; // not Page up and down: those are a clicker's

/**
 * The action of a key, or null. `where` is what has the focus. A text "field" keeps all keys but Escape for itself, a "slider" its
 * arrows, a "control" (button, link, list reached by keyboard) Space and Enter.
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
