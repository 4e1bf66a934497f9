"""One completion network, sixteen losses to train it with (Landau CD, Table II and Figures 2a and 5)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pcl_lib.experiments.completion.experiment import completion_experiment
from pcl_lib.experiments.completion.settings import LOSSES, Settings
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
    """Train each network with each loss and each seed, measure what it completes, and time the losses.

    Arguments and errors as in `run_experiment`.

    Metrics of the rows, means over held-out pairs: on PCN-style views "CD-L1" (also of each category, "CD-L1
    airplane"), "CD-L2", "F1" (at 0.01) and "F1 at equal density" (at 0.01 sqrt(16,384 / n_points): as many spacings
    of the points as 0.01 is on PCN); on ShapeNet-55-style crops "CD-L2 simple", "F1 hard", .. for "simple",
    "moderate" and "hard"; on LiDAR-like cars, where there are cars among the families, "Fidelity" and "MMD" (squared,
    x1000, against the complete training cars). The curves are of "CD-L1".

    `previews`: "truth" (k, N, 3) and "partial" (k, M, 3), held-out views; "<network>/<loss>" (k, N, 3), what the first
    seed's network made of them; "<network>/steps" (looks, N, 3), the first of them over training with HyperCD (or CD);
    "distances/<network>/<loss>" (1001,), quantiles of its nearest distances, both ways, on all held-out views;
    with cars "lidar/partial" (k, M, 3) and "lidar/<network>/<loss>" (k, N, 3). All float16.
    "relative_cost" is the time of a training step over that with CD: median over `cost_steps` batches that all losses
    get in turn, each from the weights that it reached with the same seed.
    """
    return run_experiment(
        EXPERIMENT, settings, folder=folder, device=device, progress=progress, processes=processes
    )


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
    """Real airplanes on two CPU cores in half an hour: 256 points in, 32 and 512 out."""
    return replace(
        record(),
        test_shapes=96,
        n_partial=256,
        n_points=512,
        views=3,
        crops=3,
        test_crops=2,
        code_dim=128,
        points=((32, 64), (128,)),
        pcn_coarse=32,
        pcn_widths=(128, 128),
        pcn_fold=(64, 64),
        batch_size=8,
        learning_rate=3e-3,
        steps=1200,
        looks=12,
        curve_shapes=48,
        cost_steps=11,
    )


def live() -> Settings:
    """Synthetic shapes and four losses, small enough for less than a minute on a CPU core."""
    return replace(
        record_cpu(),
        losses=("CD", "HyperCD", "Landau CD", "CD sums"),
        seeds=(0, 1),
        data="families",
        families=("airplane", "chair", "lamp"),
        train_shapes=120,
        test_shapes=30,
        n_shape=1024,
        n_partial=128,
        n_points=256,
        views=2,
        crops=2,
        test_crops=1,
        code_dim=64,
        points=((32, 64), (64,)),
        pcn_coarse=16,
        steps=400,
        looks=8,
        curve_shapes=30,
        shown=3,
        cost_steps=5,
    )


def tiny() -> Settings:
    """Every part once, in seconds: for tests."""
    return replace(
        live(),
        losses=("CD", "EMD", "HyperCD", "CD sums"),
        train_shapes=6,
        test_shapes=3,
        n_shape=128,
        n_partial=16,
        n_points=64,
        views=1,
        crops=1,
        code_dim=8,
        points=((8,), ()),
        pcn_coarse=16,
        pcn_grid=2,
        pcn_widths=(8,),
        pcn_fold=(8,),
        batch_size=4,
        steps=4,
        looks=2,
        curve_shapes=2,
        shown=2,
        cost_steps=1,
    )


EXPERIMENT = completion_experiment(
    "completion-losses",
    "One completion network, sixteen losses to train it with (Landau CD, Table II and Figures 2a and 5).",
    version=1,
    presets={"live": live, "record": record, "record-cpu": record_cpu, "tiny": tiny},
)
