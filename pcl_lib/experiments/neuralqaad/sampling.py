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
    """Small networks on 48 faces of 4,096 points, of which a step samples as large shares as `record_cpu` does of twice
    as many, at three numbers of points; ten to thirty seconds of one core for a run.

    Seeds. At 512 points the short record of Table 1 has the whole method 37 % below AtlasNetV2 and the augmented
    Chamfer distance 10 % below, each with a spread of 7 % from seed to seed. Three seeds give intervals of 2.5 spreads
    on either side, 17 %: enough for the first at each number of points, and not for the second.
    """
    return SamplingSettings(
        **{**SHORT, "evaluated": 8, "coarse": 0, "looks": 2, "seeds": (0, 1, 2), "counts": (32, 128, 512)}
    )


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
