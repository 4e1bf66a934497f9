"""One auto-encoder under CD, CALoss and PCLoss for the paper's epochs (CALoss, Table 1, Figs. 3 and 5)."""

from __future__ import annotations

from functools import partial

from pcl_lib.experiments.learned_losses import build, data, evaluate
from pcl_lib.experiments.learned_losses.settings import Settings
from pcl_lib.experiments.learned_losses.sizes import LIVE, SMALL, TINY, with_losses
from pcl_lib.experiments.runner.experiment import Experiment
from pcl_lib.experiments.runner.run import run_experiment

LOSSES = ("CD lengths", "CD", "CALoss", "PCLoss")


def record_cpu() -> Settings:
    """The paper's 1,000 epochs of the airplanes, at 256 points and with small networks."""
    return Settings(**with_losses(*LOSSES), **SMALL)


def record_gpu() -> Settings:
    """CD and CALoss for 308 of the 1,000 epochs: what fits a few minutes of a GPU, which the processes share."""
    return Settings(**{**with_losses("CD lengths", "CD", "CALoss"), **SMALL, "steps": 12_000})


def record_gpu_size() -> Settings:
    """All 2,048 points and the paper's widths, as many steps as fit a few minutes of a GPU."""
    return Settings(**with_losses("CD lengths", "CALoss"), steps=6000, looks=6)


def live() -> Settings:
    """Synthetic shapes, small enough for about a minute on two CPU cores."""
    return Settings(**with_losses("CD lengths", "CALoss"), **LIVE)


def tiny() -> Settings:
    """Every part once, in seconds: for tests."""
    return Settings(**with_losses(*LOSSES), **TINY)


EXPERIMENT = Experiment(
    name="caloss-table1",
    title="One auto-encoder, trained with CD, CALoss and PCLoss for the paper's epochs (CALoss, Table 1, Figs. 3, 5).",
    version=1,
    presets={
        "live": live,
        "record-cpu": record_cpu,
        "record-gpu": record_gpu,
        "record-gpu-size": record_gpu_size,
        "tiny": tiny,
    },
    records={"record-gpu": "caloss-table1-gpu", "record-gpu-size": "caloss-paper-size"},
    origin=data.origin,
    training=data.training,
    method=build.method,
    look=evaluate.look,
    measure=evaluate.measure,
    previews=evaluate.previews,
)
# Of (settings, folder=, device=, progress=, processes=), as in `run_experiment`.
run = partial(run_experiment, EXPERIMENT)
