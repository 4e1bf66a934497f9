"""The experiments, by the names they have on the command line and in records."""

from __future__ import annotations

from importlib import import_module
from typing import Any

EXPERIMENTS = ("autoencoder-distances", "completion-losses", "completion-networks")


def experiment(name: str) -> Any:
    """The module of an experiment: NAME, VERSION, PRESETS (settings by preset) and `run`.

    >>> experiment("autoencoder-distances").NAME
    'autoencoder-distances'
    """
    if name not in EXPERIMENTS:
        raise ValueError(f"the experiments are {', '.join(EXPERIMENTS)}; received {name!r}")
    return import_module(f"pcl_lib.experiments.{name.replace('-', '_')}")
