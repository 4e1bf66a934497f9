"""knn: values, order, gradients, limits of k."""

import numpy as np
import pytest
import torch

from pcl_lib.neighbors import knn, nearest
from pcl_lib.neighbors.building_blocks import keops
from tests.gradients import gradcheck, gradgradcheck
from tests.neighbors.reference import ENGINES, all_squares, ellipsoid


@pytest.mark.parametrize("backend", ENGINES)
def test_matches_the_double_loop(backend):
    x, y = ellipsoid(30, 0), ellipsoid(25, 1)
    squares = all_squares(x, y)
    found = knn(x, y, 4, backend=backend)
    np.testing.assert_array_equal(found.index, squares.argsort(1)[:, :4])
    np.testing.assert_allclose(found.sq_dist, np.sort(squares, 1)[:, :4], rtol=1e-12)
    assert found.backend == backend


@pytest.mark.parametrize("backend", ["dense", "kdtree"])
def test_all_of_them_is_a_sorted_permutation(backend):
    x = torch.stack([ellipsoid(1_500, 0), ellipsoid(1_500, 1)])
    found = knn(x[:, :8], x, 1_500, backend=backend)
    assert (found.sq_dist.diff(dim=-1) >= 0).all()
    assert torch.equal(found.index.sort(-1).values, torch.arange(1_500).expand(2, 8, -1))


def test_one_neighbour_is_nearest():
    x, y = ellipsoid(200, 0), ellipsoid(150, 1)
    assert torch.equal(knn(x, y, 1).index[:, 0], nearest(x, y).index)


@pytest.mark.parametrize("backend", ["dense", "kdtree"])
@pytest.mark.parametrize("check", [gradcheck, pytest.param(gradgradcheck, marks=pytest.mark.slow)])
def test_gradient_and_second_derivative(check, backend):
    x, y = ellipsoid(6, 0).requires_grad_(), ellipsoid(5, 1).requires_grad_()

    def sq_dist(a, b):
        return knn(a, b, 3, backend=backend).sq_dist

    assert check(sq_dist, (x, y))


def test_gradient_of_a_cloud_against_itself():
    x = ellipsoid(8, 0).requires_grad_()
    assert gradcheck(lambda a: knn(a, a, 3).sq_dist, (x,))


@pytest.mark.parametrize("k", [0, -1, 6])
def test_k_must_be_in_range(k):
    x = ellipsoid(5, 0)
    with pytest.raises(ValueError, match=rf"from 1 to the 5 points of y \(5, 3\), received {k}"):
        knn(x, x, k)


@pytest.mark.gpu
@pytest.mark.parametrize("backend", ["dense", "keops"])
def test_cuda_agrees_with_the_cpu(backend):
    if backend == "keops" and not keops.available(torch.device("cuda", torch.cuda.current_device())):
        pytest.skip("KeOps does not know the CUDA of this machine")
    x, y = ellipsoid(900, 0), ellipsoid(800, 1)
    assert torch.equal(knn(x.cuda(), y.cuda(), 5, backend=backend).index.cpu(), knn(x, y, 5).index)
