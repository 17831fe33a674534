// The room that a lane's texts need: its layout leaves that room beside every node. It only grows while a run lasts, so that nodes do not
// move each time a word comes or goes.

import { widthOf } from "../lib/text.js";
import { wordsOf } from "./scene/clients.js";
import { PLATE, behindOf, epochText, plateLines } from "./scene/nodes.js";
import { heldValues, homesOf, newestEpoch } from "./scene/values.js";

/** @typedef {import("./types.js").Room} Room */
/** @typedef {import("./types.js").Lane} Lane */
/** @typedef {import("./types.js").Operation} Operation */
/** What decides the texts of a lane.
 * @typedef {{nodes: Lane["nodes"], meters: Lane["meters"], key: string, object: string, word: string, hidden: boolean, cut: boolean,
 *   clients: readonly (readonly [string, string])[], answers: ReadonlyMap<string, Operation>, wishes: ReadonlyMap<string, Operation>}} Texts */

/** @type {Room} */
export const NO_ROOM = Object.freeze({ head: false, log: false, lines: 0, wide: 0, said: 0, foot: false });

/** @param {Room} before @param {Texts} texts @returns {Room} the same object when it suffices */
export function grown(before, { nodes, meters, key, object, word, hidden, cut, clients, answers, wishes }) {
  const room = { ...before, foot: before.foot || cut };
  const newest = newestEpoch(nodes);
  const homes = homesOf(nodes, key);
  for (const [id, state] of hidden ? [] : Object.entries(nodes)) {
    const away = homes !== null && !homes.includes(id) && heldValues(state, key, object).length === 0;
    const lines = plateLines(state, key, object, away, 1, behindOf({ meters }, key, id));
    room.head ||= state.ring === "leads" || epochText(state, word, newest) !== "";
    room.log ||= (state.log?.length ?? 0) > 0;
    room.lines = Math.max(room.lines, lines.length);
    for (const { text, value } of lines) room.wide = Math.max(room.wide, Math.min(PLATE + 4, Math.ceil(widthOf(text, 1) + (value === undefined ? 0 : 1))));
  }
  for (const [client] of clients) {
    const said = wordsOf(client, answers.get(client), wishes.get(client), hidden, object);
    room.said = Math.max(room.said, said ? Math.ceil(widthOf(said, 1)) : 0);
  }
  const names = /** @type {(keyof Room)[]} */ (Object.keys(room));
  return names.every((name) => room[name] === before[name]) ? before : room;
}
