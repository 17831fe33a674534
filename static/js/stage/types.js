// The types of the data that the stage's files pass to each other. Types only; nothing here runs. The types of the server's data are in
// lib/wire-types.js, those of the page's state in stores/.

/** @typedef {readonly [number, number]} Point */
/** @typedef {import("../lib/colour.js").Colours} Colours */

/** @typedef {import("../lib/wire-types.js").NodeState} NodeState */
/** @typedef {import("../lib/wire-types.js").Links} Links */
/** @typedef {import("../lib/wire-types.js").Operation} Operation */
/** @typedef {import("../stores/lane.js").Message} Message */
/** @typedef {import("../stores/lane.js").EndedMessage} EndedMessage */
/** @typedef {import("../stores/lane.js").Lane} Lane */
/** @typedef {import("../stores/world.js").WorldState} World */
/** @typedef {import("../stores/ui.js").UiState} Ui */
/** @typedef {NonNullable<Ui["gesture"]>} Gesture */
/** @typedef {NonNullable<Ui["hover"]>} Hover */
/** @typedef {Ui["camera"]} Camera */

/** The rectangle that belongs to one side of a split. @typedef {{left: number, top: number, right: number, bottom: number}} Region */

/** What the texts of a lane need beside its nodes, in letters: something over them, a log, lines under them and their width, the width of
 * what clients say; a line at the foot of the stage.
 * @typedef {{head: boolean, log: boolean, lines: number, wide: number, said: number, foot: boolean}} Room */

/** The places of everything, in stage units from the middle of the stage.
 * `letters` is the height of the texts.
 * @typedef {{width: number, height: number, radius: number, unit: number, letters: number, room: Room, places: Map<string, Point>, clients: Map<string, Point>,
 *   islands: {nodes: string[], hull: Point[], pad: number, region: Region}[], canyons: [Point, Point][], ring: Point}} Layout */

// --- shapes: plain data, enough for draw.js to paint and for hit.js to find ----------------------------

/** @typedef {{kind: "island", x: number, y: number, points: readonly Point[], pad: number, fill: string, stroke?: string, alpha: number}} IslandShape */
/** @typedef {{kind: "canyon", x: number, y: number, points: readonly Point[], depth: string, colour: string, width: number, thread: number,
 *   alpha: number}} CanyonShape */
/** @typedef {{kind: "link", id: string, a: string, b: string, x: number, y: number, x2: number, y2: number, cut: boolean, across: boolean,
 *   wallAt: number, gap: number, width: number, colour: string, alpha: number}} LinkShape */
/** The way between a client and its home. @typedef {{kind: "tether", x: number, y: number, x2: number, y2: number, cut: false, width: number, colour: string, alpha: number}} TetherShape */
/** One of the legend's marks. @typedef {{kind: "mark", name: string, x: number, y: number, size: number, angle: number}} MarkShape */
/** One entry of a node's log. `struck`: it was overwritten a moment ago. @typedef {{index: number, label: string, text: string, x: number, y: number,
 *   width: number, height: number, size: number, committed: boolean, struck: boolean, tint: string, stripes: number}} Cell */
/** A text beside a node, `x` and `y` (its base line) from the node's middle; `wide` is the room for it, `dot` a colour before it or empty.
 * @typedef {{text: string, x: number, y: number, size: number, wide: number, weight: number, colour: string, dot: string}} Label */
/** The names of a node's sprites. @typedef {{body: string, focused: string, name: string, value: string, lie: string, log: string, labels: string}} Looks */
/** `ring` is the name of a mark: "leads", "stands", "waits", or empty. `times`: its timer is shown. `person`: it is drawn as a person.
 * `idle`: it has no part in the watched key. `old`: it is in an older epoch than others.
 * @typedef {{kind: "node", id: string, name: string, x: number, y: number, radius: number, unit: number, fills: string[], stripes: number[], label: string, status: string,
 *   ring: string, lie: boolean, person: boolean, idle: boolean, old: boolean, crownAt: number, cells: Cell[], labels: Label[],
 *   arc: {part: number, main: boolean} | null, focused: boolean, faint: boolean, more: boolean, times: boolean, ink: string,
 *   ground: string, dim: string, looks: Looks}} NodeShape */
/** @typedef {{kind: "client", id: string, node: string, x: number, y: number, size: number, focused: boolean, answer: string, unit: number, said: string,
 *   bright: boolean, wide: number, letters: number, look: string}} ClientShape */
/** `angle` is null while time runs: a message shows its direction only when time stands.
 * @typedef {{kind: "message", id: number, x: number, y: number, name: string, tint: string, look: string, size: number, waits: boolean, focused: boolean,
 *   angle: number | null}} MessageShape */
/** A message that died at a cut, or elsewhere. @typedef {{kind: "burst" | "vanish", id: string, x: number, y: number, tint: string, size: number, part: number, mark: string}} EndShape */
/** @typedef {{kind: "text", x: number, y: number, text: string, size: number, colour: string, weight: number, ground: string}} TextShape */
/** @typedef {{kind: "rope", x: number, y: number, points: readonly Point[], colour: string, width: number, dotted?: boolean}} RopeShape */
/** @typedef {{kind: "loop", x: number, y: number, points: readonly Point[], colour: string, fill: string}} LoopShape */
/** @typedef {{kind: "dot", x: number, y: number, radius: number, colour: string}} DotShape */
/** @typedef {{kind: "pointer", x: number, y: number, size: number, colour: string, ground: string}} PointerShape */

/** All logs of a lane, aligned by index. `border`: where the committed entries of a node end; `next`: the entry that the leader sends it next.
 * @typedef {{kind: "table", x: number, y: number, size: number, unit: number, row: number, ink: string, dim: string, ground: string,
 *   heads: {text: string, x: number, y: number}[],
 *   rows: {id: string, name: string, about: string, crown: boolean, old: boolean, x: number, y: number, border: number | null, next: number | null, cells: Cell[]}[]}} TableShape */

/** A part of a scene. `kind` says how draw.js paints it and whether hit.js can find it.
 * @typedef {IslandShape | CanyonShape | LinkShape | TetherShape | MarkShape | NodeShape | ClientShape | MessageShape | EndShape | TextShape
 *   | TableShape | RopeShape | LoopShape | DotShape | PointerShape} Shape */

/** @typedef {{kind: string, id: string, x?: number, y?: number, a?: string, b?: string, label?: string}} Target */

/** What the page does for the stage.
 * @typedef {{cut: (links: [string, string][], lane: number | null) => void,
 *   heal: (links: [string, string][] | undefined, lane: number | null) => void, partition: (sides: string[][], lane: number | null) => void,
 *   menu: (what: {kind: string, id: string, lane: number, x: number, y: number}) => void,
 *   card: (what: {kind: string, id: string, lane: number, x: number, y: number}) => void,
 *   hover: (what: (Hover & {x: number, y: number}) | null) => void, say: (text: string) => void}} Handlers */

export {};
