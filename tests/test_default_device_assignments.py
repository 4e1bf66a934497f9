"""Assignments on the CPU where the default device is another: they answer as they do elsewhere."""

import pytest
import torch

from pcl_lib import distances
from tests.distances.test_every import ASSIGNMENTS
from tests.test_default_device import CPU, X, Y, elsewhere, same_there

__all__ = ["elsewhere"]  # a fixture
ROWS = torch.arange(40, device=CPU).expand(2, 40)
JOBS = {
    "greedy_assignment": lambda: distances.greedy_assignment(X, Y, leaf_size=8),
    "quadratic_cost": lambda: distances.quadratic_cost(X, Y, ROWS),
    "reassign": lambda: tuple(distances.reassign(X, Y, X.roll(1, 1), Y.roll(1, 1), ROWS, ROWS.roll(1, 1))),
    "repair_assignment": lambda: distances.repair_assignment(ROWS // 2, X, Y),
}


def test_all_are_here():
    assert JOBS.keys() == {*ASSIGNMENTS}


@pytest.mark.parametrize("name", JOBS)
def test_assignments(elsewhere, name):
    same_there(elsewhere, JOBS[name])
