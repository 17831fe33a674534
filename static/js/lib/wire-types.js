/**
 * The wire's types and shared constants, written from the tables of dashboard/wire/format.py. Do not edit: renew it with
 * python -m dashboard.wire static/js/lib/wire-types.js
 */
export const FORMAT = 2;
export const ENDS = Object.freeze(["delivered", "cut", "loss", "down", "late", "hand"]);
export const LIMITS = Object.freeze({"nodes_min": 3, "nodes_max": 25, "lanes_max": 4, "seed_max": 4294967295, "operations": 2000, "findings": 200, "inspected": 100, "value_length": 12, "called_length": 12, "argument_length": 40, "skew": 60000000, "rate": 500000, "ppm": 1000000});

/** @typedef {[at: number, kind: string, lane: number, text: string]} Mark */
/** @typedef {[from: number, to: number | null, words: string]} CutSpan */
/** @typedef {[type: string, tone: string, epoch: number | null]} Kind */
/** @typedef {[name: string, verdict: "ok" | "violated" | "unknown", reason: string]} Promised */
/**
 * @typedef {{
 *   id: number,
 *   at: number,
 *   src: string,
 *   dst: string,
 *   type: string,
 *   tone: string,
 *   epoch: number | null,
 *   due: number,
 * }} Message
 */
/**
 * @typedef {{
 *   id: string,
 *   client: string,
 *   node: string,
 *   kind: "read" | "write" | "remove",
 *   key: string,
 *   value: string,
 *   start: number,
 *   finish: number | null,
 *   outcome: "pending" | "ok" | "failed" | "unknown",
 *   result: string[],
 *   reason: string,
 *   mark: "" | "stale" | "conflict" | "lost" | "violation",
 *   note: string,
 * }} Operation
 */
/**
 * @typedef {{
 *   delay: number,
 *   jitter: number,
 *   shape: string,
 *   loss: number,
 *   duplicate: number,
 * }} LinkSetting
 */
/**
 * @typedef {{
 *   name: string,
 *   title: string,
 *   delay: number,
 *   jitter: number,
 *   shape: string,
 *   loss: number,
 *   duplicate: number,
 * }} Preset
 */
/**
 * @typedef {{
 *   name: string,
 *   title: string,
 *   what: string,
 *   default: unknown,
 *   choices: [value: unknown, text: string][],
 *   low: number | null,
 *   high: number | null,
 *   unit: string,
 * }} Knob
 */
/**
 * @typedef {{
 *   name: string,
 *   title: string,
 *   what: string,
 *   argument: "" | "node" | "text",
 * }} Action
 */
/**
 * @typedef {{
 *   consistency: string,
 *   availability: string,
 *   loses: boolean,
 * }} Claims
 */
/**
 * @typedef {{
 *   name: string,
 *   title: string,
 *   paper: string,
 *   summary: string,
 *   family: string,
 *   gives_up: string,
 *   needs: string,
 *   object: string,
 *   epoch: string,
 *   majority: boolean,
 *   claims: Claims,
 *   knobs: Knob[],
 *   actions: Action[],
 *   messages: [type: string, fields: string[]][],
 * }} ProtocolCard
 */
/**
 * @typedef {{
 *   name: string,
 *   number: number,
 *   title: string,
 *   story: string,
 *   level: string,
 *   seconds: number,
 *   lanes: string[],
 * }} ScenarioCard
 */
/**
 * @typedef {{
 *   name: string,
 *   title: string,
 *   what: string,
 *   minutes: number,
 *   scenes: string[],
 * }} TalkCard
 */
/**
 * @typedef {{
 *   scenario: string,
 *   number: number,
 *   title: string,
 *   minutes: number,
 * }} TalkScene
 */
/**
 * @typedef {{
 *   kind: "question" | "stop" | "lesson",
 *   words: string,
 * }} TalkBeat
 */
/**
 * @typedef {{
 *   protocol: string,
 *   title: string,
 *   knobs: Record<string, unknown>,
 *   line: string,
 *   nickname: string,
 * }} SpecLane
 */
/**
 * @typedef {{
 *   scenario: string,
 *   number: number,
 *   title: string,
 *   story: string,
 *   ask: string,
 *   answers: string[],
 *   lesson: string,
 *   expect: string[],
 *   seed: number,
 *   composed: boolean,
 *   veiled: boolean,
 *   nodes: string[],
 *   keys: string[],
 *   deadline: number,
 *   until: number,
 *   link: LinkSetting,
 *   clients: [client: string, home: string][],
 *   lanes: SpecLane[],
 * }} Spec
 */
/**
 * @typedef {{
 *   nodes: string[],
 *   majority: boolean,
 *   asked: number,
 *   ok: number,
 *   declined: number,
 *   failed: number,
 *   unknown: number,
 *   pending: number,
 *   splits: number,
 *   lost: number,
 *   violations: number,
 *   conflicts: number,
 *   stale: number,
 *   inverted: number,
 *   availability: "AVAILABLE" | "PARTLY" | "REFUSING" | "WAITING" | "IDLE",
 *   consistency: "" | "CONSISTENT" | "STALE" | "SIBLINGS" | "CONTRADICTION" | "LOST" | "SPLIT",
 *   recent: [answered: number, ended: number, declined: number],
 *   availability_earlier: boolean,
 *   consistency_earlier: boolean,
 *   oldest: number | null,
 *   read: [ok: number, asked: number],
 *   write: [ok: number, asked: number],
 *   reads_ms: [half: number, slowest: number] | null,
 *   writes_ms: [half: number, slowest: number] | null,
 * }} Side
 */
/**
 * @typedef {{
 *   name: string,
 *   sentence: string,
 *   at: number,
 *   events: Witness[],
 * }} Law
 */
/**
 * @typedef {{
 *   at: number,
 *   node: string,
 *   text: string,
 * }} Witness
 */
/**
 * @typedef {{
 *   since: number,
 *   until: number | null,
 *   answered: number,
 *   asked: number,
 *   splits: number,
 *   lost: number,
 *   violations: number,
 *   conflicts: number,
 *   stale: number,
 *   inverted: number,
 *   slowest_ms: number | null,
 *   sides: [nodes: string[], answered: number, asked: number][],
 * }} Span
 */
/**
 * @typedef {{
 *   cut: number,
 *   loss: number,
 *   down: number,
 * }} Dropped
 */
/**
 * @typedef {{
 *   number: number,
 *   state: "off" | "open" | "closed" | "shown" | "right",
 *   votes: number | null,
 *   counts: number[],
 *   right: boolean[],
 * }} Poll
 */
/**
 * @typedef {{
 *   open: boolean,
 *   most: number,
 *   taken: Record<string, number>,
 * }} Seats
 */
/**
 * @typedef {{
 *   number: number,
 *   answer: number,
 *   client: string,
 *   node: string,
 * }} Mine
 */
/**
 * @typedef {{
 *   nodes: Record<string, NodeState>,
 *   links: Links,
 *   since: number,
 *   flying: Columns<Message>,
 *   late: number[],
 *   last: number,
 *   kinds: Kind[],
 *   places: string[],
 *   delay: number,
 *   operations: Columns<Operation>,
 *   count: number,
 *   meters: Meters,
 *   findings: Finding[],
 *   dropped: Dropped,
 *   stopped: string | null,
 * }} LaneBody
 */
/**
 * @typedef {{
 *   status: "up" | "crashed" | "paused" | "halted",
 *   sentence: string,
 *   role: string,
 *   ring?: "" | "leads" | "stands" | "waits",
 *   ring_timer?: string,
 *   epoch: number | null,
 *   leader?: string | null,
 *   store?: Record<string, string[]>,
 *   log?: [epoch: number | null, label: string][],
 *   log_start?: number,
 *   commit?: number,
 *   homes?: Record<string, string[]>,
 *   headline?: Record<string, string>,
 *   next?: Record<string, number>,
 *   hints?: [home: string, key: string, values: string[]][],
 *   facts?: Record<string, string>,
 *   timers: [name: string, since: number, due: number][],
 *   lie: string,
 *   called?: string,
 *   clock?: [skew: number, rate: number, since: number],
 * }} NodeState
 */
/**
 * @typedef {{
 *   base: [delay: number, jitter: number, shape: string, loss: number, duplicate: number],
 *   cut: [src: string, dst: string][],
 *   tuned: [src: string, dst: string, delay: number, jitter: number, shape: string, loss: number, duplicate: number][],
 *   words: string,
 *   sides: string[][],
 *   clean: boolean,
 *   adversary: string,
 * }} Links
 */
/** @typedef {[step: (number)[], cause: (number)[], kind: (number)[], dst: (number)[], delay: (number)[], at: (number)[], src: (number)[]]} SentColumns */
/** @typedef {[id: (number)[], at: (number)[], how: (number)[]]} EndedColumns */
/** @typedef {[id: (string)[], node: (string)[], kind: ("read" | "write" | "remove")[], key: (string)[], value: (string)[], start: (number)[]]} BegunColumns */
/** @typedef {[number: (number)[], finish: (number)[], outcome: ("pending" | "ok" | "failed" | "unknown")[], result: (string[])[], reason: (string)[], mark: ("" | "stale" | "conflict" | "lost" | "violation")[], note: (string)[]]} OpColumns */
/**
 * @typedef {{
 *   format: number,
 *   version: string,
 *   session: string,
 *   url: string,
 *   protocols: ProtocolCard[],
 *   families: Record<string, string>,
 *   scenarios: ScenarioCard[],
 *   talks: TalkCard[],
 *   presets: Preset[],
 *   limits: Record<string, number>,
 * }} Hello
 */
/**
 * @typedef {{
 *   viewers: number,
 *   controls: boolean,
 *   owner: boolean,
 *   open: boolean,
 *   asking: number[],
 *   holder: "owner" | "visitor" | "nobody",
 * }} Audience
 */
/**
 * @typedef {{
 *   title: string,
 *   scenes: TalkScene[],
 *   scene: number,
 *   beats: TalkBeat[],
 *   beat: number,
 *   under_way: boolean,
 *   fast: boolean,
 *   shown: "" | "question" | "lesson",
 *   blank: boolean,
 *   planned: number,
 *   elapsed: number,
 *   notes?: string,
 *   following?: string,
 * }} TalkBody
 */
/**
 * @typedef {{
 *   spec: Spec,
 *   clock: Clock,
 *   lanes: LaneBody[],
 *   marks: Mark[],
 *   cut_spans: CutSpan[],
 *   caption: string,
 *   undo: string | null,
 * }} Snapshot
 */
/**
 * @typedef {{
 *   at: number,
 *   horizon?: number,
 *   speed?: number,
 *   playing?: boolean,
 *   live?: boolean,
 * }} ClockNews
 */
/**
 * @typedef {{
 *   lane: number,
 *   kinds?: Kind[],
 *   places?: string[],
 *   sent?: SentColumns,
 *   late?: number[],
 *   ended?: EndedColumns,
 *   nodes?: Record<string, any>,
 *   begun?: BegunColumns,
 *   operations?: OpColumns,
 *   links?: any,
 *   dropped?: Dropped,
 *   stopped?: string,
 * }} EventsBody
 */
/**
 * @typedef {{
 *   lane: number,
 *   since?: number,
 *   sides?: Side[],
 *   law?: Law | null,
 *   cost?: {before: Span, during: Span, after: Span | null} | null,
 *   left_out?: {down: number, straddled: number},
 *   sentence?: string,
 *   badge?: string,
 *   promises?: Promised[],
 *   staleness?: {versions: number, ms: number},
 *   lost_at_cut?: number,
 *   messages?: number,
 *   diverged?: number,
 *   converged_ms?: number | null,
 *   nodes?: Record<string, [ok: number, asked: number]>,
 *   behind?: Record<string, Record<string, number>>,
 *   figures?: Record<string, string>,
 * }} MetersNews
 */
/**
 * @typedef {{
 *   lane: number,
 *   checker: string,
 *   at: number,
 *   sentence: string,
 *   operations: string[],
 *   nodes: string[],
 * }} Verdict
 */
/**
 * @typedef {{
 *   marks: Mark[],
 *   cut_spans: CutSpan[],
 *   caption: string,
 *   undo: string | null,
 * }} MarksBody
 */
/**
 * @typedef {{
 *   poll: Poll,
 *   seats: Seats,
 *   mine?: Mine,
 * }} Hall
 */
/**
 * @typedef {{
 *   sentence: string,
 * }} Refused
 */
/**
 * @typedef {{
 *   sentence: string,
 * }} Bye
 */
/** @typedef {Required<ClockNews>} Clock */
/** @typedef {Required<Omit<MetersNews, "lane">>} Meters */
/** @typedef {Omit<Verdict, "lane">} Finding */
/** @typedef {["hello", Hello] | ["audience", Audience] | ["talk", TalkBody] | ["snapshot", Snapshot] | ["clock", ClockNews] | ["events", EventsBody] | ["meters", MetersNews] | ["verdict", Verdict] | ["marks", MarksBody] | ["hall", Hall] | ["refused", Refused] | ["bye", Bye]} Frame */
/** @typedef {[seq: number, run: number, frames: Frame[]]} Packet */
/** One array a field. @template Row @typedef {{[Name in keyof Row]?: Row[Name][]}} Columns */
