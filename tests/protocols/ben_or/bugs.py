"""Planted bugs in Ben-Or's protocol, one rule each. The tests show which check catches which."""

from __future__ import annotations

from consensus.protocols.why_hard.ben_or import BITS, PROPOSAL, BenOrNode, Step


class ForgetsWhatItSent(BenOrNode):
    """Sent messages are not on disk."""

    durable = ("decided",)


class OneProposalDecides(BenOrNode):
    """3 (b): one D-message decides, instead of more than t."""

    def decides(self, values: list[str]) -> bool:
        return len(values) > 0


class TossesAlways(BenOrNode):
    """3 (a): the coin picks the next value even if there was a D-message."""

    def next_value(self, step: Step, values: list[str]) -> str:
        return self.toss()


class ProposesTheMost(BenOrNode):
    """2: proposes the value in more than half of the received reports, not of N."""

    def most(self, reports: tuple[str | None, ...]) -> str | None:
        return max(BITS, key=reports.count)


class CountsRepeats(BenOrNode):
    """2, 3: counts messages, not processes: a repeated message counts again."""

    def hear(self, src: str, step: Step, vote: str | None, late: bool) -> None:
        votes = self.heard.get(step, {})
        if src in votes:
            votes[f"{src} again {len(votes)}"] = votes.pop(src)
        super().hear(src, step, vote, late)


class CoinIgnoresInputs(BenOrNode):
    """Tosses for its input, too: it may be 0 even if all want 1."""

    def enter(self, step: Step, vote: str | None) -> None:
        if step[1:] == (1, 1):
            vote = self.toss()
        super().enter(step, vote)


class AnswersEarly(BenOrNode):
    """Tells a client the value proposed before it is decided."""

    def enter(self, step: Step, vote: str | None) -> None:
        super().enter(step, vote)
        if step[2] == PROPOSAL:
            for op_id in [op_id for op_id, key in self.asked.items() if key == step[0]]:
                del self.asked[op_id]
                self.answer(op_id, "ok", (vote or self.said[step[0], step[1], 1] or "0",))


BUGS = (
    ForgetsWhatItSent,
    OneProposalDecides,
    TossesAlways,
    ProposesTheMost,
    CountsRepeats,
    CoinIgnoresInputs,
    AnswersEarly,
)
