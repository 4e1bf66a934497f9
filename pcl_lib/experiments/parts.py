"""What runs.py needs to know of an experiment: a handful of functions of its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import nn

from pcl_lib.experiments.arrays import Arrays
from pcl_lib.trainers import Data, Method


class Run(NamedTuple):
    """One training: which network, by which loss, from which seed."""

    network: str
    loss: str
    seed: int

    def folder(self, home: Path) -> Path:
        return home / f"{self.network}-{self.loss}-{self.seed}".replace(" ", "-")


class Measured(NamedTuple):
    """The `metrics` of a trained network by name, and `arrays` that previews are made of."""

    metrics: Mapping[str, float]
    arrays: Arrays


@dataclass(frozen=True)
class Parts:
    """The functions of an experiment, each of a module of its own right, so that other processes find them.

    - `origin(settings)`: "name" and "checksum" of the data; where the data are missing it says so.
    - `training(settings, device)`: what `fit` takes batches from.
    - `method(settings, run, device)`: a network with the weights of the run's seed, as "model", and what trains it.
    - `look(settings, network)`: "value", the measure of the curves, and "made", a preview; taken while it trains.
    - `measure(settings, network)`: what the trained network is worth.
    - `previews(settings, arrays)`: what figures are drawn from, of the looks ("steps") and the arrays of all runs.
    """

    origin: Callable[[Any], Mapping[str, str]]
    training: Callable[[Any, torch.device], Data]
    method: Callable[[Any, Run, torch.device], Method]
    look: Callable[[Any, nn.Module], Arrays]
    measure: Callable[[Any, nn.Module], Measured]
    previews: Callable[[Any, Mapping[Run, Arrays]], Arrays]
