"""The number that is the story of a lane stands over its stage, and over nothing else."""

from hands import lane, run_to, standing
from playwright.sync_api import Page, expect
from test_overprint import OVERPRINT

from consensus.kernel.node import S


def open_scenario(page: Page, name: str) -> None:
    run = page.evaluate("inside.world.state.run")
    page.evaluate("(name) => inside.send('scenario', { name })", name)
    page.wait_for_function("(run) => inside.world.state.run > run && capscope.ready", arg=run)
    page.evaluate("inside.send('pause')")
    standing(page)


def test_the_seats_that_are_left_stand_over_each_lane(dashboard: Page) -> None:
    open_scenario(dashboard, "last-seat")
    expect(dashboard.locator(".lane-figure")).to_have_count(0)
    run_to(dashboard, 7 * S)
    dashboard.evaluate("held.pass(2, 150)")
    expect(lane(dashboard, 0).locator(".lane-figure")).to_have_text("seats: -1 in all")
    expect(lane(dashboard, 1).locator(".lane-figure")).to_have_text("seats: 0 in all")


def test_false_alarms_and_seconds_to_notice_fit_over_four_lanes(dashboard: Page) -> None:
    open_scenario(dashboard, "time-out-dial")
    run_to(dashboard, 26 * S)
    dashboard.evaluate("held.pass(2, 150)")
    for number in range(4):
        expect(lane(dashboard, number).locator(".lane-figure")).to_contain_text("crash of n2 noticed after")
    for width, height in ((1920, 1080), (1280, 720)):
        dashboard.set_viewport_size({"width": width, "height": height})
        dashboard.evaluate("held.painted()")
        assert dashboard.evaluate(OVERPRINT.replace(".lane-head, ", ".lane-head, .lane-figure, ")) == []
