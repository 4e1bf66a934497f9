"""D-PCC without a term of its loss, or without an embedding of its encoder: what it then loses of the density."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pcl_lib.experiments.compression import build, data, evaluate
from pcl_lib.experiments.compression.settings import AblationSettings
from pcl_lib.experiments.compression.sizes import TINY
from pcl_lib.experiments.runner.experiment import Experiment
from pcl_lib.experiments.runner.run import run_experiment


def record() -> AblationSettings:
    """Patches twice as large, and networks trained for ten times as long: nine minutes of one core each."""
    return replace(record_cpu(), steps=7000, patches=120, shapes=18, fewest=512, most=1024, azimuth_steps=512)


def record_cpu() -> AblationSettings:
    """40 networks of 40 seconds of one core each."""
    return AblationSettings()


def tiny() -> AblationSettings:
    """Every part once, in seconds, on shapes that anyone can make: for tests."""
    return AblationSettings(**TINY)


EXPERIMENT = Experiment(
    name="dpcc-ablation",
    title="D-PCC without each term of its loss and each embedding of its encoder, by density and number of points.",
    version=1,
    presets={"record": record, "record-cpu": record_cpu, "tiny": tiny},
    records={"record": "dpcc-ablation-long"},
    origin=data.origin,
    training=data.training,
    method=build.method,
    look=evaluate.look,
    measure=evaluate.measure,
    previews=evaluate.previews,
)
run = partial(run_experiment, EXPERIMENT)
