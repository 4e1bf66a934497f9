"""Parts of the gradient decoder, by the loss that is left above the best possible (ShapeGF, Table 8)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pcl_lib.experiments.gradient_fields import build, data, evaluate, excess
from pcl_lib.experiments.gradient_fields.settings import ArchitectureSettings
from pcl_lib.experiments.gradient_fields.sizes import DIGITS, RATES, TINY
from pcl_lib.experiments.runner.experiment import Experiment
from pcl_lib.experiments.runner.run import run_experiment


def record_cpu() -> ArchitectureSettings:
    """Seven decoders on the digits, three seeds, 2,000 steps for each: under two minutes of one core a run."""
    return ArchitectureSettings(
        **{**DIGITS, "seconds": 0.0, "updates": 100, "looks": 4, "test_shapes": 60},
        rates=RATES["architecture"],
    )


def record_gpu() -> ArchitectureSettings:
    """The same, beside other runs on a GPU, for a tenth fewer steps."""
    return replace(record_cpu(), updates=90)


def record_short() -> ArchitectureSettings:
    """The same for 600 steps, half a minute of one core a run: the beginning of the curves, too short to decide."""
    return replace(record_cpu(), updates=30)


def tiny() -> ArchitectureSettings:
    """Every part once, in seconds: for tests."""
    return ArchitectureSettings(
        **TINY, rates=RATES["architecture"], dense=64, excess_shapes=2, excess_points=32
    )


EXPERIMENT = Experiment(
    name="field-architecture",
    title="Parts of the gradient decoder, by the loss that is left above the best possible (ShapeGF, Table 8).",
    version=1,
    presets={"record-cpu": record_cpu, "record-gpu": record_gpu, "record-short": record_short, "tiny": tiny},
    records={"record-gpu": "field-architecture-gpu", "record-short": "field-architecture-short"},
    origin=data.origin,
    training=data.training,
    method=build.method,
    look=evaluate.look,
    measure=excess.measure,
    previews=evaluate.previews,
)
run = partial(run_experiment, EXPERIMENT)
