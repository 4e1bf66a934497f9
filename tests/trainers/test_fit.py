"""The loop: does what a loop written by hand does, and each of its options by its definition."""

import itertools
import math
import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from torch import nn
from torch.nn.functional import mse_loss
from torch.utils.data import TensorDataset

from pcl_lib.trainers import Reconstruction, fit
from pcl_lib.trainers._order import batch_rows
from tests.trainers.toys import Adversarial, clouds, parameters, reconstruction


def same(a, b):
    assert a.keys() == b.keys()
    return all(torch.equal(a[key], b[key]) for key in a)


def quiet(method, data=None, **options):
    return fit(method, clouds() if data is None else data, **{"batch_size": 4, "progress": False} | options)


def test_the_same_numbers_as_a_loop_by_hand():
    method, hand = reconstruction(schedule=True), reconstruction(schedule=True)
    history = quiet(method, steps=20, seed=5, clip=0.5, log_every=1)
    model, optimizer, data = hand.modules["model"], hand.optimizers["model"], clouds()
    losses = []
    for step in range(20):
        batch = data[batch_rows(step, len(data), 4, 5)]
        loss = hand.loss(model(batch), batch).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
        hand.schedulers["model"].step()
        losses.append(loss.item())
    assert history.column("loss") == losses
    assert same(parameters(method), parameters(hand))
    assert optimizer.param_groups[0]["lr"] == method.optimizers["model"].param_groups[0]["lr"] == 0.01 / 4


def test_same_seed_same_result_and_another_seed_another():
    runs = [Adversarial() for _ in range(3)]
    losses = [
        quiet(run, steps=8, seed=seed).column("critic") for run, seed in zip(runs, (1, 1, 2), strict=True)
    ]
    assert losses[0] == losses[1] != losses[2]
    assert same(parameters(runs[0]), parameters(runs[1]))


@pytest.mark.usefixtures("as_users_call_it")  # type checks draw random numbers of their own
def test_the_random_numbers_of_the_caller_are_left_as_they_were():
    def draw():
        return [torch.rand(1).item(), np.random.rand(), random.random()]  # noqa: NPY002

    def seed():
        torch.manual_seed(7)
        np.random.seed(7)  # noqa: NPY002
        random.seed(7)

    method = Adversarial()
    seed()
    expected = draw()
    seed()
    quiet(method, steps=3)
    assert draw() == expected


@pytest.mark.usefixtures("as_users_call_it")
def test_a_method_may_draw_from_any_generator():
    class Draws:
        def __init__(self):
            self.modules = {"one": nn.Linear(1, 1)}
            self.optimizers = {}

        def step(self, batch, index, engine):
            return {"numpy": np.random.rand(), "python": random.random(), "torch": torch.rand(())}  # noqa: NPY002

    first, again, other = (quiet(Draws(), steps=20, log_every=1, seed=s) for s in (0, 0, 1))
    for name in ("numpy", "python", "torch"):
        assert len(set(first.column(name))) == 20
        assert first.column(name) == again.column(name) != other.column(name)


class Constant:
    """One parameter, whose gradient is given."""

    def __init__(self, gradients, lr=1.0, start=0.0):
        self.value, self.gradients = nn.Parameter(torch.tensor(start)), gradients
        self.modules = {"value": nn.ParameterList([self.value])}
        self.optimizers = {"value": torch.optim.SGD([self.value], lr=lr)}

    def step(self, batch, index, engine):
        engine.descend(self.value * self.gradients[engine.step])
        return {"value": self.value}


def test_moving_average_by_hand():
    method = Constant([-1.0, -2.0, -3.0])  # the parameter becomes 1, 3, 6
    average = quiet(method, steps=3, ema=0.75).averages["value"][0]
    assert method.value.item() == 6
    assert average.item() == pytest.approx(0.75 * (0.75 * 1 + 0.25 * 3) + 0.25 * 6, rel=1e-7)
    assert quiet(Constant([1.0]), steps=1).averages == {}


def test_clipping_by_hand():
    method = Constant([10.0, 0.5])
    quiet(method, steps=1, clip=2.0)
    assert method.value.item() == pytest.approx(-2, rel=1e-5)
    method = Constant([0.5])
    quiet(method, steps=1, clip=2.0)
    assert method.value.item() == -0.5


def test_each_optimizer_is_clipped_on_its_own():
    method = Adversarial()
    before = parameters(method)
    for (
        optimizer
    ) in method.optimizers.values():  # plain descent, so that a step shows the norm of its gradient
        optimizer.__class__ = torch.optim.SGD
    method.optimizers = {name: torch.optim.SGD(m.parameters(), lr=1.0) for name, m in method.modules.items()}
    method.schedulers = {}
    quiet(method, steps=1, clip=1e-3)
    after = parameters(method)
    for name, turns in {"generator": 1, "codes": 1, "critic": 2}.items():
        moved = math.hypot(*((after[k] - before[k]).norm().item() for k in before if k.startswith(name)))
        assert 0 < moved <= turns * 1e-3 * 1.01


def test_a_scheduler_moves_with_the_steps_of_its_optimizer():
    method = Adversarial()
    quiet(method, steps=5)
    assert method.schedulers["critic"].last_epoch == 10  # two turns a step
    expected = 0.01 * (1 + math.cos(math.pi * 10 / 50)) / 2
    assert method.optimizers["critic"].param_groups[0]["lr"] == pytest.approx(expected)


def test_records_and_epochs():
    history = quiet(reconstruction(), epochs=2, log_every=5)
    assert [(r["step"], r["epoch"]) for r in history.records] == [(5, 1), (10, 2), (12, 2)]
    assert history.column("seconds") == sorted(history.column("seconds"))
    assert history.checkpoint is None
    assert history.column("nothing") == []


def test_seconds_are_of_the_training_so_far_over_all_its_processes(monkeypatch, tmp_path):
    ticks = itertools.count(100.0)
    clock = SimpleNamespace(perf_counter=lambda: next(ticks))
    monkeypatch.setattr("pcl_lib.trainers._recorder.time", clock)
    history = quiet(reconstruction(), steps=2, log_every=1, folder=tmp_path)
    # One tick a record, and one for the checkpoint, from which the next goes on.
    assert history.column("seconds") == [1.0, 2.0]
    history = quiet(reconstruction(), steps=4, log_every=1, folder=tmp_path)
    assert history.column("seconds") == [1.0, 2.0, 4.0, 5.0]


def test_a_history_is_shown_in_one_line():
    history = quiet(reconstruction(), steps=3, ema=0.9)
    assert history.averages
    assert repr(history) == "History(checkpoint=None)"


def test_index_is_the_row_of_each_item():
    class Rows:
        modules, optimizers = {"one": nn.Linear(1, 1)}, {}

        def step(self, batch, index, engine):
            (points, numbers), seen = batch, index
            assert torch.equal(numbers, seen)
            assert torch.equal(points, clouds()[seen])
            return {"rows": seen.double().mean()}

    data = TensorDataset(clouds(), torch.arange(24))
    assert len(quiet(Rows(), data, epochs=1, log_every=1).records) == 6


def test_bf16_computes_in_bf16_and_keeps_parameters_and_losses_in_float32():
    seen = []

    def loss(output, batch):
        seen.append(output.dtype)
        return mse_loss(output, batch)

    method, full = reconstruction(loss), reconstruction(mse_loss)
    method.modules["model"].encoder.register_forward_hook(lambda *a: seen.append(a[-1].dtype))
    history = quiet(
        method, steps=30, fabric=Fabric(devices=1, accelerator="cpu", precision="bf16-mixed"), log_every=1
    )
    assert set(seen) == {torch.bfloat16, torch.float32}
    assert {p.dtype for p in method.modules["model"].parameters()} == {torch.float32}
    exact = quiet(full, steps=30, log_every=1).column("loss")
    assert history.column("loss") != exact
    assert history.column("loss") == pytest.approx(exact, rel=0.05)
    assert exact[-1] < exact[0]


def test_double_precision():
    method = reconstruction(mse_loss)
    quiet(
        method, clouds().double(), steps=2, fabric=Fabric(devices=1, accelerator="cpu", precision="64-true")
    )
    assert {p.dtype for p in method.modules["model"].parameters()} == {torch.float64}


def test_progress_shows_steps_speed_and_values(capsys):
    fit(reconstruction(), clouds(), batch_size=4, steps=20)
    bar = capsys.readouterr().err
    assert "20/20" in bar
    assert bar.endswith("\n"), "the bar is closed and stays"
    assert "step/s" in bar
    assert "loss=" in bar
    quiet(reconstruction(), steps=2)
    assert capsys.readouterr().err == ""


BAD = {
    "batch_size must be from 1 to the 24 items of the data, received 25": {"batch_size": 25},
    "batch_size must be from 1 to the 24 items of the data, received 0": {"batch_size": 0},
    "give either steps or epochs, received steps=1, epochs=1": {"epochs": 1},
    "give either steps or epochs, received steps=None": {"steps": None},
    "steps or epochs must be at least 1, received 0": {"steps": 0},
    "log_every must be at least 1, received 0": {"log_every": 0},
    "checkpoint_every must be at least 1, received -1": {"checkpoint_every": -1},
    "clip must be a largest norm, above 0, or None, received 0.0": {"clip": 0.0},
    "ema must be a decay between 0 and 1, such as 0.999, or None, received 1.0": {"ema": 1.0},
    "seed must not be negative, received -1": {"seed": -1},
}


@pytest.mark.parametrize("message", BAD)
def test_bad_options(message):
    with pytest.raises(ValueError, match=message):
        quiet(reconstruction(), **{"steps": 1} | BAD[message])


def test_bad_precision():
    with pytest.raises(ValueError, match=r"precision must be one of .*bf16-mixed.*, received 'bf16-true'"):
        quiet(reconstruction(), steps=1, fabric=Fabric(devices=1, accelerator="cpu", precision="bf16-true"))


def test_bad_methods():
    method = reconstruction()
    stray = nn.Parameter(torch.zeros(5))
    method.optimizers["codes"] = torch.optim.SGD([stray], lr=1.0)
    with pytest.raises(
        ValueError, match=r"optimizer 'codes' has parameters of shapes \[\(5,\)\] that belong to none"
    ):
        quiet(method, steps=1)
    method = reconstruction(schedule=True)
    method.schedulers["other"] = method.schedulers.pop("model")
    with pytest.raises(ValueError, match=r"named after their optimizers \['model'\], received \['other'\]"):
        quiet(method, steps=1)
    model = nn.Linear(3, 3)
    for name, value in {"loss": torch.zeros(4), "step": torch.zeros(())}.items():
        method = Reconstruction(model, mse_loss, torch.optim.SGD(model.parameters()))
        method.step = lambda batch, index, engine, name=name, value=value: {name: value}
        with pytest.raises(ValueError, match=f"received '{name}' of shape"):
            quiet(method, steps=1)


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_on_a_gpu(tmp_path, precision, monkeypatch):
    monkeypatch.delenv("LT_ACCELERATOR")

    def train(folder, steps):
        torch.manual_seed(0)
        method = Adversarial()
        fabric = Fabric(accelerator="cuda", devices=1, precision=precision)
        return quiet(method, steps=steps, ema=0.9, clip=1.0, folder=folder, fabric=fabric, log_every=1)

    whole = train(tmp_path / "whole", 12)
    train(tmp_path / "parts", 7)
    parts = train(tmp_path / "parts", 12)
    assert next(whole.averages["critic"].parameters()).is_cuda
    assert parts.column("generator") == pytest.approx(whole.column("generator"), rel=1e-4)
    losses = whole.column("generator")  # noisy: the critic learns too
    assert sum(losses[-4:]) < sum(losses[:4])
