"""InfoCD of one direction alone, and the other ways to combine the two."""

import numpy as np
import pytest
import torch

from pcl_lib.distances import info_cd
from tests.distances.reference import X, Y, golden, named
from tests.gradients import gradcheck, gradgradcheck


def naive(x, y, form, tau, strength):
    """x -> y, point by point."""
    near = [min(np.linalg.norm(a - b) for b in y) for a in x]
    if form == "paper":
        total = sum(np.exp(-d / tau) for d in near)
        return sum(-np.log(np.exp(-d / tau) / total**strength) for d in near) / len(x)
    near = [max(d, 1e-9**0.5) for d in near]
    total = sum(np.exp(-d / tau) + 1e-7 for d in near)
    return sum(-np.log(np.exp(-d / tau) / total**1e-7) for d in near)


@pytest.mark.parametrize("form", ["paper", "released"])
@pytest.mark.parametrize("squeeze", [1.0, 0.01])
def test_every_combination(form, squeeze):
    x, y = squeeze * X(13), squeeze * Y(9)
    options = {"tau": 0.7, "strength": 0.3, "form": form}
    there, back = naive(x, y, **options), naive(y, x, **options)
    expected = {
        "forward": there,
        "backward": back,
        "sum": there + back,
        "mean": (there + back) / 2,
        "max": max(there, back),
    }
    a, b = torch.from_numpy(x), torch.from_numpy(y)
    batch = torch.stack([a, 2 * a]), torch.stack([b, 2 * b])
    for combine, value in expected.items():
        found = info_cd(a, b, combine=combine, **options)
        assert found.item() == pytest.approx(value, rel=1e-9)
        torch.testing.assert_close(info_cd(*batch, combine=combine, **options)[0], found)
    assert info_cd(a, b, **options) == info_cd(a, b, combine="sum" if form == "paper" else "mean", **options)


@pytest.mark.parametrize("combine", ["forward", "backward", "mean", "max"])
@pytest.mark.parametrize("form", ["paper", "released"])
@pytest.mark.parametrize("check", [gradcheck, pytest.param(gradgradcheck, marks=pytest.mark.slow)])
def test_derivatives(combine, form, check):
    x, y = (torch.from_numpy(f(6)).requires_grad_() for f in (X, Y))

    def loss(a, b):
        return info_cd(a, b, tau=0.5, form=form, combine=combine)

    assert check(loss, (x, y))


@pytest.mark.parametrize("combine", ["forward", "backward"])
def test_points_that_meet_do_not_pull(combine):
    x = torch.from_numpy(X(6)).requires_grad_()
    info_cd(x, x.detach().clone(), combine=combine).backward()
    assert torch.equal(x.grad, torch.zeros_like(x))


def test_the_released_loss_of_one_side():
    facts = golden("weighted")
    row, x, y = facts["rows"]["info_cd one side"], *(torch.from_numpy(named(facts[k])) for k in "xy")
    value = info_cd(x.requires_grad_(), y, form="released", combine="forward")
    value.backward()
    assert value.item() == pytest.approx(row["value"], rel=1e-7)
    np.testing.assert_allclose(x.grad[0], row["grad_x_row0"], rtol=1e-7)
    assert x.grad.norm().item() == pytest.approx(row["grad_x_norm"], rel=1e-7)


def test_bad_options():
    x = torch.ones(4, 3)
    with pytest.raises(
        ValueError, match="combine must be one of 'sum', 'mean', 'max', 'forward', 'backward'"
    ):
        info_cd(x, x, combine="one side")
