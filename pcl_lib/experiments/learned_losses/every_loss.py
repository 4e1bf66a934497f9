"""The auto-encoder of Table 1 under all ten losses, for fewer steps (the rest of CALoss's Table 1)."""

from __future__ import annotations

from functools import partial

from pcl_lib.experiments.learned_losses import build, data, evaluate
from pcl_lib.experiments.learned_losses.settings import Settings
from pcl_lib.experiments.learned_losses.sizes import SMALL, TINY, with_losses
from pcl_lib.experiments.named_losses import TABLE_LOSSES
from pcl_lib.experiments.runner.experiment import Experiment
from pcl_lib.experiments.runner.run import run_experiment

OF_FOLDING = ("CD lengths", "PCLoss", "CALoss")


def record_cpu() -> Settings:
    """Ten losses, three seeds, 128 epochs: about two hours on two CPU cores."""
    return Settings(**with_losses(*TABLE_LOSSES), **SMALL, steps=5000, looks=10)


def record_gpu() -> Settings:
    """The same on a GPU."""
    return record_cpu()


def record_short() -> Settings:
    """Ten losses, three seeds, 13 epochs: about 25 minutes of one core, two thirds of it for the critics that look at
    neighbourhoods and for transport. So short a training says which outputs are alike, and not which loss wins."""
    return Settings(**with_losses(*TABLE_LOSSES), **SMALL, steps=500, looks=5)


def record_folding() -> Settings:
    """Folding under three losses, for fewer steps."""
    return Settings(**with_losses(*OF_FOLDING, networks=("Folding",)), **SMALL, steps=2000, looks=5)


def tiny() -> Settings:
    """Every part once, in seconds: for tests."""
    return Settings(**{**TINY, **with_losses(*TABLE_LOSSES), "steps": 2})


EXPERIMENT = Experiment(
    name="caloss-every-loss",
    title="The auto-encoder of Table 1 under all ten losses, for fewer steps (CALoss, Table 1).",
    version=1,
    presets={
        "record-cpu": record_cpu,
        "record-folding": record_folding,
        "record-gpu": record_gpu,
        "record-short": record_short,
        "tiny": tiny,
    },
    records={
        "record-gpu": "caloss-every-loss-gpu",
        "record-folding": "caloss-folding",
        "record-short": "caloss-every-loss-short",
    },
    origin=data.origin,
    training=data.training,
    method=build.method,
    look=evaluate.look,
    measure=evaluate.measure,
    previews=evaluate.previews,
)
run = partial(run_experiment, EXPERIMENT)
