"""Numbers read off one curve: curvature, matching error, the distance at which a pull has a value."""

import math

import pytest
import torch

from pcl_lib.distances import WEIGHTS, ChiSquared, Gamma, Landau, Normal, Weibull
from pcl_lib.distances.building_blocks import hyper_cd_gradient_weight
from pcl_lib.losses import (
    PAPER_DISTANCES,
    curvature,
    distance_of_pull,
    gradient_matching,
    matching_error,
    with_curvature,
)


def test_the_curvature_of_densities_whose_formula_is_known():
    assert curvature(Normal(1.4)) == pytest.approx(1 / 1.4**2)
    assert curvature(Gamma(5.0, 0.3)) == pytest.approx(0.3**2 / 4)  # (a - 1) / m^2 with m = (a - 1) / b
    assert curvature(Landau()) == 0.5


@pytest.mark.parametrize("weight", WEIGHTS.values(), ids=WEIGHTS)
def test_the_curvature_is_how_the_density_falls_past_its_mode(weight):
    d = torch.tensor([0.0, 1e-3], dtype=torch.float64)
    at_mode, beside = weight(d)
    assert 2 * (1 - beside / at_mode) / 1e-6 == pytest.approx(curvature(weight), rel=0.01)


@pytest.mark.parametrize("kappa", [1 / 12, 1 / 6, 0.5, 3.0])
def test_each_family_has_a_member_of_each_curvature(kappa):
    members = with_curvature(kappa)
    assert [*members, "landau"] == list(WEIGHTS)
    for name, weight in members.items():
        assert type(weight) is type(WEIGHTS[name])
        assert curvature(weight) == pytest.approx(kappa, rel=1e-9)


def test_a_curvature_that_does_not_exist():
    with pytest.raises(ValueError, match="smooth peak, received ChiSquared"):
        curvature(ChiSquared(2.0))  # an exponential, steepest where it begins
    with pytest.raises(ValueError, match="smooth peak"):
        curvature(Weibull(1.0, 1.0))
    with pytest.raises(ValueError, match="one number for each parameter, received modes of shape"):
        curvature(Gamma(torch.tensor([2.0, 3.0]), 1.0))
    with pytest.raises(ValueError, match="kappa must be"):
        with_curvature(0.0)


@pytest.mark.parametrize("name", ["gamma", "landau"])
def test_the_matching_error_is_the_one_the_search_reports(name):
    d = torch.linspace(0, 1, 11, dtype=torch.float64)
    p = torch.arange(1, 12, dtype=torch.float64) / 66
    (fit,) = gradient_matching([name], distances=d, probabilities=p, approximation="exact")
    found = matching_error(fit.weight.gradient_weight, distances=d, probabilities=p)
    assert found == pytest.approx(fit.error, rel=1e-12)


def test_the_matching_error_forgets_the_height_and_nothing_else():
    assert matching_error(hyper_cd_gradient_weight) == 0
    assert matching_error(lambda d: 7 * hyper_cd_gradient_weight(d)) < 1e-15
    # z/z(0) = 1 - d^2/4 near zero, and the mean of d^2 over [0, r] is that over the samples
    expected = PAPER_DISTANCES.square().mean().item() / 4
    assert matching_error(torch.ones_like) == pytest.approx(expected, rel=1e-4)
    assert matching_error(torch.ones_like, reference=torch.ones_like) == 0


def test_the_distance_of_a_pull():
    assert distance_of_pull(Normal(1.4).gradient_weight, low=0.5, high=10.0) == pytest.approx(1.4)
    half = distance_of_pull(hyper_cd_gradient_weight, math.sqrt(2) / 2, low=0.1, high=10.0)
    assert half == pytest.approx(math.sqrt(6))
    assert distance_of_pull(lambda d: d - 1, low=1.0, high=2.0) == 1.0
    with pytest.raises(ValueError, match="either side of the pull 0, received z"):
        distance_of_pull(hyper_cd_gradient_weight, low=0.1, high=10.0)
