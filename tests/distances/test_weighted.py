"""The weighted family: laws, gradients at hard places, and bad input."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pcl_lib.distances import (
    WEIGHTS,
    ChiSquared,
    Gamma,
    LogLogistic,
    Weibull,
    chamfer,
    dcd,
    hyper_cd,
    info_cd,
    released_landau_cd,
    truncated_cd,
    weighted_chamfer,
)
from pcl_lib.distances._hyper_cd import hyper_cd_gradient_weight
from tests.distances.reference import X, Y
from tests.gradients import gradcheck, gradgradcheck

LOSSES = {
    **{
        f"{name}, {form}": lambda x, y, name=name, form=form: weighted_chamfer(
            x, y, weight=name, shifted=form == "shifted"
        )
        for name in WEIGHTS
        for form in ("shifted", "as released")
    },
    "weight of one's own": lambda x, y: weighted_chamfer(x, y, weight=lambda d: 1 / (1 + d)),
    "released Landau": released_landau_cd,
    "HyperCD": hyper_cd,
    "HyperCD, alpha 7": lambda x, y: hyper_cd(x, y, alpha=7.0),
    "HyperCD, released": lambda x, y: hyper_cd(x, y, form="released"),
    "truncated": lambda x, y: truncated_cd(x, y, threshold=0.7),
    "truncated squares": lambda x, y: truncated_cd(x, y, threshold=0.7, squared=True),
    "DCD": lambda x, y: dcd(x, y, alpha=2.0),
    "DCD, released": lambda x, y: dcd(x, y, alpha=2.0, form="released"),
    "InfoCD": info_cd,
    "InfoCD, released": lambda x, y: info_cd(x, y, form="released"),
}


def cloud(*shape):
    seed = sum(shape)
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.slow
@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_and_second_derivative(loss):
    x, y = cloud(7, 3).requires_grad_(), cloud(5, 3).requires_grad_()
    assert gradcheck(LOSSES[loss], (x, y))
    assert gradgradcheck(LOSSES[loss], (x, y))


@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_at_coincident_points(loss):
    x = torch.tensor([[0.0, 0.0], [2.0, 1.0]], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([[0.0, 0.0], [2.5, 1.0]], dtype=torch.float64, requires_grad=True)
    # Central differences of a length vanish where it is 0, as its subgradient does.
    assert gradcheck(LOSSES[loss], (x, y))
    value = LOSSES[loss](x, y)
    first = torch.autograd.grad(value, (x, y), create_graph=True)
    assert all(g[0].tolist() == [0.0, 0.0] and g.isfinite().all() for g in first)
    second = torch.autograd.grad(sum(g.square().sum() for g in first), (x, y), allow_unused=True)
    assert all(g is None or g.isfinite().all() for g in second)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_batch_is_a_loop(loss):
    x, y = cloud(3, 9, 3), cloud(3, 6, 3)
    loop = torch.stack([LOSSES[loss](a, b) for a, b in zip(x, y, strict=True)])
    torch.testing.assert_close(LOSSES[loss](x, y), loop, rtol=1e-13, atol=0)


@pytest.mark.parametrize("loss", LOSSES)
def test_both_clouds_count_alike(loss):
    x, y = torch.from_numpy(X(40)), torch.from_numpy(Y(30))
    torch.testing.assert_close(LOSSES[loss](x, y), LOSSES[loss](y, x), rtol=1e-12, atol=0)


def test_engines_agree():
    x, y = torch.from_numpy(X(40)), torch.from_numpy(Y(30))
    for loss in (weighted_chamfer, hyper_cd, truncated_cd, dcd, info_cd, released_landau_cd):
        tree, dense = (loss(x, y, backend=name) for name in ("kdtree", "dense"))
        torch.testing.assert_close(tree, dense, rtol=1e-12, atol=0)


@pytest.mark.parametrize("combine", ["sum", "mean", "max", "forward", "backward"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_weight_one_is_the_chamfer_distance(combine, reduction):
    x, y = cloud(8, 3), cloud(6, 3)
    options = {"combine": combine, "reduction": reduction}
    plain = chamfer(x, y, squared=False, **options)
    torch.testing.assert_close(weighted_chamfer(x, y, weight=torch.ones_like, **options), plain)
    torch.testing.assert_close(truncated_cd(x, y, threshold=1e6, **options), plain)
    # A flat HyperCD: arccosh(1 + a d^2) is sqrt(2 a) d for small a.
    torch.testing.assert_close(hyper_cd(x, y, alpha=1e-12, **options) / math.sqrt(2e-12), plain)


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_detached_weight_only_scales_the_pull(name):
    x = torch.tensor([[0.7]], dtype=torch.float64, requires_grad=True)
    pulls = {}
    for detached in (False, True):
        value = weighted_chamfer(x, 0 * x.detach(), weight=name, combine="forward", detached=detached)
        (pull,) = torch.autograd.grad(value, x)
        pulls[detached] = pull.item()
    d = x.detach()[0]
    assert pulls[True] == pytest.approx(WEIGHTS[name](d).item(), rel=1e-12)
    assert pulls[False] == pytest.approx(WEIGHTS[name].gradient_weight(d).item(), rel=1e-12)
    assert pulls[False] < pulls[True]


@pytest.mark.parametrize("detached", [True, False])
@pytest.mark.parametrize("name", WEIGHTS)
def test_the_closed_form_is_what_autograd_makes_of_the_formula(name, detached):
    def formula(d):
        return WEIGHTS[name](d)

    x, y = cloud(7, 3).requires_grad_(), cloud(5, 3)
    found, expected = (weighted_chamfer(x, y, weight=weight, detached=detached) for weight in (name, formula))
    torch.testing.assert_close(found, expected, rtol=1e-13, atol=0)
    first = [torch.autograd.grad(v, x, create_graph=True)[0] for v in (found, expected)]
    torch.testing.assert_close(*first, rtol=1e-11, atol=1e-15)
    second = [torch.autograd.grad(g.square().sum(), x)[0] for g in first]
    torch.testing.assert_close(*second, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("weight", [*WEIGHTS.values(), Weibull(50.0, 5.0), LogLogistic(1.0, 40.0)], ids=repr)
def test_far_pairs_pull_by_finite_numbers(weight):
    x = torch.tensor([[0.0], [3e4], [1e15]], requires_grad=True)
    value = weighted_chamfer(x, torch.tensor([[1.0], [500.0]]), weight=weight)
    (gradient,) = torch.autograd.grad(value, x)
    assert value.isfinite()
    assert gradient.isfinite().all()


def test_one_cloud_made_from_the_other():
    x = cloud(6, 3).requires_grad_()
    for loss in (weighted_chamfer, lambda x, y: chamfer(x, y, squared=False)):
        assert gradcheck(lambda x, loss=loss: loss(x, x.square()), (x,))
        assert gradgradcheck(lambda x, loss=loss: loss(x, x.square()), (x,))


def test_a_density_that_is_infinite_at_its_mode_gives_no_nan():
    x = torch.zeros(3, 2, dtype=torch.float64, requires_grad=True)
    y = torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    for weight in (ChiSquared(1.0), Gamma(0.5, 1.0), Weibull(0.5, 1.0), LogLogistic(1.0, 0.5)):
        assert weight.mode == 0
        value = weighted_chamfer(x, y, weight=weight)
        (gradient,) = torch.autograd.grad(value, x)
        assert value.isfinite()
        assert gradient.isfinite().all()


@given(st.floats(1e-12, 1e3), st.floats(1e-3, 1e3))
def test_hyper_cd_pulls_as_its_gradient_weight_says(d, alpha):
    x = torch.tensor([[d]], dtype=torch.float64, requires_grad=True)
    hyper_cd(x, torch.zeros_like(x), alpha=alpha, combine="forward").backward()
    expected = hyper_cd_gradient_weight(torch.tensor(d, dtype=torch.float64), alpha)
    assert x.grad.item() == pytest.approx(expected.item(), rel=1e-9)


def test_the_released_clamp_stops_close_pairs_and_the_formula_does_not():
    x = torch.tensor([[3.1e-3], [10.0]], dtype=torch.float64, requires_grad=True)
    y = torch.tensor([[0.0], [10.0]], dtype=torch.float64)
    for form, pull in (("released", 0.0), ("paper", math.sqrt(2) / 2)):
        value = hyper_cd(x, y, combine="forward", form=form)
        (gradient,) = torch.autograd.grad(value, x)
        assert gradient[0].item() == pytest.approx(pull, rel=1e-5)
    assert hyper_cd(x[1:], y[1:], combine="forward", form="released").item() == pytest.approx(
        0.0044721, rel=1e-4
    )


def test_dcd_counts_those_who_share_a_partner():
    y = torch.tensor([[0.0], [100.0]], dtype=torch.float64)
    assert dcd(y, y).item() == 0
    both_on_one = torch.tensor([[0.0], [1e-9]], dtype=torch.float64)
    assert dcd(both_on_one, y).item() == pytest.approx(0.5, abs=1e-6)


def test_released_dcd_can_be_negative():
    x, y = torch.zeros(1, 1, dtype=torch.float64), torch.zeros(4, 1, dtype=torch.float64)
    values = {
        form: dcd(x, y, n_lambda=0.5, form=form).item() for form in ("released", "released non_reg", "paper")
    }
    # y -> x: four share one partner, 1 - 4 / sqrt 4; x -> y: 1 - 1/4, or 0 with the ratio raised to 1.
    assert values["released"] == pytest.approx(-0.125, abs=1e-5)
    assert values["released non_reg"] == pytest.approx(-0.5, abs=1e-5)
    assert values["paper"] == pytest.approx(0.25, abs=1e-12)


@given(st.floats(0.0, 5.0))
def test_info_cd_of_equal_distances_is_the_logarithm_of_the_sizes(shift):
    x = 100 * torch.arange(4, dtype=torch.float64)[:, None]
    assert info_cd(x, x + shift).item() == pytest.approx(2 * math.log(4), rel=1e-9)
    assert info_cd(x, x + shift, strength=0.0, tau=0.5).item() == pytest.approx(4 * shift, abs=1e-9)


BAD = {
    "weight must be one of 'chi-squared'.*'landau', received 'landow'": lambda x: weighted_chamfer(
        x, x, weight="landow"
    ),
    r"a tensor of shape \(4,\), received \(4, 1\)": lambda x: weighted_chamfer(
        x, x, weight=lambda d: d[:, None]
    ),
    "received float": lambda x: weighted_chamfer(x, x, weight=lambda d: float(len(d))),
    "alpha must be positive and finite, received 0": lambda x: hyper_cd(x, x, alpha=0),
    "alpha must be positive and finite, received -1.0": lambda x: hyper_cd(x, x, alpha=-1.0, form="released"),
    "alpha must be positive and finite, received nan": lambda x: dcd(x, x, alpha=math.nan),
    "n_lambda must be a finite number of at least 0": lambda x: dcd(x, x, n_lambda=-1),
    "threshold must be positive": lambda x: truncated_cd(x, x, threshold=0),
    "tau must be positive": lambda x: info_cd(x, x, tau=-1),
    "strength must be a finite number of at least 0": lambda x: info_cd(x, x, strength=-0.1),
    "form must be one of 'paper', 'released', received": lambda x: hyper_cd(x, x, form="printed"),
    "reduction must be one of 'mean', 'sum'": lambda x: weighted_chamfer(x, x, reduction="none"),
    "combine must be one of": lambda x: truncated_cd(x, x, combine="both"),
}


@pytest.mark.usefixtures("as_users_call_it")
@pytest.mark.parametrize("message", BAD)
def test_bad_input(message):
    with pytest.raises(ValueError, match=message):
        BAD[message](torch.zeros(4, 3))
