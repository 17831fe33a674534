// The sides of a cut in their order on the stage, from left to right, so that the meters below have the same order.

/** The horizontal position of a node in a whole network of `count` nodes, from -1 to 1: the first half is on the left, the middle one on
 * top, the rest on the right.
 * @param {number} index @param {number} count */
function rightward(index, count) {
  const half = Math.floor(count / 2);
  const step = index >= half ? index - half : count - 1 - index; // clockwise from the top
  return Math.sin(((step + (count % 2 === 1 ? 0 : 0.5)) / count) * 2 * Math.PI);
}

/** The numbers of the sides from left to right, by the mean position that their nodes have in a whole network. In a tie the side
 * with the lowest node comes first.
 * @param {readonly string[]} nodes all of them, in order @param {readonly (readonly string[])[]} sides @returns {number[]} */
export function fromLeft(nodes, sides) {
  const middle = sides.map((side) => side.reduce((sum, id) => sum + rightward(nodes.indexOf(id), nodes.length), 0) / Math.max(1, side.length));
  const first = sides.map((side) => Math.min(...side.map((id) => nodes.indexOf(id))));
  return sides.map((_, i) => i).sort((i, j) => Math.round((middle[i] - middle[j]) * 1e6) || first[i] - first[j]);
}
