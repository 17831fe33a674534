// How wide a text is, without a canvas: an estimate for the page's font in bold, never much too small. So a layout can leave room for texts
// before anything is painted, and the same text always gets the same room.

const NARROW = "ijltfrI1.,:;|!'()[] ";
const WIDE = "mwMW@%…";

/** @param {string} text @param {number} size of the font */
export function widthOf(text, size) {
  let width = 0;
  for (const letter of text) width += NARROW.includes(letter) ? 0.38 : WIDE.includes(letter) ? 0.95 : letter >= "A" && letter <= "Z" ? 0.72 : 0.62;
  return width * size;
}

/** The text in lines no wider than the room, broken at spaces; a word is never broken, so a long one may be wider. The last line ends
 * with dots when there are more lines than `most`. @param {string} text @param {number} size @param {number} room @param {number} most @returns {string[]} */
export function wrapped(text, size, room, most) {
  /** @type {string[]} */
  const lines = [];
  for (const word of text.split(" ")) {
    const joined = lines.length > 0 ? `${lines[lines.length - 1]} ${word}` : word;
    if (lines.length > 0 && widthOf(joined, size) <= room) lines[lines.length - 1] = joined;
    else lines.push(word);
  }
  return lines.length <= most ? lines : [...lines.slice(0, most - 1), `${lines[most - 1]} …`];
}
