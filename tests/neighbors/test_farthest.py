"""farthest_points: the greedy rule, its prefix property and its bound."""

import itertools

import numpy as np
import pytest
import torch

from pcl_lib.neighbors import farthest_points
from tests.neighbors.reference import ellipsoid


def greedy(x, m, start):
    chosen = [start]
    while len(chosen) < m:
        gaps = [min(float((p - x[c]).square().sum()) for c in chosen) for p in x]
        chosen.append(gaps.index(max(gaps)))
    return chosen


@pytest.mark.parametrize("start", [0, 7])
def test_follows_the_greedy_rule(start):
    x = ellipsoid(40, 0)
    assert farthest_points(x, 12, start=start).tolist() == greedy(x, 12, start)


def test_ties_go_to_the_first():
    square = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    assert farthest_points(square, 4).tolist() == [0, 3, 1, 2]


def test_a_shorter_run_is_a_prefix_and_a_full_run_a_permutation():
    x = ellipsoid(60, 1)
    full = farthest_points(x, 60)
    assert torch.equal(farthest_points(x, 10), full[:10])
    assert sorted(full.tolist()) == list(range(60))


def test_a_batch_is_a_loop():
    x = torch.stack([ellipsoid(50, seed) for seed in range(3)])
    both = farthest_points(x, 9)
    for b in range(3):
        assert torch.equal(both[b], farthest_points(x[b], 9))


def test_covers_within_twice_the_best_radius():
    x = ellipsoid(14, 2)
    gaps = torch.cdist(x, x)

    def cover(index):
        return gaps[:, list(index)].min(1).values.max()

    best = min(cover(index) for index in itertools.combinations(range(14), 4))
    assert cover(farthest_points(x, 4).tolist()) <= 2 * best


@pytest.mark.parametrize(
    "x",
    [
        torch.ones(5, 3),
        torch.zeros(1, 2),
        ellipsoid(5, 3).repeat(2, 1),
        ellipsoid(4, 3).repeat_interleave(3, 0),
        torch.cat([ellipsoid(6, 4), torch.zeros(6, 3, dtype=torch.float64)]),
        torch.cat(
            [ellipsoid(6, 4), ellipsoid(6, 4) * 1e-170]
        ),  # squares that are 0 though the points are not
    ],
)
def test_no_point_is_chosen_twice_though_others_are_at_its_place(x):
    found = farthest_points(x, len(x), start=len(x) - 1).tolist()
    assert sorted(found) == list(range(len(x)))


def test_copies_come_last_the_first_of_them_first():
    x = torch.tensor([[0.0], [4.0], [0.0], [1.0], [4.0]])
    assert farthest_points(x, 5).tolist() == [0, 1, 3, 2, 4]
    assert farthest_points(torch.stack([x, x.flip(0)]), 5).tolist() == [[0, 1, 3, 2, 4], [0, 2, 1, 3, 4]]


def test_arguments_must_be_in_range():
    x = ellipsoid(5, 0)
    with pytest.raises(ValueError, match=r"from 1 to the 5 points of x \(5, 3\), received 6"):
        farthest_points(x, 6)
    with pytest.raises(ValueError, match="index of one of the 5 points of x, an integer, received 5"):
        farthest_points(x, 2, start=5)
    with pytest.raises(ValueError, match="'keops'"):
        farthest_points(x, 2, backend="keops")


@pytest.mark.parametrize(
    "wrong", [2.5, True, "2", None, -1, np.array([1, 2]), torch.tensor(2), np.bool_(True)]
)
def test_m_and_start_must_be_integers(monkeypatch, wrong):
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)  # as users run it
    x = ellipsoid(5, 0)
    with pytest.raises(
        ValueError, match="start must be the index of one of the 5 points of x, an integer, received"
    ):
        farthest_points(x, 2, start=wrong)
    with pytest.raises(ValueError, match="m must be an integer from 1 to the 5 points of x"):
        farthest_points(x, wrong)


def test_integers_of_numpy_are_integers():
    x = ellipsoid(5, 0)
    assert torch.equal(farthest_points(x, np.int64(3), start=np.uint8(1)), farthest_points(x, 3, start=1))
