"""Six ways to train an auto-decoder and AtlasNetV2, at equal weights and steps (NeuralQAAD, Table 1)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pcl_lib.experiments.neuralqaad.experiment import qaad_experiment
from pcl_lib.experiments.neuralqaad.published import GREEDY, OURS, RANDOM
from pcl_lib.experiments.neuralqaad.settings import TRUE, QaadSettings
from pcl_lib.experiments.neuralqaad.sizes import SHORT, TINY
from pcl_lib.experiments.runner.run import run_experiment


def record_cpu() -> QaadSettings:
    """128 faces and 128 figures of 8,192 points at the paper's widths: about three minutes of one core for a run."""
    return QaadSettings()


def record_cpu_independent() -> QaadSettings:
    """The same with fresh places for each cloud, as scans have them."""
    return replace(record_cpu(), mode="independent")


def record_gpu() -> QaadSettings:
    """The sizes of `record_cpu`, twice the clouds and steps of sixteen, beside other runs on a GPU."""
    return replace(record_cpu(), shapes=256, batch_size=16, step_points=2048, steps=1000)


def record_short() -> QaadSettings:
    """48 clouds of 4,096 points and small networks: about 25 seconds of one core for a run."""
    return QaadSettings(**SHORT)


def live() -> QaadSettings:
    """Figures, which anyone can make, one seed, four rows: less than a minute of one core in all."""
    return replace(
        record_short(),
        rows=(RANDOM, GREEDY, OURS, TRUE),
        sets=("figures",),
        seeds=(0,),
        shapes=32,
        steps=400,
        evaluated=8,
        coarse=0,
    )


def tiny() -> QaadSettings:
    """Every part once, in seconds: for tests."""
    return QaadSettings(**TINY)


EXPERIMENT = qaad_experiment(
    "neuralqaad-table1",
    "Six ways to train an auto-decoder and AtlasNetV2, at equal weights and steps (NeuralQAAD, Table 1).",
    presets={
        "live": live,
        "record-cpu": record_cpu,
        "record-cpu-independent": record_cpu_independent,
        "record-gpu": record_gpu,
        "record-short": record_short,
        "tiny": tiny,
    },
    records={
        "record-cpu-independent": "neuralqaad-table1-independent",
        "record-gpu": "neuralqaad-table1-gpu",
        "record-short": "neuralqaad-table1-short",
    },
)
run = partial(run_experiment, EXPERIMENT)
