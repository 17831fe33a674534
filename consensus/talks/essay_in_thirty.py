"""The whole way: what copies promise, what a cut costs, and what is left to choose."""

from consensus.runs.talk import Scene, Talk

TALK = Talk(
    name="essay-in-thirty",
    title="The essay in thirty",
    what="The whole way, from one notebook with two copies to a cart that merges itself. For a curious audience.",
    scenes=(
        Scene(
            "two-copies",
            minutes=3,
            notes="""**One value in two places.** No network fault in this scene.

- Ask why anybody keeps two copies.
- The write is acknowledged. Then somebody reads the other copy: let the hall say what it will answer, *before* you press Next.
- Point at the yellow mark in the strip: an old answer after a new one was acknowledged.

Consistency is about **what clients were told**, not about what disks hold.""",
        ),
        Scene(
            "lunch",
            minutes=3,
            notes="""**Agreeing, with food.** Three rules for the same three friends.

- Let the hall bet on the number of rounds.
- One friend falls asleep: point at the lane that waits for him.
- A majority of three goes on with two.""",
        ),
        Scene(
            "two-generals",
            minutes=3,
            notes="""**No number of acknowledgements is enough.** An argument, not an experiment: the lanes only show it.

- Each lane has another plan, one with sixty acknowledgements.
- Say: *the sender of the last messenger never knows whether it arrived.*
- So the last one may as well be left out; and then the one before it, down to none.
- Sending copies makes failure rare. It never makes it impossible.""",
        ),
        Scene(
            "cap-moment",
            minutes=4,
            notes="""**The theorem.** Take your time; the rest of the talk stands on it.

- The cut falls. Point at the wall, and say that nobody has crashed.
- One node is asked. It has two ways out: answer with what it has, or refuse.
- Read the two large words of each lane aloud.

Brewer asked, Gilbert and Lynch proved it in 2002: **during a cut, one of the two goes.**""",
        ),
        Scene(
            "two-beat-one",
            minutes=3,
            notes="""**Three copies lose less.** The same cut leaves a majority on one side.

- The two go on; the one refuses and knows why.
- After the heal it catches up.
- Add: *this is why clusters have odd numbers.*""",
        ),
        Scene(
            "stale-leader",
            minutes=3,
            notes="""**Even a consensus protocol can be read wrongly.** Both lanes are Raft.

- The only difference: the left one answers reads from the leader's own state.
- Point at the yellow clocks on the left, and at the hourglasses on the right.
- Ask: *which one would you sell tickets with? Which one would you show a weather report with?*""",
        ),
        Scene(
            "no-cut",
            minutes=3,
            notes="""**Without any cut there is still a price.** Three continents.

- Point at the median latency of each lane.
- The fast lane answers from the nearest copy, and so from the past.
- The name for this is PACELC: *else, latency or consistency*.""",
        ),
        Scene(
            "siblings",
            minutes=4,
            notes="""**Choosing to answer, honestly.** A shopping cart on both sides of a cut.

- One side takes the eggs out. The other adds jam. Both get an ok.
- Heal. Ask: *what is in the cart?* Let them vote.
- The store keeps both carts and says so. Merging is your job, and a union brings the eggs back.""",
        ),
        Scene(
            "same-cut",
            minutes=4,
            notes="""**End where the page begins.** One line, two worlds.

- Let somebody from the hall say when to cut, and press Next then.
- Point from word to word, lane by lane; say nothing for a few seconds.
- Last sentence: **the choice is in the protocol, not in the network.** Leave the lesson on the screen for the questions.""",
        ),
    ),
)
