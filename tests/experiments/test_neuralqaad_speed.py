"""Claims on speed: read from benchmark records, judged from both sides."""

import pytest

from pcl_lib.experiments.claims import HOLDS, NOT, PART, UNTESTED
from pcl_lib.experiments.neuralqaad import network_report, speed

# What `python -m tests.benchmarks.assignments` writes.
STEPS = {
    "greedy": {"clouds": 64, "points": 65_536, "leaf_size": 256, "seconds_of_all_cores": 50.0},
    "steps": [
        {
            "name": "of the short records",
            "batch": 8,
            "points": 512,
            "of": 4096,
            "more": {"lower_quartile": 30.0, "median": 40.0, "upper_quartile": 55.0},
            "milliseconds": {"without": {"median": 10.0}, "with swaps": {"median": 14.0}},
        }
    ],
    "machine": {
        "cpu": "one",
        "cores": 2,
        "torch_threads": 1,
        "versions": {"torch": "2"},
        "date": "2026-01-01T00:00:00",
    },
}
NETWORK, ASSIGNMENTS = "../models/neuralqaad.html", "../models/assignments.html"


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        ((11.0, 30.0), (HOLDS, PART)),
        ((13.0, 30.0), (HOLDS, HOLDS)),
        ((1.0, 30.0), (PART, PART)),
        ((1.0, 1.9), (NOT, NOT)),
    ],
)
def test_patches_against_a_loop(ratios, expected):
    found = speed.on_patches(NETWORK, {16: (1.0, 1.0), 128: ratios, 512: ratios})
    assert tuple(claim.verdict for claim in found) == expected
    assert f"{ratios[0]:.1f} to {ratios[1]:.1f} at 128" in found[0].number


@pytest.mark.parametrize(("seconds", "expected"), [(1.0, HOLDS), (50.0, PART), (500.0, NOT)])
def test_the_greedy_assignment_of_a_whole_set(seconds, expected):
    timed = {"clouds": 64, "points": 65_536, "seconds": 1e9, "seconds_of_all_cores": seconds}
    found = speed.on_greedy(ASSIGNMENTS, timed)
    assert found.verdict == expected
    # 13,744 clouds of 131,072 points, on two cores.
    assert f"on two cores {seconds / 2 / 60 * 13_744 / 64 * 2:,.0f} minutes" in found.number


@pytest.mark.parametrize(
    ("ends", "expected"),
    [((5.0, 19.0), HOLDS), ((5.0, 25.0), PART), ((30.0, 50.0), PART), ((61.0, 90.0), NOT)],
)
def test_what_swaps_add(ends, expected):
    assert speed.on_swaps(ASSIGNMENTS, {"a step": ends}).verdict == expected


def test_the_faster_loop_is_the_one_to_beat():
    case = {"network": speed.OF_PATCH, "patches": 128, "ratios": {"a": {"median": 7.0}, "b": {"median": 5.0}}}
    other = case | {"network": "another"}
    assert speed.faster({"cases": [case, other, case]}) == {128: [5.0, 5.0]}


def test_what_was_recorded_is_judged_and_shown():
    patches = speed.read_speed("patches-cpu")
    claims = speed.claims(NETWORK, ASSIGNMENTS, patches=patches, steps=STEPS)
    without = speed.claims(NETWORK, ASSIGNMENTS, patches=None, steps=None)
    assert {c.words: (c.where, c.chapter) for c in claims} == {c.words: (c.where, c.chapter) for c in without}
    assert all(claim.verdict == UNTESTED for claim in without)
    assert UNTESTED not in {claim.verdict for claim in claims}
    table = network_report.speedup_table(patches, "Patches.").text
    assert "\n512 | " in table
    assert "16 x 2,048 points" in table
    assert "+40 [+30, +55]" in network_report.swaps_table(STEPS, "Swaps.").text


def test_the_record_of_assignments_has_what_the_page_names():
    steps = speed.read_speed("assignments-cpu")
    claims = speed.claims(NETWORK, ASSIGNMENTS, patches=None, steps=steps)
    assert [claim.verdict for claim in claims[2:]].count(UNTESTED) == 0
    assert list(speed.added(steps)) == [case["name"] for case in steps["steps"]]
    assert len(steps["steps"]) == 3
    table = network_report.swaps_table(steps, "Swaps.").text
    assert "16 x 2,048 points of 65,536" in table


def test_one_reading_of_the_sizes_gives_the_printed_ratio():
    table = network_report.readings_table("Readings.").text
    assert "203,008" in table
    assert "as printed" in table
