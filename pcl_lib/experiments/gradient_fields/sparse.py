"""Auto-encoding airplanes from fewer points, and from fewer points to draw them from (ShapeGF, Table 2)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from pcl_lib.experiments.gradient_fields import build, data, evaluate
from pcl_lib.experiments.gradient_fields.settings import SparseSettings
from pcl_lib.experiments.gradient_fields.sizes import RATES, SPARSE, TINY
from pcl_lib.experiments.runner.experiment import Experiment, Run
from pcl_lib.experiments.runner.npz import Arrays
from pcl_lib.experiments.runner.run import run_experiment

# Of 18 cells no more would fit into the previews of a record.
SHOWN = 2


def record_cpu() -> SparseSettings:
    """The 13 cells on synthetic airplanes, one seed, 600 steps: about a minute of one core for each."""
    return SparseSettings(**{**SPARSE, "updates": 30}, rates=RATES["sparse"])


def record() -> SparseSettings:
    """3,000 steps on a GPU, and up to 128 points of each shape at each level: under a minute for each."""
    return SparseSettings(**{**SPARSE, "updates": 150, "loss_points": 128}, rates=RATES["sparse"])


def tiny() -> SparseSettings:
    """Every part once, in seconds: for tests."""
    return SparseSettings(
        **{**TINY, "data": "families", "family": "airplane", "pool": 100, "seeds": (0,), "loss_points": 8},
        rates=RATES["sparse"],
        divisor=100,
    )


def previews(settings: SparseSettings, arrays: Mapping[Run, Arrays]) -> Arrays:
    """As those of Table 1, of the first two shapes and without the steps of training."""
    found = evaluate.previews(settings, arrays)
    clouds = {"given", "reference", *settings.rows}
    return {
        name: array[:SHOWN] if name in clouds else array
        for name, array in found.items()
        if not name.endswith("/steps")
    }


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
    previews=previews,
)
run = partial(run_experiment, EXPERIMENT)
