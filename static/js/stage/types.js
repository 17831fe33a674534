// The shapes of data that the stage's files hand to each other. Types only; nothing here runs.

/** @typedef {readonly [number, number]} Point */
/** @typedef {import("../lib/colour.js").Colours} Colours */

/** What a lane's node shows (docs/wire.md, NodeState).
 * @typedef {{status: string, sentence?: string, role?: string, epoch?: number | null, leader?: string | null,
 *   store?: Record<string, string[]>, log?: [number | null, string][], log_start?: number, commit?: number,
 *   facts?: Record<string, string>, timers?: [string, number, number][], lie?: string}} NodeState */

/** @typedef {{base?: unknown[], cut: [string, string][], tuned?: unknown[][], words?: string, sides?: string[][], clean?: boolean}} Links */

/** @typedef {{id: number | string, at: number, src: string, dst: string, type: string, tone: string, epoch: number | null,
 *   due: number, fields?: unknown}} Message */
/** @typedef {Message & {endedAt: number, how: string, endedWall: number}} EndedMessage */

/** @typedef {{id: string, client: string, node: string, kind: string, key: string, value?: string | null, start: number,
 *   finish: number | null, outcome: string, result?: string[], reason?: string, mark?: string, note?: string}} Operation */

/** One lane of the world store, as far as the stage reads it.
 * @typedef {{nodes: Record<string, NodeState>, links: Links, flying: ReadonlyMap<unknown, Message>, ended: readonly EndedMessage[],
 *   operations: Iterable<Operation> | ReadonlyMap<string, Operation>, meters?: {since?: number} | null,
 *   dropped?: Record<string, number>, stopped?: string | null}} Lane */

/** @typedef {{spec: {nodes: string[], clients?: [string, string][], deadline?: number, lanes?: {protocol: string}[]} | null, lanes: Lane[],
 *   hello?: {protocols: {name: string, object: string}[]} | null,
 *   clock: {at: number, speed: number, playing: boolean}, renderAt: number}} World */

/** @typedef {{kind: "rope" | "lasso" | "drag" | "pan" | "heal", points: Point[], node?: string, oneWay?: boolean}} Gesture */
/** @typedef {{lane: number, kind: string, id: string}} Hover */
/** @typedef {{lane: number, kind: string, ids: string[]}} Selection */
/** @typedef {{x: number, y: number, zoom: number}} Camera */

/** What this visitor is doing (stores/ui.js), as far as the stage reads it.
 * @typedef {{tool: string, theme?: string, watchedKey: string, view: string, hover: Hover | null, selection: Selection | null,
 *   gesture: Gesture | null, ghost: {progress: number} | null, reducedMotion: boolean, camera: Camera, colours: Colours}} Ui */

/** @template T @typedef {{readonly state: T, update: (patch: Partial<T>) => void, subscribe: (fn: (state: T) => void) => () => void}} Store */

/** The rectangle that belongs to one side of a split. @typedef {{left: number, top: number, right: number, bottom: number}} Region */

/** Where everything stands, in stage units about the middle of the stage.
 * @typedef {{width: number, height: number, radius: number, unit: number, places: Map<string, Point>, clients: Map<string, Point>,
 *   islands: {nodes: string[], hull: Point[], pad: number, region: Region}[], canyons: [Point, Point][], ring: Point}} Layout */

/** A plain shape. `kind` says how draw paints it and whether hit can grab it; the rest is numbers and words.
 * @typedef {{kind: string, x: number, y: number, [more: string]: any}} Shape */

/** @typedef {{kind: string, id: string, x?: number, y?: number, a?: string, b?: string, label?: string}} Target */

/** What the stage asks of the page.
 * @typedef {{cut: (links: [string, string][]) => void, oneWay: (links: [string, string][]) => void,
 *   heal: (links?: [string, string][]) => void, partition: (sides: string[][]) => void,
 *   card: (what: {kind: string, id: string, lane: number, x: number, y: number}) => void,
 *   hover: (what: (Hover & {x: number, y: number}) | null) => void, say: (text: string) => void}} Handlers */

export {};
