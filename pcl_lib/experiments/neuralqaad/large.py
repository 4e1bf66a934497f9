"""The rows of Table 1 that the claim rests on, at a size that needs a GPU (NeuralQAAD, Table 1)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pcl_lib.experiments.neuralqaad.experiment import qaad_experiment
from pcl_lib.experiments.neuralqaad.published import ATLAS, CHAMFER, GREEDY, OURS
from pcl_lib.experiments.neuralqaad.settings import TRUE, QaadSettings
from pcl_lib.experiments.neuralqaad.sizes import TINY
from pcl_lib.experiments.runner.run import run_experiment

ROWS = (ATLAS, CHAMFER, GREEDY, OURS, TRUE)


def record() -> QaadSettings:
    """256 faces of 32,768 points, 128 patches, codes of 64: one seed, five rows side by side on one GPU."""
    return QaadSettings(
        rows=ROWS,
        sets=("faces",),
        seeds=(0,),
        shapes=256,
        cloud_points=32_768,
        code_dim=64,
        patches=128,
        batch_size=16,
        step_points=4096,
        steps=4000,
    )


def record_seeds() -> QaadSettings:
    """The same for three seeds and a fourth of the steps, so that there is a spread."""
    return replace(record(), seeds=(0, 1, 2), steps=1000)


def tiny() -> QaadSettings:
    """Every part once, in seconds: for tests."""
    return QaadSettings(**{**TINY, "rows": ROWS, "seeds": (0,)})


EXPERIMENT = qaad_experiment(
    "neuralqaad-large",
    "The rows of Table 1 that the claim rests on, at a size that needs a GPU (NeuralQAAD, Table 1).",
    presets={"record": record, "record-seeds": record_seeds, "tiny": tiny},
    records={"record-seeds": "neuralqaad-large-seeds"},
)
run = partial(run_experiment, EXPERIMENT)
