"""The auction's inside: engines, batches, what happens to leftovers, and the inputs that are hard for it."""

import pytest
import torch

from pcl_lib.distances import auction, emd
from pcl_lib.distances._auction_close import augment, match_leftovers
from pcl_lib.distances._auction_rounds import Costs, scaled_auction
from pcl_lib.neighbors import _dense as dense
from pcl_lib.neighbors._backends import two_cheapest
from pcl_lib.neighbors._dense import two_smallest
from pcl_lib.neighbors.building_blocks import keops
from tests.distances.reference import U, X, Y

needs_keops = pytest.mark.skipif(
    not keops.available(torch.device("cpu")), reason="KeOps or its C++ compiler is missing"
)


def pair(n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(2, n, 3, generator=generator, dtype=torch.float64)


def by_sorting(x, y, price, squared):
    gap = (x[:, None] - y).norm(dim=-1)
    total, index = ((gap**2 if squared else gap) + price).sort(dim=1)
    return index[:, 0], total[:, 0], total[:, 1]


@pytest.mark.parametrize(
    ("backend", "squared", "dtype"),
    [
        ("dense", False, torch.float32),
        ("dense", False, torch.float64),
        ("dense", True, torch.float32),
        ("dense", True, torch.float64),
        # Each of these is a kernel to compile; the fourth would show nothing more.
        pytest.param("keops", False, torch.float32, marks=needs_keops),
        pytest.param("keops", False, torch.float64, marks=needs_keops),
        pytest.param("keops", True, torch.float32, marks=needs_keops),
    ],
)
def test_the_two_cheapest(backend, squared, dtype):
    x, y = (cloud.to(dtype) for cloud in pair(300))
    price = torch.linspace(0, 0.2, 300, dtype=dtype)
    expected = by_sorting(x[:70], y, price, squared)
    found = two_cheapest(x[:70], y, price, squared, backend)
    assert torch.equal(found[0], expected[0])
    torch.testing.assert_close(
        found[1:], expected[1:], rtol=1e-12 if dtype == torch.float64 else 1e-5, atol=0
    )


@pytest.mark.parametrize("batch", [1, 3])
def test_the_two_smallest_of_kept_rows(batch, monkeypatch):
    monkeypatch.setitem(dense._ROWS, "cpu", 128)
    generator = torch.Generator().manual_seed(0)
    matrix, price = torch.rand(batch, 40, 40, generator=generator), torch.rand(batch, 40, generator=generator)
    cloud, row = (torch.rand(batch, 40, generator=generator) < 0.3).nonzero(as_tuple=True)
    total, index = (matrix[cloud, row] + price[cloud]).sort(dim=1)
    found = two_smallest(matrix, price, cloud, row)
    assert all(map(torch.equal, found, (index[:, 0], total[:, 0], total[:, 1])))


@pytest.mark.parametrize("have_keops", [pytest.param(True, marks=needs_keops), False])
@pytest.mark.parametrize("eps", [None, 0.01])
def test_rows_computed_when_needed(monkeypatch, have_keops, eps):
    monkeypatch.setattr("pcl_lib.distances._auction_rounds.KEEP", 0)
    monkeypatch.setattr("pcl_lib.neighbors._keops.available", lambda _: have_keops)
    x, y = torch.from_numpy(U(300, 0)), torch.from_numpy(U(300, 1))
    found, exact = auction(x, y, eps=eps), emd(x, y).value
    assert torch.equal(found.matching.sort().values, torch.arange(300))
    assert found.converged
    assert found.value - found.gap <= exact <= found.value <= 1.05 * exact
    assert exact + found.eps + 1e-6 >= found.value


def test_only_near_pairs_move_in_a_large_cloud(monkeypatch):
    # Half of the pairs, as at 16,384 points.
    monkeypatch.setattr("pcl_lib.distances._auction_close._PAIRS", 500)
    x, y = pair(1000)
    found, exact = auction(x, y), emd(x, y).value
    assert torch.equal(found.matching.sort().values, torch.arange(1000))
    assert found.value - found.gap <= exact <= found.value <= 1.02 * exact


@pytest.mark.parametrize("close", [augment, lambda *a: match_leftovers(*a[:4], a[5])])
def test_closing_keeps_the_bound_and_matches_all(close):
    x, y = (cloud.numpy() for cloud in pair(60))
    matching = emd(*map(torch.from_numpy, (x, y))).matching.numpy().copy()
    matching[::7] = -1
    price = 0.01 * x[:, 0]
    done = close(x, y, matching, price, 0.001, False)
    assert sorted(done.matching) == list(range(60))
    exact = emd(*map(torch.from_numpy, (x, y))).value.item()
    assert done.least_mean <= exact
    assert matching[0] == -1, "the caller's matching stays as it was"


def test_clouds_of_a_batch_do_not_see_each_other():
    x, y = torch.stack([pair(257)[0], 3 * pair(257, 1)[0]]), torch.stack([pair(257)[1], pair(257, 1)[1]])
    together = auction(x, y)
    for b in range(2):
        alone = auction(x[b], y[b])
        assert torch.equal(together.matching[b], alone.matching)
        assert together.rounds[b] == alone.rounds
        assert together.eps[b] == alone.eps


def test_bidding_together_is_bidding_alone(monkeypatch):
    # What a GPU does with a batch, on the CPU.
    x, y = torch.stack([pair(150)[0], 3 * pair(150, 1)[0]]), torch.stack([pair(150)[1], pair(150, 1)[1]])
    together = scaled_auction(Costs(x, y, False), 10_000)
    for b in range(2):
        alone = scaled_auction(Costs(x[b : b + 1], y[b : b + 1], False), 10_000)
        assert torch.equal(together.matching[b], alone.matching[0])
        assert torch.equal(together.price[b], alone.price[0])


@pytest.mark.parametrize("copies", [600, 300])
def test_many_copies_of_one_point(copies):
    # All copies see the same prices; without noise in the costs one would be served each round.
    x, y = pair(600)
    x, y = x.clone(), y.clone()
    x[:copies], y[:copies] = x[0], y[1]
    found = auction(x, y)
    assert found.converged
    assert found.rounds < 2000
    assert found.value <= 1.01 * emd(x, y).value + 1e-9


def test_few_rounds_are_reported_and_still_a_bijection():
    x, y = torch.from_numpy(X(500)), torch.from_numpy(Y(500))
    found, exact = auction(x, y, max_rounds=3), emd(x, y).value
    assert not found.converged
    assert found.rounds == 3
    assert torch.equal(found.matching.sort().values, torch.arange(500))
    assert found.value - found.gap <= exact <= found.value


@pytest.mark.parametrize("eps", [1e-12, 1e-3, 10.0])
def test_any_eps(eps):
    x, y = pair(80)
    found, exact = auction(x, y, eps=eps), emd(x, y).value
    assert exact - 1e-12 <= found.value <= exact + eps + 1e-5


@pytest.mark.gpu
@pytest.mark.parametrize("shape", [(3, 300, 3), (1, 5000, 3)])
@pytest.mark.parametrize("eps", [None, 0.05])
def test_on_a_gpu(shape, eps):
    generator = torch.Generator().manual_seed(0)
    x, y = torch.rand(2, *shape, generator=generator)
    found, exact = auction(x.cuda(), y.cuda(), eps=eps), emd(x, y).value
    assert found.matching.device.type == "cuda"
    assert torch.equal(found.matching.cpu().sort(-1).values, torch.arange(shape[1]).expand(shape[:2]))
    assert (found.value.cpu() <= exact + (eps or 0.01 * exact) + 1e-5).all()
    assert (found.value.cpu() - found.gap.cpu() <= exact + 1e-5).all()
