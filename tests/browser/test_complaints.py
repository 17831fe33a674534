"""The tests notice every kind of mistake that a page can make; otherwise their silence would mean nothing."""

import re
from collections.abc import Callable

import pytest
from hands import comes
from playwright.sync_api import Page

WRONGS = {
    "an error in the console": ("console.error('wrong')", "console error: wrong"),
    "a warning in the console": ("console.warn('doubtful')", "console warning: doubtful"),
    "an uncaught exception": ("setTimeout(() => { throw new Error('uncaught one') })", "uncaught: .*uncaught one"),
    "a promise refused": ("void Promise.reject(new Error('refused one'))", "uncaught: .*refused one"),
    "a bad answer": ("void fetch('/no/such/page').catch(() => 0)", "answer 404: .*/no/such/page"),
    "a request to a foreign host": ("void fetch('http://elsewhere.invalid/').catch(() => 0)", "foreign host: http://elsewhere"),
    "a socket to a foreign host": ("void new WebSocket('ws://elsewhere.invalid/')", "foreign host: ws://elsewhere"),
}


@pytest.mark.parametrize(("script", "sign"), WRONGS.values(), ids=WRONGS)
def test_it_is_noticed(page: Page, complaints: list[str], script: str, sign: str) -> None:
    page.goto("about:blank" if "foreign host" in sign else "/healthz")  # the server's own answers forbid other hosts
    page.evaluate(script)
    comes(page, lambda: any(re.search(sign, complaint) for complaint in complaints))
    page.context.close()  # by then its other complaints have come, or never come
    complaints.clear()


def test_a_second_person_is_listened_to_as_well(visitor: Callable[[], Page], complaints: list[str]) -> None:
    first, second = visitor(), visitor()
    first.goto("/healthz")
    second.goto("/healthz")
    second.evaluate("console.error('from the second')")
    comes(second, lambda: complaints)
    assert len(complaints) == 1
    complaints.clear()
