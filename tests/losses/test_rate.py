"""Bits, bits a point, and the Gaussian source, whose rate and distortion are known."""

import math

import pytest
import torch

from pcl_lib.losses import bits_per_point, gaussian_rate_distortion, rate


def test_features_and_coordinates_are_both_counted():
    features, coordinates = torch.full((2, 8, 5), 0.25), torch.full((2, 8, 5), 0.5)
    assert rate(features).item() == 160
    assert rate(features, coordinates).item() == 240
    assert bits_per_point(features, coordinates, points=2 * 100).item() == pytest.approx(1.2)


def test_the_gradient_of_the_rate():
    p = torch.tensor([0.5, 0.1], dtype=torch.float64, requires_grad=True)
    rate(p).backward()
    torch.testing.assert_close(p.grad, -1 / (p.detach() * math.log(2)))


@pytest.mark.parametrize("points", [0, -4])
def test_points_that_are_none(points):
    with pytest.raises(ValueError, match="points must be an integer of at least 1"):
        bits_per_point(torch.ones(3), points=points)


def test_no_likelihoods():
    with pytest.raises(ValueError, match="likelihoods must be one tensor or more, received none"):
        rate()


def steps(*values):
    return torch.tensor(values, dtype=torch.float64)


def test_fine_rounding_of_a_gaussian():
    """At high rate D = step^2 / 12 = (pi e / 6) sigma^2 2^(-2R): 1.53 dB, or 0.254 bits, above Shannon's limit."""
    sigma = 3.0
    bits, distortion = gaussian_rate_distortion(sigma * steps(0.2, 0.1, 0.02), sigma=sigma)
    torch.testing.assert_close(distortion, (sigma * steps(0.2, 0.1, 0.02)) ** 2 / 12, rtol=1e-9, atol=0)
    law = math.pi * math.e / 6 * sigma**2 * 4**-bits
    torch.testing.assert_close(distortion[1:], law[1:], rtol=1e-3, atol=0)
    excess = bits - torch.log2(sigma / distortion.sqrt())
    assert excess[2].item() == pytest.approx(math.log2(math.pi * math.e / 6) / 2, abs=1e-4)


def test_coarse_rounding_of_a_gaussian():
    """At a huge step all is 0: no bits, and the variance for an error."""
    bits, distortion = gaussian_rate_distortion(steps(90.0))
    assert bits.item() == pytest.approx(0, abs=1e-12)
    assert distortion.item() == pytest.approx(1, rel=1e-9)
    bits, distortion = gaussian_rate_distortion(steps(2.0))
    inside = math.erf(1 / math.sqrt(2))
    assert inside < 0.7
    draws = torch.randn(1_000_000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    cells = torch.round(draws / 2)
    assert distortion.item() == pytest.approx((draws - 2 * cells).square().mean().item(), rel=5e-3)
    masses = cells.unique(return_counts=True)[1] / len(draws)
    assert bits.item() == pytest.approx(-(masses * masses.log2()).sum().item(), rel=5e-3)


@pytest.mark.parametrize("weight", [1e-3, 1e-2])
def test_lambda_is_minus_the_slope_where_the_lagrangian_is_least(weight):
    """D + lambda R over the step: the least is at step = sqrt(6 lambda / ln 2), where -dD/dR = lambda."""
    log_step = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([log_step], max_iter=60, tolerance_grad=1e-12, tolerance_change=1e-14)

    def closure():
        optimiser.zero_grad()
        bits, distortion = gaussian_rate_distortion(log_step.exp())
        (total := distortion + weight * bits).backward()
        return total

    optimiser.step(closure)
    step = log_step.exp()
    bits, distortion = gaussian_rate_distortion(step)
    slope = torch.autograd.grad(distortion, step, retain_graph=True)[0] / torch.autograd.grad(bits, step)[0]
    assert -slope.item() == pytest.approx(weight, rel=1e-6)
    assert step.item() == pytest.approx(math.sqrt(6 * weight / math.log(2)), rel=0.02)
    assert 2 * math.log(2) * distortion.item() == pytest.approx(weight, rel=0.03)


@pytest.mark.parametrize("step", [0.0, -1.0, 1e-3, math.nan, 1e3])
def test_a_step_that_cannot_be_summed(step):
    with pytest.raises(ValueError, match="step must be from a hundredth of sigma"):
        gaussian_rate_distortion(steps(step))
