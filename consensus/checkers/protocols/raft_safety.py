"""Raft's five safety properties (Figure 3 of the extended paper), checked from outside, event by event.

Two kinds of events show a log: the messages of leaders (every ``AppendEntries`` names the entry before its own entries, so the
messages chain each entry to its predecessor) and the decisions of servers. If a follower's log differs from all others, this
shows at the latest when that follower leads or decides. A server whose own assertion fails is a finding too.

A snapshot (section 7) must replace decided entries only: its last entry is a decided one, its data are the result of applying
the entries up to there, and a server that skips entries must have a snapshot of them. The effect of an entry is what the first
server to apply it stored then; the others must do the same. (Notes ``snapshot taken``, ``snapshot installed`` end with the
index.)

Beside the five it checks majorities: a leader had the votes, and its commitments had the acknowledgements, of a majority of the
members in force: of the first members, or of the newest entry about members in its log, and of both halves of a joint
configuration (5.2, 5.3, section 6). It counts votes and acknowledgements when they are sent, so it accuses nobody because of
messages that the network lost. Members that change all at once keep that rule, and break one of the five.

Messages are read by the paper's field names, not by type: this module knows no protocol file. An entry is a tuple that begins
with its term and its kind and ends with the id of the operation that it carries (empty for none). If its kind is ``members``,
the third part names the voters, and the fourth, in a joint configuration, the old voters. A note ``first members`` names the
members at the start, if they are not all.
"""

from __future__ import annotations

from typing import Any

from consensus.checkers import Finding, Witness
from consensus.checkers.words import ASSERTION, in_time, stopped
from consensus.kernel.events import Event
from consensus.kernel.ledger import Ledger
from consensus.kernel.rows import make
from consensus.kernel.sentences import say
from consensus.maths.quorums import Configuration, has_quorum
from consensus.watch.history import Operation

ELECTION_SAFETY = "Election Safety"
LEADER_APPEND_ONLY = "Leader Append-Only"
LOG_MATCHING = "Log Matching"
LEADER_COMPLETENESS = "Leader Completeness"
STATE_MACHINE_SAFETY = "State Machine Safety"
MAJORITY = "agreement takes a majority of the members"

PROPERTIES = (ELECTION_SAFETY, LEADER_APPEND_ONLY, LOG_MATCHING, LEADER_COMPLETENESS, STATE_MACHINE_SAFETY)

Entry = tuple[Any, ...]
Data = tuple[tuple[str, str], ...]


class RaftSafety:
    """Each property is reported once for each server that breaks it."""

    laws = (ELECTION_SAFETY, STATE_MACHINE_SAFETY, LEADER_COMPLETENESS, LOG_MATCHING, LEADER_APPEND_ONLY, MAJORITY)
    takes_rows = ("sent", "decided")
    listens = ("sent", "decided", "became", "stored", "noted", "started", "restarted", "wiped", "halted")

    def __init__(self, members: tuple[str, ...]) -> None:
        self.members = members
        self.findings: list[Finding] = []
        self.reported: dict[tuple[str, str], bool] = {}
        self.epoch: dict[str, int] = dict.fromkeys(members, 0)
        # Elections: term -> leader; and what its log was at that moment, (term -> (leader, last index, last term))
        self.leader_of: dict[int, str] = {}
        self.elected_at: dict[tuple[str, int], int] = {}  # (leader, term) -> when
        self.elected_with: dict[int, tuple[str, int, int]] = {}
        self.latest_term_led = 0
        # Logs as leaders show them: (index, term) -> (entry, the term of the entry before it, who showed it first, when)
        self.entry_at: Ledger[tuple[int, int], tuple[Entry, int, str, int]] = Ledger()
        self.shown_by: dict[str, Ledger[int, Entry]] = {}  # leader -> index -> entry, in the term that it leads
        self.last_shown: dict[str, Any] = {}  # leader -> its last AppendEntries
        # Members: in force once the entry of that index and term is in a log; then votes and acknowledgements
        self.members_at: Ledger[tuple[int, int], Configuration | None] = Ledger({(0, 0): Configuration(members)})
        self.led: dict[str, tuple[int, tuple[int, int]]] = {}  # leader -> (term, index and term of the last entry it has shown)
        self.votes: dict[tuple[str, int], tuple[str, ...]] = {}  # (candidate, term) -> the servers that sent it a vote
        self.acknowledged: dict[tuple[str, int], dict[str, int]] = {}  # (leader, term) -> follower -> up to which index
        self.doubted: tuple[Any, ...] = ()  # a commitment without a majority, as far as has been seen: (event, sentence, entry)
        # Decisions: at position index - 1, (entry, who decided it first, in which term, when)
        self.decided: list[tuple[Entry, str, int, int]] = []
        self.last_decided: dict[str, int] = dict.fromkeys(members, 0)
        # Snapshots: what each entry did (index -> key, values); index -> term and data of a snapshot that is as it must be
        self.effect_of: Ledger[int, tuple[str, tuple[str, ...]]] = Ledger()
        self.applying: dict[str, int] = {}  # server -> the index that it is applying; absent while it starts from a snapshot
        self.owed: dict[str, int] = {}  # server -> the index that it has applied, and others have stored something for
        self.snapshots: dict[int, tuple[int, Data]] = {}
        self.snapshot_of: dict[str, int] = dict.fromkeys(members, 0)  # server -> up to which index its own is
        self.replayed_to, self.replayed = 0, dict[str, tuple[str, ...]]()

    def fold(self, event: Event, operation: Operation | None) -> None:
        _, _, kind, node, cause, data = event
        if self.doubted and self.doubted[0].cause != cause:
            self.accuse()
        if kind == "sent":
            _, dst, message, _, _, _ = data
            if self.last_shown.get(node) is message:  # the same to the next follower, or the same heartbeat again
                return
            name = type(message).__name__
            if name == "AppendEntries":
                self.see_append_entries(event, node, message)
            elif name == "AppendEntriesReply" or name == "InstallSnapshotReply":
                self.see_acknowledgement(node, dst, message)
            elif name == "RequestVoteReply":
                self.see_vote(node, dst, message)
            elif name == "InstallSnapshot":
                self.see_snapshot(make(Event, event), message)
        elif kind == "decided":
            self.see_decision(event, *data)
        elif kind == "became":
            self.see_role(event, *event.data)
        elif kind == "stored":
            self.see_effect(event, event.data[0], event.data[1])
        elif kind == "noted":
            if event.data[0] in ("snapshot taken", "snapshot installed"):
                self.see_skip(event, event.data[0], int(event.data[1].rpartition(" ")[2]))
            elif event.data[0] == "first members":
                self.members_at[(0, 0)] = Configuration(tuple(event.data[1].split()))
        elif kind == "started" or kind == "restarted":  # the state machine is rebuilt from the snapshot and the log
            self.last_decided[event.node] = self.snapshot_of[event.node]
            self.applying.pop(event.node, None)
            self.owed.pop(event.node, None)
        elif kind == "wiped":
            self.snapshot_of[event.node] = 0
        elif kind == "halted":
            self.find(ASSERTION, event, stopped(event), (event.node,))

    def find(
        self,
        promise: str,
        event: Event,
        sentence: str,
        nodes: tuple[str, ...],
        *entries: Entry,
        events: tuple[Witness, ...] = (),
    ) -> None:
        event = make(Event, event)
        if (promise, event.node) not in self.reported:
            self.reported[(promise, event.node)] = True
            operations = tuple(str(entry[-1]) for entry in entries if entry[-1])
            self.findings.append(Finding(promise, event.at, sentence, operations, nodes, events))

    def leads(self, leader: str, term: int, otherwise: int = 0) -> Witness:
        """The election of this leader."""
        at = self.elected_at.get((leader, term), otherwise)
        return Witness(at, leader, say("{node} leads term {term}", node=leader, term=term))

    def committed(self, index: int) -> Witness:
        """The first commitment at this index."""
        _entry, decider, _term, at = self.decided[index - 1]
        return Witness(at, decider, say("{node} commits index {index}", node=decider, index=index))

    # --- Election Safety: at most one leader can be elected in a given term -----------------------

    def see_role(self, event: Event, role: str, term: int) -> None:
        self.epoch[event.node] = term
        if role != "leader":
            return
        first = self.leader_of.setdefault(term, event.node)
        self.elected_at.setdefault((event.node, term), event.at)
        if first != event.node:
            self.find(
                ELECTION_SAFETY,
                event,
                say("{first} and {node} both lead term {term}.", node=event.node, term=term, first=first),
                (first, event.node),
                events=(self.leads(first, term), self.leads(event.node, term)),
            )
        self.shown_by[event.node] = Ledger()

    # --- Leader Append-Only and Log Matching ------------------------------------------------------

    def see_append_entries(self, event: Event, leader: str, message: Any) -> None:
        """A leader sends the same to all its followers, and as a heartbeat again and again: once is enough (``fold``)."""
        last = self.last_shown.get(leader)
        self.last_shown[leader] = message
        if (
            last is None
            or message.term != last.term
            or message.prev_log_index != last.prev_log_index
            or message.prev_log_term != last.prev_log_term
            or message.entries != last.entries
        ):
            self.see_log(make(Event, event), message)

    def see_log(self, event: Event, message: Any) -> None:
        leader, term, entries = event.node, message.term, message.entries
        if term not in self.elected_with:
            # The first message of a term begins where the log ended when its leader was elected.
            self.elected_with[term] = (leader, message.prev_log_index, message.prev_log_term)
            self.latest_term_led = max(self.latest_term_led, term)
            self.check_election(event, term)
            self.check_votes(event, term)
        shown = self.shown_by.get(leader)
        if shown is None:
            shown = self.shown_by[leader] = Ledger()
        previous_term = message.prev_log_term
        _term, last = self.led.get(leader, (0, (0, 0)))
        end = message.prev_log_index + len(entries)
        if _term != term or end > last[0]:
            self.led[leader] = (term, (end, entries[-1][0] if entries else previous_term))
        for index, entry in enumerate(entries, start=message.prev_log_index + 1):
            if shown.setdefault(index, entry) != entry:
                self.find(
                    LEADER_APPEND_ONLY,
                    event,
                    say(
                        "{leader}, leader of term {term}, replaced the entry at index {index} of its own log.",
                        leader=leader,
                        term=term,
                        index=index,
                    ),
                    (leader,),
                    shown[index],
                    entry,
                    events=(
                        self.leads(leader, term),
                        Witness(event.at, leader, say("{node} replaces index {index}", node=leader, index=index)),
                    ),
                )
            self.check_matching(event, index, entry, previous_term)
            previous_term = entry[0]

    def check_matching(self, event: Event, index: int, entry: Entry, previous_term: int) -> None:
        """Same index and term: same entry, and the same before it; hence, by induction, the same prefix."""
        known_entry, known_previous, shower, shown_at = self.entry_at.setdefault(
            (index, entry[0]), (entry, previous_term, event.node, event.at)
        )
        self.see_members(index, entry, previous_term)
        if known_entry != entry or known_previous != previous_term:
            if known_entry != entry:
                sentence = say("At index {index}, two entries are both of term {term}.", index=index, term=entry[0])
            else:
                sentence = say(
                    "At index {index}, entries with different pasts are both of term {term}.", index=index, term=entry[0]
                )
            events = (
                Witness(shown_at, shower, say("{node} sends index {index}", node=shower, index=index)),
                Witness(event.at, event.node, say("{node} sends another index {index}", node=event.node, index=index)),
            )
            self.find(LOG_MATCHING, event, sentence, (event.node,), known_entry, entry, events=events)

    # --- a majority of the members agrees (5.2, 5.3, section 6) -------------------------------------

    def see_members(self, index: int, entry: Entry, previous_term: int) -> None:
        """Which members are in force where the log ends in this entry: those that it names, or those of before."""
        if (index, entry[0]) not in self.members_at:
            before = self.members_at.get((index - 1, previous_term))
            self.members_at[(index, entry[0])] = members_of(entry) if entry[1] == "members" else before

    def see_vote(self, voter: str, candidate: str, message: Any) -> None:
        if message.vote_granted:
            self.votes[(candidate, message.term)] = (*self.votes.get((candidate, message.term), ()), voter)

    def see_acknowledgement(self, follower: str, leader: str, message: Any) -> None:
        match_index = message.match_index
        if match_index:
            led = leader, message.term
            known = self.acknowledged.get(led)
            if known is None:
                known = self.acknowledged[led] = {}
            if match_index > known.get(follower, 0):
                known[follower] = match_index

    def check_votes(self, event: Event, term: int) -> None:
        """A leader has shown its log as it was when it was elected, and with it which members were in force."""
        leader, last_index, last_term = self.elected_with[term]
        configuration = self.members_at.get((last_index, last_term))
        voters = (leader, *self.votes.get((leader, term), ()))
        if configuration is not None and not has_quorum(configuration, dict.fromkeys(voters, True)):
            sentence = say(
                "{leader} leads term {term} with the votes of {names}, of the members {names2}.",
                leader=leader,
                term=term,
                names=", ".join(voters),
                names2=names(configuration),
            )
            first_sent = Witness(event.at, leader, say("{node} sends its log", node=leader))
            self.find(MAJORITY, event, sentence, (leader,), events=(self.leads(leader, term, event.at), first_sent))

    def check_commitment(self, event: Event, index: int, entry: Entry) -> None:
        """The first to decide is the leader; the members in force are those of the last entry that it has shown, or of this
        one, if there was nobody to show it to.
        """
        leader = event.node
        self.see_members(index, entry, self.decided[index - 2][0][0] if index > 1 else 0)
        term, last = self.led.get(leader, (0, (0, 0)))
        configuration = self.members_at.get(last if last[0] >= index else (index, entry[0]))
        if self.leader_of.get(self.epoch[leader]) != leader or term != self.epoch[leader] or configuration is None:
            return
        if configuration.voters == (leader,) and not configuration.outgoing:
            self.doubted = ()  # the others have left: with the entry that says so it committed those before as well
        holders = [who for who, up_to in self.acknowledged.get((leader, term), {}).items() if up_to >= index]
        if not has_quorum(configuration, dict.fromkeys((leader, *holders), True)):
            who = ", ".join((leader, *holders))
            sentence = say(
                "{leader} committed index {index}, which {who} hold, of the members {names}.",
                leader=leader,
                index=index,
                who=who,
                names=names(configuration),
            )
            self.doubted = (event, sentence, entry)
            if not event.cause:
                self.accuse()

    def accuse(self) -> None:
        """The other decisions of the same cause have not explained it."""
        event, sentence, entry = self.doubted
        self.doubted = ()
        node, term = event.node, self.led[event.node][0]
        now = Witness(event.at, node, say("{node} commits index {index}", node=node, index=event.data[0]))
        self.find(MAJORITY, event, sentence, (node,), entry, events=(self.leads(node, term, event.at), now))

    # --- Leader Completeness: what was committed in a term is in the logs of the leaders of all later terms

    def check_election(self, event: Event, term: int) -> None:
        """A leader of this term has shown its log: does it hold what was committed in earlier terms?"""
        for index in range(len(self.decided), 0, -1):
            if self.decided[index - 1][2] < term:
                return self.check_holds(event, term, index)  # the entries before it follow by Log Matching

    def check_holds(self, event: Event, term: int, index: int) -> None:
        leader, last_index, last_term = self.elected_with[term]
        entry, decider, committed_in, _at = self.decided[index - 1]
        if index <= last_index:
            held = self.term_at(index, last_index, last_term)
            if held is None or held == entry[0]:
                return
        self.find(
            LEADER_COMPLETENESS,
            event,
            say(
                "{leader} leads term {term} without the entry at index {index}, which {decider} committed in term "
                "{committed_in}.",
                leader=leader,
                term=term,
                index=index,
                decider=decider,
                committed_in=committed_in,
            ),
            (decider, leader),
            entry,
            events=in_time(self.committed(index), self.leads(leader, term, event[1])),
        )

    def term_at(self, index: int, last_index: int, last_term: int) -> int | None:
        """The term at that index in the log that ends so, followed backwards; None where no message has shown it yet."""
        while last_index > index:
            link = self.entry_at.get((last_index, last_term))
            if link is None:
                return None
            last_index, last_term = last_index - 1, link[1]
        return last_term

    # --- State Machine Safety: no two servers apply different entries at one index ----------------

    def see_decision(self, event: Event, index: int, entry: Entry) -> None:
        _, at, _, node, _, _ = event
        if index != self.last_decided[node] + 1:
            sentence = say(
                "{node} applied index {index} after index {last_decided}.",
                node=node,
                index=index,
                last_decided=self.last_decided[node],
            )
            self.find(STATE_MACHINE_SAFETY, event, sentence, (node,), entry)
        if (left := self.owed.pop(node, 0)) != 0:
            sentence = say(
                "{node} applied the entry at index {left} and stored nothing, unlike {value}.",
                node=node,
                left=left,
                value=self.decided[left - 1][1],
            )
            first, decider = self.decided[left - 1][:2]
            applied = Witness(at, node, say("{node} stores nothing", node=node))
            self.find(STATE_MACHINE_SAFETY, event, sentence, (decider, node), first, events=(self.committed(left), applied))
        if index in self.effect_of:
            self.owed[node] = index
        self.last_decided[node] = self.applying[node] = index
        if index <= len(self.decided):
            first, decider, _term, _at = self.decided[index - 1]
            if first != entry:
                sentence = say(
                    "{decider} and {node} applied different entries at index {index}.", decider=decider, node=node, index=index
                )
                now = Witness(at, node, say("{node} commits another index {index}", node=node, index=index))
                self.find(
                    STATE_MACHINE_SAFETY, event, sentence, (decider, node), first, entry, events=(self.committed(index), now)
                )
        elif index == len(self.decided) + 1:
            self.decided.append((entry, node, self.epoch[node], at))
            self.check_commitment(make(Event, event), index, entry)
            if self.epoch[node] < self.latest_term_led:
                for term in self.elected_with:
                    if term > self.epoch[node]:
                        self.check_holds(event, term, index)

    def see_effect(self, event: Event, key: str, values: tuple[str, ...]) -> None:
        """A server's own copy changed: by applying an entry, or by starting from a snapshot."""
        node, index = event.node, self.applying.get(event.node)
        if index is None:
            must = self.state_up_to(self.snapshot_of[node]).get(key)
            if must is not None and must != values:
                sentence = say(
                    "{node} started from a snapshot in which {key} is {names}, not {names2}.",
                    node=node,
                    key=key,
                    names=", ".join(values),
                    names2=", ".join(must),
                )
                self.find(STATE_MACHINE_SAFETY, event, sentence, (node,))
        elif index <= len(self.decided):
            first = self.decided[index - 1][1]
            self.owed.pop(node, None)
            if node == first:
                self.effect_of.setdefault(index, (key, values))
            if self.effect_of.get(index) != (key, values):
                sentence = say(
                    "The entry at index {index} stored another value at {node} than at {first}.",
                    index=index,
                    node=node,
                    first=first,
                )
                stored = Witness(event.at, node, say("{node} stores another value", node=node))
                entry = self.decided[index - 1][0]
                self.find(STATE_MACHINE_SAFETY, event, sentence, (first, node), entry, events=(self.committed(index), stored))

    # --- a snapshot stands for the decided entries up to its last (section 7) ----------------------

    def see_snapshot(self, event: Event, message: Any) -> None:
        index, shown = message.last_included_index, (message.last_included_term, message.data)
        if self.snapshots.get(index) == shown:
            return
        if index > len(self.decided):
            sentence = say(
                "{node} sent a snapshot up to index {index}, which nobody has applied.", node=event.node, index=index
            )
        elif self.decided[index - 1][0][0] != message.last_included_term:
            sentence = say(
                "{node} sent a snapshot up to index {index}, whose term is {term}, not {snapshot_term}.",
                node=event.node,
                index=index,
                term=self.decided[index - 1][0][0],
                snapshot_term=message.last_included_term,
            )
        elif {key: (value,) for key, value in message.data} != self.state_up_to(index):
            sentence = say(
                "{node} sent a snapshot up to index {index}, but its data are not what the entries up to there make.",
                node=event.node,
                index=index,
            )
        else:
            self.snapshots[index] = shown
            return
        self.find(STATE_MACHINE_SAFETY, event, sentence, (event.node,))

    def see_skip(self, event: Event, what: str, index: int) -> None:
        """A server took a snapshot of what it had applied, or installed one that a leader had sent, and skips to its end."""
        node = event.node
        if what == "snapshot taken" and index != self.last_decided[node]:
            sentence = say(
                "{node} took a snapshot up to index {index}, having applied index {last_decided}.",
                node=node,
                index=index,
                last_decided=self.last_decided[node],
            )
            self.find(STATE_MACHINE_SAFETY, event, sentence, (node,))
        elif what == "snapshot installed":
            if index not in self.snapshots or index < self.last_decided[node]:
                sentence = say(
                    "{node} installed a snapshot up to index {index}, but no such snapshot was sent."
                    if index not in self.snapshots
                    else "{node} installed a snapshot up to index {index}, but it had applied more.",
                    node=node,
                    index=index,
                )
                self.find(STATE_MACHINE_SAFETY, event, sentence, (node,))
            self.last_decided[node] = index
            self.applying.pop(node, None)
            self.owed.pop(node, None)
        self.snapshot_of[node] = index

    def state_up_to(self, index: int) -> dict[str, tuple[str, ...]]:
        """What the decided entries up to that index have stored."""
        if index < self.replayed_to:
            self.replayed_to, self.replayed = 0, {}
        for at in range(self.replayed_to + 1, index + 1):
            if at in self.effect_of:
                key, values = self.effect_of[at]
                self.replayed[key] = values
        self.replayed_to = index
        return self.replayed


def members_of(entry: Entry) -> Configuration:
    """What an entry about members says."""
    return Configuration(tuple(entry[2].split()), tuple((entry[3] or "").split()))


def names(configuration: Configuration) -> str:
    """``n1, n2, n3``; in a joint configuration the old members, and the new ones."""
    outgoing, voters = ", ".join(configuration.outgoing), ", ".join(configuration.voters)
    return say("{outgoing} and {voters}", outgoing=outgoing, voters=voters) if outgoing and voters else outgoing or voters
