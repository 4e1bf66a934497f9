"""Many copies of one point, such as padding: right answers at sizes where searching among the copies would not end."""

import numpy as np
import pytest
import torch

from pcl_lib.neighbors import knn, nearest, nearest_each_way, radius
from pcl_lib.neighbors._copies import find_copies
from tests.neighbors.reference import ellipsoid


def padded(n, *, shuffled=False, dtype=torch.float32):
    """Half a surface away from the origin, half zeros."""
    x = ellipsoid(n, 0, dtype)
    x[n // 2 :] = 0
    return x[torch.randperm(n, generator=torch.Generator().manual_seed(1))] if shuffled else x


def assert_neighbours(x, y, found, k):
    """The k least squared distances, and k different points that have them."""
    exact = torch.stack([(y - p).square().sum(-1).sort().values[:k] for p in x])
    torch.testing.assert_close(found.sq_dist, exact)
    torch.testing.assert_close((x[:, None] - y[found.index]).square().sum(-1), found.sq_dist)
    assert (found.index.sort(-1).values.diff(dim=-1) > 0).all()


@pytest.mark.parametrize("k", [1, 8, 40, 150])
@pytest.mark.parametrize(
    "cloud",
    [
        padded(3_000),
        padded(3_000, shuffled=True, dtype=torch.float64),
        ellipsoid(40, 2).repeat(80, 1),
        torch.ones(2_000, 3),
        torch.cat([torch.zeros(1_500, 3), -torch.zeros(1_500, 3), torch.ones(10, 3)]),
        torch.stack(torch.meshgrid(*[torch.arange(3.0)] * 3, indexing="ij"), -1).reshape(-1, 3).repeat(60, 1),
    ],
    ids=["padding", "shuffled", "repeated", "one point", "both zeros", "lattice"],
)
def test_neighbours_among_copies(cloud, k):
    queries = cloud[:: len(cloud) // 50]
    assert_neighbours(queries, cloud, knn(queries, cloud, k), k)
    whole = knn(cloud, cloud, k)
    assert_neighbours(
        queries, cloud, type(whole)(*(part[:: len(cloud) // 50] for part in whole[:2]), "kdtree"), k
    )


def test_nearest_each_way_and_radius_of_a_batch_with_padding():
    x, y = (torch.stack([padded(2_000), ellipsoid(2_000, seed, torch.float32)]) for seed in (3, 4))
    y = y.flip(1)
    for backend in ("kdtree", "dense"):
        there, back = nearest_each_way(x, y, backend=backend)
        ball = radius(x, y, 0.1, max_neighbors=5, backend=backend)
        if backend == "kdtree":
            expected = there.sq_dist, back.sq_dist, ball.sq_dist, ball.count
    for found, wanted in zip((there.sq_dist, back.sq_dist, ball.sq_dist, ball.count), expected, strict=True):
        torch.testing.assert_close(found, wanted)


def test_half_of_a_large_cloud_is_padding():
    x = padded(300_000, shuffled=True)
    found = knn(x, x, 8)
    zeros = (x == 0).all(1)
    assert (found.sq_dist[zeros] == 0).all()
    assert (x[found.index[zeros]] == 0).all()
    assert (found.index.sort(-1).values.diff(dim=-1) > 0).all()
    some = (~zeros).nonzero()[:20, 0]
    assert_neighbours(x[some], x, type(found)(found.sq_dist[some], found.index[some], "kdtree"), 8)


def test_padding_in_the_middle_of_a_large_sphere():
    # Each point of the sphere is equally near to the padding: no tree can leave any of them out.
    x, sphere = (
        torch.zeros(200_000, 3),
        torch.nn.functional.normalize(ellipsoid(200_000, 5, torch.float32), dim=1),
    )
    assert (nearest(x, sphere).sq_dist - 1).abs().max() < 1e-5
    assert radius(x, sphere, 0.5).count.max() == 0


def test_a_large_cloud_of_one_point():
    x = torch.full((400_000, 3), 0.25)
    found = knn(x, x, 3)
    assert (found.sq_dist == 0).all()
    assert (found.index.sort(-1).values.diff(dim=-1) > 0).all()
    assert radius(x, x, 0.1, max_neighbors=2).sq_dist.max() == 0


def test_copies_are_named_and_counted():
    rows = np.array([[2.0, 1.0], [0.0, 0.0], [1.0, 2.0], [-0.0, 0.0]], dtype=np.float32)
    points = rows[np.arange(4_000) % 4]
    copies = find_copies(np.ascontiguousarray(points[np.argsort(np.arange(4_000) % 4, kind="stable")]))
    assert copies.first.tolist() == [0, 1_000, 2_000]  # 0 and -0 are one place
    assert np.bincount(copies.place).tolist() == [1_000, 2_000, 1_000]
    assert copies.rank.max() == 1_999
    assert sorted(copies.rank[copies.place == 2]) == list(range(1_000))


def test_few_copies_are_left_to_the_tree():
    assert find_copies(ellipsoid(5_000, 0).numpy()) is None
    assert find_copies(ellipsoid(1_000, 0).repeat_interleave(5, 0).numpy()) is None
    assert find_copies(np.zeros((100, 3))) is None
