"""The talk of a session: which scene, which beat, what is shown over the stage. A clicker's one key goes on, another goes back.

``Talk`` belongs to a session, which asks it three things: to carry out a command, how far to simulate in this tick, and what
the page must know. Without a talk the run that is open is the only scene. When somebody follows, the question asks the hall:
the same key opens the vote, shows its bars, plays on, and at the lesson shows who was right.

Left out: saving talks on the server. A visitor keeps a talk as a file, and opens it from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from consensus.kernel.node import S
from consensus.kernel.sentences import Refused, say
from consensus.runs import registry
from consensus.runs import talk as talks
from consensus.runs.beats import LESSON, QUESTION, STOP, Stage, beats_of
from consensus.runs.spec import Spec
from dashboard.wire import Frame

COMMANDS = ("next", "previous", "scene", "show", "blank", "talk", "compose_talk")


class Talk:
    """``beat`` is the newest beat that is reached, -1 before the question; ``under_way`` is the one that the run plays to."""

    def __init__(self, session: Any) -> None:
        self.session = session  # dashboard.live.session.Session, which imports this module
        self.talk: talks.Talk | None = None
        self.began: float | None = None  # wall time at which the talk was opened
        self.scene = 0
        self.blank = self.plays_on = False
        self.sent: Any = None  # what the page knows

    # --- the session says what happened ---------------------------------------------------------

    def stand(self) -> None:
        """Another run has been opened: its beats, none of them reached."""
        spec = self.session.spec
        card = self.session.scenarios.get(spec.scenario)
        self.composed = card is None or not _is_own(spec, card.spec)
        self.beats: tuple[Stage, ...] = () if card is None or (self.composed and not spec.script) else beats_of(card)
        if self.composed:  # question and lesson may be wrong for other lanes
            self.beats = tuple(beat for beat in self.beats if beat.kind == STOP)
        self.beat, self.shown = -1, ""
        self.under_way: int | None = None
        self.factor = 1.0  # how much faster than its own pace the speaker wants it
        self.fast = False  # an idle stretch is being skipped
        self.reveals = -1  # the beat whose card is shown as soon as the run has got to it

    def moved(self) -> None:
        """Somebody went to another moment by hand: the beat there, and nothing over the stage."""
        self.under_way, self.shown, self.reveals = None, "", -1
        goal = self.session.goal
        if self.beat >= 0:
            self.beat = max((n for n, beat in enumerate(self.beats) if beat.at <= goal and beat.kind != LESSON), default=-1)

    def reset(self) -> None:
        """The opening again: in a talk, or once its beats have begun, with the question."""
        begun = self.talk is not None or self.beat >= 0
        self.stand()
        self.session.hall.forgets()
        if begun and self.beats and self.beats[0].kind == QUESTION:
            self.beat = 0
            self._show_card(0)

    def speed(self, speed: float) -> None:
        """The speaker changed the speed on the way to a beat: the rest of the way changes by the same factor."""
        if self.under_way is not None:
            self.factor *= speed / self.session.speed

    def ahead(self, passed: float) -> int | None:
        """On the way to a beat: how far the run goes in so much wall time, at most to the beat. None: not on the way."""
        if self.under_way is None:
            return None
        session = self.session
        at: int = session.timeline.at
        beat = self.beats[self.under_way]
        limits = session.limits
        for segment in beat.way:
            speed = min(max(segment.speed * self.factor, limits.speed_min), limits.speed_max)
            if segment.to <= at:
                continue
            self.fast = segment.fast
            if speed != session.speed:
                session.speed, session.changed = speed, True
                session._new_pace(session.clock_at)
            reach = at + max(1, round(passed * speed * S))
            if reach < segment.to:
                return int(reach)
            passed -= (segment.to - at) / S / speed
            at = segment.to
            if passed <= 0:
                return int(at)
        return int(beat.at)

    def looked(self) -> None:
        """After each slice of simulation: has the run got to the beat?"""
        session = self.session
        if not session.there:
            return
        if self.under_way is not None and session.timeline.at >= self.beats[self.under_way].at:
            self._reached(self.under_way)
        if self.reveals >= 0 and not session.arriving:
            number, self.reveals = self.reveals, -1
            self._show_card(number)
            session.changed = True

    def _reached(self, number: int) -> None:
        session = self.session
        self.under_way, self.factor = None, 1.0
        self.beat = number
        self._show_card(number)
        session.playing, session.changed, session.meters_due = False, True, True
        session.speed = min(max(session.spec.speed, session.limits.speed_min), session.limits.speed_max)

    def _show_card(self, number: int) -> None:
        """A question asks the hall, and a lesson says who was right; alone at a desk they are cards to read."""
        session = self.session
        kind = self.beats[number].kind
        self.shown = "" if kind == STOP or (kind == LESSON and session.veiled) else kind
        if self.shown == QUESTION and session.followed:
            session.hall.opens(session)
        elif self.shown == LESSON:
            session.hall.marks(session)

    # --- commands -------------------------------------------------------------------------------

    def obey(self, command: str, values: dict[str, Any], now: float) -> None:
        getattr(self, f"_obey_{command}")(now, **values)
        self.session.changed = True

    def _obey_next(self, now: float) -> None:
        session = self.session
        if self.blank:
            return self._obey_blank(now, on=False)
        if self.under_way is not None:  # pressed again on the way: there at once
            return self._jump(self.under_way)
        if session.followed and session.hall.shows():
            return None
        following = self.beat + 1
        if following >= len(self.beats):
            if self.talk is None or self.scene + 1 >= len(self.talk.scenes):
                raise Refused("This is the end of the talk." if self.talk else "This is the end of the scenario.")
            return self._open(self.scene + 1, now)
        if self.beat < 0 and self.beats[0].kind == QUESTION:
            return self._ask(now)
        while following + 1 < len(self.beats) and self.beats[following].at < session.timeline.at:
            following += 1  # the run is beyond it already, by hand
        if self.beats[following].at <= session.timeline.at:
            return self._reached(following)
        self.shown, self.under_way, session.playing = "", following, True
        return None

    def _ask(self, now: float) -> None:
        """The first beat. A scenario whose steps are the visitor's gets its script, so that a clicker can do them."""
        session = self.session
        card = session.scenarios[session.spec.scenario]
        if card.by_hand and not session.timeline.log and not session.spec.script:
            session.open(replace(session.spec, script=card.spec.script), playing=False, now=now)
        session._obey_pause()
        self.beat = 0
        self._show_card(0)

    def _obey_previous(self, now: float) -> None:
        if self.blank:
            return self._obey_blank(now, on=False)
        if self.under_way is not None:
            return self._jump(self.beat)
        if self.beat == 0 and self.session.followed and self.session.hall.reopens():
            self.shown = QUESTION
            return None
        if self.beat > 0:
            return self._jump(self.beat - 1)
        if self.talk is None or self.scene == 0:
            raise Refused("This is the beginning of the talk." if self.talk else "This is the beginning of the scenario.")
        return self._open(self.scene - 1, now, last=True)

    def _jump(self, number: int) -> None:
        """To a beat at once, forwards or backwards."""
        session = self.session
        self.under_way, self.factor = None, 1.0
        session.playing = False
        self.beat, self.shown, self.reveals = max(number, -1), "", number
        session.hall.unmarks()
        if number < 0:
            return
        at = self.beats[number].at
        session.speed = min(max(session.spec.speed, session.limits.speed_min), session.limits.speed_max)
        if at != session.timeline.at:
            session.timeline.seek(at)
            session._go_to(at)

    def _obey_scene(self, now: float, number: int) -> None:
        if self.talk is None:
            raise Refused("No talk is open.")
        if number >= len(self.talk.scenes):
            raise Refused(say("This talk has {n} scenes.", n=len(self.talk.scenes)))
        self._open(number, now)

    def _obey_show(self, now: float, what: str) -> None:
        if what == LESSON and self.session.veiled:
            raise Refused("The lesson comes after the box is opened.")
        if what and not any(beat.kind == what for beat in self.beats):
            raise Refused("This run is not as in its scenario: it has no question and no lesson.")
        if what:
            self.session._obey_pause()
        self.shown, self.reveals = what, -1

    def _obey_blank(self, now: float, on: bool) -> None:
        session = self.session
        if on == self.blank:
            return
        self.blank = on
        if on:
            self.plays_on = session.playing
            session._obey_pause()
        else:
            session.playing = self.plays_on

    def _obey_talk(self, now: float, name: str) -> None:
        if not name:
            self.talk, self.began = None, None
            return
        self._begin(registry.talk(name), now)

    def _obey_compose_talk(self, now: float, talk: Any) -> None:
        self._begin(talks.read(talk, self.session.scenarios), now)

    def _begin(self, talk: talks.Talk, now: float) -> None:
        was = self.talk
        self.talk = talk
        try:
            self._open(0, now)
        except Refused:
            self.talk = was
            raise
        self.began = now

    def _open(self, number: int, now: float, last: bool = False) -> None:
        """A scene: at its question (or its first beat), or, when going back, at its last beat."""
        assert self.talk is not None
        session = self.session
        scene = self.talk.scenes[number]
        spec = spec_of(scene)
        session._spend_build()
        session.open(spec, playing=False, now=now)
        self.scene = number
        if self.beats:
            self._jump(len(self.beats) - 1 if last else min(scene.from_beat, len(self.beats) - 1))

    # --- what the page must know ------------------------------------------------------------------

    def frames(self, now: float) -> dict[bool, Frame]:
        """The frame for the owner, and the one for everybody else."""
        return {owner: ("talk", {**self.body(owner), "elapsed": self.elapsed(now)}) for owner in (True, False)}

    def is_news(self, keep: bool = False) -> bool:
        """Does the page not know it yet? ``keep``: it is being sent now."""
        state = (self.session.controls.state(), self.body(True))
        news = bool(state != self.sent)
        if keep:
            self.sent = state
        return news

    def body(self, owner: bool) -> dict[str, Any]:
        """The frame; the notes are for the owner alone."""
        scenes = self.talk.scenes if self.talk else ()
        body = {
            "title": self.talk.title if self.talk else "",
            "scenes": [self._scene_body(scene) for scene in scenes],
            "scene": self.scene,
            "beat": self.beat,
            "beats": [{"kind": beat.kind, "words": "" if self._hides(beat) else beat.words} for beat in self.beats],
            "under_way": self.under_way is not None,
            "fast": self.under_way is not None and self.fast,
            "shown": self.shown,
            "blank": self.blank,
            "planned": self.talk.minutes if self.talk else 0,
        }
        if owner and self.talk:
            body["notes"] = scenes[self.scene].notes
            body["following"] = scenes[self.scene + 1].notes if self.scene + 1 < len(scenes) else ""
        return body

    def _hides(self, beat: Stage) -> bool:
        return beat.kind == LESSON and self.session.veiled

    def _scene_body(self, scene: talks.Scene) -> dict[str, Any]:
        card = self.session.scenarios[scene.scenario]
        return {"scenario": card.name, "number": card.number, "title": card.title, "minutes": scene.minutes}

    def elapsed(self, now: float) -> int:
        """Whole wall seconds since the talk was opened."""
        return 0 if self.began is None else int(now - self.began)


def spec_of(scene: talks.Scene) -> Spec:
    """The run of a scene: with its script, since a clicker draws no line, and with its own knobs."""
    spec = registry.spec(scene.scenario, scene.seed)
    lanes = list(spec.lanes)
    for lane, knob, value in scene.knobs:
        lanes[lane] = replace(lanes[lane], knobs=tuple({**dict(lanes[lane].knobs), knob: value}.items()))
    return replace(spec, lanes=tuple(lanes))


def _is_own(spec: Spec, own: Spec) -> bool:
    """Are lanes and nodes those of the scenario?"""
    return [_lane(lane) for lane in spec.lanes] == [_lane(lane) for lane in own.lanes] and spec.nodes == own.nodes


def _lane(lane: Any) -> tuple[str, Mapping[str, Any]]:
    return lane.protocol, dict(lane.knobs)
