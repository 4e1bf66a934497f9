"""How well the codes of auto-encoders tell classes apart, by the loss they were trained with (CALoss, Table 2)."""

from __future__ import annotations

from functools import partial
from typing import Any

from pcl_lib.data import synthetic
from pcl_lib.experiments.learned_losses import codes_parts as parts
from pcl_lib.experiments.learned_losses.codes_settings import UNTRAINED, CodesSettings
from pcl_lib.experiments.learned_losses.sizes import RATES
from pcl_lib.experiments.runner.experiment import Experiment
from pcl_lib.experiments.runner.run import run_experiment

LOSSES = ("CD lengths", "EMD", "PCLoss", "CALoss")
FOLDING = ("CD lengths", "PCLoss", "CALoss")  # the paper has no EMD there
FAMILIES = synthetic.FAMILIES


def _with(*losses: str, folding: tuple[str, ...] = ()) -> dict[str, Any]:
    pairs = [("AE", loss) for loss in (*losses, UNTRAINED)] + [("Folding", loss) for loss in folding]
    return {"configurations": tuple(pairs), "rates": tuple((loss, RATES[loss]) for loss in losses)}


def record_cpu() -> CodesSettings:
    """All digits, ten seeds, the two losses that the claim is about: a quarter of an hour of one core."""
    return CodesSettings(**_with("CD lengths", "CALoss"))


def record_gpu() -> CodesSettings:
    """All losses on a GPU, with Folding too."""
    return CodesSettings(**_with(*LOSSES, folding=FOLDING))


def record_families() -> CodesSettings:
    """Synthetic families in three dimensions, three seeds."""
    return CodesSettings(
        **_with(*LOSSES),
        seeds=(0, 1, 2),
        data="families",
        families=FAMILIES,
        shapes=900,
        n_points=256,
        steps=2000,
    )


def tiny() -> CodesSettings:
    """Every part once, in seconds: for tests."""
    return CodesSettings(
        **_with(*LOSSES, folding=("CD lengths",)),
        seeds=(0, 1),
        shapes=120,
        n_points=32,
        code_dim=4,
        points=(8,),
        ae_widths=(8,),
        fold_widths=(8,),
        anchors=16,
        batch_size=8,
        steps=2,
        looks=1,
        folds=2,
        strengths=(0.1, 1.0),
        cost_steps=1,
    )


EXPERIMENT = Experiment(
    name="caloss-codes",
    title="How well codes tell classes apart, by the loss of their auto-encoder (CALoss, Table 2).",
    version=1,
    presets={
        "record-cpu": record_cpu,
        "record-families": record_families,
        "record-gpu": record_gpu,
        "tiny": tiny,
    },
    records={"record-gpu": "caloss-codes-gpu", "record-families": "caloss-codes-families"},
    origin=parts.origin,
    training=parts.training,
    method=parts.method,
    look=parts.look,
    measure=parts.measure,
    previews=parts.previews,
)
run = partial(run_experiment, EXPERIMENT)
