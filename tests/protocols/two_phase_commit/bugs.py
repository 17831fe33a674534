"""Seven planted bugs: sites that are wrong in one rule each. The tests show which check catches which."""

from __future__ import annotations

from consensus.protocols.commit.two_phase_commit import ABORTED, COMMITTED, START, Abort, TwoPhaseCommitNode


class DecidesInDoubt(TwoPhaseCommitNode):
    """A participant that has voted Yes and hears nothing decides Abort by itself (7.4: it may not)."""

    def ask_what_became_of(self, transaction: str) -> None:
        self.hear(self.id, transaction, ABORTED)


class GuessesForOthers(TwoPhaseCommitNode):
    """A participant that is uncertain itself answers DECISION-REQ with Abort (7.4: it is no help)."""

    def no_help(self, src: str, transaction: str) -> None:
        self.send(src, Abort(transaction))


class CommitsWithAMajority(TwoPhaseCommitNode):
    """The coordinator commits when most have voted Yes (AC3: all)."""

    @property
    def yes_needed(self) -> int:
        return len(self.members) // 2


class ForgetsItsVote(TwoPhaseCommitNode):
    """The yes record is not on disk when Yes is sent (7.4, step 2)."""

    def on_restart(self) -> None:
        started = [record[1] for record in self.dt_log if record[0] == START]
        self.dt_log = [record for record in self.dt_log if record[0] != "yes" or record[1] in started]
        super().on_restart()


class ForgetsItsDecision(TwoPhaseCommitNode):
    """The coordinator's commit record is not on disk when COMMIT is sent (7.4, step 3)."""

    def on_restart(self) -> None:
        started = [record[1] for record in self.dt_log if record[0] == START]
        if self.dt_log and self.dt_log[-1][0] == COMMITTED and self.dt_log[-1][1] in started:
            del self.dt_log[-1]
        super().on_restart()


class ReadsPastLocks(TwoPhaseCommitNode):
    """A read is answered although a transaction that has not ended locks the item (strict two-phase locking)."""

    def may_read(self, key: str) -> bool:
        return True


class AbortsAfterEveryYes(TwoPhaseCommitNode):
    """The coordinator decides Abort although every Yes has reached it in time (AC4)."""

    def count_votes(self, transaction: str) -> None:
        if len(self.votes[transaction]) >= self.yes_needed:
            self.decide_as_coordinator(transaction, ABORTED, "no reason")


BUGS = (
    DecidesInDoubt,
    GuessesForOthers,
    CommitsWithAMajority,
    ForgetsItsVote,
    ForgetsItsDecision,
    ReadsPastLocks,
    AbortsAfterEveryYes,
)
