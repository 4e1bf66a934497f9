"""Plans: a band for each share, as wide as its mass, and marks as large as the mass of their points."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from pcl_lib import viz
from pcl_lib.distances import emd, transport_plan


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def test_bands_join_who_gives_to_whom_and_are_as_wide_as_the_mass(ax):
    x, y = np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])
    viz.draw_plan(ax, x, y, [[0.3, 0.1, 0.0], [0.0, 0.0, 0.6]], width=6)
    bands, squares, discs = ax.collections
    np.testing.assert_array_equal(np.array(bands.get_segments()), [[x[0], y[0]], [x[0], y[1]], [x[1], y[2]]])
    np.testing.assert_allclose(bands.get_linewidths(), [3.0, 1.0, 6.0])
    np.testing.assert_allclose(squares.get_sizes() / discs.get_sizes()[1], [0.5, 1 / 6, 1.0])
    np.testing.assert_allclose(discs.get_sizes()[0] / discs.get_sizes()[1], 0.4 / 0.6)


def test_the_plan_of_equal_clouds_is_their_matching(ax, ball):
    x, y = torch.tensor(ball[:20]), torch.tensor(ball[20:40])
    viz.draw_plan(ax, x, y, transport_plan(x, y).plan, width=2)
    bands = ax.collections[0]
    np.testing.assert_allclose(bands.get_linewidths(), 2.0)
    other = plt.figure().add_subplot()
    viz.draw_matching(other, x, y, emd(x, y).matching)
    np.testing.assert_array_equal(bands.get_segments(), other.collections[0].get_segments())
    plt.close(other.figure)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (np.ones((2, 3)), r"shape \(3, 2\), received \(2, 3\)"),
        (1 - 2 * np.eye(3, 2), "zero or more, .* received numbers from -1 to 1"),
        (np.zeros((3, 2)), "not all zero"),
        (np.full((3, 2), np.nan), "finite"),
    ],
)
def test_a_wrong_plan_is_told(ax, plan, message):
    with pytest.raises(ValueError, match=message):
        viz.draw_plan(ax, np.eye(3), np.eye(3)[:2], plan)
