// In every scenario, at its opening and after each step, no text on a stage lies over another. The kit plays the scenarios and prints
// what the lanes look like; here they are laid out for the canvases of four screens.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { BLANK, nextPalette } from "../../static/js/lib/palette.js";
import { widthOf } from "../../static/js/lib/text.js";
import { boxesOf, collisions } from "../../static/js/stage/boxes.js";
import { layout as layoutOf, stageSize } from "../../static/js/stage/layout.js";
import { netOf } from "../../static/js/stage/net.js";
import { NO_ROOM, grown } from "../../static/js/stage/room.js";
import { moving } from "../../static/js/stage/scene.js";
import { lastAnswers, openWishes } from "../../static/js/stage/scene/clients.js";
import { visibleValues } from "../../static/js/stage/scene/values.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PYTHON = [`${ROOT}.venv/bin/python`, `${ROOT}.venv/Scripts/python.exe`].find(existsSync) ?? "python3";
// The canvases of one to four lanes, in CSS pixels, as the page has them on these screens while it presents a cut; and the height of a rem there.
const SCREENS = {
  "1920x1080": { rem: 10, canvases: [[1868, 390], [922, 390], [620, 350], [462, 350]] },
  "1280x720": { rem: 6.67, canvases: [[1245, 260], [615, 260], [413, 232], [308, 232]] },
  "1366x768": { rem: 7.11, canvases: [[1329, 278], [656, 278], [441, 248], [328, 248]] },
  "390x844": { rem: 6.96, canvases: [[376, 216], [376, 216], [368, 216], [368, 216]] },
};
const UI = {
  tool: "cut", view: "god", hover: null, selection: null, gesture: null, ghost: null, reducedMotion: false, camera: { x: 0, y: 0, zoom: 1 }, colours: {},
};

const played = spawnSync(PYTHON, ["-m", "tests.kit.record"], { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 30 });
assert.equal(played.status, 0, played.stderr);
const SCENARIOS = JSON.parse(played.stdout);

/** The boxes of a lane's texts in one moment. */
function boxes(scenario, number, lane, { room, letters, size, palette }) {
  const { object, epoch, family } = scenario.cards[number];
  const { clients, nodes, keys } = scenario;
  const answers = lastAnswers(lane.operations);
  const wishes = openWishes(lane.operations);
  const layout = layoutOf({ nodes, sides: lane.links.sides, clean: lane.links.clean, clients, ...size, letters: letters / size.scale, room });
  const shapes = moving({
    lane: { ...lane, flying: new Map(), ended: [] }, laneIndex: number, object, ui: { ...UI, watchedKey: keys[0] }, layout, net: netOf(layout, lane.links, clients), renderAt: 0, wall: 0,
    playing: false, fade: 1, cutSince: new Map(), answers, wishes, clients, palette, word: epoch, person: family === "essay" || scenario.number <= 9,
  });
  return boxesOf(shapes, (text, height) => widthOf(text, height) * 0.95);
}

function roomAfter(room, scenario, number, lane) {
  return grown(room, {
    nodes: lane.nodes, key: scenario.keys[0], object: scenario.cards[number].object, word: scenario.cards[number].epoch, hidden: false, cut: (lane.dropped.cut ?? 0) > 0,
    clients: scenario.clients, answers: lastAnswers(lane.operations), wishes: openWishes(lane.operations),
  });
}

for (const [screen, { rem, canvases }] of Object.entries(SCREENS)) {
  test(`no text of a stage lies over another in any scenario at ${screen}`, () => {
    const found = [];
    for (const scenario of SCENARIOS) {
      const size = stageSize(...canvases[scenario.cards.length - 1]);
      const rooms = scenario.cards.map(() => NO_ROOM);
      let palette = BLANK;
      for (const { at, lanes } of scenario.worlds) {
        palette = nextPalette(palette, lanes.flatMap((lane, i) => visibleValues(lane, scenario.keys[0], scenario.cards[i].object)));
        for (const [i, lane] of lanes.entries()) {
          rooms[i] = roomAfter(rooms[i], scenario, i, lane);
          const drawn = boxes(scenario, i, lane, { room: rooms[i], letters: Math.max(11, 2.1 * rem), size, palette });
          for (const [a, b] of collisions(drawn, 2)) found.push(`${scenario.name} lane ${i} at ${at / 1e6} s: ${a.of} "${a.text}" and ${b.of} "${b.text}"`);
          for (const box of drawn) {
            const out = Math.max(-size.width / 2 - box.left, box.right - size.width / 2, -size.height / 2 - box.top, box.bottom - size.height / 2);
            if (out > 2) found.push(`${scenario.name} lane ${i} at ${at / 1e6} s: ${box.of} "${box.text}" leaves the stage by ${Math.round(out)}`);
          }
        }
      }
    }
    assert.deepEqual(found.slice(0, 40), [], `${found.length} overlaps`);
  });
}

test("every value that the stage shows in a scenario is a whole word", () => {
  for (const scenario of SCENARIOS) {
    for (const { at, lanes } of scenario.worlds) {
      for (const [i, lane] of lanes.entries()) {
        const room = roomAfter(NO_ROOM, scenario, i, lane);
        for (const { of, text } of boxes(scenario, i, lane, { room, letters: 21, size: stageSize(894, 440), palette: BLANK })) {
          assert.doesNotMatch(text, /…|'\d|=–/, `${scenario.name} lane ${i} at ${at / 1e6} s: ${of}`);
        }
      }
    }
  }
});
