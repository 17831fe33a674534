"""Every sentence of the page comes from the catalogue: in the pseudo-language each is in brackets."""

import re
from collections.abc import Callable

import pytest
from hands import standing
from playwright.sync_api import Page, expect

# All texts for people, visible or not: texts, and attributes that are shown or read aloud.
READ = """() => {
  const found = [];
  const shown = ["title", "aria-label", "aria-valuetext", "placeholder", "alt"];
  for (const element of document.querySelectorAll("body *")) {
    if (element.closest("noscript, script, .brand")) continue;
    const own = [...element.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE).map(({ data }) => data);
    found.push(...own, ...shown.map((name) => element.getAttribute(name) ?? ""));
  }
  return found.filter((text) => /[A-Za-z]{3}/.test(text));
}"""
# Every text of the server in the page's world.
SENT = """() => {
  const texts = new Set();
  const look = (value) => {
    if (typeof value === "string") texts.add(value);
    else if (value instanceof Map) value.forEach(look);
    else if (value && typeof value === "object") {
      for (const [key, each] of Object.entries(value)) {
        texts.add(key);
        look(each);
      }
    }
  };
  const { hello, spec, talk, lanes, marks, cutSpans, caption, undo } = inside.world.state;
  look([hello, spec, talk, marks, cutSpans, caption, undo]);
  for (const { nodes, links, flying, operations, meters, findings } of lanes)
    look([nodes, links, flying, operations, meters, findings]);
  return [...texts];
}"""
BRACKETED = re.compile(r"⟦[^⟦⟧]*⟧")
UNITS = {"ms"}
DOCKS = ({"kind": "node", "id": "n1"}, {"kind": "link", "src": "n1", "dst": "n2"}, {"kind": "knobs"}, {"kind": "details"})


def left(text: str, sent: list[str]) -> list[str]:
    """The words of a text that are not in brackets and did not come from the server."""
    while BRACKETED.search(text):
        text = BRACKETED.sub(" ", text)
    for known in sent:
        text = text.replace(known, " ").replace(known.lower(), " ")
    return [word for word in re.findall(r"[A-Za-z]{3,}", text) if word not in UNITS]


def assert_all_is_translated(page: Page) -> None:
    texts, sent = page.evaluate(READ), sorted(page.evaluate(SENT), key=len, reverse=True)
    sent = [text for text in sent if len(text) >= 3]
    assert any("⟦" in text for text in texts)
    untranslated = {text: words for text in texts if (words := left(text, sent))}
    assert not untranslated


@pytest.fixture
def strange(page: Page, open_dashboard: Callable[..., Page]) -> Page:
    open_dashboard(page)
    return open_dashboard(page, f"{page.url}?lang=qps")


def test_no_sentence_of_the_page_goes_round_the_catalogue(strange: Page) -> None:
    assert strange.evaluate("document.documentElement.lang") == "qps"
    strange.keyboard.press("Space")
    standing(strange)
    assert_all_is_translated(strange)
    strange.keyboard.press("n")
    expect(strange.locator(".twin.open")).to_be_visible()
    strange.locator(".twin input[type=checkbox]").first.check()
    strange.locator(".twin .solid").first.click()
    strange.wait_for_function("() => capscope.links(0).some(({ cut }) => cut)")
    assert_all_is_translated(strange)
    strange.keyboard.press("Escape")
    for dock in DOCKS:
        strange.evaluate("(dock) => inside.ui.update({ dock: { lane: 0, ...dock } })", dock)
        expect(strange.locator(".dock")).to_be_visible()
        assert_all_is_translated(strange)
    for dialog in ("help", "scenarios", "catalogue", "ask", "lesson"):
        strange.evaluate("(dialog) => inside.ui.update({ dialog, dock: null })", dialog)
        expect(strange.locator("dialog")).to_be_visible()
        if dialog == "lesson":
            expect(strange.locator(".lesson-why dd").first).to_be_visible()
        assert_all_is_translated(strange)
        strange.keyboard.press("Escape")
        expect(strange.locator("dialog")).to_have_count(0)
    strange.keyboard.press("p")
    assert_all_is_translated(strange)
