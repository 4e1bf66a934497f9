"""The transport plan is the cheapest at any scale and weight, and says so where it is not."""

import numpy as np
import pytest
import torch
from scipy.optimize import linprog
from scipy.spatial.distance import cdist

from pcl_lib.distances import emd, transport_plan
from pcl_lib.distances._network_simplex import cheapest_plan, load_solver


def pair(n, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(2, n, 3, generator=generator, dtype=dtype)


def by_linear_programming(cost, a, b):
    n, m = cost.shape
    rows, columns = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
    sums = np.concatenate((a / a.sum(), b / b.sum()))
    return linprog(cost.ravel(), A_eq=np.vstack((rows, columns))[:-1], b_eq=sums[:-1], method="highs").fun


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("scale", [1e-150, 1e-20, 1e-12, 1e-7, 1e-6, 1.0, 1e7, 1e60])
def test_equals_emd_at_any_scale(scale, squared):
    x, y = scale * pair(200)
    found, exact = transport_plan(x, y, squared=squared), emd(x, y, squared=squared).value
    assert found.value.item() == pytest.approx(exact.item(), rel=1e-12 if exact > 1e-290 else 1e-6)
    np.testing.assert_allclose(found.plan.sum(0), 1 / 200, rtol=1e-12)


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("far", [1e3, 1e8, 1e12])
@pytest.mark.parametrize("shape", ["outlier", "two clusters", "three clusters"])
def test_far_parts_do_not_blur_the_rest(shape, far, squared):
    x, y = pair(60)
    if shape == "outlier":
        away = torch.full((1, 3), far, dtype=torch.float64)
        x, y = torch.cat((x, away)), torch.cat((away, y))
    else:
        x, y = x.clone(), y.clone()
        for cloud in (x, y):
            cloud[:20] += far
            cloud[50:] -= far if shape == "three clusters" else 0
    exact = emd(x, y, squared=squared).value.item()
    assert transport_plan(x, y, squared=squared).value.item() == pytest.approx(exact, rel=1e-12)
    twice = transport_plan(torch.stack((x, y)), torch.stack((y, x)), squared=squared).value
    assert twice.tolist() == pytest.approx([exact, exact], rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("kind", ["random", "some zero", "mask", "whole", "dominated", "spread"])
def test_weights_against_linear_programming(kind, scale, squared, dtype):
    x, y = pair(20, dtype=dtype)
    y = y[:13]
    generator = torch.Generator().manual_seed(3)
    a, b = torch.rand(20, generator=generator), torch.rand(13, generator=generator)
    if kind == "some zero":
        a[::3], b[::4] = 0, 0
    elif kind == "mask":
        a, b = a > 0.4, b > 0.3
    elif kind == "whole":
        a, b = (9 * a).int(), (7 * b).int()
    elif kind == "dominated":
        a[0], b[1] = 1e3, 1e4
    elif kind == "spread":
        a, b = 1e30 * a, 1e-30 * b
    found = transport_plan(scale * x, scale * y, weights_x=a, weights_y=b, squared=squared)
    cost = cdist(x.double(), y.double(), "sqeuclidean" if squared else "euclidean")
    expected = by_linear_programming(cost, a.double().numpy(), b.double().numpy())
    rel = 1e-9 if dtype == torch.float64 else 2e-6
    assert found.value.item() / scale ** (1 + squared) == pytest.approx(expected, rel=rel)
    a, b = a.to(dtype), b.to(dtype)
    torch.testing.assert_close(found.plan.sum(1), a / a.sum(), rtol=1e-5, atol=1e-9)
    torch.testing.assert_close(found.plan.sum(0), b / b.sum(), rtol=1e-5, atol=1e-9)


def test_weights_with_a_far_part():
    # As many points as the weights say, matched exactly.
    x, y = pair(12)
    x, y = x.clone(), y[:9].clone()
    x[0], y[3] = 1e8, 1e8
    a, b = torch.tensor([2, *[1] * 10, 0]), torch.tensor([1, 1, 1, 2, 1, 2, 1, 1, 2])
    found = transport_plan(x, y, weights_x=a, weights_y=b, squared=True).value.item()
    exact = emd(x.repeat_interleave(a, 0), y.repeat_interleave(b, 0), squared=True).value.item()
    assert found == pytest.approx(exact, rel=1e-12)


def test_the_gradient_survives_any_scale():
    x, y = pair(15)
    for scale in (1e-120, 1e-7, 1e7):
        a = (scale * x).requires_grad_()
        (found,) = torch.autograd.grad(transport_plan(a, scale * y).value, a)
        b = x.clone().requires_grad_()
        (expected,) = torch.autograd.grad(transport_plan(b, y).value, b)
        torch.testing.assert_close(found, expected)


def test_a_plan_that_cannot_be_proved_is_refused(monkeypatch):
    cost = cdist(*pair(30).numpy())
    right = load_solver().emd

    class Careless:
        @staticmethod
        def emd(a, b, cost, **options):
            _, log = right(a, b, cost, **options)
            return np.outer(a, b) / a.sum(), log

    monkeypatch.setattr("pcl_lib.distances._network_simplex.load_solver", lambda: Careless)
    with pytest.raises(RuntimeError, match=r"may cost a share of .* too much"):
        cheapest_plan(np.ones(30), np.ones(30), cost)


def test_a_solver_that_gives_up_is_reported(monkeypatch):
    monkeypatch.setattr("pcl_lib.distances._network_simplex._PIVOTS", 3)
    with pytest.raises(RuntimeError, match="no optimal plan found for 30 and 30 points: numItermax"):
        transport_plan(*pair(30))


@pytest.mark.parametrize("weights", [[1.0] * 5, np.ones(5), (1,) * 5])
@pytest.mark.parametrize("name", ["weights_x", "weights_y"])
def test_weights_that_are_no_tensor(weights, name, as_users_call_it):
    kind = type(weights).__name__
    message = f"{name} must be a torch.Tensor .*received {kind}; convert it with torch.as_tensor"
    with pytest.raises(ValueError, match=message):
        transport_plan(torch.ones(5, 3), torch.ones(5, 3), **{name: weights})
