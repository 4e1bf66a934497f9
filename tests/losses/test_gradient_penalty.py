"""Penalties on a critic's gradient: the released number, critics whose gradient one knows, and what reaches weights."""

import json
from pathlib import Path

import pytest
import torch
from jaxtyping import config

from pcl_lib.losses import gaussian_kl, interpolate_penalty, zero_centred_penalty
from pcl_lib.models import LatentCritic, PointCritic
from tests.distances.reference import X

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "latent_gan.json").read_text(encoding="utf-8"))[
    "zero_centred_penalty"
]


def curved(x):
    return x.square().sum(-1) + x[:, 0]


def test_as_the_released_code_has_it():
    real = torch.from_numpy(X(6))
    assert zero_centred_penalty(curved, real).item() == pytest.approx(GOLDEN["code"], rel=1e-12)
    squares = zero_centred_penalty(curved, real, form="squares").item()
    assert squares == pytest.approx(GOLDEN["mean_of_squares"], rel=1e-12)


def test_only_the_interpolates_are_looked_at():
    """A critic of slope 3 between 0 and 1 and of another slope beyond."""
    real, fake = torch.zeros(64, 1), torch.ones(64, 1)

    def critic(x):
        return torch.where((x > 0) & (x < 1), 3 * x, 50 * x).squeeze(-1)

    assert interpolate_penalty(critic, real, fake, weight=2.0).item() == pytest.approx(2 * (3 - 1) ** 2)
    assert zero_centred_penalty(critic, real).item() == pytest.approx(50**2)


def test_interpolates_are_spread_between_the_ends():
    seen = []

    def critic(x):
        seen.append(x)
        return x.sum(-1)

    torch.manual_seed(0)
    interpolate_penalty(critic, torch.zeros(4000, 2), torch.ones(4000, 2))
    (x,) = seen
    torch.testing.assert_close(x[:, 0], x[:, 1])  # one share for the whole row
    quantiles = x[:, 0].detach().quantile(torch.tensor([0.1, 0.5, 0.9]))
    torch.testing.assert_close(quantiles, torch.tensor([0.1, 0.5, 0.9]), atol=0.03, rtol=0)


@pytest.mark.parametrize("penalty", [interpolate_penalty, zero_centred_penalty])
@pytest.mark.parametrize(
    "make", [lambda: LatentCritic(6, widths=(8,)), lambda: PointCritic(points=(8, 8), head=(8,), dim=3)]
)
def test_weights_go_down_the_penalty(penalty, make):
    torch.manual_seed(0)
    critic = make()
    shape = (16, 6) if isinstance(critic, LatentCritic) else (16, 10, 3)
    real, fake = torch.rand(shape), torch.rand(shape)
    values = []
    for _ in range(2):
        torch.manual_seed(1)  # the same interpolates
        value = penalty(critic, real, fake)
        gradients = torch.autograd.grad(value, list(critic.parameters()), materialize_grads=True)
        values.append(value.item())
        square = sum(g.square().sum() for g in gradients)
        with torch.no_grad():
            for parameter, gradient in zip(critic.parameters(), gradients, strict=True):
                parameter -= 0.1 * value / square * gradient
    # A tenth of the way that a linear penalty would have to zero.
    assert values[1] / values[0] == pytest.approx(0.9, abs=0.04)
    assert not real.requires_grad


def test_the_divergence_by_hand():
    mean, log_variance = torch.tensor([[0.0, 2.0]]), torch.tensor([[0.0, -1.0]])
    ours = torch.distributions.Normal(mean, (log_variance / 2).exp())
    expected = torch.distributions.kl_divergence(ours, torch.distributions.Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(gaussian_kl(mean, log_variance), expected)
    assert gaussian_kl(torch.zeros(3, 4), torch.zeros(3, 4)).tolist() == [0.0] * 3


def test_bad_input():
    config.update("jaxtyping_disable", True)
    try:
        x = torch.rand(4, 3)
        with pytest.raises(ValueError, match=r"one shape, received \(4, 3\) and \(2, 3\)"):
            interpolate_penalty(curved, x, x[:2])
        with pytest.raises(ValueError, match=r"one value for each of 4 rows, received shape \(4, 3\)"):
            zero_centred_penalty(torch.sin, x)
        with pytest.raises(ValueError, match="form must be"):
            zero_centred_penalty(curved, x, form="r1")
        with pytest.raises(ValueError, match="weight must be"):
            interpolate_penalty(curved, x, x, weight=-1.0)
        with pytest.raises(ValueError, match="mean and log_variance must have one shape"):
            gaussian_kl(x, x[:2])
    finally:
        config.update("jaxtyping_disable", False)
