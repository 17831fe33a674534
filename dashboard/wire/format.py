"""The tables of the format: every frame, and every row and object in frames. ``docs/wire.md`` is written from them.

Tests compare every frame with ``FRAMES`` and the page in docs/ with the tables; the server checks commands against ``COMMANDS``
(``dashboard/wire/commands.py``). Frames say what happened, never how to draw it; a new protocol needs no line here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

FORMAT = 2

# The vote on a scenario's question: nobody asked; phones choose; they no longer can; the bars are public; and who was right.
POLL_STATES = ("off", "open", "closed", "shown", "right")

Frame = tuple[str, dict[str, Any]]


class FrameCard(NamedTuple):
    """``fields``: the type of each field, as in JavaScript's type comments, and a description."""

    what: str
    fields: dict[str, tuple[str, str]]
    may_lack: tuple[str, ...] = ()  # fields that may be absent


FRAMES: dict[str, FrameCard] = {
    "hello": FrameCard(
        "The first frame: the server, the session, and all cards.",
        {
            "format": ("number", "2"),
            "version": ("string", "of the server"),
            "session": ("string", "the session's id"),
            "url": ("string", "the path to share"),
            "protocols": (
                "ProtocolCard[]",
                "[{name, title, paper, summary, family, gives_up, needs, object, epoch, majority, claims, knobs, "
                "actions, messages}], the catalogue",
            ),
            "families": ("Record<string, string>", "{name: title} in the order of the catalogue"),
            "scenarios": (
                "ScenarioCard[]",
                "[{name, number, title, story, level, seconds, lanes}], wall seconds from question to lesson, the lanes as "
                "names of protocols",
            ),
            "talks": ("TalkCard[]", "[{name, title, what, minutes, scenes}], the scenes as names of scenarios"),
            "presets": ("Preset[]", "[{name, title, delay, jitter, shape, loss, duplicate}], links by name"),
            "limits": ("Record<string, number>", "{name: number}, from dashboard/web/limits.py"),
        },
    ),
    "audience": FrameCard(
        "Who is here; sent to each viewer when it changes.",
        {
            "viewers": ("number", "how many"),
            "controls": ("boolean", "true if this viewer may act"),
            "owner": ("boolean", "true if this viewer is the session's owner"),
            "open": ("boolean", "true if the owner lets everybody act"),
            "asking": ("number[]", "the numbers of the visitors who ask for the controls; empty for all but the owner"),
            "holder": (
                '"owner" | "visitor" | "nobody"',
                "who holds the controls; nobody, while the owner is away and has not handed them over",
            ),
        },
    ),
    "talk": FrameCard(
        "Where the talk is; sent to each viewer when it changes. Without a talk it is about the run that is open.",
        {
            "title": ("string", "of the talk; empty without one"),
            "scenes": ("TalkScene[]", "[{scenario, number, title, minutes}]"),
            "scene": ("number", "the one that is open, from 0"),
            "beats": (
                "TalkBeat[]",
                "[{kind, words}] of the run: question, stop or lesson, and what to look at; a veiled lesson has no words",
            ),
            "beat": ("number", "the newest beat that was reached, from 0; -1 before the first"),
            "under_way": ("boolean", "true while the run plays to the next beat"),
            "fast": ("boolean", "true while it skips a stretch without steps"),
            "shown": ('"" | "question" | "lesson"', "the card over the stage"),
            "blank": ("boolean", "true while the screen is blank"),
            "planned": ("number", "minutes of the whole talk"),
            "elapsed": ("number", "wall seconds since the talk was opened"),
            "notes": ("string", "for the owner: the speaker's notes of this scene, in Markdown"),
            "following": ("string", "for the owner: the notes of the next scene"),
        },
        ("notes", "following"),
    ),
    "snapshot": FrameCard(
        "A whole world. The first packet of a new run, of a newcomer, and of a client that missed packets.",
        {
            "spec": (
                "Spec",
                "what the run started from: {scenario, number, title, story, ask, answers, lesson, expect, seed, composed, "
                "veiled, nodes, keys, deadline, link, clients, lanes}; `expect` has the expected results. `ask`, `answers`, "
                "`lesson` and `expect` are empty in a composed run; in a veiled run `lesson` and `expect` are empty until it "
                "is revealed",
            ),
            "clock": ("Clock", "as the frame `clock`, whole"),
            "lanes": ("LaneBody[]", "[Lane]"),
            "marks": ("Mark[]", "[[at, kind, lane, text]], all"),
            "cut_spans": ("CutSpan[]", "[[from, to or null, words]], the partitions"),
            "caption": ("string", "a sentence, or empty"),
            "undo": ("string | null", "what undo would reverse, or null"),
        },
    ),
    "clock": FrameCard(
        "The present moment and the pace; the first of the frames that everybody gets. After a snapshot a field is absent if "
        "it has not changed; the page itself sets `horizon` to the larger of its old value and `at`.",
        {
            "at": ("number", "now"),
            "horizon": ("number", "the latest simulated moment of this run"),
            "speed": ("number", "simulated seconds for each wall second"),
            "playing": ("boolean", "true or false"),
            "live": ("boolean", "at equals horizon"),
        },
        ("horizon", "speed", "playing", "live"),
    ),
    "events": FrameCard(
        "A batch: what happened in one lane since its last batch, up to the moment of `clock`. Messages that are due by then "
        "have landed on time, unless `late` or `ended` names them.",
        {
            "lane": ("number", "0..3"),
            "kinds": ("Kind[]", "new Kinds"),
            "places": ("string[]", "[name]: new senders and receivers, after those of `places` in the snapshot"),
            "sent": ("SentColumns", "Sent columns: messages that began to fly"),
            "late": ("number[]", "[id]: messages under way that should have landed by now; `ended` will name them later"),
            "ended": ("EndedColumns", "Ended columns: messages that landed late or were dropped"),
            "nodes": (
                "Record<string, any>",
                "{id: change of NodeState}, those that changed; `timers` are [name, since when, for how long]",
            ),
            "begun": ("BegunColumns", "Begun columns: new operations"),
            "operations": ("OpColumns", "Op columns: operations that changed"),
            "links": ("any", "change of Links"),
            "dropped": ("Dropped", "{cut, loss, down}, when it changed"),
            "stopped": ("string", "the sentence of an exception that stopped this lane"),
        },
        ("kinds", "places", "sent", "late", "ended", "nodes", "begun", "operations", "links", "dropped", "stopped"),
    ),
    "meters": FrameCard(
        "The changed meters of one lane, at most five times a wall second, and when a step or a seek ends.",
        {
            "lane": ("number", "0..3"),
            "since": ("number", "when the present sides began"),
            "sides": (
                "Side[]",
                "[Side], the groups of nodes that reach each other. `majority`: its running nodes can decide without the "
                "others, by the members in which they believe. `recent`: [answered, ended, declined], the operations of "
                "which the word of availability speaks. `availability_earlier`: none of them ended in the last two seconds, "
                "or since the network changed. `consistency_earlier`: nothing was answered since the network changed, so "
                "the word is the one of before. `oldest`: when the request was sent that has waited longest, or null. The "
                "wrong answers: `splits`, `lost`, `violations`, `conflicts` (siblings), `stale`, and `inverted` (a read "
                "showed an older value than an earlier read, while a write was under way)",
            ),
            "law": (
                "Law | null",
                "the broken law: {name, sentence, at, events}, or null. `events`: the two events that contradict each other "
                "(one, if only one is known; none if the lane stopped)",
            ),
            "cost": (
                "{before: Span, during: Span, after: Span | null} | null",
                "what clients saw before, during and after the last cut, or null while nothing has been cut",
            ),
            "left_out": (
                "{down: number, straddled: number}",
                "{down, straddled}: operations so far that count on no side, because their node did not run all the time, or "
                "because the network changed while they lasted",
            ),
            "sentence": ("string", "the lane in one sentence"),
            "badge": ("string", "what the protocol promises while the network is cut"),
            "promises": ("Promised[]", "[[name, verdict, reason]]"),
            "staleness": ("{versions: number, ms: number}", "{versions, ms}, the worst so far"),
            "lost_at_cut": ("number", "messages dropped at a cut"),
            "messages": ("number", "sent so far"),
            "diverged": ("number", "number of keys on which replicas differ now"),
            "converged_ms": ("number | null", "from the heal until replicas agreed, or null"),
            "nodes": ("Record<string, [ok: number, asked: number]>", "{id: [ok, asked]}"),
            "behind": (
                "Record<string, Record<string, number>>",
                "{key: {id: number}}: how many acknowledged writes came after the one that a node's copy holds, of a register; "
                "only nodes that have lacked one for a while",
            ),
            "figures": (
                "Record<string, string>",
                "{key: text}: a number of the whole lane; an empty key: of all keys",
            ),
        },
        (
            "since",
            "sides",
            "law",
            "cost",
            "left_out",
            "sentence",
            "badge",
            "promises",
            "staleness",
            "lost_at_cut",
            "messages",
            "diverged",
            "converged_ms",
            "nodes",
            "behind",
            "figures",
        ),
    ),
    "verdict": FrameCard(
        "A new finding.",
        {
            "lane": ("number", "0..3"),
            "checker": ("string", "the promise that was broken"),
            "at": ("number", "when"),
            "sentence": ("string", "why"),
            "operations": ("string[]", "[operation ids], the operations that show it"),
            "nodes": ("string[]", "[node ids]"),
        },
    ),
    "marks": FrameCard(
        "The marks, cuts and caption of the timeline, when they change.",
        {
            "marks": (
                "Mark[]",
                "[[at, kind, lane or -1, text]], new ones; kinds: leader, cut, heal, crash, fault, stale, conflict, "
                "violation, lost, refused (a step of the script that could not be done), say",
            ),
            "cut_spans": ("CutSpan[]", "[[from, to or null, words]], all"),
            "caption": ("string", "a sentence, or empty"),
            "undo": ("string | null", "what undo would reverse, or null"),
        },
    ),
    "hall": FrameCard(
        "What the hall does together, for one visitor; sent when it changes, once something was opened.",
        {
            "poll": ("Poll", "{number, state, votes, counts, right}"),
            "seats": ("Seats", "{open, most, taken}"),
            "mine": (
                "Mine",
                "{number, answer, client, node}: this visitor's vote, -1: none, and its seat; to newcomers, and in answers to "
                "`vote` and `sit`",
            ),
        },
        ("mine",),
    ),
    "refused": FrameCard("Something was impossible, and this is not the answer to a command.", {"sentence": ("string", "why")}),
    "bye": FrameCard("The session ends.", {"sentence": ("string", "why")}),
}

# Plain objects in frames: field -> type. A snapshot sends Message and Operation as columns.
PARTS: dict[str, dict[str, str]] = {
    "Message": {
        "id": "number",
        "at": "number",
        "src": "string",
        "dst": "string",
        "type": "string",
        "tone": "string",
        "epoch": "number | null",
        "due": "number",
    },
    "Operation": {
        "id": "string",
        "client": "string",
        "node": "string",
        "kind": '"read" | "write" | "remove"',
        "key": "string",
        "value": "string",
        "start": "number",
        "finish": "number | null",
        "outcome": '"pending" | "ok" | "failed" | "unknown"',
        "result": "string[]",
        "reason": "string",
        "mark": '"" | "stale" | "conflict" | "lost" | "violation"',
        "note": "string",
    },
    "LinkSetting": {"delay": "number", "jitter": "number", "shape": "string", "loss": "number", "duplicate": "number"},
    "Preset": {
        "name": "string",
        "title": "string",
        "delay": "number",
        "jitter": "number",
        "shape": "string",
        "loss": "number",
        "duplicate": "number",
    },
    "Knob": {
        "name": "string",
        "title": "string",
        "what": "string",
        "default": "unknown",
        "choices": "[value: unknown, text: string][]",
        "low": "number | null",
        "high": "number | null",
        "unit": "string",
    },
    "Action": {"name": "string", "title": "string", "what": "string", "argument": '"" | "node" | "text"'},
    "Claims": {"consistency": "string", "availability": "string", "loses": "boolean"},
    "ProtocolCard": {
        "name": "string",
        "title": "string",
        "paper": "string",
        "summary": "string",
        "family": "string",
        "gives_up": "string",
        "needs": "string",
        "object": "string",
        "epoch": "string",
        "majority": "boolean",
        "claims": "Claims",
        "knobs": "Knob[]",
        "actions": "Action[]",
        "messages": "[type: string, fields: string[]][]",
    },
    "ScenarioCard": {
        "name": "string",
        "number": "number",
        "title": "string",
        "story": "string",
        "level": "string",
        "seconds": "number",
        "lanes": "string[]",
    },
    "TalkCard": {"name": "string", "title": "string", "what": "string", "minutes": "number", "scenes": "string[]"},
    "TalkScene": {"scenario": "string", "number": "number", "title": "string", "minutes": "number"},
    "TalkBeat": {"kind": '"question" | "stop" | "lesson"', "words": "string"},
    "SpecLane": {
        "protocol": "string",
        "title": "string",
        "knobs": "Record<string, unknown>",
        "line": "string",
        "nickname": "string",
    },
    "Spec": {
        "scenario": "string",
        "number": "number",
        "title": "string",
        "story": "string",
        "ask": "string",
        "answers": "string[]",
        "lesson": "string",
        "expect": "string[]",
        "seed": "number",
        "composed": "boolean",
        "veiled": "boolean",
        "nodes": "string[]",
        "keys": "string[]",
        "deadline": "number",
        "until": "number",
        "link": "LinkSetting",
        "clients": "[client: string, home: string][]",
        "lanes": "SpecLane[]",
    },
    "Side": {
        "nodes": "string[]",
        "majority": "boolean",
        "asked": "number",
        "ok": "number",
        "declined": "number",
        "failed": "number",
        "unknown": "number",
        "pending": "number",
        "splits": "number",
        "lost": "number",
        "violations": "number",
        "conflicts": "number",
        "stale": "number",
        "inverted": "number",
        "availability": '"AVAILABLE" | "PARTLY" | "REFUSING" | "WAITING" | "IDLE"',
        "consistency": '"" | "CONSISTENT" | "STALE" | "SIBLINGS" | "CONTRADICTION" | "LOST" | "SPLIT"',
        "recent": "[answered: number, ended: number, declined: number]",
        "availability_earlier": "boolean",
        "consistency_earlier": "boolean",
        "oldest": "number | null",
        "read": "[ok: number, asked: number]",
        "write": "[ok: number, asked: number]",
        "reads_ms": "[half: number, slowest: number] | null",
        "writes_ms": "[half: number, slowest: number] | null",
    },
    "Law": {"name": "string", "sentence": "string", "at": "number", "events": "Witness[]"},
    "Witness": {"at": "number", "node": "string", "text": "string"},
    "Span": {
        "since": "number",
        "until": "number | null",
        "answered": "number",
        "asked": "number",
        "splits": "number",
        "lost": "number",
        "violations": "number",
        "conflicts": "number",
        "stale": "number",
        "inverted": "number",
        "slowest_ms": "number | null",
        "sides": "[nodes: string[], answered: number, asked: number][]",
    },
    "Dropped": {"cut": "number", "loss": "number", "down": "number"},
    "Poll": {
        "number": "number",
        "state": '"off" | "open" | "closed" | "shown" | "right"',
        "votes": "number | null",
        "counts": "number[]",
        "right": "boolean[]",
    },
    "Seats": {"open": "boolean", "most": "number", "taken": "Record<string, number>"},
    "Mine": {"number": "number", "answer": "number", "client": "string", "node": "string"},
}

# Rows: arrays without names of their fields.
ROWS: dict[str, str] = {
    "Mark": "[at: number, kind: string, lane: number, text: string]",
    "CutSpan": "[from: number, to: number | null, words: string]",
    "Kind": "[type: string, tone: string, epoch: number | null]",
    "Promised": '[name: string, verdict: "ok" | "violated" | "unknown", reason: string]',
}

FLYING = tuple(PARTS["Message"])

OPERATION = tuple(PARTS["Operation"])

SENT = ("step", "cause", "kind", "dst", "delay", "at", "src")

ENDED = ("id", "at", "how")

BEGUN = ("id", "node", "kind", "key", "value", "start")

CHANGED = ("number", "finish", "outcome", "result", "reason", "mark", "note")

ENDS = ("delivered", "cut", "loss", "down", "late", "hand")

COLUMNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Flying": (
        "In a snapshot, {name: column}. A message as it was sent; the command `inspect` returns its fields.",
        FLYING,
    ),
    "Operation": ("In a snapshot, {name: column}. An operation as its client saw it.", OPERATION),
    "Sent": (
        "In `events`, [column]. `step`: its id minus the id of the message before it (for the first: minus the lane's "
        "`last`). `cause`: its id minus the id of the message whose landing caused it; 0: there is none. `kind`: an index in "
        "Kinds. `dst`: 0: the sender of the cause; else one more than an index in the lane's `places`. `delay`: `due` minus "
        "`at` minus the lane's `delay`. The columns `at` and `src` have only messages without a cause: `at` is the time since "
        "the one before (for the first: since the last batch), `src` an index in `places`. All other messages leave where and "
        "when their cause landed.",
        SENT,
    ),
    "Ended": (
        "In `events`, [column]. `id`: the lane's `last` minus the message's id; `at`: since the last batch; `how`: an index "
        f"in {', '.join(ENDS)}.",
        ENDED,
    ),
    "Begun": (
        "In `events`, [column]. Operations are numbered as they begin; the first one's number is the lane's `count`. The "
        "part of `id` before the colon names the client; `start`: since the last batch. The outcome is `pending`.",
        BEGUN,
    ),
    "Op": (
        "In `events`, [column]. `number`: the number of the next new operation minus this one's; `finish`: 0 while pending, "
        "else one more than the time that it took.",
        CHANGED,
    ),
    "Kinds": (
        "In `kinds`, [[type, tone, epoch], ...]: how messages look. The page appends them to the lane's list.",
        ("type", "tone", "epoch"),
    ),
}

# Objects inside frames.
OBJECTS: dict[str, FrameCard] = {
    "Lane": FrameCard(
        "One lane of a snapshot.",
        {
            "nodes": ("Record<string, NodeState>", "{id: NodeState}"),
            "links": ("Links", "Links"),
            "since": ("number", "when the last batch ended; the times of the next one count from there"),
            "flying": ("Columns<Message>", "Flying columns: messages under way"),
            "late": ("number[]", "[id]: messages of `flying` that should have landed by now"),
            "last": ("number", "the id of the newest message that was sent to the page"),
            "kinds": ("Kind[]", "all Kinds so far"),
            "places": ("string[]", "[name]: every sender and receiver of messages: nodes, clients, you"),
            "delay": ("number", "the delay that is subtracted from the delays of messages"),
            "operations": ("Columns<Operation>", "Operation columns, the newest 2000 at most"),
            "count": ("number", "the number of the next operation"),
            "meters": ("Meters", "as the frame `meters`, without lane, whole"),
            "findings": ("Finding[]", "[Finding], the newest 200 at most; as the frame `verdict`, without lane"),
            "dropped": ("Dropped", "{cut, loss, down}: messages dropped so far, by cause"),
            "stopped": ("string | null", "null, or the sentence of an exception that stopped this lane"),
        },
    ),
    "NodeState": FrameCard(
        "What the stage shows of a node; every protocol describes itself with these fields.",
        {
            "status": ('"up" | "crashed" | "paused" | "halted"', "up, crashed, paused, halted"),
            "sentence": ("string", "why it halted, else empty"),
            "role": ("string", "leader, follower, replica ..."),
            "ring": (
                '"" | "leads" | "stands" | "waits"',
                "the ring round it: leads; wants to lead, or proposes (stands); waits for the state of others; empty: none",
            ),
            "ring_timer": ("string", "the name of the timer that the arc round it shows; absent: the one that takes longest"),
            "epoch": ("number | null", "term, ballot, view; null where the protocol has none"),
            "leader": ("string | null", "the leader that it follows, or null"),
            "store": ("Record<string, string[]>", "{key: [values]}"),
            "log": ("[epoch: number | null, label: string][]", "[[epoch, label], ...], the last eight entries"),
            "log_start": ("number", "index of the first of them; the log begins at 1"),
            "commit": ("number", "index of the last committed entry"),
            "homes": ("Record<string, string[]>", "{key: [node, ...]}: who keeps the key, where not every node keeps all"),
            "headline": ("Record<string, string>", "{key: text}: its number that is the story; an empty key: of all keys"),
            "next": ("Record<string, number>", "{node: index}: of a leader: the entry that it sends to each follower next"),
            "hints": (
                "[home: string, key: string, values: string[]][]",
                "[[home, key, values], ...]: what it keeps for other nodes",
            ),
            "facts": ("Record<string, string>", "{label: text}, in the paper's words"),
            "timers": ("[name: string, since: number, due: number][]", "[[name, set at, due], ...]"),
            "lie": ("string", "how it lies, or empty"),
            "called": ("string", "what people call it, where that is not its own name"),
            "clock": (
                "[skew: number, rate: number, since: number]",
                "[skew, rate, since], while its own clock is wrong: it was skew µs ahead at `since`, and from then on it "
                "gains rate parts per million",
            ),
        },
        (
            "ring",
            "ring_timer",
            "leader",
            "store",
            "log",
            "log_start",
            "commit",
            "homes",
            "headline",
            "next",
            "hints",
            "facts",
            "called",
            "clock",
        ),
    ),
    "Links": FrameCard(
        "The matrix of directed links.",
        {
            "base": (
                "[delay: number, jitter: number, shape: string, loss: number, duplicate: number]",
                "[delay, jitter, shape, loss, duplicate] of every link without settings of its own",
            ),
            "cut": ("[src: string, dst: string][]", "[[src, dst], ...]"),
            "tuned": (
                "[src: string, dst: string, delay: number, jitter: number, shape: string, loss: number, duplicate: number][]",
                "[[src, dst, delay, jitter, shape, loss, duplicate], ...]",
            ),
            "words": ("string", "what is cut, in a sentence; empty when nothing is"),
            "sides": ("string[][]", "[[node, ...], ...], groups that reach each other both ways"),
            "clean": ("boolean", "true when the cuts are exactly those between the sides"),
            "adversary": ("string", "who chooses when messages land, or empty"),
        },
    ),
}
