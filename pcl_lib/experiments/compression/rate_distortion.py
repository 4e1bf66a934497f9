"""D-PCC by the weight of its rate, and octree, grid and Draco by their number of bits, on files of whole clouds."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pcl_lib.experiments.compression import build, data, evaluate, whole
from pcl_lib.experiments.compression.settings import RateSettings
from pcl_lib.experiments.compression.sizes import TINY
from pcl_lib.experiments.runner.experiment import Experiment
from pcl_lib.experiments.runner.run import run_experiment


def record() -> RateSettings:
    """Patches and clouds twice as large, networks trained for ten times as long: twenty minutes of one core each."""
    return replace(
        record_cpu(),
        steps=16_000,
        patches=120,
        shapes=18,
        fewest=512,
        most=1024,
        azimuth_steps=512,
        tested=4,
        test_points=20_000,
        patch=2048,
    )


def record_cpu() -> RateSettings:
    """15 networks of a minute and a half of one core each, and nine clouds that every codec compresses: too short to
    say what D-PCC can do, long enough to say what its rate does."""
    return RateSettings()


def tiny() -> RateSettings:
    """Every part once, in seconds, on shapes that anyone can make: for tests."""
    return RateSettings(
        **TINY, rates=("1e-4", "1e-2"), octree_bits=(3, 4), grid_bits=(3, 4), draco_bits=(3, 4),
        tested=2, test_points=1500, patch=800, shown_points=64,
    )  # fmt: skip


EXPERIMENT = Experiment(
    name="dpcc-rate-distortion",
    title="Bytes and distortion of D-PCC by the weight of its rate, beside octree, grid and Draco.",
    version=1,
    presets={"record": record, "record-cpu": record_cpu, "tiny": tiny},
    records={"record": "dpcc-rate-distortion-long"},
    origin=data.origin,
    training=data.training,
    method=build.method,
    look=evaluate.look,
    measure=whole.measure,
    previews=whole.previews,
)
run = partial(run_experiment, EXPERIMENT)
