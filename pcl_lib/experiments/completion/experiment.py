"""What the experiments on completion have in common: all but their names and presets."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pcl_lib.experiments.completion import build, data, evaluate
from pcl_lib.experiments.completion.settings import Settings
from pcl_lib.experiments.runner.experiment import Experiment


def completion_experiment(
    name: str, title: str, version: int, presets: Mapping[str, Callable[[], Settings]]
) -> Experiment[Settings]:
    """An experiment that trains completion networks, of that name and with those presets."""
    return Experiment(
        name=name,
        title=title,
        version=version,
        presets=presets,
        origin=data.origin,
        training=data.training,
        method=build.method,
        look=evaluate.look,
        measure=evaluate.measure,
        previews=evaluate.previews,
    )
