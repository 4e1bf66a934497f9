"""Turns: whose parameters get gradients and move, and whose do not."""

import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from pcl_lib.trainers import Engine
from tests.trainers.toys import Adversarial, parameters


@pytest.fixture
def method():
    return Adversarial()


@pytest.fixture
def engine(method):
    return Engine(method, Fabric(devices=1, accelerator="cpu"), None, None)


def value(method):
    codes = method.modules["codes"](torch.arange(3))
    return method.modules["critic"](method.modules["generator"](codes).view(-1, 3)).square().mean()


def moved(method, before):
    after = parameters(method)
    return {key.split(".")[0] for key in before if not torch.equal(before[key], after[key])}


def test_alone_in_full_precision_networks_are_called_as_they_are(method, engine):
    """A wrapper would cost a tiny network 4 % of its step."""
    assert all(engine.modules[name] is module for name, module in method.modules.items())


@pytest.mark.parametrize("names", [("critic",), ("generator",), ("generator", "codes")])
def test_only_those_whose_turn_it_is_move_and_get_gradients(method, engine, names):
    before = parameters(method)
    with engine.turn(*names):
        engine.descend(value(method))
    assert moved(method, before) == set(names)
    for name, module in method.modules.items():
        assert all((p.grad is not None) == (name in names) for p in module.parameters())
        assert all(p.requires_grad for p in module.parameters())


def test_without_a_turn_all_move(method, engine):
    before = parameters(method)
    engine.descend(value(method))
    assert moved(method, before) == set(method.modules)


def test_gradients_do_not_add_up_from_turn_to_turn(method, engine):
    with engine.turn("generator"):
        engine.descend(0 * value(method))
        assert all(not p.grad.any() for p in method.modules["generator"].parameters())
    (first, second) = (p for p in (method.modules["critic"][0].weight, method.modules["critic"][0].bias))
    with engine.turn("critic"):
        engine.descend(value(method))
        engine.descend(0 * value(method))
    assert not first.grad.any()
    assert not second.grad.any()


def test_parameters_frozen_by_their_owner_stay_frozen_and_an_error_ends_the_turn(method, engine):
    frozen = method.modules["critic"][0].bias.requires_grad_(False)
    with pytest.raises(ZeroDivisionError), engine.turn("generator"):
        raise ZeroDivisionError
    assert not frozen.requires_grad
    assert method.modules["critic"][0].weight.requires_grad
    before = parameters(method)
    engine.descend(value(method))
    assert moved(method, before) == set(method.modules)


@pytest.mark.parametrize("names", [(), ("critic", "artist")])
def test_unknown_turns(engine, names):
    with (
        pytest.raises(
            ValueError, match=r"one or more of the optimisers \['generator', 'critic', 'codes'\], received"
        ),
        engine.turn(*names),
    ):
        pass


def test_a_frozen_network_only_runs():
    method = Adversarial()
    method.modules["teacher"] = nn.Linear(3, 3).requires_grad_(False)
    engine = Engine(method, Fabric(devices=1, accelerator="cpu"), 0.9, None)
    with engine.turn("critic"):
        engine.descend(method.modules["critic"](engine.modules["teacher"](torch.rand(5, 3))).mean())
    assert engine.state()["modules"]["teacher"].keys() == {"weight", "bias"}
