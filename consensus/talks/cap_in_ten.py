"""The CAP theorem for people who have never heard of it."""

from consensus.runs.talk import Scene, Talk

TALK = Talk(
    name="cap-in-ten",
    title="CAP in ten minutes",
    what="Two copies, one cut, and the choice that nobody can avoid. No knowledge needed.",
    scenes=(
        Scene(
            "two-copies",
            minutes=2.5,
            notes="""**Begin with the copy, not with the theorem.** One value, kept in two places.

- Ask the hall: *why would anybody keep two copies?* Take two answers: speed, and one may burn.
- Point at the two nodes. Both show the same value now. That is the promise we would like to keep.
- After the write: point at the node that has not heard of it yet. For a moment the copies differ, and nothing is broken.

The sentence to leave here: **copies are easy; agreeing about them is the work.**""",
        ),
        Scene(
            "cap-moment",
            minutes=3.5,
            notes="""**This is the whole theorem in one picture.** Go slowly.

- Before the cut: let the hall answer the question by a show of hands.
- The cut falls. Point at the messages that die at the wall, *not* at the nodes: nobody has crashed.
- A client asks on the far side. Wait. Say: *this node cannot know whether it missed something.*
- Read the two large words aloud, lane by lane. One lane refuses, one answers with the old value.

If somebody asks "why not wait until it heals?": that is the left lane. Waiting is refusing, only longer.""",
        ),
        Scene(
            "two-beat-one",
            minutes=2,
            notes="""**Two of three can go on.** A majority is not magic.

- Point at the single node: it is alone, and it knows that it is alone.
- Ask: *why may the two go on, and the one not?* There can be only one side with two of three.
- After the heal: the one catches up. It lost time, not data.""",
        ),
        Scene(
            "same-cut",
            minutes=2,
            notes="""**The same line, two worlds.** Both lanes get the same requests at the same moments.

- Say what each lane promises before the cut falls.
- After the cut: point at the small side of the first lane (no answers), then at the same side of the second (answers).
- Last words: **the choice is in the protocol, not in the network.** Then show the lesson and stop talking.""",
        ),
    ),
)
