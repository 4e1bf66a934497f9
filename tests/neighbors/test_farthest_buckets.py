"""The compiled engine of farthest_points: the choices of the plain loop, to the last bit, whatever the cloud."""

import sys

import numpy as np
import pytest
import torch

from pcl_lib.neighbors import _farthest, farthest_points
from pcl_lib.neighbors._farthest import MAX_DIM
from tests.neighbors.reference import all_squares, ellipsoid


def random(n, dims, seed=0, dtype=torch.float32):
    return torch.randn(n, dims, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def grid(side, dims):
    return torch.cartesian_prod(*[torch.arange(side, dtype=torch.float32)] * dims).reshape(-1, dims)


CLOUDS = {
    "one point": random(1, 3),
    "two points": random(2, 2),
    "one bucket": random(50, 3),
    "one bucket, filled": random(64, 3),
    "one point more than a bucket": random(65, 3),
    "several buckets": random(700, 3),
    "sorted along the curve": random(3001, 3),
    "large enough for large buckets": random(33_000, 3),
    "a surface": ellipsoid(2500, 0, torch.float32),
    "a lattice, full of ties": grid(13, 3)[torch.randperm(13**3, generator=torch.Generator().manual_seed(1))],
    "a plane lattice, not of whole steps": grid(45, 2) * 0.1,
    "few places, many copies": random(12, 3).repeat(150, 1),
    "all at one place": torch.ones(1500, 3),
    "squares that are 0 though the points are not": torch.cat([random(800, 3), 1e-30 * random(800, 3, 1)]),
    "far from the origin": 1e4 + random(2000, 3),
    "one axis much longer": random(2000, 3) * torch.tensor([1e3, 1.0, 1e-3]),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", CLOUDS)
def test_buckets_choose_what_comparing_with_all_chooses(name, dtype):
    x = CLOUDS[name].to(dtype)
    m = min(len(x), 400)
    for start in (0, len(x) // 2, len(x) - 1):
        found = farthest_points(x, m, start=start, backend="buckets")
        assert torch.equal(found, farthest_points(x, m, start=start, backend="dense"))
        assert found.tolist() == farthest_points(x, m, start=start).tolist()


@pytest.mark.parametrize("dims", range(1, MAX_DIM + 1))
def test_in_every_dimension(dims):
    for x in (random(1300, dims), random(1300, dims, 1).mul(4).round()):
        assert torch.equal(
            farthest_points(x, 300, backend="buckets"), farthest_points(x, 300, backend="dense")
        )


@pytest.mark.parametrize("dims", [1, 3, 7, MAX_DIM])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_each_is_the_farthest_by_float64_up_to_rounding(dims, dtype):
    """Against squares summed in Python: no point is farther than the chosen one by more than D + 2 roundings."""
    x = random(150, dims, 3, dtype)
    squares, chosen = all_squares(x, x), farthest_points(x, 60, start=5).tolist()
    assert chosen[0] == 5
    for t in range(1, 60):
        gaps = squares[:, chosen[:t]].min(1)
        assert gaps[chosen[t]] >= gaps.max() * (1 - (dims + 2) * torch.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_whole_numbers_by_numpy(dtype):
    """Exact squares, so that every tie is one: numpy's argmax takes the first."""
    x = random(1500, 3, 2).mul(3).round()
    points, chosen = x.numpy().astype(np.int64), [17]
    gap = np.full(len(points), np.iinfo(np.int64).max)
    for _ in range(199):
        gap = np.minimum(gap, ((points - points[chosen[-1]]) ** 2).sum(1))
        gap[chosen[-1]] = -1
        chosen.append(int(gap.argmax()))
    assert farthest_points(x.to(dtype), 200, start=17, backend="buckets").tolist() == chosen


def test_a_full_run_is_a_permutation_and_a_shorter_one_its_prefix():
    x = ellipsoid(1500, 1, torch.float32)
    full = farthest_points(x, 1500, start=3, backend="buckets")
    assert sorted(full.tolist()) == list(range(1500))
    for m in (1, 2, 63, 64, 65, 900):  # with and without the sort that brings near points together
        assert torch.equal(farthest_points(x, m, start=3, backend="buckets"), full[:m])


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_batch_is_a_loop_however_many_threads_share_it(threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    x = torch.stack([ellipsoid(2100, seed, torch.float32) for seed in range(7)])
    try:
        found = farthest_points(x, 80, start=2, backend="buckets")
    finally:
        torch.set_num_threads(before)
    assert torch.equal(found, torch.stack([farthest_points(cloud, 80, start=2) for cloud in x]))


def test_any_strides_and_a_gradient_on_the_way():
    x = random(6, 900).mT.requires_grad_()
    assert torch.equal(farthest_points(x, 70, backend="buckets"), farthest_points(x.detach().clone(), 70))
    every_other = random(1800, 3)[::2]
    assert torch.equal(farthest_points(every_other, 70), farthest_points(every_other.contiguous(), 70))


def test_a_transform_of_torch_goes_through_the_plain_loop():
    x = random(50, 3)
    gradient = torch.func.grad(lambda c: c[farthest_points(c, 5)].sum())(x)
    assert gradient.sum(1).nonzero().ravel().tolist() == sorted(farthest_points(x, 5).tolist())


@pytest.fixture
def without_numba(monkeypatch):
    name = "pcl_lib.neighbors._farthest_buckets"
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.delattr("pcl_lib.neighbors._farthest_buckets", raising=False)
    _farthest._buckets.cache_clear()
    yield
    _farthest._buckets.cache_clear()


def test_without_numba_the_points_are_the_same(without_numba):
    x = random(300, 3)
    assert torch.equal(farthest_points(x, 20), farthest_points(x, 20, backend="dense"))
    with pytest.raises(ValueError, match='backend="buckets" needs numba, which is missing'):
        farthest_points(x, 20, backend="buckets")


def test_buckets_are_refused_where_they_cannot_run():
    x = random(20, MAX_DIM + 1)
    with pytest.raises(ValueError, match=f"takes at most D = {MAX_DIM}, received D = {MAX_DIM + 1}"):
        farthest_points(x, 3, backend="buckets")
    assert torch.equal(farthest_points(x, 3), farthest_points(x, 3, backend="dense"))
    with pytest.raises(
        ValueError, match="backend must be one of 'auto', 'triton', 'buckets', 'dense', received 'tree'"
    ):
        farthest_points(x, 3, backend="tree")


@pytest.mark.gpu
def test_buckets_are_refused_on_a_gpu():
    with pytest.raises(ValueError, match="runs on the CPU, received clouds on cuda"):
        farthest_points(random(20, 3).cuda(), 3, backend="buckets")


def test_a_place_that_cannot_be_written_costs_the_cache_alone(monkeypatch):
    from pcl_lib.neighbors import _farthest_buckets

    def nowhere(cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return lambda function: function

    monkeypatch.setattr(_farthest_buckets.numba, "njit", nowhere)
    assert _farthest_buckets._compiled(grid) is grid
