"""Which rate suits the task network under each loss, on shapes held back from the training split."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from pcl_lib.experiments.learned_losses import build, data, evaluate
from pcl_lib.experiments.learned_losses.settings import RateSettings
from pcl_lib.experiments.learned_losses.sizes import LIVE, SMALL, TINY
from pcl_lib.experiments.learned_losses.table1 import LOSSES
from pcl_lib.experiments.runner.experiment import Experiment
from pcl_lib.experiments.runner.run import run_experiment

RELEASED = "1e-4"
GRID = (RELEASED, "5e-4", "2e-3")


def _each(losses: Sequence[str], rates: Sequence[str] = GRID) -> dict[str, Any]:
    return {
        "configurations": tuple(("AE", loss, rate) for loss in losses for rate in rates),
        "rates": tuple((loss, 0.0) for loss in losses),
        "cost_steps": 0,
    }


def _sizes(sizes: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {**sizes, "held_back": 64, "curve_shapes": 32, "costly_shapes": 16, "compared": 16, **others}


def record_cpu() -> RateSettings:
    """The losses of Table 1's long runs, at their sizes, one seed and a few of their steps."""
    return RateSettings(**{**_sizes(SMALL, seeds=(0,), steps=1500, looks=3), **_each(LOSSES)})


def record_gpu() -> RateSettings:
    """The same, four times as long."""
    return RateSettings(**{**_sizes(SMALL, seeds=(0,), steps=6000, looks=4), **_each(LOSSES)})


def live() -> RateSettings:
    """Synthetic shapes and one loss."""
    return RateSettings(
        **{**_sizes(LIVE, seeds=(0,), held_back=24, curve_shapes=24), **_each(("CD lengths",))}
    )


def tiny() -> RateSettings:
    """Every part once, in seconds: for tests."""
    return RateSettings(
        **{
            **_sizes(TINY, held_back=4, curve_shapes=2, costly_shapes=2, compared=2, seeds=(0,)),
            **_each(("CD lengths", "CALoss"), GRID[:2]),
        }
    )


EXPERIMENT = Experiment(
    name="caloss-rates",
    title="Which rate suits the task network under each loss, on shapes held back from the training split.",
    version=1,
    presets={"live": live, "record-cpu": record_cpu, "record-gpu": record_gpu, "tiny": tiny},
    records={"record-gpu": "caloss-rates-gpu"},
    origin=data.origin,
    training=data.training,
    method=build.method,
    look=evaluate.look,
    measure=evaluate.measure,
    previews=evaluate.previews,
)
run = partial(run_experiment, EXPERIMENT)
