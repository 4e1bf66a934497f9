"""What an experiment is to the runner: settings that plan runs, and a handful of functions of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

import torch
from torch import nn

from pcl_lib.experiments.runner.npz import Arrays
from pcl_lib.trainers import Data, Method

Configuration = tuple[str, ...]


@runtime_checkable
class Settings(Protocol):
    """What the runner reads of the settings of an experiment, a frozen dataclass. All else is the experiment's own.

    - `factors`: what is varied, by name, such as ("network", "loss"); `configurations`: the values of the factors that
      are run, in the order of their names. Each is run with each of the `seeds`.
    - `batch_size`, `steps`: of a training; `logged_steps`: after which of them its `curve_measure` is taken, the last
      one among them.
    - `epochs`: how often the steps go through the training data.
    - `cost_steps`: batches on which a step of each configuration is timed; 0 times nothing.

    Settings may have `tf32`, see `in_tf32`, `seconds`, see `by_clock`, or `clip`, see `clipped`; most have not.
    """

    @property
    def factors(self) -> tuple[str, ...]: ...

    @property
    def configurations(self) -> tuple[Configuration, ...]: ...

    @property
    def seeds(self) -> tuple[int, ...]: ...

    @property
    def batch_size(self) -> int: ...

    @property
    def steps(self) -> int: ...

    @property
    def epochs(self) -> float: ...

    @property
    def logged_steps(self) -> tuple[int, ...]: ...

    @property
    def curve_measure(self) -> str: ...

    @property
    def cost_steps(self) -> int: ...

    def baseline(self, configuration: Configuration) -> Configuration | None:
        """The configuration that the cost of this one is relative to, or None if there is no such thing."""
        ...


S = TypeVar("S", bound=Settings)


def in_tf32(settings: Settings) -> bool:
    """Whether a GPU multiplies matrices in TF32 in the training of these settings: their `tf32`, if they have one."""
    return bool(getattr(settings, "tf32", False))


def by_clock(settings: Settings) -> float:
    """The seconds after which the clock ends each run, 0 where steps are counted: the `seconds` of settings that have
    them. Such a run does not repeat bit for bit."""
    return float(getattr(settings, "seconds", 0.0))


def clipped(settings: Settings) -> float | None:
    """The largest norm of a gradient in the training of these settings: their `clip`, if they have one."""
    clip = getattr(settings, "clip", None)
    return None if clip is None else float(clip)


class Run(NamedTuple):
    """One training: the values of the factors, and the seed."""

    configuration: Configuration
    seed: int

    def __str__(self) -> str:
        return " ".join((*self.configuration, str(self.seed)))

    def folder(self, home: Path) -> Path:
        return home / "-".join((*self.configuration, str(self.seed))).replace(" ", "-")


def runs_of(settings: Settings) -> list[Run]:
    """All runs; those of one seed before those of the next, so that a stopped experiment has whole seeds."""
    return [Run(configuration, seed) for seed in settings.seeds for configuration in settings.configurations]


class Origin(NamedTuple):
    """Where the clouds come from: the `name` of the data set, and the SHA-256 `checksum` of what was used of it."""

    name: str
    checksum: str


class Measured(NamedTuple):
    """The `metrics` of a trained network by name, and `arrays` that previews are made of."""

    metrics: Mapping[str, float]
    arrays: Arrays


@dataclass(frozen=True)
class Experiment(Generic[S]):
    """An experiment: its name, its presets, and functions, each of a module, so that other processes find them.

    - `name`, on the command line and of its records; `title`, one line; `version`, raised when the same settings would
      give other results. `presets`: settings by name. Those that begin with "record" are recorded: the first of them
      under the name of the experiment, any other under the name in `records`.
    - `origin(settings)`: the data; where they are missing it says so.
    - `training(settings, device)`: what `fit` takes batches from.
    - `method(settings, run, device)`: networks with the weights of the run's seed, and what trains them.
    - `look(settings, modules)`: "value", the measure of the curves, and "made", a preview; taken while it trains.
    - `measure(settings, modules)`: what the trained networks are worth.
    - `previews(settings, arrays)`: what figures are drawn from, of the looks ("steps") and the arrays of all runs.
    """

    name: str
    title: str
    version: int
    presets: Mapping[str, Callable[[], S]]
    origin: Callable[[S], Origin]
    training: Callable[[S, torch.device], Data]
    method: Callable[[S, Run, torch.device], Method]
    look: Callable[[S, Mapping[str, nn.Module]], Arrays]
    measure: Callable[[S, Mapping[str, nn.Module]], Measured]
    previews: Callable[[S, Mapping[Run, Arrays]], Arrays]
    records: Mapping[str, str] | None = None

    def record_name(self, preset: str) -> str:
        """The name of the record of a preset: two recorded presets do not overwrite each other.

        Errors: `ValueError` for a preset that has no name of its own for the record of another to be kept apart from.
        """
        return (self.records or {}).get(preset, self.name)
