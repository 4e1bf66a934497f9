"""Four completion networks, each with CD, HyperCD, Landau CD and CD by sums (Landau CD, Tables III, IV, V)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pcl_lib.experiments.completion.experiment import completion_experiment
from pcl_lib.experiments.completion.settings import Settings
from pcl_lib.experiments.runner.result import Result
from pcl_lib.experiments.runner.run import run_experiment


def run(
    settings: Settings,
    *,
    folder: str | Path | None = None,
    device: str = "auto",
    progress: bool = True,
    processes: int = 1,
) -> Result:
    """Train each network with each loss and each seed, and measure what it completes on three benchmarks.

    Arguments, metrics, previews and errors as in `pcl_lib.experiments.completion.losses.run`.
    """
    return run_experiment(
        EXPERIMENT, settings, folder=folder, device=device, progress=progress, processes=processes
    )


def record() -> Settings:
    """The sizes of the papers on five synthetic families, for a GPU."""
    return Settings()


def record_cpu() -> Settings:
    """Five synthetic families on two CPU cores in half an hour: 256 points in, 512 out."""
    return Settings(
        train_shapes=400,
        test_shapes=60,
        n_shape=2048,
        n_partial=256,
        n_points=512,
        views=3,
        crops=3,
        test_crops=2,
        scans=32,
        code_dim=128,
        points=((32, 64), (128,)),
        folding_widths=(64, 64),
        pcn_coarse=32,
        pcn_widths=(128, 128),
        pcn_fold=(64, 64),
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
        batch_size=8,
        learning_rate=3e-3,
        attn_learning_rate=5e-4,
        steps=1000,
        looks=12,
        curve_shapes=60,
        cost_steps=11,
    )


def live() -> Settings:
    """Three families, one seed, small enough for less than a minute on a CPU core."""
    return replace(
        record_cpu(),
        losses=("CD", "HyperCD", "Landau CD"),
        seeds=(0,),
        families=("airplane", "car", "chair"),
        train_shapes=90,
        test_shapes=24,
        n_shape=1024,
        n_partial=128,
        n_points=256,
        views=2,
        crops=2,
        test_crops=1,
        scans=12,
        code_dim=64,
        points=((32, 64), (64,)),
        pcn_coarse=16,
        attn_up=(1, 2),
        snow_up=(1, 2),
        steps=90,
        looks=6,
        curve_shapes=24,
        shown=3,
        cost_steps=3,
    )


def tiny() -> Settings:
    """Every part once, in seconds: for tests."""
    return replace(
        live(),
        losses=("CD", "Landau CD"),
        seeds=(0, 1),
        train_shapes=6,
        test_shapes=3,
        n_shape=128,
        n_partial=16,
        n_points=64,
        views=1,
        crops=1,
        scans=2,
        code_dim=8,
        points=((8,), ()),
        folding_widths=(8,),
        pcn_grid=2,
        pcn_widths=(8,),
        pcn_fold=(8,),
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
        batch_size=4,
        steps=4,
        looks=2,
        curve_shapes=2,
        shown=2,
        cost_steps=1,
    )


EXPERIMENT = completion_experiment(
    "completion-networks",
    "Four completion networks, each with CD, HyperCD, Landau CD and CD by sums (Landau CD, Tables III, IV, V).",
    version=1,
    presets={"live": live, "record": record, "record-cpu": record_cpu, "tiny": tiny},
)
