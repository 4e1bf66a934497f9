"""Paired differences: the interval against scipy's, and what it says of its sign."""

import numpy as np
import pytest
from scipy import stats

from pcl_lib.experiments.paired import Difference, by_seed, paired
from pcl_lib.experiments.result import Result


def made(**values):
    """A result whose runs of PCN have the given CD-L2, a list over seeds for each loss."""
    rows = [
        {"network": "PCN", "loss": loss, "seed": seed, "metrics": {"CD-L2": value}}
        for loss, column in values.items()
        for seed, value in enumerate(column)
    ]
    return Result(rows, {}, [], "CD-L2", {}, {}, "cpu", 1.0)


def test_the_interval_is_that_of_a_paired_t_test():
    rng = np.random.default_rng(0)
    a, b = rng.normal(4, 1, 5), rng.normal(4.5, 1, 5)
    found = paired(made(A=a, B=b), "CD-L2", network="PCN", loss="A", than="B")
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
    found = paired(result, "CD-L2", network="PCN", loss="A", than="B", relative=True)
    assert found.values == pytest.approx((-20.0, -40.0))


def test_seeds_are_paired_by_number_and_not_by_place():
    result = made(A=[1.0, 2.0], B=[1.0, 2.0])
    turned = Result(result.rows[::-1], {}, [], "CD-L2", {}, {}, "cpu", 1.0)
    assert paired(turned, "CD-L2", network="PCN", loss="A", than="B").values == (0.0, 0.0)
    assert by_seed(turned, "CD-L2", "PCN", "A") == {0: 1.0, 1: 2.0}


def test_errors_say_what_there_is():
    result = made(A=[1.0], B=[2.0])
    with pytest.raises(ValueError, match="at least 2 seeds, received 1"):
        paired(result, "CD-L2", network="PCN", loss="A", than="B")
    with pytest.raises(ValueError, match="no run of 'PCN' with 'C'"):
        by_seed(result, "CD-L2", "PCN", "C")
    with pytest.raises(ValueError, match="one of CD-L2, received 'HD'"):
        by_seed(result, "HD", "PCN", "A")
