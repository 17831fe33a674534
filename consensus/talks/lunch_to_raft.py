"""Consensus from three hungry friends to Raft's log, for people who write programs."""

from consensus.runs.talk import Scene, Talk

TALK = Talk(
    name="lunch-to-raft",
    title="From lunch to Raft in twenty",
    what="Why agreeing is hard, and how terms, votes and a log make it possible. For people who write programs.",
    scenes=(
        Scene(
            "lunch",
            minutes=3,
            notes="""**Start with something that everybody has lived through.** Three friends, three wishes.

- Let the hall guess the number of rounds before you press Next.
- First lane: everyone votes for their own choice. Point at the rounds that go by with no result.
  *A vote without a rule decides nothing.*
- Then one friend falls asleep. Point at the lane that waits for all: one sleeper stops it.
- The lane with a majority goes on.

Leave this sentence: **waiting for everyone tolerates no absence; a majority tolerates one of three.**""",
        ),
        Scene(
            "first-proposal",
            minutes=2.5,
            notes="""**The obvious repair, and why it fails.** "Take whatever was proposed first."

- Ask: *no crash, no loss, everybody obeys. Can it go wrong?* Most halls say no.
- Point at the two messages that cross in the middle of the stage.
- Point at the two colours: each node followed the rule.

There is no "first" that all nodes share. That is the whole difficulty of the field.""",
        ),
        Scene(
            "leader-first",
            minutes=3,
            notes="""**"Then let us choose a leader, and he decides."** Choosing a leader *is* agreeing.

- First lane: a stalemate. Second lane: two leaders. We have seen both before, with food.
- Third lane: point at the number beside the crown. *One vote in each numbered term, and more than half of all votes.*

This is the bridge to Raft. Say the word **term** slowly; the rest of the talk needs it.""",
        ),
        Scene(
            "election",
            minutes=2.5,
            notes="""**The same idea as an algorithm.**

- Point at the arcs round the nodes: each counts down in its own random time.
- The leader crashes. Silence. Ask: *who will lead next?*
- The first arc that closes asks for votes, in a new term.

If asked "why random?": so that two rarely ask at once. If they do, they try again in the next term.""",
        ),
        Scene(
            "minority-leader",
            minutes=3,
            notes="""**Two crowns at once, and nothing breaks.** This is the picture to remember.

- After the cut: count the crowns together with the hall.
- Point at the terms: they differ.
- The old leader takes a write. Wait until the hall sees that no answer comes: it cannot reach a majority *of all members*.

Ask back: *could the old leader notice?* It cannot tell a cut from two crashes.""",
        ),
        Scene(
            "log-repair",
            minutes=3,
            notes="""**What happens to what the old leader collected?**

- Point at the dashed cells of the old leader: written down, never committed.
- Heal. Watch the dashed cells go; the solid ones stay.
- Say: *no client was told that the dashed ones had happened.* So nothing that was promised is lost.

Committed is a promise. Written down is not.""",
        ),
        Scene(
            "forgotten-vote",
            minutes=3,
            notes="""**The bug that you could write on Monday.** A server forgets its vote.

- First round, with the disk: the server restarts and refuses the second vote. Good.
- Second round, the disk is wiped: the same server votes twice in one term.
- Point at the two leaders of one term, and at the word BROKEN. The servers halt rather than go on.

Last words: **the term, the vote and the log must be on disk before the answer leaves.**
That is Raft's Figure 2 in one line.""",
        ),
    ),
)
