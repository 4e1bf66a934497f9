"""Triton: its kernels against plain torch in the interpreter, and what is said where it cannot run."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pcl_lib.distances import chamfer
from pcl_lib.neighbors import _dense as dense
from pcl_lib.neighbors import farthest_points, knn, nearest, radius
from pcl_lib.neighbors.building_blocks import triton
from tests.neighbors import interpreted
from tests.neighbors.reference import ellipsoid

CUDA = torch.device("cuda")
# Each dimension is a kernel of its own; the fast lane interprets that of points in space.
DIMS = [*(pytest.param(dim, marks=pytest.mark.slow) for dim in (1, 2)), 3]


@pytest.fixture(scope="module")
def run():
    with interpreted.interpreter() as run:
        yield run


def gaussian(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def compare(run, x, y):
    found = run(interpreted.search, x.numpy(), y.numpy())
    assert found.dtype == np.int64
    assert found.tolist() == dense.search(x, y, 1).tolist()


@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize(
    ("clouds", "n", "m"),
    [
        (1, 1, 1),
        (1, 1, 17),
        (3, 5, 33),  # a whole tile, two and one more
        (2, 33, 100),
        (1, 7, 530),  # the points of y go to several programs
        (2, 3, 16),
    ],
)
def test_the_nearest_is_that_of_dense(run, clouds, n, m, dim):
    compare(run, gaussian(clouds, n, dim), gaussian(clouds, m, dim, seed=1))


@pytest.mark.slow
def test_a_program_of_many_points(run):
    compare(run, gaussian(1, (1 << 15) + 1, 3), gaussian(1, 5, 3, seed=1))


@pytest.mark.parametrize("dim", DIMS)
def test_of_equally_near_points_the_first(run, dim):
    x, y = (gaussian(2, 20, dim) * 2).round(), (gaussian(2, 300, dim, seed=1) * 2).round()
    square = (x[:, :, None] - y[:, None]).square().sum(-1)
    assert ((square == square.amin(-1, keepdim=True)).sum(-1) > 1).any(), "there are ties"
    compare(run, x, y)


def test_copies_give_the_first_of_them(run):
    y = ellipsoid(30, 0, torch.float32)
    found = run(interpreted.search, y[None].numpy(), y.repeat(12, 1)[None].numpy())
    assert found.flatten().tolist() == list(range(30))


def test_far_clouds_lose_nothing(run):
    x, y = gaussian(2, 40, 3), gaussian(2, 90, 3, seed=1)
    compare(run, x + 1e4, y + 1e4)
    compare(run, x - 1e4, y + 1e4)
    compare(run, x * 1e-12, y * 1e-12)


def test_each_way_and_any_memory_layout(run):
    x, y = gaussian(2, 9, 3), gaussian(2, 21, 3, seed=1)
    forward, backward = run(interpreted.search_each_way, x.numpy(), y.numpy())
    assert forward.tolist() == dense.search(x, y, 1).tolist()
    assert backward.tolist() == dense.search(y, x, 1).tolist()
    assert run(interpreted.search_of_views, x.numpy(), y.numpy()).tolist() == forward.tolist()


@pytest.mark.parametrize("first", [torch.nan, torch.inf, 0.0])
def test_what_is_not_finite_is_found_as_torch_finds_it(run, first):
    """A public search refuses such clouds; a distance that is not a number is the least to torch."""
    x, y = gaussian(1, 9, 3), gaussian(1, 530, 3, seed=1)
    x[0, 3] = torch.inf
    x[0, 4, 0] = torch.nan
    y[0, 400, 1] = y[0, 40, 1] = first
    y[0, 50] = torch.inf
    compare(run, x, y)
    compare(run, x, torch.full_like(y, torch.inf))


IN_REGISTERS, IN_MEMORY = 8192, 32


@pytest.mark.parametrize("kernel", [IN_REGISTERS, IN_MEMORY])
@pytest.mark.parametrize("dim", DIMS)
@pytest.mark.parametrize(("n", "m", "start"), [(1, 1, 0), (7, 7, 6), (70, 9, 33)])
def test_farthest_points_are_those_of_the_cpu(run, n, m, start, dim, kernel):
    for x in (gaussian(2, n, dim), (gaussian(2, n, dim) * 2).round(), gaussian(2, n, dim) + 1e4):
        found = run(interpreted.farthest, x.numpy(), m, start, kernel)
        assert found.tolist() == farthest_points(x, m, start=start).tolist()


@pytest.mark.parametrize("kernel", [IN_REGISTERS, IN_MEMORY])
def test_a_shorter_run_of_farthest_points_is_a_prefix_and_copies_come_last(run, kernel):
    x = ellipsoid(20, 1, torch.float32).repeat(2, 1)[None]
    full = run(interpreted.farthest, x.numpy(), 40, 3, kernel)[0].tolist()
    assert run(interpreted.farthest, x.numpy(), 11, 3, kernel)[0].tolist() == full[:11]
    assert sorted(full) == list(range(40))

    assert full[20:] == list(range(20, 40))


def test_clouds_on_a_cpu_are_refused():
    x = torch.zeros(4, 3)
    for call in (nearest, chamfer):
        with pytest.raises(ValueError, match=r'"triton" runs on CUDA alone, .* cpu; use backend="auto"'):
            call(x, x, backend="triton")
    with pytest.raises(ValueError, match='"triton" runs on CUDA alone'):
        farthest_points(x, 2, backend="triton")


@pytest.mark.parametrize(
    ("dtype", "shape", "k", "said"),
    [
        (torch.float64, (9, 3), 1, "takes float32 alone, received float64"),
        (torch.float32, (9, 4), 1, "takes clouds of D = 1, 2 or 3, received D = 4"),
        (torch.float32, (9, 3), 2, "k = 1, received k = 2"),
        (torch.float32, (9, 3), None, "k = 1, received a ball of points"),
    ],
)
def test_other_clouds_and_questions_are_refused(monkeypatch, dtype, shape, k, said):
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)  # no GPU is needed to have a name
    monkeypatch.setattr(triton, "_obstacle", lambda _: pytest.fail("tried the device"))
    clouds = SimpleNamespace(device=CUDA, dtype=dtype, shape=shape)
    assert not triton.serves(clouds, k)
    with pytest.raises(ValueError, match=said):
        triton.check(clouds, k)


def test_searches_say_what_they_look_for(monkeypatch):
    asked = []

    def check(_, k):
        asked.append(k)
        if k != 1:
            raise ValueError("refused")

    monkeypatch.setattr(triton, "check", check)
    monkeypatch.setattr(triton, "search", dense.search)
    x = ellipsoid(9, 0)
    assert nearest(x, x, backend="triton").backend == "triton"
    assert knn(x, x, 1, backend="triton").backend == "triton"
    with pytest.raises(ValueError, match="refused"):
        knn(x, x, 4, backend="triton")
    with pytest.raises(ValueError, match="refused"):
        radius(x, x, 0.5, backend="triton")
    assert asked == [1, 1, 4, None]


def test_farthest_points_of_clouds_too_large_for_one_program_are_left_to_dense(monkeypatch):
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)
    monkeypatch.setattr(triton, "_obstacle", lambda _: None)
    fits = SimpleNamespace(device=CUDA, dtype=torch.float32, shape=(triton.MOST_FARTHEST, 3))
    large = SimpleNamespace(device=CUDA, dtype=torch.float32, shape=(triton.MOST_FARTHEST + 1, 3))
    assert triton.serves_farthest(fits)
    assert not triton.serves_farthest(large)
    triton.check_farthest(fits)
    with pytest.raises(ValueError, match="up to 131,072 points, received 131,073"):
        triton.check_farthest(large)


def test_farthest_points_under_a_transform_are_left_to_dense(monkeypatch):
    monkeypatch.setattr(triton, "_misfit", lambda *_: None)
    monkeypatch.setattr(triton, "_obstacle", lambda _: None)
    monkeypatch.setattr(triton, "farthest", lambda *_: pytest.fail("has no memory to read"))
    x = ellipsoid(9, 0).expand(2, 9, 3)
    assert triton.serves_farthest(x)
    assert torch.func.vmap(lambda cloud: cloud * (not triton.serves_farthest(cloud)))(x).any()
    with pytest.raises(ValueError, match=r'under torch.func; use backend="auto"'):
        torch.func.vmap(lambda cloud: farthest_points(cloud, 3, backend="triton"))(x)


@pytest.fixture
def untried():
    """As in a new process, in which Triton has not been tried; nothing of it stays."""
    triton._first_search.cache_clear()
    yield
    triton._first_search.cache_clear()


def pretend(monkeypatch, found, far=((0, 1, 2),)):
    """A device on which the first search answers so, and how often it was asked."""
    tries = []

    def search(*_):
        tries.append(1)
        if isinstance(found, Exception):
            raise found
        return torch.tensor(found)

    tensor = torch.tensor
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: SimpleNamespace())
    monkeypatch.setattr(torch, "tensor", lambda *a, **_: tensor(*a))
    monkeypatch.setattr(triton, "search", search)
    monkeypatch.setattr(triton, "farthest", lambda *_: tensor(far))
    return tries


CLOUDS = SimpleNamespace(device=CUDA, dtype=torch.float32, shape=(9, 3))


@pytest.mark.parametrize("failure", [RuntimeError("no compiler"), OSError("libcuda"), KeyError("x")])
def test_a_device_whose_first_search_fails_is_tried_once_and_refused(monkeypatch, untried, failure):
    tries = pretend(monkeypatch, failure)
    for _ in range(3):
        assert not triton.available(CUDA)
        assert not triton.serves(CLOUDS)
    assert len(tries) == 1
    with pytest.raises(RuntimeError, match=rf"first search on this device \({type(failure).__name__}"):
        triton.check(CLOUDS)


@pytest.mark.parametrize(
    ("found", "far", "right"),
    [
        ([[2, 1, 0]], [[0, 1, 2]], True),
        ([[2, 1, 1]], [[0, 1, 2]], False),
        ([[2, 1, 0]], [[0, 2, 1]], False),
    ],
)
def test_a_device_is_taken_if_its_first_search_is_right(monkeypatch, untried, found, far, right):
    pretend(monkeypatch, found, far)
    assert triton.available(CUDA) == right
    if not right:
        with pytest.raises(RuntimeError, match="gave a wrong result in its first search, or use"):
            triton.check(CLOUDS)


def test_not_installed_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert not triton.serves(CLOUDS)
    with pytest.raises(RuntimeError, match='needs Triton: pip install triton, or use backend="auto"'):
        triton.check(CLOUDS)


@pytest.mark.slow
def test_triton_is_not_imported_without_a_gpu():
    code = (
        "import sys, torch, pcl_lib.neighbors as n; x = torch.rand(9, 3); n.nearest(x, x); n.farthest_points(x, 3); "
        "sys.exit('triton' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
