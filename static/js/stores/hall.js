/**
 * What the hall does together, as this page knows it: the vote, the seats, and what this visitor chose and where it sits.
 */

/** @typedef {import("../lib/wire-types.js").Poll} Poll */
/** @typedef {import("../lib/wire-types.js").Mine} Mine */
/** @typedef {{poll: Poll, seats: import("../lib/wire-types.js").Seats, mine: Mine}} Hall */

/** @returns {Hall} */
export function emptyHall() {
  return {
    poll: { number: 0, state: "off", votes: null, counts: [], right: [] },
    seats: { open: false, most: 0, taken: {} },
    mine: { number: 0, answer: -1, client: "", node: "" },
  };
}

/**
 * Another vote forgets this visitor's answer, and closed seats its seat, without a word from the server.
 * @param {Hall} hall
 * @param {import("../lib/wire-types.js").Hall} body
 * @returns {Hall}
 */
export function hallWith(hall, { poll, seats, mine }) {
  const own = mine ?? hall.mine;
  return { poll, seats, mine: { ...own, ...(own.number === poll.number ? {} : { number: poll.number, answer: -1 }), ...(seats.open ? {} : { client: "", node: "" }) } };
}

/**
 * May this page show who was right? The owner's page knows it before the hall does. Alone at a desk there is nobody to wait for.
 * @param {Poll} poll
 * @param {number} viewers
 */
export function isMarked(poll, viewers) {
  return poll.right.length > 0 && (poll.state === "right" || viewers <= 1);
}

/** Are the bars public? The owner's page knows the counts before. @param {Poll} poll */
export function hasBars(poll) {
  return (poll.state === "shown" || poll.state === "right") && poll.counts.length > 0;
}

/**
 * Has the talk gone on since the bars were shown? Then the card makes room for the run. A vote that is opened later is another card.
 * @param {Poll} poll
 * @param {{beat: number, under_way: boolean}} talk
 */
export function isPast(poll, { beat, under_way }) {
  return poll.state === "shown" && (beat > 0 || under_way);
}

/**
 * A name for what the card of the vote shows now: whoever closes it sees it again when it shows something else.
 * @param {Poll} poll
 * @param {number} viewers
 */
export function cardOf(poll, viewers) {
  return poll.state === "off" ? "" : `${poll.number} ${poll.state} ${isMarked(poll, viewers) ? "marked" : ""}`.trim();
}

/** Shares of a whole in percent. @param {number[]} counts */
export function shares(counts) {
  const all = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => (all === 0 ? 0 : Math.round((100 * count) / all)));
}
