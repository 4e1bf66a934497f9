"""Runs of several sets in one experiment: a method that is handed the clouds of its own, and says which run it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.optim import Optimizer

from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.trainers import Engine, Method


class Label(nn.Module):
    """Which run the networks beside it are of: a module without weights, for those who measure them."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run


class OfRun:
    """A method whose batches are those of `clouds`, whatever the data of the experiment hold in these rows."""

    def __init__(self, task: Method, clouds: Float[Tensor, "s n 3"], run: Run) -> None:
        self.task, self.clouds = task, clouds
        self.modules = {**task.modules, "run": Label(run)}
        self.optimizers = dict(task.optimizers)

    def step(self, batch: Tensor, index: Int64[Tensor, "b"], engine: Engine) -> Mapping[str, Any]:  # noqa: ARG002
        return self.task.step(self.clouds[index.to(self.clouds.device)], index, engine)


class Untrained:
    """A row without a network: nothing to train, only to be measured."""

    def __init__(self) -> None:
        self.modules: dict[str, nn.Module] = {}
        self.optimizers: dict[str, Optimizer] = {}

    def step(self, batch: Tensor, index: Tensor, engine: Engine) -> Mapping[str, Any]:  # noqa: ARG002
        return {}
