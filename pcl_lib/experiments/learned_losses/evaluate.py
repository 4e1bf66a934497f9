"""What an auto-encoder is worth: metrics of reconstructions of held-out shapes, each a mean over shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.distances import chamfer, emd
from pcl_lib.experiments.learned_losses.data import shapes
from pcl_lib.experiments.learned_losses.settings import METRICS, Settings
from pcl_lib.experiments.runner.evaluation import evaluated
from pcl_lib.experiments.runner.experiment import Measured, Run
from pcl_lib.experiments.runner.npz import Arrays, preview
from pcl_lib.metrics import half_sum_hausdorff, mcd, uniformity
from pcl_lib.neighbors import knn

_TOGETHER = 64  # clouds that go through the network at once


def metrics(settings: Settings, made: Tensor, truth: Tensor, names: Sequence[str]) -> dict[str, float]:
    """The named metrics of reconstructions (B, N, 3): squared lengths for CD, MCD and HD, lengths for the others.

    "CD lengths" is the mean of both directions. EMD and uniformity go from cloud to cloud, so they take the first few
    shapes, on a CPU.
    """
    few = settings.costly_shapes
    functions: dict[str, Callable[[], Tensor]] = {
        "MCD": lambda: mcd(made, truth, sizes=settings.mcd_sizes, centres=settings.mcd_centres),
        "HD": lambda: half_sum_hausdorff(made, truth),
        "CD lengths": lambda: chamfer(made, truth, squared=False, combine="mean"),
        "CD": lambda: chamfer(made, truth),
        "EMD": lambda: emd(made[:few].cpu(), truth[:few].cpu()).value,
        "uniformity": lambda: unevenness(made[:few].cpu(), truth[:few].cpu(), settings.disks),
    }
    return {name: float(functions[name]().double().mean()) for name in names}


def surface(truth: Float[Tensor, "b n 3"]) -> Float[Tensor, "b"]:
    """The area of the surface that each cloud was drawn from, by the mean distance d to the next point: 4 N d^2.

    That is what evenly random points of a plane have. A cloud of a curved or thin shape is given too little, equally
    for all reconstructions that are compared on it.
    """
    spacing = knn(truth, truth, 2).sq_dist[..., 1].sqrt().mean(-1)
    return 4 * truth.shape[1] * spacing.square()


def unevenness(
    made: Float[Tensor, "b n 3"], truth: Float[Tensor, "b n 3"], disks: Sequence[float]
) -> Float[Tensor, "b"]:
    """PU-GAN's uniformity of each reconstruction on the surface of its truth, the mean over the sizes of disks."""
    areas = surface(truth).tolist()
    return torch.stack(
        [uniformity(cloud, area=a, percentages=disks).mean() for cloud, a in zip(made, areas, strict=True)]
    )


def look(settings: Settings, modules: Mapping[str, nn.Module]) -> Arrays:
    """The measure of the curves, and the first shape as the network makes it now."""
    network = modules["model"]
    some = _held_out(settings, network)[: settings.curve_shapes]
    made = evaluated(network, some, together=_TOGETHER)
    value = metrics(settings, made, some, [settings.curve_measure])[settings.curve_measure]
    return {"value": np.array(value), "made": preview(made[0])}


def measure(settings: Settings, modules: Mapping[str, nn.Module]) -> Measured:
    network = modules["model"]
    held_out = _held_out(settings, network)
    made = evaluated(network, held_out, together=_TOGETHER)
    return Measured(
        metrics(settings, made, held_out, METRICS),
        {"shown": preview(made[: settings.shown]), "compared": preview(made[: settings.compared])},
    )


def previews(settings: Settings, arrays: Mapping[Run, Arrays]) -> Arrays:
    """ "truth" (k, N, 3); "<network>/<loss>" (k, N, 3), what the first seed's network made of them;
    "<network>/<loss>/steps" (looks, N, 3), the first of them over training; "apart" (R, R), how far apart the outputs
    of two runs are, in the order of the runs: mean CD lengths over the first shapes."""
    first = settings.seeds[0]
    found = {"truth": preview(shapes(settings).test[: settings.shown])}
    for configuration in settings.configurations:
        name = "/".join(configuration)
        found[name] = arrays[Run(configuration, first)]["shown"]
        found[f"{name}/steps"] = arrays[Run(configuration, first)]["steps"]
    return found | {"apart": _apart([torch.from_numpy(of["compared"]).float() for of in arrays.values()])}


def _apart(outputs: Sequence[Tensor]) -> np.ndarray:
    table = np.zeros((len(outputs), len(outputs)), dtype=np.float32)
    for (i, one), (j, other) in combinations(enumerate(outputs), 2):
        table[i, j] = table[j, i] = float(chamfer(one, other, squared=False, combine="mean").mean())
    return table


def _held_out(settings: Settings, network: nn.Module) -> Tensor:
    return shapes(settings).test.to(next(network.parameters()).device)
