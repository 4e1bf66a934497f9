"""What the experiments of NeuralQAAD have in common: all but their names and presets."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pcl_lib.experiments.neuralqaad import build, data, evaluate
from pcl_lib.experiments.neuralqaad.settings import QaadSettings
from pcl_lib.experiments.runner.experiment import Experiment


def qaad_experiment(
    name: str,
    title: str,
    *,
    presets: Mapping[str, Callable[[], QaadSettings]],
    records: Mapping[str, str],
    version: int = 1,
) -> Experiment[QaadSettings]:
    """An experiment that compresses sets of clouds by each of its rows, of that name and with those presets.

    Metrics of the rows, means over whole clouds of the set, in the source's unit and, with " %" after the name, in per
    cent of the mean distance to the mean shape: "EM-kD"; "EM-kD, leaves of 1,024", of a few; "to the true place";
    "error at seams" and "error inside", the distance from a place to the nearest made point where the two nearest are
    of two patches and elsewhere; "input cloud away", the distance of the trained input cloud to the nearest cloud of
    the set (a mean of lengths, both ways). "E(A)", without a unit, of rows with an assignment. Not every row has all.
    The curves are of the EM-kD in per cent.
    """
    return Experiment(
        name=name,
        title=title,
        version=version,
        presets=presets,
        records=records,
        origin=data.origin,
        training=data.training,
        method=build.method,
        look=evaluate.look,
        measure=evaluate.measure,
        previews=evaluate.previews,
    )
