"""The eight densities: their values, modes and gradient weights."""

import math

import pytest
import torch
from scipy import integrate, optimize, stats

from pcl_lib.distances import WEIGHTS, ChiSquared, Gamma, Normal, Weibull, Weight


@pytest.mark.parametrize("name", WEIGHTS)
def test_each_weight_is_largest_at_its_mode_and_falls_past_it(name):
    weight = WEIGHTS[name]
    # The paper calls 0 the mode of a density that is symmetric, or largest, there.
    found = optimize.minimize_scalar(
        lambda x: -weight(torch.tensor(x, dtype=torch.float64), shifted=False).item(),
        bounds=(0 if weight.mode else -1, 10),
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert weight.mode == pytest.approx(found.x, abs=1e-6)
    values = weight(torch.linspace(0, 9, 91, dtype=torch.float64))
    assert (values.diff() < 0).all()


@pytest.mark.parametrize("name", WEIGHTS)
def test_each_weight_is_a_density(name):
    weight = WEIGHTS[name]
    half_line = name in ("chi-squared", "weibull", "log-logistic", "gamma")
    total, _ = integrate.quad(
        lambda x: weight(torch.tensor(x, dtype=torch.float64), shifted=False).item(),
        0 if half_line else -math.inf,
        math.inf,
    )
    assert total == pytest.approx(1, abs=1e-6)


IN_SCIPY = {
    "chi-squared": stats.chi2(3),
    "extreme value": stats.gumbel_r(scale=1.4),
    "weibull": stats.weibull_min(2, scale=5),
    "log-logistic": stats.fisk(2, scale=5),
    "gamma": stats.gamma(2, scale=2.5),
    "logistic": stats.logistic(),
    "normal": stats.norm(scale=1.4),
    "landau": stats.moyal(),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_each_weight_has_the_values_of_its_name(name):
    x = torch.tensor([0.0, 1e-6, 0.01, 0.5, 1.0, 2.0, 7.0, 20.0, 40.0], dtype=torch.float64)
    found = WEIGHTS[name](x, shifted=False).numpy()
    assert found == pytest.approx(IN_SCIPY[name].pdf(x.numpy()), rel=1e-11, abs=1e-300)


@pytest.mark.parametrize("shifted", [True, False])
@pytest.mark.parametrize("name", WEIGHTS)
def test_gradient_weight_is_what_a_pair_feels(name, shifted):
    d = torch.tensor([1e-4, 0.01, 0.3, 1.0, 2.5, 6.0], dtype=torch.float64, requires_grad=True)
    weight = WEIGHTS[name]
    (expected,) = torch.autograd.grad((weight(d, shifted=shifted) * d).sum(), d)
    found = weight.gradient_weight(d.detach(), shifted=shifted)
    torch.testing.assert_close(found, expected, rtol=1e-11, atol=1e-15)
    at_zero = torch.zeros(1, dtype=torch.float64)
    torch.testing.assert_close(
        weight.gradient_weight(at_zero, shifted=shifted), weight(at_zero, shifted=shifted)
    )


def test_as_released_half_of_the_weights_vanish_where_points_meet():
    start = torch.zeros((), dtype=torch.float64)
    zero = {name for name, weight in WEIGHTS.items() if weight(start, shifted=False) == 0}
    assert zero == {"chi-squared", "weibull", "log-logistic", "gamma"}


BAD_PARAMETERS = {
    "k of ChiSquared must be positive and finite, received 0": lambda: ChiSquared(0.0),
    "lam of Weibull must be positive and finite, received -5": lambda: Weibull(2.0, -5.0),
    "beta of Gamma must be positive and finite, received inf": lambda: Gamma(1.0, math.inf),
    "sigma of Normal must be positive and finite, received tensor": lambda: Normal(torch.tensor([1.0, 0.0])),
}


@pytest.mark.parametrize("message", BAD_PARAMETERS)
def test_bad_parameters(message):
    with pytest.raises(ValueError, match=message):
        BAD_PARAMETERS[message]()


def test_the_base_is_no_weight():
    with pytest.raises(TypeError, match="abstract"):
        Weight()
