"""The auction at any place and scale, and the released last round, which is not one-to-one."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from pcl_lib.distances import AUCTION_SETTINGS, auction, em_kd, emd
from tests.distances.reference import U, golden, named
from tests.gradients import gradcheck

UTM = torch.tensor([5e5, 4.5e6, 100.0], dtype=torch.float64)


def pair(n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(2, n, 3, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("eps", [None, 0.02])
def test_the_bound_holds_away_from_the_origin(eps, squared, kept, monkeypatch):
    monkeypatch.setattr("pcl_lib.distances._auction_rounds.KEEP", 4096 if kept else 0)
    monkeypatch.setattr("pcl_lib.neighbors._keops.available", lambda _: False)
    x, y = pair(200)
    exact = emd(x, y, squared=squared).value.item()
    here = auction(x, y, eps=eps, squared=squared)
    for off in (UTM, 1e6 * torch.ones(3, dtype=torch.float64)):
        found = auction(x + off, y + off, eps=eps, squared=squared)
        assert found.converged
        assert found.value.item() <= exact + found.eps.item() + 1e-6
        assert found.value.item() == pytest.approx(here.value.item(), rel=0.01)
        assert found.gap.item() == pytest.approx(here.gap.item(), rel=0.2)


def test_single_precision_far_away():
    x, y = ((100 * cloud + UTM).float() for cloud in pair(150))
    found, exact = auction(x, y, eps=0.5), emd(x.double(), y.double()).value.item()
    assert exact - 1e-4 <= found.value.item() <= exact + 0.5 + 1e-4


def test_a_batch_of_places_and_sizes():
    x, y = pair(120)
    sizes = torch.tensor([1.0, 1e-9, 1e12], dtype=torch.float64)[:, None, None]
    offs = torch.stack([0 * UTM, 1e-3 * UTM * 1e-9, UTM * 1e12])[:, None]
    found = auction(sizes * x + offs, sizes * y + offs)
    alone = emd(x, y).value.item()
    for value, gap, size in zip(
        found.value.tolist(), found.gap.tolist(), sizes.flatten().tolist(), strict=True
    ):
        assert value / size == pytest.approx(alone, rel=0.01)
        assert (value - gap) / size <= alone * (1 + 1e-6)


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("scale", [1e-130, 1e-20, 1e60, 1e150])
def test_any_scale_in_double_precision(scale, squared):
    x, y = pair(60)
    exact = emd(x, y, squared=squared).value.item()
    unit = scale ** (1 + squared)
    for matched in (
        emd(scale * x, scale * y, squared=squared),
        em_kd(scale * x, scale * y, leaf_size=64, squared=squared),
        em_kd(scale * x, scale * y, leaf_size=64, leaves="auction", squared=squared),
        auction(scale * x, scale * y, squared=squared),
    ):
        assert exact * (1 - 1e-12) <= matched.value.item() / unit <= 1.03 * exact
    found = auction(scale * x, scale * y, eps=0.01 * unit, squared=squared)
    assert found.converged
    assert found.rounds == auction(x, y, eps=0.01, squared=squared).rounds
    assert found.eps.item() == pytest.approx(0.01 * unit, rel=1e-6)


@pytest.mark.parametrize("scale", [1e-22, 1e-30, 1e15])
def test_any_scale_in_single_precision(scale):
    x, y = (scale * cloud.float() for cloud in pair(60))
    exact = emd(x.double(), y.double()).value.item()
    assert emd(x, y).value.item() == pytest.approx(exact, rel=1e-6)
    assert auction(x, y).value.item() == pytest.approx(exact, rel=0.03)
    assert em_kd(x, y, leaf_size=64).value.item() == pytest.approx(exact, rel=1e-6)


def test_very_small_clouds_take_no_idle_rounds():
    x, y = 1e-160 * pair(60)
    assert auction(x, y).rounds < 500
    # No smaller than float32 can see in a price: the bids move.
    assert auction(x, y, eps=1e-175, max_rounds=20_000).eps > 1e-168


def naive_auction(x, y, eps, iterations):
    """As the released kernel is described: free points bid at once; in the last round they take what they want."""
    cost, n = cdist(x, y), len(x)
    price, partner, owner = np.zeros(n), np.full(n, -1), np.full(n, -1)
    for iteration in range(iterations):
        bids = {}
        free = [i for i in range(n) if partner[i] < 0]
        for i in free:
            order = np.argsort(cost[i] + price)
            best, second = order[:2]
            rise = cost[i, second] + price[second] - cost[i, best] - price[best] + eps
            if iteration == iterations - 1:
                partner[i] = best
            else:
                bids.setdefault(best, []).append((rise, i))
        for j, offers in bids.items():
            rise, i = max(offers)
            if owner[j] >= 0:
                partner[owner[j]] = -1
            owner[j], partner[i] = i, j
            price[j] += rise
        if not free:
            break
    return partner


@pytest.mark.parametrize(("eps", "rounds"), [(0.05, 1), (0.05, 2), (0.02, 12), (0.005, 30), (0.3, 200)])
def test_the_released_last_round(eps, rounds):
    x, y = pair(70, seed=4)
    expected = naive_auction(x.numpy(), y.numpy(), eps, rounds)
    found = auction(x, y, eps=eps, max_rounds=rounds, leftovers="released")
    assert found.matching.tolist() == expected.tolist()
    unique = len(set(expected)) == 70
    assert found.one_to_one.item() is unique
    assert found.converged.item() is (rounds == 200)
    assert found.value.item() == pytest.approx(np.linalg.norm(x - y[expected], axis=1).mean(), rel=1e-12)
    exact = emd(x, y).value
    assert found.value - found.gap <= exact
    # The default stays one-to-one.
    assert auction(x, y, eps=eps, max_rounds=rounds).one_to_one


def test_the_released_last_round_in_a_batch_and_when_nothing_is_left():
    x, y = pair(40)
    far = torch.stack([x, 0.3 * x]), torch.stack([y, 0.3 * x])
    together = auction(*far, eps=0.02, max_rounds=5, leftovers="released")
    for b in range(2):
        alone = auction(far[0][b], far[1][b], eps=0.02, max_rounds=5, leftovers="released")
        assert torch.equal(together.matching[b], alone.matching)
        assert together.rounds[b] == alone.rounds
    assert together.one_to_one.tolist() == [False, True]
    assert together.converged.tolist() == [False, True]
    ended = auction(x, y, eps=0.5, leftovers="released")
    assert torch.equal(ended.matching, auction(x, y, eps=0.5).matching)


def test_the_released_setting_reads_below_the_exact_value():
    facts = golden("transport")["auction"]
    x, y = (torch.from_numpy(named(facts[name])) for name in "xy")
    for name, released in facts["released"].items():
        eps, iterations = (float(part.split("=")[1]) for part in name.split(","))
        found = auction(x, y, eps=eps, max_rounds=int(iterations), leftovers="released")
        assert len(found.matching.unique()) == released["unique_targets"]
        # A lattice is full of near ties, which the kernel breaks in its own way.
        assert found.value.item() == pytest.approx(released["mean_L2"], rel=0.02)
        if released["ratio_to_exact"] < 1:
            assert found.value.item() < facts["exact_mean"]


def test_the_settings_of_a_paper_take_the_option():
    x, y = torch.from_numpy(U(256, 0)), torch.from_numpy(U(256, 1))
    settings = AUCTION_SETTINGS["msn train"]._asdict()
    assert not auction(x, y, **settings, leftovers="released").one_to_one
    assert auction(x, y, **settings).one_to_one


def test_a_gradient_through_a_matching_that_is_not_one_to_one():
    x, y = pair(7)

    def value(a, b):
        return auction(a, b, eps=0.001, max_rounds=2, leftovers="released").value

    assert gradcheck(value, (x.requires_grad_(), y.requires_grad_()))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"leftovers": "grab", "eps": 0.1}, "leftovers must be one of 'assign', 'released', received 'grab'"),
        ({"leftovers": "released"}, "needs an eps"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        auction(torch.ones(5, 3), torch.ones(5, 3), **options)
