"""The experiments, by the names they have on the command line and in records."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from pcl_lib.experiments.runner.experiment import Experiment

# Imported when asked for: an experiment brings its networks, its losses and its data with it.
EXPERIMENTS = {
    "autoencoder-distances": "autoencoder.distances",
    "caloss-codes": "learned_losses.codes",
    "caloss-completion": "learned_losses.completion",
    "caloss-every-loss": "learned_losses.every_loss",
    "caloss-free-clouds": "learned_losses.free_clouds",
    "caloss-rates": "learned_losses.rates",
    "caloss-table1": "learned_losses.table1",
    "completion-losses": "completion.losses",
    "completion-networks": "completion.networks",
    "dpcc-ablation": "compression.ablation",
    "dpcc-rate-distortion": "compression.rate_distortion",
    "field-architecture": "gradient_fields.architecture",
    "field-autoencoding": "gradient_fields.autoencoding",
    "field-generation": "generation.field",
    "field-sparse": "gradient_fields.sparse",
    "neuralqaad-design": "neuralqaad.design",
    "neuralqaad-large": "neuralqaad.large",
    "neuralqaad-sampling": "neuralqaad.sampling",
    "neuralqaad-table1": "neuralqaad.table1",
}


def experiment(name: str) -> Experiment[Any]:
    """The experiment of that name. Errors: `ValueError` for another name.

    >>> experiment("autoencoder-distances").presets.keys()
    dict_keys(['live', 'record', 'record-cpu', 'record-gpu', 'tiny'])
    """
    if name not in EXPERIMENTS:
        raise ValueError(f"the experiments are {', '.join(EXPERIMENTS)}; received {name!r}")
    found: Experiment[Any] = import_module(f"pcl_lib.experiments.{EXPERIMENTS[name]}").EXPERIMENT
    return found
