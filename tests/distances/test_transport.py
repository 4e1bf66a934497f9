"""Laws that the distances by matching share, and those of each."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pcl_lib.distances import auction, em_kd, emd, sinkhorn, transport_plan
from tests.distances.reference import U, X, Y
from tests.gradients import gradcheck

MATCHERS = {
    "emd": emd,
    "auction": auction,
    "em_kd": lambda x, y, **options: em_kd(x, y, leaf_size=2, **options),
}
grid = st.integers(-64, 64).map(lambda i: i / 16)


def clouds(count):
    def some(shape):
        return st.tuples(*(hnp.arrays(np.float64, shape, elements=grid) for _ in range(count)))

    shapes = st.tuples(st.integers(1, 6), st.integers(1, 3))
    return shapes.flatmap(some).map(lambda arrays: tuple(map(torch.from_numpy, arrays)))


def by_trying_all(x, y, squared):
    costs = np.linalg.norm(x[:, None].numpy() - y.numpy(), axis=-1) ** (2 if squared else 1)
    every = itertools.permutations(range(len(x)))
    return min(math.fsum(costs[range(len(x)), order]) for order in every) / len(x)


@given(clouds(2), st.booleans())
def test_the_exact_value_is_the_best_of_all_matchings(pair, squared):
    best = by_trying_all(*pair, squared)
    assert emd(*pair, squared=squared).value.item() == pytest.approx(best, rel=1e-12, abs=1e-15)
    assert transport_plan(*pair, squared=squared).value.item() == pytest.approx(best, rel=1e-9, abs=1e-12)


@given(clouds(2), st.booleans(), st.sampled_from(sorted(MATCHERS)))
def test_a_bijection_never_below_the_exact_value(pair, squared, name):
    found = MATCHERS[name](*pair, squared=squared)
    assert sorted(found.matching.tolist()) == list(range(len(pair[0])))
    assert found.value.item() >= emd(*pair, squared=squared).value.item() - 1e-12


@given(clouds(2), st.booleans())
def test_the_gap_of_an_auction_holds_the_exact_value(pair, squared):
    found = auction(*pair, squared=squared)
    assert found.value - found.gap <= emd(*pair, squared=squared).value + 1e-12
    assert found.converged
    rounding = 2e-6 * torch.cat(pair).abs().max() ** (2 if squared else 1)  # bids are float32
    assert found.gap <= found.eps + rounding


@given(clouds(3))
def test_emd_is_a_metric(three):
    x, y, z = three
    d = emd(x, y).value
    torch.testing.assert_close(d, emd(y, x).value, rtol=1e-12, atol=1e-15)
    assert emd(x, x).value.item() == 0
    assert (d.item() == 0) == (sorted(x.tolist()) == sorted(y.tolist()))
    assert emd(x, z).value <= (d + emd(y, z).value) * (1 + 1e-12)


@given(clouds(2), st.sampled_from(["emd", "em_kd"]), st.booleans(), st.randoms(use_true_random=False))
def test_symmetric_and_order_translation_scale(pair, name, squared, random):
    x, y = pair
    distance = MATCHERS[name]
    value = distance(x, y, squared=squared).value
    shuffled = x[torch.tensor(random.sample(range(len(x)), len(x)))]
    for other in (
        distance(y, x, squared=squared).value,
        distance(shuffled, y, squared=squared).value,
        distance(x + 2.25, y + 2.25, squared=squared).value,
        distance(4 * x, 4 * y, squared=squared).value / (16 if squared else 4),
        distance(x, y, squared=squared, reduction="sum").value / len(x),
    ):
        torch.testing.assert_close(other, value, rtol=1e-12, atol=1e-14)
    assert distance(x, shuffled, squared=squared).value.item() == 0


@pytest.mark.parametrize("name", MATCHERS)
@pytest.mark.parametrize("squared", [True, False])
def test_gradient_through_the_matching_and_a_batch_is_a_loop(name, squared):
    x = torch.from_numpy(np.stack([X(7), 0.5 * Y(7)])).requires_grad_()
    y = torch.from_numpy(np.stack([Y(7), X(7)])).requires_grad_()
    distance = MATCHERS[name]
    assert gradcheck(lambda a, b: distance(a, b, squared=squared).value, (x, y))
    batch = distance(x, y, squared=squared)
    for i in range(2):
        alone = distance(x[i], y[i], squared=squared)
        torch.testing.assert_close(batch.value[i], alone.value, rtol=1e-14, atol=0)
        assert torch.equal(batch.matching[i], alone.matching)


@pytest.mark.parametrize("name", MATCHERS)
def test_points_that_meet_have_a_zero_gradient(name):
    x = torch.from_numpy(X(9)).requires_grad_()
    MATCHERS[name](x, x.detach().clone()).value.backward()
    assert torch.equal(x.grad, torch.zeros_like(x))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: emd(x, x, reduction="max"), "reduction must be one of 'mean', 'sum', received 'max'"),
        (lambda x: em_kd(x, x, leaf_size=0), "leaf_size must be .* at least 1, received 0"),
        (lambda x: em_kd(x, x, leaves="greedy"), "leaves must be one of"),
        (lambda x: auction(x, x, eps=0.0), "eps must be a positive, finite length or None, received 0.0"),
        (lambda x: auction(x, x, max_rounds=0), "max_rounds must be an integer of at least 1, received 0"),
        (lambda x: sinkhorn(x, x, blur=0.0), "blur must be a positive, finite length, received 0.0"),
        (lambda x: sinkhorn(x, x, blur=0.1, scaling=1.0), "scaling must lie between 0 and 1"),
        (lambda x: transport_plan(x, x, weights_x=-torch.ones(5)), "finite and not negative, received -1"),
        (lambda x: transport_plan(x, x, weights_y=torch.zeros(5)), "weights_y must not be all zero"),
    ],
)
def test_bad_options(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.ones(5, 3))


def test_a_plan_keeps_the_weights_and_has_a_gradient():
    x, y = (torch.from_numpy(f(n)).requires_grad_() for f, n in ((X, 6), (Y, 9)))
    a, b = torch.arange(1.0, 7).double(), torch.arange(2.0, 11).double()
    found = transport_plan(x, y, weights_x=a, weights_y=b)
    torch.testing.assert_close(found.plan.sum(1), a / a.sum())
    torch.testing.assert_close(found.plan.sum(0), b / b.sum())
    assert gradcheck(lambda p, q: transport_plan(p, q, weights_x=a, weights_y=b).value, (x, y))
    both = transport_plan(torch.stack([x, 2 * x]), torch.stack([y, 2 * y]))
    alone = transport_plan(x, y).value
    torch.testing.assert_close(both.value, torch.stack([alone, 2 * alone]))


def test_a_weight_of_two_is_two_points():
    x, y = torch.from_numpy(X(5)), torch.from_numpy(Y(6))
    twice = torch.cat((x, x[:1]))
    weighted = transport_plan(x, y, weights_x=torch.tensor([2.0, 1, 1, 1, 1], dtype=torch.float64)).value
    assert weighted.item() == pytest.approx(emd(twice, y).value.item(), rel=1e-9)


@pytest.mark.parametrize("squared", [True, False])
def test_sinkhorn_tends_to_the_exact_value(squared):
    x, y = torch.from_numpy(U(60, 0)), torch.from_numpy(U(60, 1))
    exact = emd(x, y, squared=squared).value.item()
    off = [
        abs(sinkhorn(x, y, blur=blur, squared=squared, scaling=0.99).item() / exact - 1)
        for blur in (0.3, 0.05, 0.003)
    ]
    assert off[0] > off[1] > off[2]
    assert off[2] < 0.02
    assert abs(sinkhorn(x, x, blur=0.05, squared=squared).item()) < 1e-6
    # The default takes few steps, and reads low whatever the blur.
    assert sinkhorn(x, y, blur=0.003, squared=squared).item() < 0.9 * exact
    pair = torch.stack([x, y]), torch.stack([y, x])
    there, back = sinkhorn(*pair, blur=0.05, squared=squared).tolist()
    assert there == pytest.approx(back, rel=1e-6)
