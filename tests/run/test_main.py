"""The engine without a browser: its output, and its sentences for bad input."""

import json

import pytest

from consensus.__main__ import main


def printed(capsys, *arguments):
    assert main(arguments) == 0
    return capsys.readouterr().out


def test_list_names_protocols_and_scenarios(capsys):
    catalogue = json.loads(printed(capsys, "list", "--json"))
    assert set(catalogue) == {"protocols", "scenarios"}
    assert {"raft", "dynamo"} <= {row["name"] for row in catalogue["protocols"]}
    assert all(set(row) == {"name", "title", "paper", "object", "claims", "knobs", "actions"} for row in catalogue["protocols"])
    assert all(set(row) == {"name", "title", "story"} for row in catalogue["scenarios"])
    assert "Raft" in printed(capsys, "list")


def test_run_prints_what_the_clients_saw(capsys):
    report = json.loads(printed(capsys, "run", "same-cut", "--json"))
    assert set(report) == {"scenario", "seed", "until", "lanes", "refused"}
    assert report["refused"] == []
    assert [lane["protocol"] for lane in report["lanes"]] == ["raft", "dynamo"]
    for lane in report["lanes"]:
        assert set(lane) == {"protocol", "knobs", "sides", "left_out", "verdict", "trace"}
        assert sum(len(side["nodes"]) for side in lane["sides"]) == 5
        for side in lane["sides"]:
            assert set(side) == {"nodes", "asked", "ok", "declined", "failed", "unknown", "stale", "lost"}
            assert side["asked"] == side["ok"] + side["declined"] + side["failed"] + side["unknown"] > 0
    asked = [[side["asked"] + 0 for side in lane["sides"]] for lane in report["lanes"]]
    assert asked[0][0] > 0 and asked[1][0] > 0


def test_seed_lanes_and_until_are_honoured(capsys):
    report = json.loads(
        printed(
            capsys,
            "run",
            "same-cut",
            "--seed",
            "7",
            "--lanes",
            "dynamo:R=2:w=2,raft:reads=local",
            "--until",
            "2500ms",
            "--json",
        )
    )
    assert report["seed"] == 7 and report["until"] == "2.5s"
    assert [(lane["protocol"], lane["knobs"].get("r"), lane["knobs"].get("reads")) for lane in report["lanes"]] == [
        ("dynamo", 2, None),
        ("raft", None, "local"),
    ]


def test_a_step_that_was_not_done_is_printed(capsys):
    """A register has no removal, so in a run of registers alone no lane can take the eggs out of the cart."""
    run = ("run", "merging-cart", "--lanes", "dynamo", "--until", "5s")
    (refused,) = json.loads(printed(capsys, *run, "--json"))["refused"]
    assert refused["at"] == "4.5s" and refused["lane"] is None and "remove" in refused["step"]
    assert f"not done at 4.5s: {refused['step']}. {refused['sentence']}" in printed(capsys, *run)


def test_the_command_line_takes_the_old_names_of_protocols(capsys):
    lanes = ("ben-or,majority-vote", "ben_or,majority_vote")
    old, new = (printed(capsys, "run", "adversary", "--lanes", each, "--until", "2s", "--json") for each in lanes)
    assert old == new and [lane["protocol"] for lane in json.loads(new)["lanes"]] == ["ben_or", "majority_vote"]


def test_the_same_run_prints_the_same(capsys):
    assert printed(capsys, "run", "two-beat-one", "--json") == printed(capsys, "run", "two-beat-one", "--json")


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "no-such-thing"],
        ["run", "same-cut", "--seed", "many"],
        ["run", "same-cut", "--seed", "-1"],
        ["run", "same-cut", "--lanes", "raft,quorumless"],
        ["run", "same-cut", "--lanes", ""],
        ["run", "same-cut", "--lanes", "raft,raft,raft,raft,raft"],
        ["run", "same-cut", "--lanes", "raft:reads=telepathy"],
        ["run", "same-cut", "--lanes", "raft:speed=9"],
        ["run", "same-cut", "--lanes", "dynamo:r"],
        ["run", "same-cut", "--until", "soon"],
        ["run", "same-cut", "--until", "0s"],
        ["run", "same-cut", "--until", "99999s"],
        ["run", "same-cut", "--until", "nan"],
        ["run"],
        ["dance"],
        [],
        ["run", "same-cut", "--colour"],
    ],
)
def test_bad_input_gets_one_sentence_and_exit_code_2(capsys, arguments):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("consensus: ") and err.count("\n") == 1 and "Traceback" not in err
