"""The rules of the ledger on made-up numbers: each verdict from both sides of its border."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from pcl_lib.experiments.claims import (
    HOLDS,
    NOT,
    PART,
    UNKNOWN,
    UNTESTED,
    VERDICTS,
    Claim,
    alike,
    beyond_chance,
    graded,
    share,
    some_alike,
    tallied,
)
from pcl_lib.experiments.runner.paired_difference import Difference


def interval(low, high):
    """A difference of two seeds whose 95 % interval is from low to high."""
    centre, half = (low + high) / 2, (high - low) / 2
    # Student's factor for two values is 12.706, and the standard error is half of their distance.
    reach = half / 12.7062047364
    return Difference((centre - reach, centre + reach))


def test_the_made_up_intervals_are_what_they_say():
    found = interval(-1.0, 3.0)
    assert (found.low, found.high) == pytest.approx((-1.0, 3.0))


@pytest.mark.parametrize(
    ("good", "of", "verdict"),
    [(4, 4, HOLDS), (3, 4, PART), (1, 4, PART), (0, 4, NOT), (1, 1, HOLDS), (0, 1, NOT)],
)
def test_graded(good, of, verdict):
    assert graded(good, of) == verdict


@pytest.mark.parametrize(("good", "of"), [(0, 0), (2, 1), (-1, 3)])
def test_counts_that_cannot_be_are_refused(good, of):
    with pytest.raises(
        ValueError, match="good must be from 0 to the number of cases, at least one, received"
    ):
        graded(good, of)


@given(st.integers(1, 40).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_beyond_chance_is_a_binomial_test(case):
    count, of = case
    assert beyond_chance(count, of) == (binomtest(count, of, 0.025, alternative="greater").pvalue < 0.05)


@pytest.mark.parametrize(
    ("signs", "options", "verdict"),
    [
        ([-1] * 8, {}, HOLDS),
        ([-1] * 7 + [0], {}, PART),
        ([-1] * 2 + [0] * 6, {}, PART),
        ([-1] + [0] * 7, {}, UNKNOWN),  # one of eight is what chance gives
        ([0] * 8, {}, UNKNOWN),
        ([1] + [0] * 7, {}, UNKNOWN),
        ([1] * 2 + [0] * 6, {}, NOT),
        ([-1] * 6 + [0] * 2, {"needed": 6}, HOLDS),
        ([-1] * 5 + [0] * 3, {"needed": 6}, PART),
        ([1, 1, 1], {"wanted": 1}, HOLDS),
        ([-1, -1, 0], {"wanted": 1}, NOT),
        ([-1] * 2 + [1] * 2 + [0] * 4, {}, PART),  # what was claimed is seen, if not always
    ],
)
def test_tallied(signs, options, verdict):
    assert tallied(signs, **options) == verdict


@pytest.mark.parametrize(
    ("intervals", "verdict"),
    [
        ([(-0.9, 0.9), (-0.1, 0.9)], HOLDS),
        ([(-0.9, 1.1)], UNKNOWN),
        ([(-9.0, 9.0)], UNKNOWN),  # a wide interval shows nothing
        ([(1.1, 1.2)], NOT),
        ([(-1.2, -1.1)], NOT),
        ([(1.1, 1.2), (-9.0, 9.0)], PART),
        ([(0.0, 0.5), (-9.0, 9.0)], UNKNOWN),
    ],
)
def test_alike(intervals, verdict):
    assert alike([interval(*ends) for ends in intervals], 1.0) == verdict


@pytest.mark.parametrize(
    ("within", "wide", "outside", "verdict"),
    [
        (4, 4, 0, HOLDS),
        (3, 5, 0, PART),
        (0, 8, 0, UNKNOWN),
        (0, 4, 4, UNKNOWN),
        (0, 3, 5, NOT),
        (0, 0, 8, NOT),
    ],
)
def test_some_alike(within, wide, outside, verdict):
    found = [interval(-0.5, 0.5)] * within + [interval(-9, 9)] * wide + [interval(2, 3)] * outside
    assert some_alike(found, 1.0, needed=4) == verdict


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.96, HOLDS), (0.95, PART), (0.61, PART), (0.6, NOT), (0.0, NOT)]
)
def test_share(value, verdict):
    assert share(value, holds=0.95, part=0.6) == verdict


def test_a_claim_takes_no_other_verdict():
    assert set(VERDICTS) == {HOLDS, PART, NOT, UNKNOWN, UNTESTED}
    with pytest.raises(ValueError, match=r"verdict must be one of holds, holds in part, .*, received 'true'"):
        Claim("words", "Table 1", "1 of 1", "true", "page.html#section")
