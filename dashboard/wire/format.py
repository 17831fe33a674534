"""Frames and commands <-> plain JSON; the only module that knows the format. Its words are in ``docs/wire.md``.

``FRAMES`` and ``COMMANDS`` are the format's tables: commands are checked against theirs, tests hold every frame to its own, and
the page in docs/ is compared with both. Frames say what happened, never how to draw it; a new protocol needs no line here.
"""

from __future__ import annotations

from typing import Any, NamedTuple

FORMAT = 2

Frame = tuple[str, dict[str, Any]]


class FrameCard(NamedTuple):
    what: str
    fields: dict[str, str]
    may_lack: tuple[str, ...] = ()  # fields that are left out when they have nothing to say


FRAMES: dict[str, FrameCard] = {
    "hello": FrameCard(
        "The first frame: who speaks, and all cards.",
        {
            "format": "2",
            "version": "of the server",
            "session": "the session's id",
            "url": "the path to share",
            "protocols": "[{name, title, paper, summary, family, gives_up, needs, object, epoch, majority, claims, knobs, "
            "actions, messages}], the catalogue",
            "families": "{name: title} in the order of the catalogue",
            "scenarios": "[{name, number, title, story, level, lanes}], the lanes as names of protocols",
            "presets": "[{name, title, delay, jitter, shape, loss, duplicate}], links by name",
            "limits": "{name: number}, from dashboard/limits.py",
        },
    ),
    "audience": FrameCard(
        "Who is here; sent to each viewer when it changes.",
        {
            "viewers": "how many",
            "controls": "does this viewer hold the controls",
            "holder_present": "is their holder here (else anyone may take them)",
        },
    ),
    "snapshot": FrameCard(
        "A whole world. The first packet of a new run, of a newcomer, and of a client that missed packets.",
        {
            "spec": "what the run started from: {scenario, number, title, story, ask, lesson, expect, seed, composed, veiled, "
            "nodes, keys, deadline, link, clients, lanes}; `ask`, `lesson` and `expect`, what must come out, are empty when "
            "composed; of a veiled run the lesson and what must come out wait until it is revealed",
            "clock": "as the frame `clock`, whole",
            "lanes": "[Lane]",
            "marks": "[[at, kind, lane, text]], all",
            "eras": "[[from, to or null, words]], the partitions",
            "caption": "a sentence, or empty",
            "undo": "what undo would reverse, or null",
        },
    ),
    "clock": FrameCard(
        "Where the run stands; the first of the frames that everybody gets. After a snapshot only what cannot be told "
        "from the last one: `horizon` is the larger of its old value and `at`.",
        {
            "at": "now",
            "horizon": "how far this run has got",
            "speed": "simulated seconds a wall second",
            "playing": "true or false",
            "live": "at equals horizon",
        },
        ("horizon", "speed", "playing", "live"),
    ),
    "events": FrameCard(
        "What happened in one lane since its last batch, up to the moment of `clock`; only what has something to say. Messages "
        "that are due by then and neither late nor ended have landed when they were due.",
        {
            "lane": "0..3",
            "kinds": "Kinds that were not told before",
            "sent": "Sent columns: messages that began to fly",
            "late": "[id]: messages under way that should have landed by now; their end will be told",
            "ended": "Ended columns: messages that did not simply land when they were due",
            "nodes": "{id: change of NodeState}, those that changed; `timers` are [name, since when, for how long]",
            "begun": "Begun columns: new operations",
            "operations": "Op columns: operations that changed",
            "links": "change of Links",
            "lost": "{cut, loss, down}, when it changed",
            "stopped": "the sentence of an exception that stopped this lane",
        },
        ("kinds", "sent", "late", "ended", "nodes", "begun", "operations", "links", "lost", "stopped"),
    ),
    "meters": FrameCard(
        "The meters of one lane, at most five times a wall second, and when a step or a seek ends; what changed of them.",
        {
            "lane": "0..3",
            "since": "when the present sides came about",
            "sides": "[{nodes, majority, asked, ok, failed, unknown, pending, stale, conflicts, violations, lost, "
            "availability, consistency, read, write, latency_ms}]",
            "sentence": "the lane in one sentence",
            "badge": "what the protocol may do while a cut lasts",
            "promises": "[[name, verdict, reason]]",
            "staleness": "{versions, ms}, the worst so far",
            "lost_at_cut": "messages that died at a cut",
            "messages": "sent so far",
            "diverged": "keys on which replicas differ now",
            "converged_ms": "from the heal until replicas agreed, or null",
            "nodes": "{id: [ok, asked]}",
        },
        (
            "since",
            "sides",
            "sentence",
            "badge",
            "promises",
            "staleness",
            "lost_at_cut",
            "messages",
            "diverged",
            "converged_ms",
            "nodes",
        ),
    ),
    "verdict": FrameCard(
        "A finding, when it is found.",
        {
            "lane": "0..3",
            "checker": "the promise that is contradicted",
            "at": "when",
            "sentence": "why",
            "operations": "[operation ids] that show it",
            "nodes": "[node ids]",
        },
    ),
    "marks": FrameCard(
        "What the timeline shows, when it changes.",
        {
            "marks": "[[at, kind, lane or -1, text]], new ones; kinds: leader, cut, heal, crash, fault, stale, conflict, "
            "violation, lost, refused (a step of the script that could not be done), say",
            "eras": "[[from, to or null, words]], all",
            "caption": "a sentence, or empty",
            "undo": "what undo would reverse, or null",
        },
    ),
    "refused": FrameCard("Something could not be done that was not the answer to a command.", {"sentence": "why"}),
    "bye": FrameCard("The session ends.", {"sentence": "why"}),
}

FLYING = ("id", "at", "src", "dst", "type", "tone", "epoch", "due")

OPERATION = ("id", "client", "node", "kind", "key", "value", "start", "finish", "outcome", "result", "reason", "mark", "note")

SENT = ("step", "cause", "kind", "dst", "delay", "at", "src")

ENDED = ("id", "at", "how")

BEGUN = ("id", "node", "kind", "key", "value", "start")

CHANGED = ("number", "finish", "outcome", "result", "reason", "mark", "note")

ENDS = ("delivered", "cut", "loss", "down", "late", "hand")

COLUMNS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Flying": (
        "In a snapshot, {name: column}. A message as it began to fly; what it carries is told to who asks (`inspect`).",
        FLYING,
    ),
    "Operation": ("In a snapshot, {name: column}. An operation as its client saw it.", OPERATION),
    "Sent": (
        "In `events`, [column]. `step`: how much larger its id is than that of the message before (of the first: than the "
        "lane's `last`). `cause`: how much smaller is the id of the message whose landing led to it, 0: none. `kind`: a "
        "place in Kinds. `dst`: 0: who sent the cause; else one more than a place in the lane's `places`. `delay`: what "
        "`due` lies behind `at`, less the lane's `delay`. `at` and `src` are told of messages without a cause only: `at` "
        "as the time since the one before (of the first: since the last batch), `src` as a place; the others leave from "
        "where the cause landed, when it did.",
        SENT,
    ),
    "Ended": (
        "In `events`, [column]. `id`: how much smaller it is than the last one told; `at`: since the last batch; `how`: a "
        f"place in {', '.join(ENDS)}.",
        ENDED,
    ),
    "Begun": (
        "In `events`, [column]. Operations are numbered as they begin; the first one's number is the lane's `count`. The "
        "client is what stands before the colon in `id`; `start`: since the last batch. It is pending.",
        BEGUN,
    ),
    "Op": (
        "In `events`, [column]. `number`: how far it is before the number that comes next; `finish`: one more than what it "
        "took, 0 while pending.",
        CHANGED,
    ),
    "Kinds": ("In `kinds`, [[type, tone, epoch], ...]: how messages look. The lane's list grows.", ("type", "tone", "epoch")),
}

# What stands inside frames.
OBJECTS: dict[str, FrameCard] = {
    "Lane": FrameCard(
        "One lane of a snapshot.",
        {
            "nodes": "{id: NodeState}",
            "links": "Links",
            "since": "when the last batch ended: the next one counts from there",
            "flying": "Flying columns: messages under way",
            "late": "[id]: those of them that should have landed by now",
            "last": "the id of the message that was told last",
            "kinds": "Kinds told so far",
            "places": "[name], all that messages go from and to: nodes, clients, you",
            "delay": "what is left out of the delays of messages",
            "operations": "Operation columns, the newest 2000 at most",
            "count": "the number of the next operation",
            "meters": "as the frame `meters`, without lane, whole",
            "findings": "[Finding], the newest 200 at most; as the frame `verdict`, without lane",
            "lost": "{cut, loss, down}: messages that died so far, by cause",
            "stopped": "null, or the sentence of an exception that stopped this lane",
        },
    ),
    "NodeState": FrameCard(
        "What the stage shows of a node; any protocol describes itself in these words.",
        {
            "status": "up, crashed, paused, halted",
            "sentence": "why it halted, else empty",
            "role": "leader, follower, replica ...",
            "epoch": "term, ballot, view; null where the protocol has none",
            "leader": "whom it follows, or null",
            "store": "{key: [values]}",
            "log": "[[epoch, label], ...], the last eight entries",
            "log_start": "index of the first of them; the first entry of all is 1",
            "commit": "index of the last committed entry",
            "facts": "{label: text}, in the paper's words",
            "timers": "[[name, set at, due], ...]",
            "lie": "the way in which it lies, or empty",
            "clock": "[skew, rate, since], while it is wrong: its own clock was skew µs ahead at `since` and gains rate parts "
            "per million ever after",
        },
        ("leader", "store", "log", "log_start", "commit", "facts", "clock"),
    ),
    "Links": FrameCard(
        "The directed matrix.",
        {
            "base": "[delay, jitter, shape, loss, duplicate] of every link that is not tuned",
            "cut": "[[src, dst], ...]",
            "tuned": "[[src, dst, delay, jitter, shape, loss, duplicate], ...]",
            "words": "what is cut, in a sentence; empty when nothing is",
            "sides": "[[node, ...], ...], groups that reach each other both ways",
            "clean": "true when the cuts are exactly those between the sides",
            "adversary": "who chooses when messages land, or empty",
        },
    ),
}
