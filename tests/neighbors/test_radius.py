"""radius: the ball is closed, padded, capped, and the same from each engine."""

import numpy as np
import pytest
import torch

from pcl_lib.neighbors import radius
from tests.gradients import gradcheck
from tests.neighbors.reference import ENGINES, all_squares, ellipsoid


@pytest.mark.parametrize("backend", ENGINES)
def test_matches_the_double_loop(backend):
    x, y = ellipsoid(40, 0), ellipsoid(60, 1)
    squares = all_squares(x, y)
    ball = radius(x, y, 0.4, backend=backend)
    inside = squares <= 0.4**2
    np.testing.assert_array_equal(ball.count, inside.sum(1))
    assert ball.index.shape[1] == inside.sum(1).max()
    for i in range(40):
        n = ball.count[i]
        expected = [j for j in squares[i].argsort() if inside[i, j]]
        assert ball.index[i, :n].tolist() == expected
        assert (ball.index[i, n:] == -1).all()
        assert torch.isinf(ball.sq_dist[i, n:]).all()
        np.testing.assert_allclose(ball.sq_dist[i, :n], squares[i][expected], rtol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("backend", ENGINES)
def test_the_ball_is_closed(backend, dtype):
    x, y = torch.zeros(1, 3, dtype=dtype), torch.eye(3, dtype=dtype)
    assert radius(x, y, 1.0, backend=backend).count.tolist() == [3]
    assert radius(x, y, 0.999, backend=backend).count.tolist() == [0]


@pytest.mark.parametrize("backend", ["dense", "kdtree"])
def test_engines_agree_where_float32_rounds_onto_the_sphere(backend):
    # r^2 is rounded for some of these, and the neighbour lies exactly at r.
    for r in (0.1, 0.3, 0.7, 1.1):
        x, y = torch.zeros(1, 1), torch.tensor([[r]])
        expected = [int(float(y.square()) <= torch.tensor(r * r, dtype=torch.float32).item())]
        assert radius(x, y, r, backend=backend).count.tolist() == expected


def test_the_cap_keeps_the_nearest():
    x, y = ellipsoid(20, 0), ellipsoid(200, 1)
    full, capped = radius(x, y, 0.5), radius(x, y, 0.5, max_neighbors=3)
    assert capped.index.shape == (20, 3)
    assert torch.equal(capped.index, full.index[:, :3])
    assert torch.equal(capped.count, full.count.clamp(max=3))


def test_an_empty_ball_has_no_columns():
    ball = radius(torch.zeros(2, 3), torch.ones(4, 3), 0.1)
    assert ball.index.shape == (2, 0)
    assert ball.sq_dist.shape == (2, 0)
    assert ball.count.tolist() == [0, 0]


def test_a_batch_is_a_loop():
    x = torch.stack([ellipsoid(30, 0), 0.5 * ellipsoid(30, 1)])
    both = radius(x, x, 0.3)
    for b in range(2):
        single = radius(x[b], x[b], 0.3)
        k = single.index.shape[1]
        assert torch.equal(both.index[b, :, :k], single.index)
        assert torch.equal(both.count[b], single.count)


def test_gradient_flows_through_neighbours_and_not_through_padding():
    x, y = ellipsoid(6, 0).requires_grad_(), ellipsoid(12, 1).requires_grad_()

    def squares(a, b):
        sq_dist = radius(a, b, 0.8).sq_dist
        return sq_dist.where(sq_dist.isfinite(), 0)

    assert gradcheck(squares, (x, y))


@pytest.mark.parametrize("r", [0.0, -1.0, float("nan"), float("inf")])
def test_the_radius_must_be_a_length(r):
    x = torch.zeros(2, 3)
    with pytest.raises(ValueError, match="positive, finite length"):
        radius(x, x, r)
    with pytest.raises(ValueError, match="max_neighbors must be an integer of at least 1, received 0"):
        radius(x, x, 1.0, max_neighbors=0)
