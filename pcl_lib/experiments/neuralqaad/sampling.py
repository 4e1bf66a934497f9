"""Three methods by the number of points that a step samples of each cloud (NeuralQAAD, Fig. 5)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pcl_lib.experiments.neuralqaad.experiment import qaad_experiment
from pcl_lib.experiments.neuralqaad.settings import SamplingSettings
from pcl_lib.experiments.neuralqaad.sizes import SHORT, TINY
from pcl_lib.experiments.runner.run import run_experiment


def record_cpu() -> SamplingSettings:
    """Faces, two seeds: 30 runs of half a minute to six minutes of one core, by the points of a step."""
    return SamplingSettings()


def record_gpu() -> SamplingSettings:
    """The same beside other runs on a GPU, for fewer steps."""
    return replace(record_cpu(), steps=800)


def record_short() -> SamplingSettings:
    """Small networks on 48 faces: from seconds to a minute of one core for a run."""
    return SamplingSettings(**{**SHORT, "seeds": (0, 1, 2)})


def tiny() -> SamplingSettings:
    """Every part once, in seconds: for tests."""
    return SamplingSettings(**TINY, counts=(64, 128), divisor=8)


EXPERIMENT = qaad_experiment(
    "neuralqaad-sampling",
    "Three methods by the number of points that a step samples of each cloud (NeuralQAAD, Fig. 5).",
    presets={
        "record-cpu": record_cpu,
        "record-gpu": record_gpu,
        "record-short": record_short,
        "tiny": tiny,
    },
    records={"record-gpu": "neuralqaad-sampling-gpu", "record-short": "neuralqaad-sampling-short"},
)
run = partial(run_experiment, EXPERIMENT)
