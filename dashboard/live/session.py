"""A session: one audience, one experiment, one pace. No sockets and no clock of its own: the pump hands both in.

Commands queue up and are drained at the start of a tick, so nothing here needs a lock. A tick does at most one slice of
simulation and returns the packets that are due. All viewers get the same numbered packets. A packet for some viewers only (a
newcomer's snapshot, or who holds the controls) has the same number as the packet that the others get.

Left out: saving runs on disk and sharing branches (a spec and a log already describe a whole run).
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from consensus.kernel.node import S
from consensus.kernel.sentences import Refused, Sentence, say
from consensus.runs import registry
from consensus.runs.interventions import DeliverMessage, DropMessage, DuplicateMessage, HoldMessage, Intervention
from consensus.runs.lane import Lane
from consensus.runs.seen import LaneSeen
from consensus.runs.spec import LaneSpec, Spec
from consensus.runs.timeline import Timeline
from consensus.runs.why import why
from consensus.watch.watch import Mark
from dashboard import wire
from dashboard.live import hall, veil
from dashboard.live.controls import Controls
from dashboard.live.talk import COMMANDS as TALK
from dashboard.live.talk import Talk
from dashboard.web.limits import LIMITS, Limits, words
from dashboard.wire import Frame, LaneView, Order

OF_ONE_MESSAGE = (DropMessage, HoldMessage, DeliverMessage, DuplicateMessage)
OPENS_WITH = "same-cut"
STEPS = 40  # simulation steps between two looks at the clock; about two milliseconds
ABOUT_CONTROLS = ("ask_controls", "hand", "decline", "take", "release", "open_to_all")
NEVER_WAIT = (*ABOUT_CONTROLS, *hall.COMMANDS, "resync", "inspect")  # these change nothing in the simulated world
ANY_TIME = ("seek", "pause", "reset", "scenario", "compose")  # allowed while the session is on its way to a moment, too
# Sent twice they do the same as once, so their answers need not be remembered: a hall's votes must not push out the speaker's.
REPEATABLE = ("inspect", "resync", "poll", "vote", "seats", "sit", "stand")

Reply = Callable[[dict[str, Any]], None]  # takes the acknowledgement, once


class Packet(NamedTuple):
    """One packet for some viewers, encoded once for all of them."""

    viewers: tuple[str, ...]
    data: bytes


class Served(NamedTuple):
    """What some viewers get: frames of their own, and a snapshot of their own (None: the frames that everybody gets)."""

    alone: list[Frame]
    world: Frame | None = None


class QueuedCommand(NamedTuple):
    """A command in the queue."""

    viewer: str
    order: Order
    reply: Reply


class Session:
    """``now`` is always wall seconds of one monotonic clock."""

    def __init__(self, id: str, now: float, limits: Limits = LIMITS) -> None:
        self.id = id
        self.limits = limits
        self.protocols = registry.protocols()
        self.scenarios = registry.scenarios()
        self.viewers: dict[str, str] = {}  # viewer -> token
        self.controls = Controls(id, self.viewers, limits)
        self.most_viewers = 0  # so far
        self.code = ""  # of its short address; the house gives it
        self.newcomers: list[str] = []  # viewers that have not got a packet yet
        self.behind: dict[str, bool] = {}  # viewers that missed packets and need a snapshot
        self.queue: deque[QueuedCommand] = deque()
        self.answers: OrderedDict[tuple[str, str], dict[str, Any]] = OrderedDict()
        self.notices: list[tuple[str, str]] = []  # (viewer, sentence)
        self.builds = float(limits.builds)
        self.built_at = now
        self.unwatched_since: float | None = now
        self.seq = 0
        self.lively_until = now
        self.packet_at = self.meters_at = self.clock_sent_at = self.audience_at = self.snapshot_at = self.welcome_at = now - 1.0
        self.sent_audience: tuple[Any, ...] = ()
        self.greeting: wire.Greeting | None = None
        self.base_run = 0
        self.talk = Talk(self)
        self.hall = hall.Hall(limits)
        spec = registry.opening(OPENS_WITH)
        self._stand(spec, self._timeline(spec), playing=True, now=now)

    # --- the run ------------------------------------------------------------------------------

    def open(self, spec: Spec, playing: bool, now: float) -> None:
        """Starts another run; run numbers continue. Raises Refused, and changes nothing, if the spec is not possible."""
        timeline = self._timeline(spec)
        self.base_run = self.run + 1
        self._stand(spec, timeline, playing, now)

    def _timeline(self, spec: Spec) -> Timeline:
        """The run at its very beginning. The time before the opening is simulated in slices, like the rest."""
        return Timeline(replace(spec, opening=0), self.protocols)

    def _stand(self, spec: Spec, timeline: Timeline, playing: bool, now: float) -> None:
        self.spec = spec
        self.hall.stand(spec, self.scenarios.get(spec.scenario))
        self.veiled = spec.veiled
        self.timeline = timeline
        self.playing = playing
        self.speed = min(max(spec.speed, self.limits.speed_min), self.limits.speed_max)
        self.clock_at = now
        self._go_to(spec.opening)
        self.talk.stand()
        self._new_pace(now)
        self._renew()

    def _go_to(self, at: int) -> None:
        """Heads for that moment. Until the run gets there, no packets are sent and interventions are ignored."""
        self.goal, self.there, self.arriving = at, False, True

    @property
    def run(self) -> int:
        """The run's number. It changes at every seek, fork, reset and new scenario; the page drops frames of an old run."""
        return self.base_run + self.timeline.run

    @property
    def lanes(self) -> list[Lane]:
        return self.timeline.experiment.lanes

    @property
    def shown(self) -> Sequence[LaneSeen]:
        """The lanes as the audience may see them."""
        return [veil.VeiledLane(lane) for lane in self.lanes] if self.veiled else self.lanes

    @property
    def marks(self) -> list[Mark]:
        return veil.marks(self.timeline.marks) if self.veiled else self.timeline.marks

    def _renew(self) -> None:
        """Forgets what was sent: the next packet has a snapshot for everybody."""
        self.sent_run = self.run
        self.views = [LaneView(number) for number in range(len(self.lanes))]
        self.sent_marks: dict[Mark, bool] = {}
        self.sent_clock: dict[str, Any] = {}
        self.stream = wire.Stream()
        self.sent_dials: tuple[Any, ...] = ()
        self.sent_story: tuple[Any, ...] = ()
        self.renewed = True
        self.changed = True  # there is news of the clock or the audience, even if no lane has any
        self.meters_due = False

    # --- the audience -------------------------------------------------------------------------

    def join(self, viewer: str, token: str, now: float, secret: str = "") -> None:
        """A page connects. A browser without cookies has no secret; there the token, which nobody else knows, stands for it."""
        secret = secret or token
        if len(self.viewers) >= self.limits.viewers and not self.controls.known(secret):
            raise Refused(say("This session has {viewers} viewers already; it takes no more.", viewers=self.limits.viewers))
        self.viewers[viewer] = token
        self.controls.arrive(viewer, secret)
        self.most_viewers = max(self.most_viewers, len(self.viewers))
        self.newcomers.append(viewer)
        if self.unwatched_since is not None:
            self.unwatched_since = None
            self.clock_at = now
            self.pace = (now, self.timeline.at)

    def leave(self, viewer: str, now: float) -> None:
        """A page is gone. If it was the last one, time stands still until somebody comes back."""
        token = self.viewers.pop(viewer, None)
        if viewer in self.newcomers:
            self.newcomers.remove(viewer)
        self.behind.pop(viewer, None)
        if token is not None:
            self.controls.leave(viewer, token, now)
        if not self.viewers and self.unwatched_since is None:
            self.unwatched_since = now

    def idle(self, now: float, kept: bool = False) -> bool:
        """True when nobody has watched for so long that the session ends. One that is kept for its owner lasts longer."""
        longest = self.limits.kept_s if kept else self.limits.idle_s
        return self.unwatched_since is not None and now - self.unwatched_since > longest

    @property
    def owner(self) -> str:
        """The owner's secret. It must not get into any frame or log."""
        return self.controls.owner

    def owns(self, viewer: str) -> bool:
        return self.controls.owns(viewer)

    def holds(self, viewer: str) -> bool:
        """Does this viewer hold the controls?"""
        return self.controls.holds(viewer)

    @property
    def followed(self) -> bool:
        """Is anybody here besides the owner's own pages?"""
        return len(self.viewers) > len(self.controls.owners)

    # --- commands -----------------------------------------------------------------------------

    def ask(self, viewer: str, message: Any, reply: Reply) -> None:
        """A command arrives; ``reply`` gets its acknowledgement at the next tick."""
        try:
            order = wire.order(message, self.limits)
        except Refused as refusal:
            return reply(answer(refusal.sentence))
        return self.queue.append(QueuedCommand(viewer, order, reply))

    def _drain(self, now: float) -> None:
        """Obeys in the order of arrival. What has to wait for the moment that the run heads for delays only its sender."""
        later: deque[QueuedCommand] = deque()
        waiting: set[str] = set()
        while self.queue:
            command = self.queue.popleft()
            if self.arriving and self._may(command) and self._waits(command, waiting):
                later.append(command)
                waiting.add(command.viewer)
                continue
            token = self.viewers.get(command.viewer)
            if token is None:
                command.reply(answer("You have left this session."))
                continue
            if command.order.type in REPEATABLE:
                command.reply(self._answered(command, now))
                continue
            key = (token, command.order.id)
            if key not in self.answers:
                self.answers[key] = self._answered(command, now)
                while len(self.answers) > self.limits.acknowledgements:
                    self.answers.popitem(last=False)
            command.reply(self.answers[key])
        self.queue = later

    @staticmethod
    def _waits(command: QueuedCommand, waiting: Container[str]) -> bool:
        """An intervention would belong to the moment that the run has not reached yet."""
        kind = command.order.type
        return kind not in NEVER_WAIT and (kind not in ANY_TIME or command.viewer in waiting)

    def _may(self, command: QueuedCommand) -> bool:
        card = wire.COMMANDS[command.order.type]
        return self.owns(command.viewer) if card.owner else card.watcher or self.holds(command.viewer)

    def _answered(self, command: QueuedCommand, now: float) -> dict[str, Any]:
        try:
            if not self._may(command):
                raise Refused(self._why_not(command))
            if self.veiled and command.order.type in veil.FORBIDDEN:
                raise Refused(veil.SENTENCE)
            more = self._obey(command, now)
        except Refused as refusal:
            return answer(self._unveiling(refusal.sentence))
        return {"ok": True, **(more or {})}

    def _why_not(self, command: QueuedCommand) -> str:
        if wire.COMMANDS[command.order.type].owner:
            return "Only the owner of this session can do that."
        if self.owns(command.viewer):
            return "You have handed over the controls; take them back first."
        return "You are watching; somebody else holds the controls."

    def _obey(self, command: QueuedCommand, now: float) -> dict[str, Any] | None:
        order = command.order
        if order.act is not None:
            self._act(order, now)
            return None
        if order.type in hall.COMMANDS:
            viewer = command.viewer
            return self.hall.obey(self, order, self.viewers[viewer], self.holds(viewer), now)
        if order.type == "inspect":
            return self._obey_inspect(**order.values)
        if order.type in TALK:
            self.talk.obey(order.type, order.values, now)
            return None
        if order.type == "why":
            return self._obey_why(**order.values)
        if order.type == "resync":
            self.behind[command.viewer] = True
            return None
        if order.type in ABOUT_CONTROLS:
            decide: Callable[..., dict[str, Any] | None] = getattr(self.controls, f"obey_{order.type}")
            return decide(command.viewer, now, **order.values)
        obey: Callable[..., dict[str, Any] | None] = getattr(self, f"_obey_{order.type}")
        self.changed = True
        if order.type in ("scenario", "compose"):
            return obey(now, **order.values)
        return obey(**order.values)

    def _unveiling(self, sentence: str) -> str:
        """A refusal without veiled facts: the sentence of a stopped lane names its protocol."""
        stopped = [lane.stopped for lane in self.lanes]
        return self.shown[stopped.index(sentence)].stopped or "" if sentence in stopped else sentence

    def _act(self, order: Order, now: float) -> None:
        if len(self.timeline.log) >= self.limits.commands:
            raise Refused(say("A run keeps {most} interventions; reset it to go on.", most=self.limits.commands))
        assert order.act is not None
        self.timeline.act(self._meant(order), lane=order.lane)
        self.goal = self.timeline.at
        self.changed = self.meters_due = True
        self.lively_until = now + self.limits.lively_s

    def _meant(self, order: Order) -> Intervention:
        """The intervention of a command. A message that is named by its id becomes a place among those under way."""
        which, act = order.values.get("which"), order.act
        assert act is not None
        if which is None or not isinstance(act, OF_ONE_MESSAGE):
            return act
        number = order.lane or 0
        if number >= len(self.lanes):
            raise Refused(say("There is no lane {lane}.", lane=number))
        place = self.lanes[number].place_under_way(which, act.src, act.dst, act.message, isinstance(act, HoldMessage))
        if place is None:
            raise Refused("That message is not under way any more.")
        return act._replace(nth=place)

    def _new_pace(self, now: float) -> None:
        self.pace = (now, self.timeline.at)  # the wall time and the simulated time at which this pace began
        self.slow_reported = False

    def _obey_play(self) -> None:
        if self.timeline.at >= self.limits.length:
            raise Refused(self._length_sentence())
        self.playing = True

    def pause(self) -> None:
        """Time stands still, as when the holder says so."""
        if self.playing:
            self._obey_pause()
            self.changed = True

    def _obey_pause(self) -> None:
        self.playing = False
        self.goal = self.timeline.at
        self.meters_due = True

    def _obey_speed(self, speed: float) -> None:
        self.talk.speed(speed)
        self.speed = speed
        self.goal = self.timeline.at
        self._new_pace(self.clock_at)

    def _obey_step(self, unit: str) -> None:
        if self.timeline.at >= self.limits.length:
            raise Refused(self._length_sentence())
        self.playing = False
        self.timeline.step(unit)
        self.goal, self.there = self.timeline.at, True  # the other events of this microsecond wait for the next step
        self.talk.moved()
        self.meters_due = True

    def _obey_seek(self, at: int) -> None:
        self.playing = False
        self.timeline.seek(at)
        self._go_to(at)
        self.talk.moved()

    def _obey_reset(self) -> None:
        self._spend_build()
        self.timeline.reset()
        self.playing = False
        self._go_to(self.spec.opening)
        self.talk.reset()

    def _obey_reveal(self) -> None:
        """Lifts the veil: everybody gets a new snapshot, with everything in it, as a newcomer does."""
        if not self.veiled:
            raise Refused("Nothing is hidden here.")
        self.veiled = False
        self._renew()

    def _obey_undo(self) -> dict[str, Any]:
        sentence = self.timeline.undo()
        self.goal = self.timeline.at
        self.meters_due = True
        return {"sentence": sentence}

    def _obey_scenario(self, now: float, name: str, seed: int | None = None) -> None:
        spec = registry.opening(name, seed)
        self._spend_build()
        self.open(spec, playing=True, now=now)

    def _obey_compose(
        self, now: float, lanes: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...], nodes: int, seed: int | None = None
    ) -> None:
        wanted = tuple(LaneSpec(protocol, knobs) for protocol, knobs in lanes)
        for lane in wanted:
            if lane.protocol not in self.protocols:
                names = ", ".join(self.protocols)
                raise Refused(say("There is no protocol {protocol}; there are: {names}.", protocol=lane.protocol, names=names))
            self.protocols[lane.protocol].with_defaults(dict(lane.knobs))
        self._spend_build()
        spec = self.spec
        first = self.lanes[0]
        composed = replace(
            spec,
            lanes=wanted,
            nodes=nodes,
            seed=spec.seed if seed is None else seed,
            link=first.base_link,
            deadline=first.deadline,
            script=(),
            veiled=False,
        )
        self.open(composed, playing=self.playing, now=now)

    def _obey_why(self, lane: int) -> dict[str, Any]:
        if lane >= len(self.lanes):
            raise Refused(say("There is no lane {lane}.", lane=lane))
        if self.veiled:
            raise Refused(veil.SENTENCE)
        return {name: told(line) for name, line in why(self.lanes[lane])._asdict().items()}

    def _obey_inspect(self, lane: int, messages: tuple[int, ...]) -> dict[str, Any]:
        if lane >= len(self.views):
            raise Refused(say("There is no lane {lane}.", lane=lane))
        carried = [self.views[lane].recent.get(number) for number in messages]
        return {"fields": [None if message is None else wire.content(message) for message in carried]}

    def _spend_build(self) -> None:
        if self.builds < 1:
            raise Refused("One moment: that was many new worlds in a row.")
        self.builds -= 1

    def _length_sentence(self) -> Sentence:
        length = words(self.limits.length)
        return say("A run goes on for {length} of simulated time at most; go back, or reset it.", length=length)

    # --- a tick -------------------------------------------------------------------------------

    def tick(self, now: float, clock: Callable[[], float], waiting: Callable[[str], int]) -> tuple[list[Packet], bool]:
        """Drains commands, simulates for at most one slice, and returns the packets that are due and whether work is left.

        ``clock`` returns wall seconds, to measure a slice; ``waiting`` returns how many packets a viewer has not taken yet.
        """
        self._refill(now)
        self.controls.tick(now)
        if not self.viewers:
            self._answer_absent()
            return [], False
        self._drain(now)
        busy = self._simulate(now, clock)
        if self.run != self.sent_run:
            self._renew()
        return self._packets(now, waiting), busy or bool(self.queue)

    def _answer_absent(self) -> None:
        while self.queue:
            self.queue.popleft().reply(answer("You have left this session."))

    def _refill(self, now: float) -> None:
        passed, self.built_at = now - self.built_at, now
        self.builds = min(float(self.limits.builds), self.builds + passed * self.limits.builds_per_s)

    def _simulate(self, now: float, clock: Callable[[], float]) -> bool:
        """Simulates up to the moment that is due now. True when the slice was too short for that."""
        passed, self.clock_at = min(now - self.clock_at, self.limits.leap_s), now
        timeline = self.timeline
        if self.there and self.playing:
            self._watch_the_length()
        if self.there and self.playing:
            ahead = self.talk.ahead(passed) or timeline.at + max(1, round(passed * self.speed * S))
            self.goal = min(ahead, self.limits.length)
            self.there = False
        end = clock() + self.limits.slice_s
        while not self.there:
            self.there = timeline.advance(self.goal, STEPS)
            if clock() >= end:
                break
        if self.there and self.arriving:
            self.arriving = False
            self.changed = self.meters_due = True
        self.talk.looked()
        self._watch_the_pace(now)
        return not self.there

    def _watch_the_length(self) -> None:
        if self.timeline.at >= self.limits.length:
            self.playing = False
            self.changed = True
            self.notices += [(viewer, self._length_sentence()) for viewer in self.viewers]

    def _watch_the_pace(self, now: float) -> None:
        """Sends one notice when the machine is much slower than this speed for two seconds."""
        began, stood = self.pace
        if not self.playing or self.slow_reported:
            self.pace = (now, self.timeline.at)
        elif now - began > 2.0:
            self.pace = (now, self.timeline.at)
            if self.timeline.at - stood < 0.7 * (now - began) * self.speed * S:
                self.slow_reported = True
                sentence = "This is faster than the server can simulate; time goes by more slowly than the speed says."
                self.notices += [(viewer, sentence) for viewer in self.viewers]

    # --- packets ------------------------------------------------------------------------------

    def _packets(self, now: float, waiting: Callable[[str], int]) -> list[Packet]:
        if self.arriving or now - self.packet_at < 0.9 / self.limits.packets_per_s:
            return []
        for viewer in self.viewers:
            if viewer not in self.newcomers and waiting(viewer) >= self.limits.waiting:
                self.behind[viewer] = True  # newest wins: it gets a snapshot when its queue is empty
        newcomers, returning = self._due(now, waiting)
        self.hall.watch(self.timeline)
        hall_news = self.hall.news(now)
        personal = bool(
            newcomers or returning or self.notices or hall_news or self._audience_is_news(now) or self.talk.is_news()
        )
        if not personal and not self._news_are_due(now):
            return []
        shared = self._shared(now, bool(newcomers or returning))
        served = self._served(shared, newcomers, returning, hall_news, now)
        if not shared and not served:
            return []
        self.seq += 1
        self.packet_at = now
        return self._encoded(shared, served)

    def _encoded(self, shared: list[Frame], served: dict[str, Served]) -> list[Packet]:
        """One packet for each group of viewers who get the same; the shared frames are packed once."""
        packed = self.stream.for_all(shared)
        packets = []
        for viewers, (alone, world) in [*grouped(served), (tuple(self._reached(served)), Served([]))]:
            if viewers:
                data = packed if world is None else self.stream.for_some([world])
                packets.append(Packet(viewers, wire.encoded(self.seq, self.run, alone, data, self.greeting)))
        return packets

    def _news_are_due(self, now: float) -> bool:
        """While time runs, news is collected for a while, unless somebody acted or waits for an answer."""
        if self.renewed or self.changed or self.meters_due or not self.playing or now < self.lively_until:
            return True
        by_hand = any(lane.waits_by_hand() for lane in self.lanes)
        return by_hand or now - self.packet_at >= 0.9 / self.limits.steady_packets_per_s

    def _shared(self, now: float, joined: bool) -> list[Frame]:
        """What everybody gets: a snapshot when the run is new or a dial was turned, else the clock and then the news."""
        if self.renewed or self._dials() != self.sent_dials:
            self.renewed = self.changed = self.meters_due = False
            self.meters_at = self.clock_sent_at = now
            return [self._snapshot(whole=True)]
        frames: list[Frame] = []
        for view, lane in zip(self.views, self.shown, strict=True):
            frames += view.news(lane, self.timeline.at)
        frames += self._story()
        if self.meters_due or (frames and self.playing and now - self.meters_at >= 1 / self.limits.meters_per_s):
            for view, lane in zip(self.views, self.shown, strict=True):
                frames += view.meters_news(lane, self.timeline.at, exact=self.meters_due)
            self.meters_at, self.meters_due = now, False
        clock_due = self.playing and (joined or now - self.clock_sent_at >= 1 / self.limits.clocks_per_s)
        if frames or self.changed or clock_due:
            news = self._clock()
            frames.insert(0, wire.clock_news(self.sent_clock, news))
            self.sent_clock, self.clock_sent_at = news, now
        self.changed = False
        return frames

    def _dials(self) -> tuple[Any, ...]:
        """The values of the spec that can change while it runs: knobs and deadline."""
        return tuple((lane.deadline, *lane.knobs.items()) for lane in self.lanes)

    def _clock(self) -> dict[str, Any]:
        return wire.clock(self.timeline.at, self.timeline.horizon, self.speed, self.playing)

    def _story(self) -> list[Frame]:
        """Marks, cut spans, caption and undo, when they changed."""
        timeline = self.timeline
        new = []
        marks = self.marks
        if len(marks) != len(self.sent_marks):
            new = [mark for mark in marks if mark not in self.sent_marks]
        story = (tuple(timeline.cut_spans), timeline.caption, timeline.undo_words)
        if not new and story == self.sent_story:
            return []
        self.sent_marks.update(dict.fromkeys(new, True))
        self.sent_story = story
        return [wire.marks(new, *story)]

    def _snapshot(self, whole: bool) -> Frame:
        """The world now; ``whole`` when everybody gets it, so that the next news is counted from it."""
        timeline, limits = self.timeline, self.limits
        if whole:
            self.sent_clock = self._clock()
            lanes = [view.whole(lane, timeline.at, limits) for view, lane in zip(self.views, self.shown, strict=True)]
            self.sent_dials = self._dials()
            self.sent_marks = dict.fromkeys(self.marks, True)
            self.sent_story = (tuple(timeline.cut_spans), timeline.caption, timeline.undo_words)
        else:
            lanes = [view.body(lane, timeline.at, limits) for view, lane in zip(self.views, self.shown, strict=True)]
        spec = wire.spec_body(self.spec, self.scenarios.get(self.spec.scenario), self.shown, self.veiled)
        return wire.snapshot(
            spec, self.sent_clock, lanes, self.marks, timeline.cut_spans, timeline.caption, timeline.undo_words
        )

    def _served(
        self, shared: list[Frame], newcomers: list[str], returning: list[str], hall_news: tuple[bool, ...], now: float
    ) -> dict[str, Served]:
        """What single viewers get instead: newcomers, viewers who fell behind, and all when the audience changed; notices."""
        frames = {(holds, owns): self._audience(holds, owns) for holds in (True, False) for owns in (True, False)}
        audience = {viewer: frames[self.holds(viewer), self.owns(viewer)] for viewer in self.viewers}
        talk = self.talk.frames(now)
        served: dict[str, Served] = {}
        if newcomers or returning:
            world = None if shared and shared[0][0] == "snapshot" else self._snapshot(whole=False)
            hello = self._greets()
            for viewer in newcomers:
                served[viewer] = Served(
                    [hello, audience[viewer], talk[self._conducts(viewer)], *self._hall_for(viewer, comes=True)], world
                )
            for viewer in returning:
                served[viewer] = Served(
                    [audience[viewer], talk[self._conducts(viewer)], *self._hall_for(viewer, comes=True)], world
                )
        audience_news, talk_news = self._audience_is_news(now), self.talk.is_news(keep=True)
        if audience_news:
            self.sent_audience, self.audience_at = self._audience_now(), now
        for viewer in self._reached(served) if audience_news or talk_news or hall_news else ():
            alone = [audience[viewer]] if audience_news else []
            alone += [talk[self._conducts(viewer)]] if talk_news else []
            if audience_news or self._conducts(viewer) in hall_news:
                alone += self._hall_for(viewer)
            if alone:
                served[viewer] = Served(alone)
        notices, self.notices = self.notices, []
        for viewer, sentence in notices:
            if viewer in served or viewer in self._reached(served):
                alone, world = served.get(viewer, Served([]))
                served[viewer] = Served([*alone, wire.refused(sentence)], world)
        return served

    def _greets(self) -> Frame:
        """The frame that every newcomer gets. To build it takes longer than all else in a first packet."""
        if self.greeting is None:
            hello = wire.hello(self.id, self.protocols, self.scenarios, self.limits, registry.talks())
            self.greeting = wire.Greeting(hello)
        return self.greeting.frame

    def _due(self, now: float, waiting: Callable[[str], int]) -> tuple[list[str], list[str]]:
        """Newcomers, and viewers who have caught up; both wait a little, so that many share one snapshot."""
        newcomers: list[str] = []
        if self.newcomers and now - self.welcome_at >= 1 / self.limits.welcomes_per_s:
            newcomers, self.newcomers, self.welcome_at = self.newcomers, [], now
        returning: list[str] = []
        if self.behind and now - self.snapshot_at >= 1 / self.limits.snapshots_per_s:
            returning = [viewer for viewer in self.behind if viewer not in self.newcomers and waiting(viewer) == 0]
            if returning:
                self.snapshot_at = now
        for viewer in (*newcomers, *returning):
            self.behind.pop(viewer, None)
        return newcomers, returning

    def _reached(self, served: Mapping[str, Any]) -> list[str]:
        """The viewers who get what everybody gets."""
        return [v for v in self.viewers if v not in served and v not in self.behind and v not in self.newcomers]

    def _conducts(self, viewer: str) -> bool:
        """May this viewer see the counts of a vote before they are shown?"""
        return self.owns(viewer) or (self.holds(viewer) and not self.controls.open)

    def _hall_for(self, viewer: str, comes: bool = False) -> list[Frame]:
        return self.hall.frames_for(self._conducts(viewer), self.viewers[viewer], comes)

    def _audience(self, holds: bool, owns: bool) -> Frame:
        return wire.audience(len(self.viewers), holds, **self.controls.seen(owns))

    def _audience_now(self) -> tuple[Any, ...]:
        return len(self.viewers), self.controls.state()

    def _audience_is_news(self, now: float) -> bool:
        """True when the audience changed: at once if the controls did, a few times a second if only the count did."""
        state = self._audience_now()
        if state == self.sent_audience:
            return False
        return state[1:] != self.sent_audience[1:] or now - self.audience_at >= 1 / self.limits.audience_per_s


def answer(sentence: str) -> dict[str, Any]:
    """Why a command was not done. A sentence with values is sent with its template, for a page in another language."""
    return {"ok": False, "sentence": str(sentence), **(parts(sentence) if isinstance(sentence, Sentence) else {})}


def parts(sentence: Sentence) -> dict[str, Any]:
    """The template and the values of a sentence, for JSON. A value that is a sentence is sent in the same way."""
    return {"template": sentence.template, "values": {name: told(each) for name, each in sentence.values.items()}}


def told(value: Any) -> Any:
    """A value for JSON: the parts of a sentence; anything else, such as a text without values, is sent as it is."""
    return parts(value) if isinstance(value, Sentence) else value


def grouped(served: Mapping[str, Served]) -> list[tuple[tuple[str, ...], Served]]:
    """Viewers who get the same together, so that each packet is encoded once."""
    groups: dict[tuple[int, ...], tuple[list[str], Served]] = {}
    for viewer, (alone, world) in served.items():
        key = (id(world), *(id(frame) if frame[0] != "refused" else hash(frame[1]["sentence"]) for frame in alone))
        groups.setdefault(key, ([], Served(alone, world)))[0].append(viewer)
    return [(tuple(viewers), frames) for viewers, frames in groups.values()]
