"""nearest and nearest_each_way: values, agreement of the engines, gradients, hard inputs."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pcl_lib.neighbors import nearest, nearest_each_way
from pcl_lib.neighbors._kdtree import MAX_DIM
from pcl_lib.neighbors.building_blocks import keops
from tests.gradients import gradcheck, gradgradcheck
from tests.neighbors.reference import ENGINES, all_squares, ellipsoid


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("backend", ENGINES)
def test_matches_the_double_loop(backend, dtype):
    x, y = ellipsoid(40, 0, dtype), ellipsoid(31, 1, dtype)
    squares = all_squares(x, y)
    found = nearest(x, y, backend=backend)
    assert found.backend == backend
    assert found.index.dtype == torch.int64
    assert found.sq_dist.dtype == dtype
    np.testing.assert_array_equal(found.index, squares.argmin(1))
    np.testing.assert_allclose(found.sq_dist, squares.min(1), rtol=3e-5 if dtype == torch.float32 else 1e-12)


coordinates = st.floats(-8, 8, width=32)


@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 12), st.just(2)), elements=coordinates),
    hnp.arrays(np.float32, st.tuples(st.integers(1, 12), st.just(2)), elements=coordinates),
)
def test_kdtree_and_dense_agree_also_on_ties(x, y):
    a, b = torch.from_numpy(x).double(), torch.from_numpy(y).double()
    tree, dense = (nearest(a, b, backend=name) for name in ("kdtree", "dense"))
    torch.testing.assert_close(tree.sq_dist, dense.sq_dist, rtol=1e-12, atol=0)
    # A tie may go either way; the index must name a point at that distance all the same.
    torch.testing.assert_close((a - b[tree.index]).square().sum(-1), dense.sq_dist, rtol=1e-12, atol=0)


@pytest.mark.parametrize("n", [1_000, 1_100, 5_000])
@pytest.mark.parametrize("dim", [1, 2, 3, 6])
def test_sorting_along_the_curve_changes_nothing(n, dim):
    generator = torch.Generator().manual_seed(dim)
    x, y = (torch.randn(size, dim, dtype=torch.float64, generator=generator) for size in (n, n + 300))
    there, back = nearest_each_way(x, y, backend="kdtree")
    dense_there, dense_back = nearest_each_way(x, y, backend="dense")
    assert torch.equal(there.index, dense_there.index)
    assert torch.equal(back.index, dense_back.index)
    assert torch.equal(nearest(x, y, backend="kdtree").index, dense_there.index)


@pytest.mark.parametrize("backend", ENGINES)
def test_each_way_is_nearest_twice_and_a_batch_is_a_loop(backend):
    x = torch.stack([ellipsoid(50, seed) for seed in range(3)])
    y = torch.stack([ellipsoid(40, seed) for seed in range(3, 6)])
    there, back = nearest_each_way(x, y, backend=backend)
    for b in range(3):
        for both, single in ((there, nearest(x[b], y[b])), (back, nearest(y[b], x[b]))):
            assert torch.equal(both.index[b], single.index)
            torch.testing.assert_close(both.sq_dist[b], single.sq_dist, rtol=1e-14, atol=0)


def test_the_dense_blocks_join_without_a_seam(monkeypatch):
    x, y = ellipsoid(70, 0), ellipsoid(45, 1)
    whole = nearest_each_way(x, y, backend="dense")
    monkeypatch.setitem(__import__("pcl_lib.neighbors._dense", fromlist=["_BLOCK"])._BLOCK, "cpu", 45 * 4)
    for a, b in zip(whole, nearest_each_way(x, y, backend="dense"), strict=True):
        assert torch.equal(a.index, b.index)


@pytest.mark.parametrize("dim", [20, 128])
def test_high_dimension_is_dense_by_default_and_right(dim):
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(size, dim, dtype=torch.float64, generator=generator) for size in (15, 20))
    found = nearest(x, y)
    assert found.backend == "dense"
    np.testing.assert_array_equal(found.index, all_squares(x, y).argmin(1))


@pytest.mark.parametrize("backend", ["dense", "kdtree"])
@pytest.mark.parametrize("shape", [(9, 3), (2, 9, 3)])
@pytest.mark.parametrize("check", [gradcheck, pytest.param(gradgradcheck, marks=pytest.mark.slow)])
def test_gradient_and_second_derivative(check, backend, shape):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(shape, dtype=torch.float64, generator=generator, requires_grad=True)
    y = torch.randn((*shape[:-2], 6, 3), dtype=torch.float64, generator=generator, requires_grad=True)

    def sq_dist(a, b):
        return nearest(a, b, backend=backend).sq_dist

    assert check(sq_dist, (x, y))


def test_gradient_for_one_cloud_only():
    x, y = ellipsoid(9, 0).requires_grad_(), ellipsoid(7, 1)
    nearest(x, y).sq_dist.sum().backward()
    torch.testing.assert_close(x.grad, 2 * (x.detach() - y[nearest(x, y).index]))
    assert y.grad is None


def test_leaves_its_arguments_alone_and_takes_any_memory_layout():
    x, y = ellipsoid(60, 0), ellipsoid(50, 1)
    before = x.clone(), y.clone()
    expected = nearest(x, y)
    strided = nearest(x.T.contiguous().T, y.flip(0).flip(0))
    assert torch.equal(strided.index, expected.index)
    assert torch.equal(x, before[0])
    assert torch.equal(y, before[1])


@pytest.mark.parametrize("backend", ENGINES)
def test_one_point_duplicates_and_large_coordinates(backend):
    origin = torch.zeros(1, 3, dtype=torch.float64)
    assert nearest(origin, origin, backend=backend).sq_dist.tolist() == [0.0]
    same = torch.full((3_000, 3), 0.25, dtype=torch.float64)
    assert nearest(same, same[:5], backend=backend).sq_dist.max() == 0
    far = torch.tensor([[1e20, 0, 0], [3e20, 0, 0]], dtype=torch.float64)
    found = nearest(far, far.flip(0), backend=backend)
    assert found.index.tolist() == [1, 0]
    assert found.sq_dist.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("backend", ENGINES)
def test_no_cancellation_far_from_the_origin(backend):
    # |x|^2 + |y|^2 - 2 x.y would lose everything here; differences are exact.
    x = torch.tensor([[4096.0, 0.0, 0.0]])
    y = torch.tensor([[4096.5, 0.0, 0.0], [4096.25, 0.0, 0.0]])
    found = nearest(x, y, backend=backend)
    assert found.index.tolist() == [1]
    assert found.sq_dist.tolist() == [0.0625]


def test_kdtree_refuses_what_it_cannot_do():
    wide = torch.zeros(2, MAX_DIM + 1)
    with pytest.raises(ValueError, match=f"at most D = {MAX_DIM}, received D = {MAX_DIM + 1}; .*dense"):
        nearest(wide, wide, backend="kdtree")


@pytest.mark.gpu
@pytest.mark.parametrize("backend", ["dense", "keops", "auto"])
def test_cuda_agrees_with_the_cpu(backend):
    if backend == "keops" and not keops.available(torch.device("cuda", torch.cuda.current_device())):
        pytest.skip("KeOps does not know the CUDA of this machine")
    x, y = ellipsoid(3_000, 0), ellipsoid(2_500, 1)
    expected = nearest(x, y, backend="kdtree")
    found = nearest(x.cuda(), y.cuda(), backend=backend)
    assert torch.equal(found.index.cpu(), expected.index)
    torch.testing.assert_close(found.sq_dist.cpu(), expected.sq_dist)


@pytest.mark.gpu
def test_kdtree_refuses_cuda():
    x = ellipsoid(5, 0).cuda()
    with pytest.raises(ValueError, match="runs on the CPU, received clouds on cuda"):
        nearest(x, x, backend="kdtree")
