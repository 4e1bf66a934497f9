"""Which run networks are of, for those who measure them; and runs that have nothing to train."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from pcl_lib.experiments.runner.experiment import Run
from pcl_lib.trainers import Engine


class Label(nn.Module):
    """Which run the networks beside it are of: a module without weights, under the name "run"."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run


class Untrained:
    """A run without a network: nothing to train, only to be measured."""

    def __init__(self, run: Run) -> None:
        self.modules: dict[str, nn.Module] = {"run": Label(run)}
        self.optimizers: dict[str, Optimizer] = {}

    def step(self, batch: Any, index: Tensor, engine: Engine) -> Mapping[str, Any]:  # noqa: ARG002
        return {}


def run_of(modules: Mapping[str, nn.Module]) -> Run:
    """Which run these networks are of."""
    found = modules["run"]
    assert isinstance(found, Label)
    return found.run
