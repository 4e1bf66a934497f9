"""A run that is resumed under other hyper-parameters: refused, or adopted on purpose, never passed over."""

import re

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    LinearLR,
    OneCycleLR,
    SequentialLR,
    StepLR,
)

from pcl_lib.trainers import Reconstruction, checkpoints, fit, load_checkpoint
from pcl_lib.trainers._checkpoint import save_checkpoint
from tests.trainers.toys import clouds, parameters


class Slope:
    """One parameter whose gradient is 1: it falls by the learning rate in each step."""

    def __init__(self, optimizer=SGD, schedule=None, **options):
        self.value = nn.Parameter(torch.tensor(0.0))
        self.modules = {"value": nn.ParameterList([self.value])}
        self.optimizers = {"value": optimizer([self.value], **options)}
        self.schedulers = {} if schedule is None else {"value": schedule(self.optimizers["value"])}

    def step(self, batch, index, engine):
        engine.descend(self.value * 1.0)
        return {"value": self.value}


def train(method, folder, steps, data=None, **options):
    data = clouds() if data is None else data
    fit(
        method,
        data,
        batch_size=4,
        steps=steps,
        folder=folder,
        checkpoint_every=2,
        progress=False,
        **options,
    )
    return method


CHANGES = {
    "value.lr=0.1 (now 1e-06)": ({"lr": 0.1}, {"lr": 1e-6}),
    "value.momentum=0.9 (now 0.5)": ({"lr": 0.1, "momentum": 0.9}, {"lr": 0.1, "momentum": 0.5}),
    "value.weight_decay=0 (now 0.01)": ({"lr": 0.1}, {"lr": 0.1, "weight_decay": 0.01}),
    "value.betas=[0.9, 0.999] (now [0.5, 0.999])": (
        {"optimizer": Adam},
        {"optimizer": Adam, "betas": (0.5, 0.999)},
    ),
    "value.initial_lr=0.1 (now 0.2)": (
        {"lr": 0.1, "schedule": lambda o: StepLR(o, 1)},
        {"lr": 0.2, "schedule": lambda o: StepLR(o, 1)},
    ),
    "value scheduler.gamma=0.1 (now 0.5)": (
        {"schedule": lambda o: StepLR(o, 1)},
        {"schedule": lambda o: StepLR(o, 1, 0.5)},
    ),
    "value scheduler.1.step_size=2 (now 3)": (
        {"schedule": lambda o: SequentialLR(o, [LinearLR(o), StepLR(o, 2)], [2])},
        {"schedule": lambda o: SequentialLR(o, [LinearLR(o), StepLR(o, 3)], [2])},
    ),
    "value scheduler=StepLR (now CosineAnnealingLR)": (
        {"schedule": lambda o: StepLR(o, 1)},
        {"schedule": lambda o: CosineAnnealingLR(o, 5)},
    ),
    "value scheduler=None (now StepLR)": ({}, {"schedule": lambda o: StepLR(o, 1)}),
    "value scheduler=StepLR (now None)": ({"schedule": lambda o: StepLR(o, 1)}, {}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_hyperparameter_is_refused_and_named(tmp_path, change):
    before, after = CHANGES[change]
    train(Slope(**before), tmp_path, 4)
    with pytest.raises(ValueError, match=re.escape(change) + '.*on_change="adopt"'):
        train(Slope(**after), tmp_path, 6)
    train(Slope(**before), tmp_path, 6)


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
def test_adopted_it_holds_from_the_checkpoint_on_and_then_is_that_of_the_run(tmp_path, change):
    before, after = CHANGES[change]
    train(Slope(**before), tmp_path, 4)
    train(Slope(**after), tmp_path, 7, on_change="adopt")
    went_on = train(Slope(**after), tmp_path, 9).value.item()
    start = load_checkpoint(checkpoints(tmp_path)[-1])["hyperparameters"]["start"]
    other = tmp_path / "other"
    train(Slope(**before), other, 4)
    assert train(Slope(**after), other, 9, on_change="adopt").value.item() == went_on
    train(Slope(**after), tmp_path / "anew", 1)
    assert start == load_checkpoint(checkpoints(tmp_path / "anew")[-1])["hyperparameters"]["start"]


def test_the_new_rate_is_the_one_that_moves_the_parameters(tmp_path):
    first = train(Slope(lr=0.5), tmp_path, 4)
    assert first.value.item() == -2
    assert train(Slope(lr=0.25), tmp_path, 6, on_change="adopt").value.item() == -2.5
    assert train(Slope(lr=0.25), tmp_path, 8).value.item() == -3


def test_a_new_schedule_begins_where_it_is_adopted(tmp_path):
    train(Slope(lr=1.0), tmp_path, 4)
    halving = {"lr": 1.0, "schedule": lambda o: StepLR(o, 1, 0.5)}
    assert train(Slope(**halving), tmp_path, 7, on_change="adopt").value.item() == -4 - 1 - 0.5 - 0.25


def test_moments_go_on_when_a_rate_is_adopted(tmp_path):
    method = train(Slope(Adam, lr=0.5), tmp_path, 4)
    found = train(Slope(Adam, lr=0.25), tmp_path, 5, on_change="adopt")
    state = found.optimizers["value"].state[found.value]
    assert state["step"] == method.optimizers["value"].state[method.value]["step"] + 1


@pytest.mark.parametrize("on_change", ["refuse", "adopt"])
@pytest.mark.parametrize(("before", "after"), [(SGD, Adam), (Adam, SGD), (Adam, AdamW)])
def test_another_optimizer_cannot_go_on(tmp_path, before, after, on_change):
    train(Slope(before, lr=0.1), tmp_path, 2)
    message = rf"optimizer={before.__name__} \(now {after.__name__}\).*begin in another folder"
    with pytest.raises(ValueError, match=message):
        train(Slope(after, lr=0.1), tmp_path, 4, on_change=on_change)


@pytest.mark.parametrize(
    "schedule",
    [None, lambda o: StepLR(o, 3, 0.5), lambda o: OneCycleLR(o, 0.5, total_steps=20)],
    ids=["none", "steps", "one cycle"],
)
def test_the_objects_of_a_run_are_handed_in_again(tmp_path, schedule):
    """As they are after the run, and after steps that no checkpoint has: its schedule has moved them, nobody else."""
    method = Slope(lr=0.1, momentum=0.9, schedule=schedule)
    train(method, tmp_path, 4)
    train(method, tmp_path, 6)
    for _ in range(3):
        method.optimizers["value"].step()
        if schedule is not None:
            method.schedulers["value"].step()
    train(method, tmp_path, 8)
    fresh = train(Slope(lr=0.1, momentum=0.9, schedule=schedule), tmp_path / "fresh", 8)
    assert method.value.item() == fresh.value.item()


def test_each_group_has_its_own(tmp_path):
    def method(rate):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 3))
        groups = [{"params": model[0].parameters()}, {"params": model[1].parameters(), "lr": rate}]
        return Reconstruction(model, nn.functional.mse_loss, SGD(groups, lr=0.1))

    train(method(0.2), tmp_path, 2)
    with pytest.raises(ValueError, match=r"run with model\.1\.lr=0\.2 \(now 0\.3\); resume"):
        train(method(0.3), tmp_path, 4)
    frozen = train(method(0.0), tmp_path, 4, on_change="adopt")
    kept = load_checkpoint(checkpoints(tmp_path)[0])["modules"]["model"]
    assert torch.equal(parameters(frozen)["model.1.weight"], kept["1.weight"])
    assert not torch.equal(parameters(frozen)["model.0.weight"], kept["0.weight"])


def test_checkpoints_that_do_not_say_with_what_they_began_are_still_gone_on_from(tmp_path):
    train(Slope(lr=0.5), tmp_path, 2)
    (path,) = checkpoints(tmp_path)
    state = load_checkpoint(path)
    del state["hyperparameters"], state["settings"]["data"]
    save_checkpoint(path, state)
    assert train(Slope(lr=0.5), tmp_path, 4).value.item() == -2


def test_what_another_version_of_torch_does_not_know_is_no_change(tmp_path):
    train(Slope(lr=0.5), tmp_path, 2)
    (path,) = checkpoints(tmp_path)
    state = load_checkpoint(path)
    for values in (state["hyperparameters"]["start"], state["hyperparameters"]["now"]):
        del values["value.nesterov"]
        values["value.of old"] = 3
    save_checkpoint(path, state)
    assert train(Slope(lr=0.5), tmp_path, 4).value.item() == -2


def test_on_change_is_one_of_two(tmp_path):
    with pytest.raises(ValueError, match=r"on_change must be one of 'refuse', 'adopt', received 'ask'"):
        train(Slope(), tmp_path, 2, on_change="ask")
