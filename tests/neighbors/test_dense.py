"""Dense: the blocks of a GPU, several clouds and all axes at once, give what those of a CPU give, in few operations."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from pcl_lib.distances import chamfer
from pcl_lib.neighbors import _dense as dense
from pcl_lib.neighbors import knn
from tests.neighbors.reference import ellipsoid


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    monkeypatch.setattr(dense, "_one_by_one", dense._together)


def clouds(n, seed, batch=5):
    return torch.stack([ellipsoid(n, seed + b) for b in range(batch)])


@pytest.mark.parametrize("entries", [1, 300, 1_000, 10_000, 1 << 26])
def test_clouds_together_give_what_each_gives_alone(monkeypatch, entries):
    x, y, price = clouds(13, 0), clouds(31, 10), torch.arange(31.0, dtype=torch.float64) / 31
    one = [
        dense.search(x, y, 1),
        dense.search(x, y, 4),
        *dense.search_each_way(x, y),
        dense.count_within(x, y, 0.3),
        *dense.two_cheapest(x[0], y[0], price, squared=False),
    ]
    monkeypatch.setattr(dense, "_one_by_one", dense._together)
    monkeypatch.setitem(dense._BLOCK, "cpu", entries)
    together = [
        dense.search(x, y, 1),
        dense.search(x, y, 4),
        *dense.search_each_way(x, y),
        dense.count_within(x, y, 0.3),
        *dense.two_cheapest(x[0], y[0], price, squared=False),
    ]
    for a, b in zip(one, together, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=0)


def test_ties_of_clouds_together_go_to_the_first(as_on_a_gpu, monkeypatch):
    monkeypatch.setitem(dense._BLOCK, "cpu", 40)
    x, y = (clouds(n, n) * 2 for n in (40, 90))
    x, y = x.round(), y.round()
    square = (x[:, :, None] - y[:, None]).square().sum(-1)
    forward, backward = dense.search_each_way(x, y)
    assert torch.equal(forward[..., 0], square.argmin(-1))
    assert torch.equal(backward[..., 0], square.argmin(-2))


class Counted(TorchDispatchMode):
    """How many operations a GPU would be sent: all but views."""

    VIEWS = frozenset(
        ("view", "_unsafe_view", "expand", "slice", "select", "unsqueeze", "squeeze", "detach", "alias")
    )

    def __init__(self):
        super().__init__()
        self.operations = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.operations += func.overloadpacket.__name__ not in self.VIEWS
        return func(*args, **(kwargs or {}))


def operations(batch, dim):
    x = torch.randn(batch, 64, dim, requires_grad=True)
    y = torch.randn(batch, 64, dim)
    with Counted() as chamfers:
        chamfer(x, y, backend="dense").mean().backward()
    with Counted() as searches:
        knn(y, y, 5, backend="dense")
    return chamfers.operations, searches.operations


def test_one_by_one_a_batch_costs_launches_for_each_cloud_and_axis():
    few, many = operations(2, 3), operations(32, 3)
    assert many[0] > 5 * few[0]
    assert operations(2, 64)[1] > 3 * few[1]


def test_together_neither_clouds_nor_axes_cost_launches(as_on_a_gpu):
    chamfers, searches = operations(32, 3)
    assert chamfers <= 50
    assert searches <= 30
    assert operations(2, 3) == operations(2, 64) == (chamfers, searches)
