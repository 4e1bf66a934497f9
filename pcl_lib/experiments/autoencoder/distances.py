"""One auto-encoder, five distances to train it with: what the choice of the distance does (CALoss, Tables 1 and 4)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pcl_lib.experiments.autoencoder import build, data, evaluate
from pcl_lib.experiments.autoencoder.settings import Settings
from pcl_lib.experiments.runner.experiment import Experiment
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
    """Train each network with each loss and each seed, measure them on held-out shapes, and time the losses.

    Arguments and errors as in `run_experiment`. `previews` of the result: "truth" (k, N, 3), held-out shapes;
    "<network>/<loss>" (k, N, 3), what the first seed's network made of them; "<network>/steps" (steps, N, 3), what it
    made of the first of them after each of the logged steps of training with CD. All float16. "relative_cost" is the
    time of a training step over that with CD: median over `cost_steps` batches that all losses get in turn, each from
    the weights that it reached with the same seed.
    """
    return run_experiment(
        EXPERIMENT, settings, folder=folder, device=device, progress=progress, processes=processes
    )


def record() -> Settings:
    """The sizes of the paper, for a GPU."""
    return Settings()


def record_cpu() -> Settings:
    """Real airplanes on two CPU cores in well under an hour: 256 of their points, small networks, few steps.

    At 512 points a step of Folding with EMD takes 3 s in the beginning, when all its points lie close together.
    """
    return Settings(
        train_shapes=624,
        test_shapes=48,
        n_points=256,
        code_dim=64,
        points=(32, 64, 128),
        ae_widths=(128, 128),
        fold_widths=(64, 64),
        batch_size=8,
        learning_rate=2e-3,
        steps=1000,
        looks=8,
        curve_shapes=8,
        cost_steps=11,
        kd_leaf=32,
    )


def record_gpu() -> Settings:
    """Real airplanes of 512 points and the paper's networks in about five minutes on a GPU, most of them EMD's."""
    return Settings(train_shapes=624, n_points=512, learning_rate=1e-3, steps=1000, looks=4, kd_leaf=64)


def live() -> Settings:
    """Synthetic airplanes, chairs and tables, small enough for about a minute on two CPU cores."""
    return replace(
        record_cpu(),
        seeds=(0, 1),
        data="families",
        families=("airplane", "chair", "table"),
        train_shapes=192,
        test_shapes=24,
        code_dim=32,
        points=(32, 64),
        ae_widths=(128,),
        fold_widths=(48, 48),
        learning_rate=5e-3,
        steps=64,
        curve_shapes=6,
        cost_steps=3,
    )


def tiny() -> Settings:
    """Every part once, in seconds: for tests."""
    return replace(
        live(),
        train_shapes=12,
        test_shapes=3,
        n_points=64,
        code_dim=4,
        points=(8,),
        ae_widths=(8,),
        fold_widths=(8,),
        batch_size=4,
        steps=4,
        looks=2,
        curve_shapes=2,
        shown=2,
        cost_steps=1,
        kd_leaf=16,
        mcd_sizes=(4, 8),
        mcd_centres=8,
    )


EXPERIMENT = Experiment(
    name="autoencoder-distances",
    title="One auto-encoder, five distances to train it with (CALoss, Tables 1 and 4).",
    version=1,
    presets={
        "live": live,
        "record": record,
        "record-cpu": record_cpu,
        "record-gpu": record_gpu,
        "tiny": tiny,
    },
    records={"record-gpu": "autoencoder-distances-gpu"},
    origin=data.origin,
    training=data.training,
    method=build.method,
    look=evaluate.look,
    measure=evaluate.measure,
    previews=evaluate.previews,
)
