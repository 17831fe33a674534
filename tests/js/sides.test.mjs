import assert from "node:assert/strict";
import test from "node:test";

import { fromLeft } from "../../static/js/lib/sides.js";
import { layout } from "../../static/js/stage/layout.js";

const five = ["n1", "n2", "n3", "n4", "n5"];

/** The sides' numbers by their places on the stage. */
function standing(nodes, sides, width = 922, height = 470) {
  const { places } = layout({ nodes, sides, clean: true, width, height });
  const middle = sides.map((side) => side.reduce((sum, id) => sum + places.get(id)[0], 0) / side.length);
  return sides.map((_, i) => i).sort((i, j) => middle[i] - middle[j]);
}

test("every split of five into two stands on a wide stage in the order of the meters", () => {
  for (let mask = 1; mask < 31; mask += 1) {
    const sides = [five.filter((_, i) => mask & (1 << i)), five.filter((_, i) => !(mask & (1 << i)))];
    assert.deepEqual(fromLeft(five, sides), standing(five, sides), JSON.stringify(sides));
  }
});

test("the first half of the nodes stands left of the second", () => {
  for (const count of [2, 4, 6, 24]) {
    const nodes = Array.from({ length: count }, (_, i) => `n${i + 1}`);
    assert.deepEqual(fromLeft(nodes, [nodes.slice(count / 2), nodes.slice(0, count / 2)]), [1, 0]);
  }
});

test("everyone together is one side", () => {
  assert.deepEqual(fromLeft(five, [five]), [0]);
});
