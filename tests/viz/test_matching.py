"""Matchings: lines end where the index says, and many-to-one shows."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from pcl_lib import viz
from pcl_lib.neighbors import nearest
from tests.viz.html import images, parse


def test_lines_join_each_point_to_its_partner():
    x = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    y = np.array([[0.0, 1.0], [2.0, 1.0]])
    fig, ax = plt.subplots()
    viz.draw_matching(ax, x, y, [0, 0, 1])
    (lines,) = [c for c in ax.collections if type(c).__name__ == "LineCollection"]
    np.testing.assert_array_equal(np.array(lines.get_segments()), np.stack([x, y[[0, 0, 1]]], axis=1))
    plt.close(fig)


def test_a_square_grows_with_its_matches_and_the_unchosen_are_hollow():
    x, y = np.eye(4, 2), np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    fig, ax = plt.subplots()
    viz.draw_matching(ax, x, y, [0, 0, 0, 1])
    _, hollow, filled, _ = ax.collections
    np.testing.assert_array_equal(hollow.get_offsets(), y[[2]])
    three, one = filled.get_sizes()
    assert three == pytest.approx(3 * one)
    plt.close(fig)


def test_the_figure_explains_its_marks(ball):
    x, y = torch.tensor(ball[:50]), torch.tensor(ball[50:80])
    figure = viz.matching(x, y, nearest(x, y).index, names=("guess", "truth"), alt="Who asks whom")
    assert [image["alt"] for image in images(figure.html)] == ["Who asks whom"]
    key = parse(figure.html).select_one(".pcl-key").text
    assert "● guess" in key
    assert "■ truth" in key
    assert (
        figure.html
        == viz.matching(x, y, nearest(x, y).index, names=("guess", "truth"), alt="Who asks whom").html
    )


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ([0, 1], r"shape \(3,\), received \(2,\)"),
        ([0, 1, 2], "from 0 to 1"),
        ([0, 1, -1], "from 0 to 1"),
        ([0, 1, 0.5], "whole numbers"),
    ],
)
def test_a_wrong_index_is_told(index, message):
    with pytest.raises(ValueError, match=message):
        viz.matching(np.eye(3), np.eye(3)[:2], index, alt="Three points and two")


def test_clouds_of_different_dimension_are_told():
    with pytest.raises(ValueError, match="mix 2-D and 3-D"):
        viz.matching(np.eye(3), np.eye(2), [0, 0, 0], alt="Three points and two")
