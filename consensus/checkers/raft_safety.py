"""Raft's five safety properties (Figure 3 of the extended paper), checked from the outside, event by event.

A log is seen where it shows: in what leaders send (every ``AppendEntries`` names the entry before those that it carries, so the
messages chain each entry to its predecessor) and in what servers decide. A follower's log that differs from all others is
seen at the latest when that follower leads or decides. A server whose own assertion fails is a finding too.

Messages are read by the paper's field names, not by type: this module knows no protocol file. An entry is a tuple that begins
with its term and ends with the id of the operation that it carries (empty for none).
"""

from __future__ import annotations

from typing import Any

from consensus.checkers import Finding
from consensus.events import Event
from consensus.history import Operation

ELECTION_SAFETY = "Election Safety"
LEADER_APPEND_ONLY = "Leader Append-Only"
LOG_MATCHING = "Log Matching"
LEADER_COMPLETENESS = "Leader Completeness"
STATE_MACHINE_SAFETY = "State Machine Safety"
ASSERTION = "a server's own assertion"

PROPERTIES = (ELECTION_SAFETY, LEADER_APPEND_ONLY, LOG_MATCHING, LEADER_COMPLETENESS, STATE_MACHINE_SAFETY)

Entry = tuple[Any, ...]


class RaftSafety:
    """Each property is reported once for each server that breaks it."""

    listens = ("sent", "decided", "became", "started", "restarted", "halted")

    def __init__(self, members: tuple[str, ...]) -> None:
        self.members = members
        self.findings: list[Finding] = []
        self.reported: dict[tuple[str, str], bool] = {}
        self.epoch: dict[str, int] = dict.fromkeys(members, 0)
        # Elections: term -> leader; and what its log was at that moment, (term -> (leader, last index, last term))
        self.leader_of: dict[int, str] = {}
        self.elected_with: dict[int, tuple[str, int, int]] = {}
        self.latest_term_led = 0
        # Logs as leaders show them: (index, term) -> (entry, the term of the entry before it)
        self.entry_at: dict[tuple[int, int], tuple[Entry, int]] = {}
        self.shown_by: dict[str, dict[int, Entry]] = {}  # leader -> index -> entry, in the term that it leads
        self.last_heartbeat: dict[str, tuple[int, int, int]] = {}
        # Decisions: at position index - 1, (entry, who decided it first, in which term)
        self.decided: list[tuple[Entry, str, int]] = []
        self.last_decided: dict[str, int] = dict.fromkeys(members, 0)

    def fold(self, event: Event, operation: Operation | None) -> None:
        kind = event.kind
        if kind == "sent":
            if type(event.data[2]).__name__ == "AppendEntries":
                self.see_log(event, event.data[2])
        elif kind == "decided":
            self.see_decision(event, *event.data)
        elif kind == "became":
            self.see_role(event, *event.data)
        elif kind == "started" or kind == "restarted":
            self.last_decided[event.node] = 0  # the state machine is rebuilt from the log
        elif kind == "halted":
            self.find(ASSERTION, event, f"{event.node} stopped itself: {event.data[0]}.", (event.node,))

    def find(self, promise: str, event: Event, sentence: str, nodes: tuple[str, ...], *entries: Entry) -> None:
        if (promise, event.node) not in self.reported:
            self.reported[(promise, event.node)] = True
            operations = tuple(str(entry[-1]) for entry in entries if entry[-1])
            self.findings.append(Finding(promise, event.at, sentence, operations, nodes))

    # --- Election Safety: at most one leader can be elected in a given term -----------------------

    def see_role(self, event: Event, role: str, term: int) -> None:
        self.epoch[event.node] = term
        if role != "leader":
            return
        first = self.leader_of.setdefault(term, event.node)
        if first != event.node:
            self.find(
                ELECTION_SAFETY, event, f"{event.node} became leader of term {term}, which {first} leads.", (first, event.node)
            )
        self.shown_by[event.node] = {}

    # --- Leader Append-Only and Log Matching ------------------------------------------------------

    def see_log(self, event: Event, message: Any) -> None:
        leader, term = event.node, message.term
        if not message.entries:
            heartbeat = (term, message.prev_log_index, message.prev_log_term)
            if self.last_heartbeat.get(leader) == heartbeat:
                return
            self.last_heartbeat[leader] = heartbeat
        if term not in self.elected_with:
            # The first message of a term begins where the log ended when its leader was elected.
            self.elected_with[term] = (leader, message.prev_log_index, message.prev_log_term)
            self.latest_term_led = max(self.latest_term_led, term)
            self.check_election(event, term)
        shown = self.shown_by.setdefault(leader, {})
        previous_term = message.prev_log_term
        for index, entry in enumerate(message.entries, start=message.prev_log_index + 1):
            if shown.setdefault(index, entry) != entry:
                self.find(
                    LEADER_APPEND_ONLY,
                    event,
                    f"{leader}, leader of term {term}, replaced the entry at index {index} of its own log.",
                    (leader,),
                    shown[index],
                    entry,
                )
            self.check_matching(event, index, entry, previous_term)
            previous_term = entry[0]

    def check_matching(self, event: Event, index: int, entry: Entry, previous_term: int) -> None:
        """Same index and term: same entry, and the same before it; hence, by induction, the same prefix."""
        known_entry, known_previous = self.entry_at.setdefault((index, entry[0]), (entry, previous_term))
        if known_entry != entry or known_previous != previous_term:
            what = "two entries are" if known_entry != entry else "entries with different pasts are"
            sentence = f"At index {index}, {what} both of term {entry[0]}."
            self.find(LOG_MATCHING, event, sentence, (event.node,), known_entry, entry)

    # --- Leader Completeness: what was committed in a term is in the logs of the leaders of all later terms

    def check_election(self, event: Event, term: int) -> None:
        """A leader of this term has shown its log: does it hold what was committed in earlier terms?"""
        for index in range(len(self.decided), 0, -1):
            if self.decided[index - 1][2] < term:
                return self.check_holds(event, term, index)  # the entries before it follow by Log Matching

    def check_holds(self, event: Event, term: int, index: int) -> None:
        leader, last_index, last_term = self.elected_with[term]
        entry, decider, committed_in = self.decided[index - 1]
        if index <= last_index:
            held = self.term_at(index, last_index, last_term)
            if held is None or held == entry[0]:
                return
        self.find(
            LEADER_COMPLETENESS,
            event,
            f"{leader} leads term {term} without the entry at index {index}, which {decider} committed in term {committed_in}.",
            (decider, leader),
            entry,
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
        node = event.node
        if index != self.last_decided[node] + 1:
            sentence = f"{node} applied index {index} after index {self.last_decided[node]}."
            self.find(STATE_MACHINE_SAFETY, event, sentence, (node,), entry)
        self.last_decided[node] = index
        if index <= len(self.decided):
            first, decider, _term = self.decided[index - 1]
            if first != entry:
                sentence = f"{decider} and {node} applied different entries at index {index}."
                self.find(STATE_MACHINE_SAFETY, event, sentence, (decider, node), first, entry)
        elif index == len(self.decided) + 1:
            self.decided.append((entry, node, self.epoch[node]))
            if self.epoch[node] < self.latest_term_led:
                for term in self.elected_with:
                    if term > self.epoch[node]:
                        self.check_holds(event, term, index)
