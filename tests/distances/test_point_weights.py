"""A weight for each point: the weighted mean of a direction, and the gradients of clouds and weights."""

from functools import partial

import numpy as np
import pytest
import torch
from jaxtyping import config

from pcl_lib.distances import (
    chamfer,
    dcd,
    f_score,
    hyper_cd,
    released_landau_cd,
    truncated_cd,
    weighted_chamfer,
)
from tests.gradients import gradcheck

LOSSES = {
    "chamfer": chamfer,
    "lengths": partial(chamfer, squared=False, combine="mean"),
    "max": partial(chamfer, combine="max"),
    "forward": partial(chamfer, combine="forward"),
    "backward": partial(chamfer, squared=False, combine="backward"),
    "dcd": partial(dcd, alpha=2.0, n_lambda=0.0),
    "hyper_cd": hyper_cd,
    "released hyper_cd": partial(hyper_cd, form="released"),
    "released_landau_cd": partial(released_landau_cd, reduction="mean"),
    "truncated_cd": partial(truncated_cd, threshold=1.0),
    "weighted_chamfer": weighted_chamfer,
    "weighted_chamfer own": partial(weighted_chamfer, weight=lambda d: torch.exp(-d)),
}
SUMS = {n: partial(f, reduction="sum") for n, f in LOSSES.items() if n != "dcd"}


def sample(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


X, Y = sample(8, 3), sample(6, 3, seed=1)
V, W = sample(8, seed=2).abs() + 0.1, sample(6, seed=3).abs() + 0.1


def test_the_formula():
    squares = (X[:, None] - Y).square().sum(-1).numpy()
    expected = np.average(squares.min(1), weights=V) + np.average(squares.min(0), weights=W)
    assert chamfer(X, Y, weights_x=V, weights_y=W).item() == pytest.approx(expected, rel=1e-12)
    expected = 0.5 * (np.sqrt(squares.min(1)) @ V.numpy() + np.sqrt(squares.min(0)).sum())
    found = chamfer(X, Y, squared=False, reduction="sum", combine="mean", weights_x=V)
    assert found.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", LOSSES)
def test_equal_weights_change_nothing_and_only_their_ratio_counts(name):
    plain = LOSSES[name](X, Y)
    ones = LOSSES[name](X, Y, weights_x=torch.full((8,), 0.3), weights_y=[1] * 6)
    torch.testing.assert_close(ones, plain, rtol=1e-7, atol=0)
    weighed = LOSSES[name](X, Y, weights_x=V, weights_y=W)
    torch.testing.assert_close(
        LOSSES[name](X, Y, weights_x=7 * V, weights_y=W / 9), weighed, rtol=1e-12, atol=0
    )
    assert abs(weighed - plain) > 1e-6 * abs(plain)


@pytest.mark.parametrize("name", LOSSES)
def test_a_weight_of_two_is_the_point_twice(name):
    # A repeated point finds what the first one finds, and changes nobody else's nearest point.
    twice = torch.cat([X, X[:3]])
    weights = torch.tensor([2.0] * 3 + [1.0] * 5)
    torch.testing.assert_close(
        LOSSES[name](X, Y, weights_x=weights), LOSSES[name](twice, Y), rtol=1e-12, atol=0
    )
    if name in SUMS:
        torch.testing.assert_close(
            SUMS[name](X, Y, weights_x=weights), SUMS[name](twice, Y), rtol=1e-12, atol=0
        )


def test_f_score_takes_shares_of_the_weights():
    x, y = torch.tensor([[0.0], [5.0]]), torch.tensor([[0.1], [0.2], [9.0]])
    found = f_score(x, y, 1.0, weights_x=[3.0, 1.0], weights_y=np.array([1.0, 1.0, 6.0]))
    assert (found.precision.item(), found.recall.item()) == (0.75, 0.25)
    assert f_score(x, x, 1.0, weights_x=[0.1, 0.7]).f.item() == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", LOSSES)
def test_gradients_of_clouds_and_weights(name):
    def value(x, y, v, w):
        return LOSSES[name](x, y, weights_x=v, weights_y=w)

    clouds = [cloud.clone().requires_grad_() for cloud in (X, Y)]
    assert gradcheck(lambda x, y: value(x, y, V, W), clouds)
    assert gradcheck(value, (*clouds, V.clone().requires_grad_(), W.clone().requires_grad_()))


def test_a_batch_shares_weights_or_has_its_own():
    x, y = torch.stack([X, X + 0.1]), torch.stack([Y, Y])
    own = torch.stack([V, V.flip(0)])
    for given, each in ((V, (V, V)), (own, own)):
        expected = torch.stack([chamfer(a, b, weights_x=v) for a, b, v in zip(x, y, each, strict=True)])
        torch.testing.assert_close(chamfer(x, y, weights_x=given), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (
            torch.ones(7),
            r"weights_x must have one weight for each point, shape \(8,\), received shape \(7,\)",
        ),
        (torch.ones(8, 1), r"received shape \(8, 1\)"),
        (torch.zeros(8), "finite, at least 0 and not all 0, received values from 0 to 0"),
        (-torch.ones(8), "at least 0 .* from -1 to -1"),
        (torch.full((8,), torch.nan), "weights_x must be finite"),
        (torch.full((8,), torch.inf), "weights_x must be finite"),
        (torch.full((8,), 1e308, dtype=torch.float64), "finite sum"),
        ("heavy", "weights_x must be a tensor of one weight for each point, received str"),
        ([[1.0], [2.0, 3.0]], "received list"),
    ],
)
def test_weights_that_are_none(weights, message):
    config.update("jaxtyping_disable", True)
    try:
        with pytest.raises(ValueError, match=message):
            chamfer(X, Y, weights_x=weights)
    finally:
        config.update("jaxtyping_disable", False)
