"""The search against verdicts that this project did not write: Jepsen histories of etcd and of a key-value store.

The histories are outside the repository (``../shared/truth``), since they have their own licences; without them these tests
are skipped, and pytest's summary says so.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from consensus.checkers import HOLDS, VIOLATED
from consensus.checkers.histories.search import Call, all_of, register, search, string

TRUTH = Path(__file__).resolve().parents[3] / "shared" / "truth"
ETCD, KV = TRUTH / "jepsen-etcd", TRUTH / "jepsen-kv"

pytestmark = pytest.mark.skipif(not ETCD.is_dir(), reason="no Jepsen histories beside the repository (../shared/truth)")

ETCD_LINE = re.compile(r"jepsen\.util - (\S+)\s+:(invoke|ok|fail|info)\s+:(read|write|cas)\s+(.*)")
KV_LINE = re.compile(r'\{:process (\d+), :type :(\w+), :f :(\w+), :key "([^"]*)", :value (nil|"[^"]*")\}')


def etcd_calls(text: str) -> list[Call]:
    """One register: read, write, cas; a failed operation did not happen, one without an answer may have."""
    under_way: dict[str, tuple[int, str, str]] = {}
    calls: list[Call] = []
    for at, line in enumerate(text.splitlines()):
        if (found := ETCD_LINE.search(line)) is None:
            continue
        process, kind, action, value = found.groups()
        if kind == "invoke":
            assert process not in under_way, f"line {at + 1}: process {process} is busy"
            under_way[process] = (at, action, value.strip())
        elif kind == "ok":
            start, action, asked = under_way.pop(process)
            calls.append(Call(start, at, action, argument(action, asked), number(value.strip()) if action == "read" else None))
        elif kind == "fail":
            del under_way[process]
        elif action != "read":  # :info: the process never hears of it again
            start, action, asked = under_way.pop(process)
            calls.append(Call(start, None, action, argument(action, asked)))
        else:
            del under_way[process]
    calls += [
        Call(start, None, action, argument(action, asked)) for start, action, asked in under_way.values() if action != "read"
    ]
    return calls


def argument(action: str, text: str) -> object:
    if action == "cas":
        expected, new = text.strip("[]").split()
        return number(expected), number(new)
    return number(text) if action == "write" else None


def number(text: str) -> int | None:
    return None if text == "nil" else int(text)


def kv_calls(text: str) -> dict[str, list[Call]]:
    under_way: dict[str, tuple[int, str]] = {}
    calls: dict[str, list[Call]] = {}
    for at, line in enumerate(text.splitlines()):
        if not line.strip():
            continue
        found = KV_LINE.fullmatch(line.strip())
        assert found is not None, line
        process, kind, action, key, value = found.groups()
        if kind == "invoke":
            under_way[process] = (at, value.strip('"'))
        else:
            assert kind == "ok", line
            start, asked = under_way.pop(process)
            result = value.strip('"') if action == "get" else None
            calls.setdefault(key, []).append(Call(start, at, action, asked if action != "get" else None, result))
    assert not under_way
    return calls


def etcd_verdicts() -> list[tuple[str, int, str]]:
    if not ETCD.is_dir():
        return []
    with (ETCD / "expected.csv").open() as rows:
        return [(row["history"], int(row["open_ops"]), row["linearizable"]) for row in csv.DictReader(rows)]


@pytest.mark.parametrize(("history", "unanswered", "linearizable"), etcd_verdicts())
def test_etcd_histories_get_their_known_verdict(history, unanswered, linearizable):
    calls = etcd_calls((ETCD / history).read_text())
    assert sum(call.finish is None for call in calls) == unanswered
    verdict = search(calls, register)
    assert verdict.status == (HOLDS if linearizable == "True" else VIOLATED), verdict.reason


def test_all_histories_of_etcd_were_judged():
    assert len(etcd_verdicts()) == len(list(ETCD.glob("*.log"))) == 34


@pytest.mark.parametrize("name", ["c01-ok", "c01-bad", "c10-ok", "c10-bad"])
def test_key_value_histories_get_their_known_verdict(name):
    keys = kv_calls((KV / f"{name}.txt").read_text())
    verdict = all_of(search(calls, string, "") for calls in keys.values())
    assert verdict.status == (HOLDS if name.endswith("ok") else VIOLATED), verdict.reason
