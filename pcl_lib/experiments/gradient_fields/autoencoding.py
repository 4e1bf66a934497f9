"""Auto-encoding by a gradient field, l-GAN and AtlasNet in equal seconds (ShapeGF, Table 1, Fig. 7)."""

from __future__ import annotations

from functools import partial

from pcl_lib.experiments.gradient_fields import build, data, evaluate
from pcl_lib.experiments.gradient_fields.settings import FieldSettings
from pcl_lib.experiments.gradient_fields.sizes import AIRPLANES, CHAIRS, DIGITS, ON_GPU, PAPER, RATES, TINY
from pcl_lib.experiments.runner.experiment import Experiment
from pcl_lib.experiments.runner.run import run_experiment


def record_cpu() -> FieldSettings:
    """All 1,442 digits, three seeds: a run takes about two and a half minutes of one core."""
    return FieldSettings(rates=RATES["digits"], **DIGITS)


def record_cpu_chairs() -> FieldSettings:
    """500 synthetic chairs at 512 points, three seeds: a run takes about two and a half minutes of one core."""
    return FieldSettings(rates=RATES["chairs"], **CHAIRS)


def record_cpu_airplanes() -> FieldSettings:
    """The airplanes of ModelNet40, 1,024 points given and 1,024 to be held against."""
    return FieldSettings(rates=RATES["chairs"], **AIRPLANES)


def record_gpu() -> FieldSettings:
    """The digits with wider networks and four times the shapes in a step, a hundred seconds of a GPU for each run."""
    return FieldSettings(rates=RATES["digits"], **{**DIGITS, **ON_GPU, "seconds": 100.0})


def record_gpu_chairs() -> FieldSettings:
    """The chairs likewise."""
    return FieldSettings(rates=RATES["chairs"], **{**CHAIRS, **ON_GPU})


def record() -> FieldSettings:
    """The paper's sizes on 2,000 synthetic chairs, for a GPU: ten minutes for each model, one seed."""
    return FieldSettings(rates=RATES["paper"], **PAPER)


def tiny() -> FieldSettings:
    """Every part once, in seconds: for tests."""
    return FieldSettings(rates=RATES["digits"], **TINY)


EXPERIMENT = Experiment(
    name="field-autoencoding",
    title="Auto-encoding by a gradient field, l-GAN and AtlasNet in equal seconds (ShapeGF, Table 1, Fig. 7).",
    version=1,
    presets={
        "record": record,
        "record-cpu": record_cpu,
        "record-cpu-airplanes": record_cpu_airplanes,
        "record-cpu-chairs": record_cpu_chairs,
        "record-gpu": record_gpu,
        "record-gpu-chairs": record_gpu_chairs,
        "tiny": tiny,
    },
    records={
        "record": "field-autoencoding-size",
        "record-cpu-airplanes": "field-autoencoding-airplanes",
        "record-cpu-chairs": "field-autoencoding-chairs",
        "record-gpu": "field-autoencoding-gpu",
        "record-gpu-chairs": "field-autoencoding-chairs-gpu",
    },
    origin=data.origin,
    training=data.training,
    method=build.method,
    look=evaluate.look,
    measure=evaluate.measure,
    previews=evaluate.previews,
)
run = partial(run_experiment, EXPERIMENT)
