"""Gradient matching: the search against a double loop, the paper's parameters, any reference, bad input."""

import math

import pytest
import torch

from pcl_lib.distances import WEIGHTS, Gamma, Landau, Normal
from pcl_lib.distances._hyper_cd import hyper_cd_gradient_weight
from pcl_lib.losses import GRIDS, PAPER_DISTANCES, gradient_matching, gradient_weight_of

STEP = 2e-4
WIDE = torch.linspace(0, 1, 21, dtype=torch.float64)


def curve(weight, d, approximation):
    if approximation == "exact":
        return weight.gradient_weight(d)
    slope = (weight(d + STEP) - weight(d)) / STEP if approximation == "difference" else 0
    return weight(d) + slope * d


@pytest.mark.parametrize("rescale", [True, False])
@pytest.mark.parametrize("approximation", ["density", "difference", "exact"])
def test_the_grid_at_once_is_a_loop_over_its_points(approximation, rescale):
    alphas, betas = torch.tensor([1.5, 2.0, 4.0]), torch.tensor([0.3, 0.4, 2.0])
    p = torch.arange(1, 22, dtype=torch.float64)
    p /= p.sum()
    (found,) = gradient_matching(
        ["gamma"],
        distances=WIDE,
        probabilities=p,
        approximation=approximation,
        rescale=rescale,
        grids={"gamma": {"alpha": alphas, "beta": betas}},
    )
    target = hyper_cd_gradient_weight(WIDE)
    target = target / target.max() if rescale else target
    errors = {}
    for alpha in alphas.tolist():
        for beta in betas.tolist():
            z = curve(Gamma(alpha, beta), WIDE, approximation)
            z = z / z.max() if rescale else z
            errors[alpha, beta] = ((z - target).abs() * p).sum().item()
    assert (found.weight.alpha, found.weight.beta) == min(errors, key=errors.get)
    assert found.error == pytest.approx(min(errors.values()), rel=1e-12)
    torch.testing.assert_close(found.reference, target)
    assert ((found.curve - target).abs() * p).sum().item() == pytest.approx(found.error, rel=1e-12)


def test_the_families_of_one_parameter_find_what_the_paper_reports():
    fits = {fit.name: fit for fit in gradient_matching()}
    assert set(fits) == set(WEIGHTS)
    for name in ("chi-squared", "extreme value", "logistic", "normal", "landau"):
        assert fits[name].weight == WEIGHTS[name]


def test_on_the_interval_of_the_paper_every_family_fits():
    fits = gradient_matching()
    assert [fit.error for fit in fits] == sorted(fit.error for fit in fits)
    assert fits[-1].error < 2e-7
    flat = (1 - fits[0].reference).mean().item()
    assert flat < 1e-5, "a constant weight, plain Chamfer, is as near"
    wide = gradient_matching(distances=WIDE, approximation="exact")
    assert wide[-1].name == "landau"
    assert wide[-1].error > 0.05


@pytest.mark.parametrize(("approximation", "looks"), [("density", 1), ("difference", 2), ("exact", 1)])
def test_the_whole_grid_is_computed_at_once(monkeypatch, approximation, looks):
    assert math.prod(len(values) for values in GRIDS["gamma"].values()) == 10_000
    shapes, density_and_score = [], Gamma.density_and_score

    def counted(self, x):
        answer = density_and_score(self, x)
        shapes.append(tuple(answer[0].shape))
        return answer

    monkeypatch.setattr(Gamma, "density_and_score", counted)
    gradient_matching(approximation=approximation)
    assert shapes == [(10_000, len(PAPER_DISTANCES))] * looks


def test_any_reference_loss():
    # A loss that is itself in a family is found again.
    target = Normal(0.7)
    reference = gradient_weight_of(lambda d: target(d) * d)
    torch.testing.assert_close(reference(WIDE), target.gradient_weight(WIDE))
    best = gradient_matching(reference=reference, distances=WIDE, approximation="exact")[0]
    assert best.weight == target
    assert best.error < 1e-12
    only = gradient_matching(["landau"], reference=Landau().gradient_weight, approximation="exact")
    assert only[0].error == pytest.approx(0, abs=1e-15)


def test_a_density_that_is_infinite_at_its_mode_is_passed_over():
    (fit,) = gradient_matching(["chi-squared"], grids={"chi-squared": {"k": torch.tensor([1.0, 3.0])}})
    assert fit.weight.k == 3.0
    assert math.isfinite(fit.error)


@pytest.mark.usefixtures("as_users_call_it")
def test_a_grid_may_be_a_list_or_a_number():
    (expected,) = gradient_matching(["normal"], grids={"normal": {"sigma": torch.tensor([0.5, 2.0])}})
    (found,) = gradient_matching(["normal"], grids={"normal": {"sigma": [0.5, 2.0]}})
    assert found.weight == expected.weight
    assert gradient_matching(["normal"], grids={"normal": {"sigma": 0.5}})[0].weight == Normal(0.5)


def uneven(d):
    return d[:-1]


BAD = {
    "weight must be one of 'chi-squared'.*received 'cauchy'": {"families": ["cauchy"]},
    "approximation must be one of": {"approximation": "central"},
    "step must be positive": {"step": 0.0},
    r"reference must return one value for each distance, shape \(51,\), received \(50,\)": {
        "reference": uneven
    },
    "reference must return one value for each distance.*received float": {
        "reference": lambda d: float(len(d))
    },
    "reference must be finite": {"reference": lambda d: 1 / d},
    "distances must be a row of finite values of at least 0": {"distances": -PAPER_DISTANCES},
    r"distances must be .* received shape \(0,\)": {"distances": torch.ones(0)},
    r"distances must be .* received shape \(1, 3\)": {"distances": torch.ones(1, 3)},
    r"distances must be .* finite values .* received shape \(2,\)": {
        "distances": torch.tensor([0.0, torch.inf])
    },
    r"probabilities must match the distances, shape \(51,\), received \(3,\)": {
        "probabilities": torch.ones(3) / 3
    },
    "sum to 1, received least 1 and sum 51; divide": {"probabilities": torch.ones(51)},
    "at least 0 and sum to 1, received least -1": {
        "probabilities": torch.tensor([-1.0, 2.0]),
        "distances": torch.tensor([0.0, 1.0]),
    },
    "the grid of 'normal' must name values for .'sigma'., received": {
        "families": ["normal"],
        "grids": {"normal": {"scale": torch.ones(1)}},
    },
    "the grid of 'logistic' must name values": {
        "families": ["logistic"],
        "grids": {"logistic": {"sigma": torch.ones(0)}},
    },
    "sigma of Normal must be positive": {
        "families": ["normal"],
        "grids": {"normal": {"sigma": torch.tensor([0.0, 1.0])}},
    },
}


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize("message", BAD)
def test_bad_input(message):
    options = dict(BAD[message])
    with pytest.raises(ValueError, match=message):
        gradient_matching(options.pop("families", list(WEIGHTS)), **options)
