"""Gradients of a network by all its parameters: against backward(), and the gap of two losses."""

import pytest
import torch

from pcl_lib.losses import flat_gradient, gradient_gap, gradient_norms


@pytest.fixture
def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))


@pytest.fixture
def made(network):
    return network(torch.arange(6.0).reshape(2, 3))


def test_the_flat_gradient_is_what_backward_leaves(network, made):
    first = flat_gradient(made.square(), network.parameters())
    made.square().sum().backward()
    torch.testing.assert_close(first, torch.cat([p.grad.flatten() for p in network.parameters()]))
    assert flat_gradient(torch.ones((), requires_grad=True), network.parameters()).eq(0).all()


def test_the_gap_of_gradients(network, made):
    parameters = list(network.parameters())
    a, b = made.square().sum(), made.sum()
    of_a, of_b = (flat_gradient(value, parameters) for value in (a, b))
    assert gradient_gap(a, a, parameters) == 0
    assert gradient_gap(a, b, parameters) == pytest.approx(float((of_a - of_b).norm() / of_b.norm()))
    assert gradient_gap(5 * a, a, parameters) == pytest.approx(4, rel=1e-5)


def test_up_to_scale_takes_the_best_factor(network, made):
    parameters = list(network.parameters())
    a, b = made.square().sum(), made.sum()
    assert gradient_gap(5 * a, a, parameters, up_to_scale=True) < 1e-6
    best = gradient_gap(a, b, parameters, up_to_scale=True)
    others = [gradient_gap(k * a, b, parameters) for k in torch.linspace(-2, 2, 41).tolist()]
    assert best <= min(others) + 1e-6
    assert best <= 1
    assert gradient_gap(0 * a, b, parameters, up_to_scale=True) == 1


def test_a_reference_without_gradient(network, made):
    with pytest.raises(ValueError, match="reference must have a gradient"):
        gradient_gap(made.sum(), 0 * made.sum(), network.parameters())


def test_the_norms_are_those_of_each_entry(network, made):
    parameters = list(network.parameters())
    found = gradient_norms(made.flatten(), parameters)
    assert found.shape == (4,)
    for norm, value in zip(found, made.flatten(), strict=True):
        torch.testing.assert_close(norm, flat_gradient(value, parameters).norm())
