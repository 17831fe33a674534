"""The right button on a message under way: it is dropped, held back, delivered or sent twice, in its own lane alone."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hands import OPENING, everything_sent_is_done, run_to, standing
from playwright.sync_api import Page, expect
from strokes import listen_to_commands, on_page, places, shapes

from consensus.kernel.node import MS, S

APART = 60  # pixels between the message and everything else that could be meant
LANE = 0
UNDER_WAY = """(lane) => [...inside.world.state.lanes[lane].flying.values()]
  .map(({ id, src, dst, type, due }) => ({ id, src, dst, type, due }))"""


def under_way(page: Page) -> list[dict[str, Any]]:
    """The messages between nodes."""
    flying: list[dict[str, Any]] = page.evaluate(UNDER_WAY, LANE)
    nodes = places(page, LANE)
    return [message for message in flying if message["src"] in nodes and message["dst"] in nodes]


def alone(page: Page) -> tuple[dict[str, Any], tuple[float, float]]:
    """Goes on until a message between two nodes is far from all else; returns it and its place."""
    for at in range(OPENING, OPENING + S, 5 * MS):
        run_to(page, at)
        known = {message["id"]: message for message in under_way(page)}
        stand = {shape["id"]: on_page(page, shape, LANE) for shape in shapes(page, "message", LANE)}
        others = [*places(page, LANE).values(), *(on_page(page, each, LANE) for each in shapes(page, "client", LANE))]
        for number, place in stand.items():
            near = [*others, *(other for name, other in stand.items() if name != number)]
            if number in known and all(math.dist(place, other) > APART for other in near):
                return known[number], place
    raise AssertionError("No message was alone within a second.")


@pytest.mark.parametrize("item", ["Drop", "Hold it back", "Deliver now", "Send it twice"])
def test_a_message_in_flight_obeys_the_menu(page: Page, open_dashboard: Callable[..., Page], item: str) -> None:
    commands = listen_to_commands(page)
    open_dashboard(page)
    page.evaluate("inside.send('pause')")
    standing(page)
    message, place = alone(page)
    before = under_way(page)
    commands.clear()
    page.mouse.click(*place, button="right")
    menu = page.get_by_role("menu")
    expect(menu).to_contain_text(message["type"])
    menu.get_by_role("menuitem", name=item).click()
    everything_sent_is_done(page)
    standing(page)
    sent = [command for command in commands if command["type"].endswith("_message")]
    assert [(command["which"], command["lane"]) for command in sent] == [(message["id"], LANE)]
    same = [each for each in under_way(page) if all(each[part] == message[part] for part in ("src", "dst", "type"))]
    were = [each for each in before if all(each[part] == message[part] for part in ("src", "dst", "type"))]
    ids = [each["id"] for each in same]
    told = {"Drop": "dropped", "Hold it back": "held", "Deliver now": "delivered", "Send it twice": "sent twice"}[item]
    expect(page.locator(".caption")).to_contain_text(
        f"A {message['type']} {message['src']}-{message['dst']} was {told} by hand"
    )
    if item in ("Drop", "Deliver now"):
        assert message["id"] not in ids
    elif item == "Hold it back":
        run_to(page, message["due"] + 100 * MS)
        assert message["id"] in [each["id"] for each in under_way(page)], "it is still there after it was due"
    else:
        assert message["id"] in ids and len(same) == len(were) + 1
