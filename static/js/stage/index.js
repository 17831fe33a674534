// One lane's stage: a canvas that shows the world and handles the pointer. It keeps what lasts between two pictures (the layout and its
// way to the next one, sprites, the still part, the state of the gesture); everything else is computed from the stores for each picture.

import { easeInOut } from "../lib/ease.js";
import { boxesOf } from "./boxes.js";
import { createSprites, drawMoving, drawStill } from "./draw.js";
import { atRest, reduce, toPx, toStage } from "./gestures.js";
import { hit } from "./hit.js";
import { between, layout as layoutOf, stageSize } from "./layout.js";
import { netOf } from "./net.js";
import { moving, showsTable } from "./scene.js";
import { BLANK, nextPalette } from "../lib/palette.js";
import { NO_ROOM, grown } from "./room.js";
import { lastAnswers, openWishes } from "./scene/clients.js";
import { still } from "./scene/links.js";
import { overwritten, visibleValues } from "./scene/values.js";

/** @typedef {import("./types.js").World} World */
/** @typedef {import("./types.js").Ui} Ui */
/** @typedef {import("./types.js").Lane} Lane */
/** @typedef {import("./types.js").Layout} Layout */
/** @typedef {import("./types.js").Shape} Shape */
/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./types.js").Handlers} Handlers */
/** @typedef {import("./types.js").Links} Links */
/** @typedef {import("./gestures.js").Action} Action */
/** @typedef {import("./gestures.js").Input} Input */

const GLIDE_MS = 450;
const HOLD_MS = 550;
const SETTLED_MS = 100; // the stage is still painted for this long after the last movement
const SAME_MOMENT = 50_000; // simulated microseconds
const STRUCK_MS = 4000; // an overwritten log entry stays visible for this long
const LETTERS_REM = 2.2; // the height of the stage's texts: 22 px on a projector of 1080 lines
const PEOPLES_SHELF = "essay"; // the catalogue's shelf of protocols that are told as stories of people
const PEOPLES_LAST = 9; // and the last scenario that is
const PIXELS_MAX = 2; // device pixels for each CSS pixel: more cost time, and an audience would not see them

/** The palette of a page: one for all its lanes, so that a value has the same colour in each of them.
 * @type {WeakMap<object, {palette: import("../lib/palette.js").Palette, key: unknown[]}>} */
const PALETTES = new WeakMap();

/** A drawable stage. `draw(now)` paints the world as it is at `world.state.renderAt`; `now` is wall milliseconds.
 * @param {HTMLCanvasElement} canvas @param {number} laneIndex @param {{readonly state: World}} worldStore
 * @param {import("../stores/ui.js").Ui} uiStore @param {Handlers} handlers */
export function createStage(canvas, laneIndex, worldStore, uiStore, handlers) {
  const brush = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: true }));
  const makeSurface = (/** @type {number} */ width, /** @type {number} */ height) => {
    const surface = document.createElement("canvas");
    surface.width = width;
    surface.height = height;
    return { surface, brush: /** @type {CanvasRenderingContext2D} */ (surface.getContext("2d")) };
  };
  const sprites = createSprites(makeSurface);
  const ground = makeSurface(1, 1); // the still part, painted once
  const size = { width: 1, height: 1, pixels: 1, scale: 1, stageWidth: 1, stageHeight: 1, letters: 16, font: "sans-serif" };

  const memory = {
    target: /** @type {Layout | null} */ (null), // the layout to which everything glides
    targetKey: /** @type {unknown[]} */ ([]),
    from: /** @type {Layout | null} */ (null), // the layout at the beginning of the glide
    since: 0,
    drawnAt: 0,
    fadeSince: 0, // when the sides last changed, since islands and canyon fade in; a new client does not change the sides
    shown: /** @type {Layout | null} */ (null),
    net: /** @type {import("./net.js").Net | null} */ (null),
    netKey: /** @type {unknown[]} */ ([]),
    groundKey: /** @type {unknown[]} */ ([]),
    pictureKey: /** @type {unknown[]} */ ([]),
    looks: /** @type {unknown[]} */ ([]),
    cutSince: /** @type {Map<string, number>} */ (new Map()),
    cutLinks: /** @type {Links | null} */ (null),
    run: /** @type {unknown} */ (null),
    renderAt: 0,
    jumps: false, // the next layout appears at once: the page shows another time, or the canvas has another size
    answers: /** @type {Map<string, import("./types.js").Operation>} */ (new Map()),
    answersKey: /** @type {unknown[]} */ ([]),
    wishes: /** @type {Map<string, import("./types.js").Operation>} */ (new Map()),
    room: NO_ROOM,
    roomOf: /** @type {unknown[]} */ ([]), // the run, key and view for which the room was measured
    states: /** @type {Lane["nodes"] | null} */ (null), // the states of the last picture, by which overwritten entries are noticed
    struck: /** @type {Map<string, readonly import("./scene.js").Struck[]>} */ (new Map()),
    struckAt: 0,
    standsAt: "", // the node of the last request by hand
    stillShapes: /** @type {Shape[]} */ ([]),
    movingShapes: /** @type {Shape[]} */ ([]),
    gesture: atRest(),
    holding: 0,
  };

  const world = () => worldStore.state;
  const ui = () => uiStore.state;
  const lane = () => /** @type {Lane | undefined} */ (world().lanes[laneIndex]);

  /** Reads the size of the canvas again. A glide goes on: a cut changes the meters' height, and so the stage's. */
  function resize() {
    const box = canvas.getBoundingClientRect();
    size.width = Math.max(1, box.width);
    size.height = Math.max(1, box.height);
    size.pixels = Math.min(PIXELS_MAX, window.devicePixelRatio || 1);
    const stage = stageSize(size.width, size.height);
    size.scale = stage.scale;
    size.stageWidth = stage.width;
    size.stageHeight = stage.height;
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) || 10;
    size.letters = Math.max(11, LETTERS_REM * rem) / stage.scale;
    size.font = getComputedStyle(canvas).fontFamily || "sans-serif";
    canvas.width = Math.round(size.width * size.pixels);
    canvas.height = Math.round(size.height * size.pixels);
    /** @type {HTMLCanvasElement} */ (ground.surface).width = canvas.width;
    /** @type {HTMLCanvasElement} */ (ground.surface).height = canvas.height;
    memory.groundKey = [];
    memory.pictureKey = [];
    if (memory.drawnAt - memory.since >= GLIDE_MS) memory.jumps = true;
    sprites.forget();
    if (memory.shown) draw(memory.drawnAt); // setting its size made the canvas blank
  }

  /** The clients on this stage: the scenario's, "you" beside the node of the last request by hand, and on a phone with a seat its own.
   * @param {Lane} given @returns {[string, string][]} */
  function clientsOf(given) {
    const clients = world().spec?.clients ?? [];
    answersOf(given);
    const { client, node } = world().hall?.mine ?? {};
    const seated = client && node ? [...clients, /** @type {[string, string]} */ ([client, node])] : clients;
    return memory.standsAt ? [...seated, ["you", memory.standsAt]] : seated;
  }

  /** @param {Lane} given */
  function answersOf(given) {
    const key = [given, world().version ?? given.operations, given.operations];
    if (world().version === undefined || !same(key, memory.answersKey)) {
      const { operations } = given;
      const all = [...(operations instanceof Map ? operations.values() : /** @type {Iterable<import("./types.js").Operation>} */ (operations))];
      memory.answers = lastAnswers(all);
      memory.wishes = openWishes(all);
      memory.standsAt = all.findLast(({ client }) => client === "you")?.node ?? ""; // with or without an answer
      memory.answersKey = key;
    }
    return memory.answers;
  }

  /** The protocol of this lane, on its card. */
  function cardOf() {
    const protocol = world().spec?.lanes?.[laneIndex]?.protocol;
    return world().hello?.protocols.find(({ name }) => name === protocol);
  }

  /** What clients' reads and writes mean in a lane. @param {number} index */
  function objectOf(index) {
    const protocol = world().spec?.lanes?.[index]?.protocol;
    return world().hello?.protocols.find(({ name }) => name === protocol)?.object ?? "register";
  }

  /** Nodes are people where the story is about people. */
  function arePeople() {
    const { spec } = world();
    return cardOf()?.family === PEOPLES_SHELF || (spec !== null && !spec.composed && spec.number > 0 && spec.number <= PEOPLES_LAST);
  }

  /** The colours of the values that are visible in any lane. */
  function paletteNow() {
    const { lanes } = world();
    const key = [ui().watchedKey, world().spec, ...lanes.map(({ nodes }) => nodes)];
    let shared = PALETTES.get(worldStore);
    if (!shared || !same(key, shared.key)) {
      const before = shared && shared.key[1] === key[1] ? shared.palette : BLANK;
      shared = { key, palette: nextPalette(before, lanes.flatMap((each, index) => visibleValues(each, ui().watchedKey, objectOf(index)))) };
      PALETTES.set(worldStore, shared);
    }
    return shared.palette;
  }

  /** Notices log entries that were overwritten before they were committed. They stay visible for a while, struck out.
   * @param {Lane} given @param {number} now */
  function noticeStruck(given, now) {
    if (memory.struck.size > 0 && now - memory.struckAt > STRUCK_MS && world().clock.playing) memory.struck = new Map();
    if (given.nodes === memory.states) return;
    const before = memory.states;
    memory.states = given.nodes;
    if (!before) return;
    for (const [id, state] of Object.entries(given.nodes)) {
      if (state === before[id] || !before[id]?.log?.length) continue;
      const fresh = overwritten(before[id], state);
      if (fresh.length === 0) continue;
      memory.struck = new Map([...memory.struck, [id, fresh]]);
      memory.struckAt = now;
    }
  }

  /** The room that texts need in this run. @param {Lane} given @param {[string, string][]} clients @param {boolean} hidden */
  function roomNow(given, clients, hidden) {
    const { spec } = world();
    const scope = [spec, ui().watchedKey, hidden];
    if (!same(scope, memory.roomOf)) [memory.room, memory.roomOf] = [NO_ROOM, scope];
    memory.room = grown(memory.room, {
      nodes: given.nodes, meters: given.meters, key: ui().watchedKey, object: objectOf(laneIndex), word: cardOf()?.epoch ?? "", hidden, cut: (given.dropped?.cut ?? 0) > 0,
      clients, answers: memory.answers, wishes: memory.wishes,
    });
    return memory.room;
  }

  /** The layout at this moment: the target, or on the way to it. @param {Lane} given @param {[string, string][]} clients @param {number} now */
  function layoutNow(given, clients, now) {
    const nodes = world().spec?.nodes ?? Object.keys(given.nodes);
    const hidden = ui().view === "clients";
    const sides = given.links.sides ?? [];
    const room = roomNow(given, clients, hidden);
    const key = [nodes.join(), hidden ? "" : JSON.stringify(sides), !hidden && Boolean(given.links.clean), size.stageWidth, size.stageHeight, clients.join(), room, size.letters];
    if (!memory.target || !same(key, memory.targetKey)) {
      const fresh = layoutOf({
        nodes, sides: hidden ? [] : sides, clean: !hidden && Boolean(given.links.clean), clients, width: size.stageWidth, height: size.stageHeight, letters: size.letters, room,
      });
      const glides = memory.shown !== null && !memory.jumps && !ui().reducedMotion && key[0] === memory.targetKey[0];
      memory.from = glides ? memory.shown : fresh;
      memory.since = glides ? now : now - GLIDE_MS;
      if (!glides || key[1] !== memory.targetKey[1] || key[2] !== memory.targetKey[2]) memory.fadeSince = memory.since;
      memory.target = fresh;
      memory.targetKey = key;
    }
    memory.jumps = false;
    const part = Math.min(1, (now - memory.since) / GLIDE_MS);
    const faded = Math.min(1, (now - memory.fadeSince) / GLIDE_MS);
    const base = part >= 1 || !memory.from ? memory.target : between(memory.from, memory.target, easeInOut(part));
    memory.shown = base;
    const { gesture } = ui();
    if (gesture?.kind !== "drag" || !isHere(gesture) || !gesture.node || gesture.points.length === 0) return { layout: base, faded };
    return { layout: held(base, gesture.node, gesture.points[gesture.points.length - 1], clients), faded };
  }

  /** A gesture falls on every lane, or on the one that it names. @param {import("./types.js").Gesture} gesture */
  function isHere(gesture) {
    return gesture.lane === undefined || gesture.lane === laneIndex;
  }

  /** A new run: forgets what was remembered about links. A run after an action in the past goes on from the same moment and
   * glides; after a seek there is no glide. */
  function noticeJump() {
    const { run, renderAt } = world();
    if (memory.run !== run) {
      memory.cutLinks = null;
      memory.states = null;
      memory.struck = new Map();
      if (Math.abs(renderAt - memory.renderAt) > SAME_MOMENT) memory.jumps = true;
    }
    memory.run = run;
    memory.renderAt = renderAt;
  }

  /** Since when each direction of each link is cut, as this page saw it, or else as the meters say. @param {Lane} given */
  function rememberCuts(given) {
    if (given.links === memory.cutLinks) return;
    const first = memory.cutLinks === null;
    const before = new Set((memory.cutLinks?.cut ?? []).map(([src, dst]) => `${src}>${dst}`));
    for (const [src, dst] of given.links.cut) {
      const name = `${src}>${dst}`;
      if (!before.has(name)) memory.cutSince.set(name, first ? (given.meters?.since ?? 0) : world().renderAt);
    }
    memory.cutLinks = given.links;
  }

  /** Everything that scene.js needs. @param {Lane} given @param {number} now */
  function given(given, now) {
    const clients = clientsOf(given);
    const { layout, faded } = layoutNow(given, clients, now);
    const netKey = [layout, given.links, clients.join()];
    if (!memory.net || !same(netKey, memory.netKey)) {
      memory.net = netOf(layout, given.links, clients);
      memory.netKey = netKey;
    }
    const { renderAt, clock } = world();
    noticeStruck(given, now);
    return {
      lane: given, laneIndex, object: objectOf(laneIndex), palette: paletteNow(), word: cardOf()?.epoch ?? "", person: arePeople(), wishes: memory.wishes, struck: memory.struck, ui: ui(), layout, net: memory.net, renderAt, wall: world().wall ?? 0, playing: clock.playing,
      fade: easeInOut(faded), cutSince: memory.cutSince, answers: answersOf(given), clients,
    };
  }

  /** From stage units to device pixels. */
  function viewNow() {
    const { camera, colours } = ui();
    const scale = size.scale * camera.zoom * size.pixels;
    return { scale, x: canvas.width / 2 - camera.x * scale, y: canvas.height / 2 - camera.y * scale, font: size.font, colours };
  }

  /** True if a new picture would equal the last one: time stands, nothing glides or bursts, and the pointer shows nothing new.
   * @param {Lane} here @param {number} now */
  function isPainted(here, now) {
    const { renderAt, run, version, spec, clock } = world();
    const { hover, selection, gesture, ghost, view, watchedKey, colours, camera, reducedMotion, only, logs } = ui();
    const key = [here, here.nodes, paletteNow(), memory.struck, here.links, renderAt, run, version, spec, clock, hover, selection, gesture, ghost, view, watchedKey, colours, camera, reducedMotion, only, logs];
    const painted = same(key, memory.pictureKey);
    memory.pictureKey = key;
    const glides = now - Math.max(memory.since, memory.fadeSince) < GLIDE_MS + SETTLED_MS;
    return painted && version !== undefined && here.ended.length === 0 && !glides;
  }

  /** Paints one picture. @param {number} now wall milliseconds */
  function draw(now) {
    memory.drawnAt = now;
    const here = lane();
    if (!here) return brush.clearRect(0, 0, canvas.width, canvas.height);
    if (isPainted(here, now)) return;
    noticeJump();
    rememberCuts(here);
    const all = given(here, now);
    const view = viewNow();
    const looks = [view.colours, view.font];
    if (!same(looks, memory.looks)) sprites.forget();
    memory.looks = looks;
    const hovered = ui().hover?.kind === "link" ? ui().hover?.id : null;
    const chosen = ui().selection?.kind === "link" ? ui().selection : null;
    const table = showsTable(all);
    const groundKey = [table, all.layout, all.net, all.fade, ui().view, hovered, chosen, view.scale, view.x, view.y, view.colours];
    if (!same(groundKey, memory.groundKey)) {
      memory.stillShapes = table ? [] : still(all);
      ground.brush.setTransform(1, 0, 0, 1, 0, 0);
      ground.brush.clearRect(0, 0, canvas.width, canvas.height);
      drawStill(ground.brush, memory.stillShapes, view);
      memory.groundKey = groundKey;
    }
    memory.movingShapes = moving(all);
    brush.globalCompositeOperation = "copy"; // replaces the old picture: no clearing, no mixing
    brush.drawImage(ground.surface, 0, 0);
    brush.globalCompositeOperation = "source-over";
    drawMoving(brush, memory.movingShapes, view, sprites);
  }

  // --- the pointer --------------------------------------------------------------------------------

  /** The shapes of the last picture. */
  function shapesNow() {
    return [...memory.stillShapes, ...memory.movingShapes];
  }

  /** What the reducer may read. */
  function about() {
    const { tool, view, camera } = ui();
    const shown = lane();
    const table = shown !== undefined && showsTable({ lane: shown, ui: ui() }); // a stroke over a table cuts nothing
    const base = (!table && memory.shown) || layoutOf({ nodes: [], width: 1, height: 1 });
    const net = (!table && memory.net) || netOf(base, { cut: [] }, []);
    return {
      tool, view, camera, scale: size.scale, middle: /** @type {Point} */ ([size.width / 2, size.height / 2]), layout: base, net,
      find: (/** @type {Point} */ point, /** @type {number} */ slop) => hit(shapesNow(), point, slop),
    };
  }

  /** @param {Input} input */
  function feed(input) {
    const [next, actions] = reduce(memory.gesture, input, about());
    if (next.name !== "pressing") disarm();
    memory.gesture = next;
    for (const action of actions) carryOut(action);
    canvas.style.cursor = cursor();
  }

  function cursor() {
    if (memory.gesture.name === "panning" || memory.gesture.name === "dragging") return "grabbing";
    const over = ui().hover;
    if (over?.lane === laneIndex && over.kind !== "message") return "pointer";
    return ui().tool === "move" ? "grab" : "crosshair";
  }

  function disarm() {
    window.clearTimeout(memory.holding);
    memory.holding = 0;
  }

  /** @param {Action} action */
  function carryOut(action) {
    switch (action.do) {
      case "gesture":
        if (action.gesture !== ui().gesture) uiStore.update({ gesture: action.gesture?.alone ? { ...action.gesture, lane: laneIndex } : action.gesture });
        return;
      case "camera":
        return uiStore.update({ camera: action.camera });
      case "cut":
      case "oneWay":
        return handlers.cut(action.links, action.alone ? laneIndex : null);
      case "heal":
        return handlers.heal(action.links, action.alone ? laneIndex : null);
      case "healAll":
        return handlers.heal(undefined, action.alone ? laneIndex : null);
      case "partition":
        return handlers.partition(action.sides, action.alone ? laneIndex : null);
      case "menu":
        return handlers.menu({ kind: action.target?.kind ?? "stage", id: action.target?.id ?? "", lane: laneIndex, ...pagePoint(action.px) });
      case "card":
        return handlers.card({ kind: action.target.kind, id: action.target.id, lane: laneIndex, ...pagePoint(action.px) });
      case "select":
        return uiStore.update({ selection: { lane: laneIndex, kind: action.kind, ids: action.ids } });
      case "unselect":
        if (ui().selection) uiStore.update({ selection: null });
        return;
      case "hover":
        return hoverOver(action.target, action.px);
      case "say":
        return handlers.say(action.text);
      case "arm":
        disarm();
        memory.holding = window.setTimeout(() => feed({ type: "hold" }), HOLD_MS);
        return;
    }
  }

  /** @param {import("./types.js").Target | null} target @param {Point} px */
  function hoverOver(target, px) {
    const before = ui().hover;
    if (!target && before?.lane !== laneIndex) return;
    if (target && before?.lane === laneIndex && before.kind === target.kind && before.id === target.id) return;
    handlers.hover(target ? { lane: laneIndex, kind: target.kind, id: target.id, ...pagePoint(px) } : null);
  }

  /** @param {Point} px */
  function pagePoint(px) {
    const box = canvas.getBoundingClientRect();
    return { x: box.left + px[0], y: box.top + px[1] };
  }

  /** @param {MouseEvent} event @returns {Point} */
  function pxOf(event) {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** @param {Input["type"]} type @param {PointerEvent} event */
  function pointerInput(type, event) {
    const px = pxOf(event);
    feed({
      type, pointer: event.pointerId, px, point: toStage(px, about()), button: event.button,
      oneWay: event.shiftKey, alone: event.altKey, touch: event.pointerType === "touch",
    });
  }

  const listeners = /** @type {[string, (event: any) => void, AddEventListenerOptions?][]} */ ([
    ["pointerdown", (event) => {
      if (ui().ghost) uiStore.update({ ghost: null });
      try {
        canvas.setPointerCapture(event.pointerId);
      } catch {
        // a pointer that is gone already cannot be captured; its up or cancel event follows
      }
      pointerInput("down", event);
    }],
    ["pointermove", (event) => pointerInput("move", event)],
    ["pointerup", (event) => pointerInput("up", event)],
    ["pointercancel", () => feed({ type: "cancel" })],
    ["pointerleave", () => feed({ type: "leave" })],
    ["contextmenu", (event) => {
      event.preventDefault();
      if (memory.gesture.name === "idle" || memory.gesture.name === "pressing") {
        const px = pxOf(event);
        feed({ type: "context", px, point: toStage(px, about()) });
      }
    }],
    ["dblclick", (event) => {
      const px = pxOf(event);
      feed({ type: "double", px, point: toStage(px, about()) });
    }],
    ["wheel", (event) => {
      event.preventDefault();
      feed({ type: "wheel", px: pxOf(event), delta: event.deltaMode === 1 ? event.deltaY * 30 : event.deltaY });
    }, { passive: false }],
  ]);
  const escape = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "Escape" || memory.gesture.name === "idle") return;
    event.preventDefault(); // Escape cancelled the drag, so it closes nothing else
    feed({ type: "cancel" });
  };
  for (const [name, listener, options] of listeners) canvas.addEventListener(name, listener, options);
  window.addEventListener("keydown", escape, true);
  canvas.style.touchAction = "none";
  resize();
  document.fonts?.ready.then(() => {
    size.font = getComputedStyle(canvas).fontFamily || size.font;
    sprites.forget();
    memory.pictureKey = [];
  });

  return {
    draw,
    resize,
    /** Removes every listener. */
    destroy() {
      disarm();
      for (const [name, listener, options] of listeners) canvas.removeEventListener(name, listener, options);
      window.removeEventListener("keydown", escape, true);
    },
    /** Highlights a node for the keyboard, as the pointer does. @param {string | null} id */
    focusNode(id) {
      if (id === null) return handlers.hover(null);
      handlers.hover({ lane: laneIndex, kind: "node", id, ...positionOf(id) });
    },
    positionOf,
    /** The shapes of the last picture, in stage units. */
    shapes: shapesNow,
    /** The boxes of all texts of the last picture, in CSS pixels of the page. */
    boxes() {
      brush.setTransform(1, 0, 0, 1, 0, 0);
      const measure = (/** @type {string} */ text, /** @type {number} */ height, /** @type {number} */ weight) => {
        brush.font = `${weight} ${height}px ${size.font}`;
        return brush.measureText(text).width;
      };
      return boxesOf(shapesNow(), measure).map((box) => {
        const corner = pagePoint(toPx([box.left, box.top], about()));
        const opposite = pagePoint(toPx([box.right, box.bottom], about()));
        return { ...box, left: corner.x, top: corner.y, right: opposite.x, bottom: opposite.y };
      });
    },
  };

  /** The place of a node, in CSS pixels of the page. @param {string} id */
  function positionOf(id) {
    const place = memory.shown?.places.get(id) ?? /** @type {Point} */ ([0, 0]);
    return pagePoint(toPx(place, about()));
  }
}

/** The layout with one node, and its clients, at the point to which it is dragged.
 * @param {Layout} base @param {string} node @param {Point} point @param {[string, string][]} clients @returns {Layout} */
function held(base, node, point, clients) {
  const stood = base.places.get(node);
  if (!stood) return base;
  const seats = new Map(base.clients);
  for (const [client, home] of clients) {
    const seat = base.clients.get(client);
    if (home === node && seat) seats.set(client, [seat[0] + point[0] - stood[0], seat[1] + point[1] - stood[1]]);
  }
  return { ...base, places: new Map(base.places).set(node, point), clients: seats };
}

/** @param {unknown[]} a @param {unknown[]} b */
function same(a, b) {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}
