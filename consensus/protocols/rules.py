"""The rule of its paper that each message of a protocol follows: one sentence, and the section where it stands.

For the card that says what happened, why, and by which rule (``runs/why.py``). Left out: what the papers leave out, such as a
request that a home node passes on (``protocols/desk.py``); its section says so.
"""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    sentence: str
    section: str


OURS = "not in the paper: how clients reach the protocol here"

FORWARDED = Rule("A home node passes its client's request on to the leader.", OURS)
ANSWERED = Rule("The leader tells the home node what became of the request; the home node tells its client.", OURS)

RULES: dict[str, dict[str, Rule]] = {  # card -> message -> its rule
    "raft": {
        "PreVote": Rule("Before it raises its term, a server asks whether it could win an election.", "thesis 9.6"),
        "PreVoteReply": Rule("A server that hears a leader, or has the better log, would not vote.", "thesis 9.6"),
        "RequestVote": Rule("A candidate raises its term, votes for itself and asks all others for their votes.", "5.2"),
        "RequestVoteReply": Rule("One vote a term, first come, and only for a log that is up to date.", "5.2, 5.4.1"),
        "AppendEntries": Rule("The leader's entries follow one that both have; without entries it is a heartbeat.", "5.3"),
        "AppendEntriesReply": Rule(
            "An entry is committed when a majority holds it and it is of the leader's term.", "5.3, 5.4.2"
        ),
        "InstallSnapshot": Rule("A follower that needs discarded entries gets a snapshot.", "7"),
        "InstallSnapshotReply": Rule("After a snapshot the leader goes on with the entries behind it.", "7"),
        "TimeoutNow": Rule("The chosen successor starts an election at once.", "thesis 3.10"),
        "Instruct": Rule(
            "Only the leader changes the members or hands over; others pass the instruction on.", "6, thesis 3.10"
        ),
        "Forward": FORWARDED,
        "ForwardReply": ANSWERED,
    },
    "paxos": {
        "Prepare": Rule("A proposer picks a new number and asks for promises.", "2.2, phase 1a"),
        "Promise": Rule("An acceptor promises to accept no lower number, and names what it has accepted.", "2.2, phase 1b"),
        "Accept": Rule("With a majority's promises, propose the value of the highest number among them.", "2.2, phase 2a"),
        "Accepted": Rule("An acceptor accepts unless it has promised a higher number; a majority chooses.", "2.2, phase 2b"),
        "Nack": Rule("Who has promised a higher number should tell the proposer.", "2.2"),
        "Chosen": Rule("One learner tells the others which value was chosen.", "2.3"),
        "Ask": Rule("A learner asks the acceptors what they have accepted.", "2.3"),
        "Told": Rule("An acceptor tells a learner what it has accepted.", "2.3"),
    },
    "multi_paxos": {
        "Prepare": Rule("A new leader runs phase 1 once, for all instances that it does not know.", "3"),
        "Promise": Rule("An acceptor promises for all of them, and names what it has accepted.", "3"),
        "Accept": Rule("A stable leader needs phase 2 only: it proposes the next command.", "3"),
        "Accepted": Rule("What a quorum of acceptors has accepted is chosen.", "2.2, 3"),
        "Nack": Rule("Who has promised a higher number should tell the proposer.", "2.2"),
        "Chosen": Rule("The distinguished learner tells the others what was chosen.", "2.3"),
        "Heartbeat": Rule("One server acts as the leader; while the others hear it, they do not propose.", "3"),
        "Learn": Rule("A learner that missed what was chosen asks for it.", "2.3"),
        "Forward": FORWARDED,
        "ForwardReply": ANSWERED,
    },
    "zab": {
        "Notification": Rule("Servers vote for the one with the newest history to be the prospective leader.", "5, phase 0"),
        "CEpoch": Rule("A follower tells the prospective leader the last epoch that it has promised.", "5, phase 1"),
        "NewEpoch": Rule("With a quorum, the leader proposes an epoch above all that were promised.", "5, phase 1"),
        "AckE": Rule("The follower promises the epoch and sends its history; the leader takes the newest.", "5, phase 1"),
        "NewLeader": Rule("The leader sends its history to all followers.", "5, phase 2"),
        "AckLD": Rule("A follower acknowledges when it has taken over the leader's history.", "5, phase 2"),
        "CommitLD": Rule("With a quorum, the history is committed, and the leader is established.", "5, phase 2"),
        "Propose": Rule("The primary numbers transactions in order and proposes them to all.", "5, phase 3"),
        "Ack": Rule("A follower acknowledges in the order of the numbers.", "5, phase 3"),
        "Commit": Rule("With a quorum of acknowledgements the leader commits, in order.", "5, phase 3"),
        "Synced": Rule("A sync is answered after everything that was proposed before it.", "ZooKeeper, 2.3"),
        "Ping": Rule("A leader that loses its quorum gives up; heartbeats tell.", "5"),
        "Pong": Rule("A follower that does not hear its leader looks for another.", "5"),
        "Closed": Rule("A lost connection ends the epoch between these two; they begin again.", "5"),
        "Forward": FORWARDED,
    },
    "vr": {
        "ClientRequest": Rule("A client's request goes to the primary of the view.", "4.1"),
        "Prepare": Rule("The primary gives a request the next op-number and sends it to the backups.", "4.1"),
        "PrepareOK": Rule("A backup answers when its log holds everything up to there; f of them commit it.", "4.1"),
        "ClientReply": Rule("The primary executes a committed request and answers.", "4.1"),
        "Commit": Rule("An idle primary tells the backups what is committed, and that it is alive.", "4.1"),
        "StartViewChange": Rule("A replica that does not hear its primary asks for the next view.", "4.2"),
        "DoViewChange": Rule("With f others asking, it sends its log to the primary of the new view.", "4.2"),
        "StartView": Rule("With f + 1 logs, the new primary takes the newest and starts the view.", "4.2"),
        "Recovery": Rule("A replica that has lost its memory asks all others, with a new nonce.", "4.3"),
        "RecoveryResponse": Rule("It waits for f + 1 answers, with the log of the primary of the newest view.", "4.3"),
        "GetState": Rule("A replica that has missed requests asks another for them.", "5.2"),
        "NewState": Rule("The other sends its log from there on.", "5.2"),
    },
    "dynamo": {
        "ReplicaRead": Rule("The coordinator asks the N nodes of the key and waits for R.", "4.5"),
        "ReplicaReadReply": Rule("With R answers it returns all versions that none of the others replaces.", "4.5"),
        "ReplicaWrite": Rule("The coordinator sends the new version to the N nodes of the key and waits for W.", "4.5"),
        "ReplicaWriteReply": Rule("With W answers the write is successful.", "4.5"),
        "ReadRepair": Rule("A node that returned an old version gets the newer one.", "5"),
        "Handoff": Rule("A stand-in delivers what it kept for a node that was away.", "4.6"),
        "HandoffReply": Rule("Once it is delivered, the stand-in may forget it.", "4.6"),
        "Probe": Rule("A node asks from time to time whether an unreachable one is back.", "4.8.3"),
        "ProbeReply": Rule("Who answers is reachable again.", "4.8.3"),
        "MerkleRoot": Rule("Two nodes compare the roots of their trees over the keys that both hold.", "4.7"),
        "MerkleRootReply": Rule("If the roots differ, they compare the leaves.", "4.7"),
        "MerkleKeys": Rule("Only the keys that differ are sent.", "4.7"),
        "MerkleKeysReply": Rule("The other sends its versions of them back.", "4.7"),
    },
    "two_phase_commit": {
        "VoteReq": Rule("The coordinator asks every participant to vote.", "7.4, phase 1"),
        "Yes": Rule("Who votes Yes is uncertain from then on, and may not decide alone.", "7.4, phase 1"),
        "No": Rule("Who votes No decides Abort at once.", "7.4, phase 1"),
        "Commit": Rule("With Yes from all, the coordinator decides Commit and tells everybody.", "7.4, phase 2"),
        "Abort": Rule("With one No, or without all votes, the coordinator decides Abort.", "7.4, phase 2"),
        "DecisionReq": Rule(
            "An uncertain participant asks the others; until somebody knows, it is blocked.", "7.4, termination"
        ),
    },
    "primary_backup": {
        "Heartbeat": Rule("The primary says that it is alive; a backup that hears nothing may take over.", "failover"),
        "Have": Rule("A backup tells how much it has; the primary does not wait for that.", "asynchronous replication"),
        "Copy": Rule("The primary answers its clients first and sends copies later.", "asynchronous replication"),
        "Forward": FORWARDED,
        "Done": ANSWERED,
    },
    "lunch": {
        "Vote": Rule("Everybody tells everybody what they wish, round after round, until all agree.", "the essay, lunch"),
        "Told": Rule("Who has decided tells everybody who still votes.", "the essay, lunch"),
    },
    "majority_vote": {
        "Report": Rule("Step 1: everybody reports a wish and waits for all but f.", "Ben-Or 1983, protocol A, step 1"),
        "Second": Rule(
            "Step 2: a wish that a majority reported is seconded; f + 1 seconds decide.", "Ben-Or 1983, protocol A, step 2"
        ),
        "Told": Rule("Who has decided tells everybody who still votes.", "Ben-Or 1983, protocol A"),
    },
}
