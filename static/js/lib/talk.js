/** A talk as a file: what the tray holds, the same as plain data, and back. The server checks what is in it. */

/** @typedef {{title: string, scenes: {scenario: string, minutes: number, notes: string}[], sentence: string}} Tray */

export const MESSAGE_MAX = 15_000; // bytes of a talk in one command; the server reads commands of 16 KiB

/** @param {Tray} tray @param {string} untitled */
export function plainTalk({ title, scenes }, untitled) {
  return { title: title.trim() || untitled, scenes };
}

/** The talk in a file, or null when it is none. @param {string} text @returns {Tray|null} */
export function readTalk(text) {
  try {
    const { title, scenes } = JSON.parse(text);
    if (typeof title !== "string" || !Array.isArray(scenes)) return null;
    return { title, scenes: scenes.map((scene) => ({ minutes: 2, notes: "", ...scene })), sentence: "" };
  } catch {
    return null;
  }
}
