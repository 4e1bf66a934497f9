"""What the experiments on completion have in common: all but their names and presets."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pcl_lib.experiments.completion import build, data, evaluate
from pcl_lib.experiments.completion.settings import Settings
from pcl_lib.experiments.runner.experiment import Experiment


def completion_experiment(
    name: str, title: str, version: int, presets: Mapping[str, Callable[[], Settings]]
) -> Experiment[Settings]:
    """An experiment that trains completion networks, of that name and with those presets.

    It trains each network with each loss and each seed, measures what it completes, and times the losses.

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
        records={"record-gpu": f"{name}-gpu"},
    )
