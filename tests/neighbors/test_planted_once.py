"""Trees that are kept for a while, and never taken for those of other clouds."""

import pytest
import torch

from pcl_lib.distances import chamfer
from pcl_lib.neighbors import knn, nearest, nearest_each_way
from pcl_lib.neighbors.building_blocks import kdtree
from tests.neighbors.reference import ellipsoid

N = 1500  # enough to be sorted along the curve


@pytest.fixture
def planted(monkeypatch):
    """The sizes of the clouds that got a tree."""
    sizes = []

    class Tree(kdtree.KDTree):
        def __init__(self, points):
            sizes.append(len(points))
            super().__init__(points)

    monkeypatch.setattr(kdtree, "KDTree", Tree)
    return sizes


def clouds(count, seed, n=N):
    return torch.stack([ellipsoid(n, seed + b) for b in range(count)])


def test_one_tree_for_each_cloud_and_number_of_neighbours(planted):
    x, y = clouds(3, 0), clouds(2, 10)
    rows = [(one.expand(2, -1, -1), y) for one in x]
    expected = [(chamfer(*row), nearest_each_way(*row)[1].index, knn(*row, 4).index) for row in rows]
    planted.clear()
    with kdtree.planted_once(x, y):
        found = [(chamfer(*row), nearest_each_way(*row)[1].index, knn(*row, 4).index) for row in rows]
    for kept, alone in zip(found, expected, strict=True):
        assert all(map(torch.equal, kept, alone))
    assert len(planted) == 3 + 2 + 2  # those of y once more, for four neighbours
    chamfer(x[:1], y[:1])
    assert len(planted) == 3 + 2 + 2 + 2, "afterwards nothing is kept"


def test_clouds_that_come_and_go_in_one_place_are_not_mixed_up(planted):
    x = clouds(1, 0)
    with kdtree.planted_once(x):
        passing = torch.empty(1, N, 3, dtype=x.dtype)
        for shift in (0.0, 1.0, 5.0):
            torch.add(x, shift, out=passing)
            assert nearest(x[:, :1], passing).sq_dist.item() == pytest.approx(
                (x[0, 0] - passing[0]).square().sum(-1).min().item(), rel=1e-12
            )
    assert len(planted) == 3


def test_part_of_a_cloud_is_another_cloud():
    x = clouds(2, 0)
    with kdtree.planted_once(x):
        nearest(x, x)
        found = nearest(x, x[:, :7]).index
    assert torch.equal(found, nearest(x, x[:, :7].clone()).index)
    assert found.max() < 7


def test_threads_that_share_a_batch_share_the_trees(planted):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        x, y = clouds(8, 0), clouds(8, 10)
        with kdtree.planted_once(x, y):
            first, second = (nearest_each_way(x, y)[0].index for _ in range(2))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(first, second)
    assert len(planted) == 16
