"""The least that the runner can run: three factors, no baseline, two modules, no loss or network of the library."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from pcl_lib.experiments.runner.experiment import Experiment, Measured, Origin


@dataclass(frozen=True)
class Settings:
    seeds: tuple[int, ...] = (0, 1)
    powers: tuple[str, ...] = ("2", "4")
    batch_size: int = 4
    steps: int = 4
    cost_steps: int = 0

    factors: ClassVar[tuple[str, ...]] = ("power", "bias", "data")
    curve_measure: ClassVar[str] = "error"

    @property
    def configurations(self):
        return tuple((power, bias, "uniform") for power in self.powers for bias in ("with", "without"))

    @property
    def epochs(self):
        return self.steps * self.batch_size / len(_clouds())

    @property
    def logged_steps(self):
        return (self.steps // 2, self.steps)

    def baseline(self, _configuration):
        return None


class Fitted:
    """Two layers in turn, the second from half of the steps on: a phase that begins at a step number."""

    def __init__(self, power, bias, steps):
        self.power, self.half = power, steps // 2
        self.modules = {"first": nn.Linear(3, 3, bias=bias), "second": nn.Linear(3, 1, bias=bias)}
        self.optimizers = {name: torch.optim.SGD(m.parameters(), lr=0.1) for name, m in self.modules.items()}

    def step(self, batch, _index, engine):
        first, second = engine.modules["first"], engine.modules["second"]
        with engine.turn("first" if engine.step < self.half else "second"):
            loss = second(first(batch)).abs().pow(self.power).mean()
            engine.descend(loss)
        return {"loss": loss}


def _method(settings, run, device):
    power, bias, _ = run.configuration
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.seed)
        return Fitted(int(power), bias == "with", settings.steps)


def _error(modules):
    return float(modules["second"](modules["first"](_clouds())).detach().abs().mean())


def _clouds():
    return torch.linspace(0, 1, 24).reshape(8, 3)


EXPERIMENT = Experiment(
    name="toy",
    title="A toy.",
    version=1,
    presets={"tiny": Settings, "record": Settings, "record-more": lambda: Settings(seeds=(0, 1, 2))},
    origin=lambda _: Origin("a line", "0" * 64),
    training=lambda _, device: _clouds().to(device),
    method=_method,
    look=lambda _, modules: {"value": np.array(_error(modules)), "made": np.zeros(3)},
    measure=lambda _, modules: Measured({"error": _error(modules)}, {}),
    previews=lambda *_: {},
    records={"record-more": "toy-more"},
)
