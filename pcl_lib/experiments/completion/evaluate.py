"""What a completion network is worth: the columns of the tables of the completion papers, on held-out shapes."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.distances import f_score
from pcl_lib.experiments.completion.data import load_pairs
from pcl_lib.experiments.completion.settings import Settings
from pcl_lib.experiments.runner.evaluation import evaluated
from pcl_lib.experiments.runner.experiment import Measured, Run
from pcl_lib.experiments.runner.npz import Arrays, preview
from pcl_lib.metrics import cd_l1, cd_l2, f1_at_1_percent, fidelity, kitti_mmd
from pcl_lib.neighbors import nearest_each_way

QUANTILES = 1001
BENCHMARK_POINTS = 16_384  # of PCN, for which the threshold of F1 was chosen
_F1 = 0.01
_SCALE = 1000.0  # Fidelity and MMD are squared and x1000, as tables since PoinTr show them
_TOGETHER = 16  # clouds that go through the network at once


def complete(network: nn.Module, partial: Float[Tensor, "b m 3"]) -> Float[Tensor, "b n 3"]:
    """The completions, the last stages, in evaluation, on the device of the network.

    It is in training mode again afterwards.
    """
    return evaluated(network, partial, together=_TOGETHER, output=lambda stages: stages[-1])


def spread(items: Tensor, count: int) -> Tensor:
    """So many of the items, evenly spread over them: of families in equal numbers, as many of each.

    >>> spread(torch.arange(10), 5).tolist()
    [0, 2, 4, 6, 8]
    """
    count = min(count, len(items))
    return items[[len(items) * k // count for k in range(count)]]


def equal_density_f1(settings: Settings, made: Tensor, truth: Tensor) -> Tensor:
    """F1 at 0.01 widened as the spacing of the points is: by sqrt(16,384 / n_points)."""
    return f_score(made, truth, _F1 * math.sqrt(BENCHMARK_POINTS / settings.n_points)).f


def look(settings: Settings, modules: Mapping[str, nn.Module]) -> Arrays:
    """CD-L1 of some held-out views, and the first shape shown as the network makes it now."""
    network, views = modules["model"], load_pairs(settings).views
    made = complete(network, spread(views.partial, settings.curve_shapes))
    value = cd_l1(made, spread(views.complete, settings.curve_shapes).to(made.device)).double().mean()
    first = complete(network, spread(views.partial, settings.shown)[:1])
    return {"value": np.array(float(value)), "made": preview(first[0])}


def measure(settings: Settings, modules: Mapping[str, nn.Module]) -> Measured:
    """Metrics of held-out views, crops and scans, and what previews are made of."""
    network, data = modules["model"], load_pairs(settings)
    made = complete(network, data.views.partial)
    truth = data.views.complete.to(made.device)
    each = cd_l1(made, truth).double().cpu()
    found = {"CD-L1": each.mean(), **_scores(settings, made, truth)}
    for category in dict.fromkeys(data.categories):
        among = torch.tensor([name == category for name in data.categories], device="cpu")
        found[f"CD-L1 {category}"] = each[among].mean()
    for difficulty, pairs in data.crops.items():
        scores = _scores(settings, complete(network, pairs.partial), pairs.complete.to(made.device))
        found |= {f"{name} {difficulty}": value for name, value in scores.items()}
    arrays = {
        "shown": preview(spread(made, settings.shown)),
        "distances": _quantiles(made, truth),
    }
    if len(data.scans):
        scans, of_training = data.scans.to(made.device), data.cars.to(made.device)
        cars = complete(network, scans)
        found["Fidelity"] = fidelity(scans, cars, squared=True, scale=_SCALE).double().mean()
        found["MMD"] = kitti_mmd(cars, of_training, squared=True, scale=_SCALE).double().mean()
        arrays["lidar"] = preview(spread(cars, settings.shown))
    return Measured({name: float(value) for name, value in found.items()}, arrays)


def previews(settings: Settings, arrays: Mapping[Run, Arrays]) -> Arrays:
    data, first = load_pairs(settings), settings.seeds[0]
    found = {
        "truth": preview(spread(data.views.complete, settings.shown)),
        "partial": preview(spread(data.views.partial, settings.shown)),
    }
    if len(data.scans):
        found["lidar/partial"] = preview(spread(data.scans, settings.shown))
    followed = "HyperCD" if "HyperCD" in settings.losses else "CD"
    for network in settings.networks:
        for loss in settings.losses:
            of = arrays[Run((network, loss), first)]
            found[f"{network}/{loss}"] = of["shown"]
            found[f"distances/{network}/{loss}"] = of["distances"]
            if "lidar" in of:
                found[f"lidar/{network}/{loss}"] = of["lidar"]
        found[f"{network}/steps"] = arrays[Run((network, followed), first)]["steps"]
    return found


def _scores(settings: Settings, made: Tensor, truth: Tensor) -> dict[str, Tensor]:
    return {
        "CD-L2": cd_l2(made, truth).double().mean(),
        "F1": f1_at_1_percent(made, truth).double().mean(),
        "F1 at equal density": equal_density_f1(settings, made, truth).double().mean(),
    }


def _quantiles(made: Tensor, truth: Tensor) -> np.ndarray:
    """Evenly spaced quantiles of all nearest distances, both ways, as float16."""
    ways = nearest_each_way(made, truth)
    lengths = torch.cat([way.sq_dist.flatten() for way in ways]).sqrt().cpu().numpy()
    return np.quantile(lengths, np.linspace(0, 1, QUANTILES)).astype(np.float16)
