"""Points without a network slide down each loss towards the same shapes (CALoss, Tables 5 to 8, Figures 4 and 6)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pcl_lib.experiments.learned_losses import free_build, free_evaluate
from pcl_lib.experiments.learned_losses.free_settings import Settings
from pcl_lib.experiments.runner.experiment import Experiment
from pcl_lib.experiments.runner.run import run_experiment


def record_gpu() -> Settings:
    """Sixteen shapes of 256 points, all rows, to rest: for a GPU."""
    return Settings()


def record_cpu() -> Settings:
    """The same for as long as the paper's Figure 4 shows: about 25 minutes of one quiet core."""
    return replace(record_gpu(), steps=600)


def live() -> Settings:
    """Eight chairs and lamps under four losses, for half a minute on two CPU cores; PCLoss alone takes as long."""
    return replace(
        record_cpu(),
        losses=("CD squares", "CD lengths", "EMD", "CALoss"),
        seeds=(0,),
        families=("chair", "lamp"),
        shown=2,
        cost_steps=0,
    )


def tiny() -> Settings:
    """Every kind of row once, in seconds: for tests."""
    return replace(
        live(),
        losses=("CD squares", "EMD", "PCLoss", "CALoss", "L_p alone", "pooling max", "pre-trained CALoss"),
        seeds=(0, 1),
        per_family=1,
        n_points=128,  # as many as PCLoss has anchors
        steps=6,
        path_steps=4,
        path_every=2,
        late_looks=1,
        mcd_sizes=(4, 8),
        mcd_centres=8,
        cost_steps=1,
    )


EXPERIMENT = Experiment(
    name="caloss-free-clouds",
    title="Points without a network under each loss, and CALoss without each of its parts (CALoss, Tables 5 to 8).",
    version=1,
    presets={"live": live, "record-cpu": record_cpu, "record-gpu": record_gpu, "tiny": tiny},
    origin=free_build.origin,
    training=free_build.training,
    method=free_build.method,
    look=free_evaluate.look,
    measure=free_evaluate.measure,
    previews=free_evaluate.previews,
    records={"record-gpu": "caloss-free-clouds-gpu"},
)
# Of (settings, folder=, device=, progress=, processes=), as in `run_experiment`. `previews` of the result: "truth" and
# "start" (k, N, 3); for each loss "<loss>/final" (k, N, 3) and "<loss>/path" (looks, N, 3), the first shape while
# `path_steps` last, both of the first seed and float16; "<loss>/shapes" (seeds, metrics, S), `METRICS` of each shape;
# "<loss>/EMD" (seeds, looks, S); "<loss>/moved" (seeds, looks), the mean length of a step since the look before; with
# CALoss "<loss>/sizes" (seeds, 2, 2), before and after training: norm of the truths' representations, and distance.
run = partial(run_experiment, EXPERIMENT)
