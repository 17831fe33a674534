"""Whatever a test of the checkers makes them say, it is built by templates, and no value in it is English."""

from __future__ import annotations

from typing import Any

import pytest

from consensus.checkers import Finding, Verdict
from tests.kit.sentences import fragments


@pytest.fixture(autouse=True)
def whole_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every finding and every verdict that comes into being."""
    for kind, name, place in ((Finding, "sentence", 2), (Verdict, "reason", 1)):
        monkeypatch.setattr(kind, "__new__", watched(kind.__new__, name, place))


def watched(make: Any, name: str, place: int) -> Any:
    def made(cls: type[Any], *given: Any, **named: Any) -> Any:
        text = named[name] if name in named else given[place]
        assert fragments(text) == []
        return make(cls, *given, **named)

    return made
