"""Four completion networks, each with CD, HyperCD, Landau CD and CD by sums (Landau CD, Tables III, IV, V)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pcl_lib.experiments.completion.experiment import completion_experiment
from pcl_lib.experiments.completion.settings import Settings
from pcl_lib.experiments.completion.sizes import LIVE, RECORD_CPU, TINY
from pcl_lib.experiments.runner.run import run_experiment


def record() -> Settings:
    """The sizes of the papers on five synthetic families, for a GPU."""
    return Settings()


def record_cpu() -> Settings:
    """Five synthetic families on two CPU cores in half an hour."""
    return Settings(
        **RECORD_CPU,
        train_shapes=400,
        test_shapes=60,
        scans=32,
        folding_widths=(64, 64),
        attn_coarse=32,
        attn_merged=128,
        attn_up=(1, 4),
        attn_width=8,
        attn_heads=2,
        attn_centres=(32, 16, 8),
        snow_code=64,
        snow_seeds=32,
        snow_merged=128,
        snow_up=(1, 4),
        snow_width=32,
        snow_centres=(64, 16),
        snow_k=8,
        attn_learning_rate=5e-4,
        steps=1000,
        curve_shapes=60,
    )


def record_gpu() -> Settings:
    """The papers' widths on 2,048 points in about five minutes on a GPU: two seeds, and short trainings."""
    return Settings(
        losses=("CD", "HyperCD", "Landau CD"),
        seeds=(0, 1),
        train_shapes=400,
        test_shapes=60,
        n_shape=4096,
        n_partial=1024,
        n_points=2048,
        views=4,
        crops=4,
        test_crops=2,
        scans=32,
        pcn_coarse=128,
        attn_up=(1, 4),
        snow_up=(1, 4),
        steps=1000,
        looks=4,
        tf32=True,
    )


def live() -> Settings:
    """Three families, one seed, small enough for less than a minute on a CPU core."""
    return replace(
        record_cpu(),
        **LIVE,
        losses=("CD", "HyperCD", "Landau CD"),
        seeds=(0,),
        families=("airplane", "car", "chair"),
        train_shapes=90,
        test_shapes=24,
        scans=12,
        attn_up=(1, 2),
        snow_up=(1, 2),
        steps=90,
        looks=6,
        curve_shapes=24,
        cost_steps=3,
    )


def tiny() -> Settings:
    """Every part once, in seconds: for tests."""
    return replace(
        live(),
        **TINY,
        losses=("CD", "Landau CD"),
        seeds=(0, 1),
        scans=2,
        folding_widths=(8,),
        attn_coarse=8,
        attn_merged=16,
        attn_up=(2, 2),
        attn_width=4,
        attn_centres=(8, 4, 2),
        snow_code=8,
        snow_seeds=8,
        snow_merged=16,
        snow_up=(1, 2, 2),
        snow_width=8,
        snow_centres=(8, 4),
        snow_k=4,
    )


EXPERIMENT = completion_experiment(
    "completion-networks",
    "Four completion networks, each with CD, HyperCD, Landau CD and CD by sums (Landau CD, Tables III, IV, V).",
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
