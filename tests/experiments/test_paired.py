"""Paired differences: the interval against scipy's, and what it says of its sign."""

import numpy as np
import pytest
from scipy import stats

from pcl_lib.experiments.runner.paired_difference import Difference, paired_difference
from pcl_lib.experiments.runner.result import Result, Row


def made(**values):
    """A result whose runs of PCN have the given CD-L2, a list over seeds for each loss."""
    rows = [
        Row({"network": "PCN", "loss": loss}, seed, {"CD-L2": value}, 1.0)
        for loss, column in values.items()
        for seed, value in enumerate(column)
    ]
    return Result(rows, {}, [], "CD-L2", {}, {}, "cpu", 1.0)


def test_the_interval_is_that_of_a_paired_t_test():
    rng = np.random.default_rng(0)
    a, b = rng.normal(4, 1, 5), rng.normal(4.5, 1, 5)
    found = paired_difference(made(A=a, B=b), "CD-L2", ("PCN", "A"), than=("PCN", "B"))
    low, high = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.error == pytest.approx(stats.sem(a - b))


@pytest.mark.parametrize(
    ("values", "sign"), [((1.0, 1.1, 0.9), 1), ((-1.0, -1.1, -0.9), -1), ((1.0, -1.0, 0.5), 0)]
)
def test_the_sign_is_told_only_beyond_the_spread(values, sign):
    assert Difference(values).sign == sign


def test_relative_is_in_per_cent_of_the_other():
    result = made(A=[3.0, 4.0], B=[4.0, 6.0])
    found = paired_difference(result, "CD-L2", ("PCN", "A"), than=("PCN", "B"), relative=True)
    assert found.values == pytest.approx((-20.0, -40.0))


def test_seeds_are_paired_by_number_and_not_by_place():
    result = made(A=[1.0, 2.0], B=[1.0, 2.0])
    turned = Result(result.rows[::-1], {}, [], "CD-L2", {}, {}, "cpu", 1.0)
    assert paired_difference(turned, "CD-L2", ("PCN", "A"), than=("PCN", "B")).values == (0.0, 0.0)
    assert turned.values("CD-L2", "PCN", "A") == {0: 1.0, 1: 2.0}


def test_errors_say_what_there_is():
    result = made(A=[1.0], B=[2.0])
    with pytest.raises(ValueError, match="at least 2 seeds, received 1"):
        paired_difference(result, "CD-L2", ("PCN", "A"), than=("PCN", "B"))
    with pytest.raises(ValueError, match=r"no run of \('PCN', 'C'\)"):
        result.values("CD-L2", "PCN", "C")
    with pytest.raises(ValueError, match="one of CD-L2, ms_per_step, received 'HD'"):
        result.values("HD", "PCN", "A")
