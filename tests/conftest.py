"""For all tests: the server's mode inside this process, and how Hypothesis searches."""

import os

import pytest
from hypothesis import HealthCheck, settings

# eventlet replaces half the standard library as soon as app.py is imported. Inside pytest we use threads instead; tests about
# eventlet use a server of their own (tests/browser/conftest.py starts one).
os.environ.setdefault("ASYNC_MODE", "threading")

# pytest explains assertions of the kit as it does those of tests.
pytest.register_assert_rewrite("tests.kit")

# No deadline, since the machine is shared; the same examples every time in CI, new ones at a developer's desk.
settings.register_profile("desk", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("desk"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")

# The longest tests, about code that changes least. CI runs them all; a developer does with THOROUGH=1, or by naming the file.
THOROUGH = (
    "test_no_protocol_breaks_its_invariants_under_other_seeds",
    "test_the_story_is_true_under_other_seeds",
    "test_without_a_crash_and_with_one_the_deterministic_vote_is_held_up_by_delays_alone",
    "test_requests_in_a_pipeline_do_not_stop_the_others",
    "test_a_hand_shows_the_cut_on_a_first_visit_goes_when_the_page_is_touched_and_never_comes_back",
    "test_the_clients_see_neither_roles_nor_values_nor_the_network",
    "test_nodes_glide_to_their_islands_but_jump_where_less_motion_is_wished",
    "test_a_straight_rope_parts_any_one_node_on_a_small_screen_too",
    "test_lanes_are_added_up_to_four_and_taken_away_down_to_one",
    "test_two_sessions_do_not_touch_each_other",
    "test_every_supported_python_here_gives_the_same_trace",
    "test_axe_finds_nothing_serious_whatever_is_open_in_whichever_theme",
    "test_every_scenario_opens_from_the_picker_and_runs",
    "test_every_knob_of_every_protocol_says_its_unit_how_far_it_turns_and_what_it_does",
    "test_the_catalogue_shows_every_protocol_on_its_shelf_with_what_it_claims_and_what_it_costs",
    "test_an_adversary_is_named_at_the_foot_while_it_plays_and_sent_away_and_brought_in_by_hand",
    "test_the_lists_have_the_same_commands_for_who_works_by_keys",
    "test_nobody_takes_the_controls_when_the_owner_is_gone",
    "test_a_server_with_threads_serves_a_browser_just_as_well",
    "test_a_server_that_ends_is_told_of_and_the_page_comes_back_with_it",
    "test_a_step_back_just_after_a_cut_gives_the_very_picture_that_was_there",
    "test_nothing_overlaps_and_nothing_scrolls_sideways",
    "test_every_scenario_is_whole_and_large_at_each_of_its_steps",
    "test_everything_can_be_scrolled_to_and_tapped",
    "test_a_rope_falls_on_three_lanes_and_on_four",
    "test_four_lanes_fit_a_projector",
    "test_three_nodes_and_twenty_five_are_cut_by_one_rope_each",
    "test_silent_sockets_do_not_hold_their_places",
    "test_so_many_sessions_and_no_more",
    "test_stalled_readers_cost_little_and_slow_nobody",
    "test_a_flood_is_held_back_and_does_not_stop_the_others",
)


def all_of_them(config: pytest.Config) -> bool:
    """True in CI, with THOROUGH=1, and when the command names files."""
    named = any(str(name).split("::")[0].endswith(".py") for name in config.args)
    return bool(os.environ.get("CI") or os.environ.get("THOROUGH") or named)


def pytest_report_header(config: pytest.Config) -> str | None:
    if all_of_them(config):
        return None
    return f"left out: {len(THOROUGH)} thorough tests (tests/conftest.py), which CI runs; THOROUGH=1 make test runs them here"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if all_of_them(config):
        return
    left_out = [item for item in items if item.name.partition("[")[0] in THOROUGH]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
