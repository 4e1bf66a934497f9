"""Auto-encoding airplanes from fewer points, and from fewer points to draw them from (ShapeGF, Table 2)."""

from __future__ import annotations

from functools import partial

from pcl_lib.experiments.gradient_fields import build, data, evaluate
from pcl_lib.experiments.gradient_fields.settings import SparseSettings
from pcl_lib.experiments.gradient_fields.sizes import RATES, SPARSE, TINY
from pcl_lib.experiments.runner.experiment import Experiment
from pcl_lib.experiments.runner.run import run_experiment


def record_cpu() -> SparseSettings:
    """The 13 cells on synthetic airplanes, one seed: under a minute of one core for each."""
    return SparseSettings(**SPARSE, rates=RATES["sparse"], loss_points=128)


def record() -> SparseSettings:
    """The same on a GPU: all M points take part in a step, as in the paper."""
    return SparseSettings(**SPARSE, rates=RATES["sparse"])


def tiny() -> SparseSettings:
    """Every part once, in seconds: for tests."""
    return SparseSettings(
        **{**TINY, "data": "families", "family": "airplane", "pool": 100, "seeds": (0,)},
        rates=RATES["sparse"],
        divisor=100,
        loss_points=8,
    )


EXPERIMENT = Experiment(
    name="field-sparse",
    title="Auto-encoding airplanes from fewer points, and from fewer to draw them from (ShapeGF, Table 2).",
    version=1,
    presets={"record": record, "record-cpu": record_cpu, "tiny": tiny},
    records={"record": "field-sparse-gpu"},
    origin=data.origin,
    training=data.training,
    method=build.method,
    look=evaluate.look,
    measure=evaluate.measure,
    previews=evaluate.previews,
)
run = partial(run_experiment, EXPERIMENT)
