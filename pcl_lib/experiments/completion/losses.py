"""One completion network, sixteen losses to train it with (Landau CD, Table II and Figures 2a and 5)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pcl_lib.experiments.completion.experiment import completion_experiment
from pcl_lib.experiments.completion.settings import LOSSES, Settings
from pcl_lib.experiments.completion.sizes import LIVE, RECORD_CPU, TINY
from pcl_lib.experiments.runner.run import run_experiment


def record() -> Settings:
    """All 2,048 points of real airplanes and PCN at the paper's widths, for a GPU."""
    return Settings(
        networks=("PCN",),
        losses=LOSSES,
        data="airplanes",
        families=(),
        train_shapes=624,
        test_shapes=100,
        n_shape=2048,
        n_partial=1024,
        n_points=2048,
        pcn_coarse=128,
        learning_rate=3e-4,
        steps=20_000,
        curve_shapes=100,
        shown=4,
    )


def record_cpu() -> Settings:
    """Real airplanes on two CPU cores in half an hour."""
    return replace(record(), **RECORD_CPU, test_shapes=96, steps=1200, curve_shapes=48)


def record_gpu() -> Settings:
    """Real airplanes and PCN at the paper's widths in about four minutes on a GPU; EMD would take as long alone."""
    return replace(
        record(),
        losses=tuple(loss for loss in LOSSES if loss != "EMD"),
        views=4,
        crops=4,
        test_crops=2,
        learning_rate=1e-3,
        steps=600,
        looks=3,
        tf32=True,
    )


def live() -> Settings:
    """Synthetic shapes and four losses, small enough for less than a minute on a CPU core."""
    return replace(
        record_cpu(),
        **LIVE,
        losses=("CD", "HyperCD", "Landau CD", "CD sums"),
        seeds=(0, 1),
        data="families",
        families=("airplane", "chair", "lamp"),
        train_shapes=120,
        test_shapes=30,
        steps=400,
        looks=8,
        curve_shapes=30,
        cost_steps=5,
    )


def tiny() -> Settings:
    """Every part once, in seconds: for tests."""
    return replace(live(), **TINY, losses=("CD", "EMD", "HyperCD", "CD sums"))


EXPERIMENT = completion_experiment(
    "completion-losses",
    "One completion network, sixteen losses to train it with (Landau CD, Table II and Figures 2a and 5).",
    version=1,
    presets={
        "live": live,
        "record": record,
        "record-cpu": record_cpu,
        "record-gpu": record_gpu,
        "tiny": tiny,
    },
)
# Of (settings, folder=, device=, progress=, processes=), as in `run_experiment`; the result is that of
# `completion_experiment`.
run = partial(run_experiment, EXPERIMENT)
