"""The shapes, where their points start, the losses by name, and what moves the points."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from jaxtyping import Bool, Float
from lightning_fabric import Fabric
from torch import Tensor, nn

from pcl_lib.data import stack, synthetic
from pcl_lib.data.transforms import unit_sphere
from pcl_lib.distances import auction, chamfer, dcd, sinkhorn
from pcl_lib.experiments.learned_losses.free_settings import (
    ABLATIONS,
    CLOSED_FORMS,
    FULL,
    PRE_TRAINED,
    Settings,
)
from pcl_lib.experiments.runner.experiment import Origin, Run
from pcl_lib.losses import CALoss, PCLoss
from pcl_lib.models import PointTable
from pcl_lib.trainers import FreeClouds, LearnedLoss, Method, fit

# Parts by which the paper's pictures judge a loss: legs and stands.
THIN = ("leg", "arm", "stem", "handle")
# The shapes that are measured, and the others on which the frozen CALoss was trained.
SHAPES, OTHER_SHAPES = 0, 1


class Shapes(NamedTuple):
    """Truths `clouds` (S, N, 3) in the unit ball, which of their points are of a `thin` part, and their `areas`."""

    clouds: Float[Tensor, "s n d"]
    thin: Bool[Tensor, "s n"]
    areas: tuple[float, ...]


@lru_cache(maxsize=4)
def shapes(settings: Settings, which: int = SHAPES) -> Shapes:
    """Synthetic shapes with thin parts, made once per process.

    Errors: `ValueError` for a shape with no point on a thin part.
    """
    wanted = [
        (family, 1_000_000 * which + i) for family in settings.families for i in range(settings.per_family)
    ]
    made = [synthetic.sample(family, settings.n_points, seed=seed) for family, seed in wanted]
    normal = unit_sphere(stack(made))
    thin, areas = [], []
    for (family, seed), cloud, scale in zip(wanted, made, normal.scale, strict=True):
        numbers = [k for k, part in enumerate(synthetic.parts(family)) if part in THIN]
        labels: Any = cloud.labels
        thin.append(torch.isin(labels, torch.tensor(numbers, dtype=torch.int64)))
        if not thin[-1].any():
            raise ValueError(
                f"each shape must have points on a thin part ({', '.join(THIN)}), received {cloud.name} without; "
                "take more points, or another family"
            )
        areas.append(float(synthetic.mesh(family, seed=seed).area / scale.item() ** 2))
    return Shapes(normal.points.float(), torch.stack(thin), tuple(areas))


def origin(settings: Settings) -> Origin:
    digest = hashlib.sha256(shapes(settings).clouds.numpy().tobytes())
    return Origin(f"synthetic families {', '.join(settings.families)}, in the unit ball", digest.hexdigest())


def training(settings: Settings, device: torch.device) -> Tensor:
    return shapes(settings).clouds.to(device)


def closed_form(settings: Settings, name: str) -> Callable[[Tensor, Tensor], Tensor]:
    """The distance of that name: of (points, truth), a value per cloud."""
    functions: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "CD squares": chamfer,
        "CD lengths": lambda y, x: chamfer(y, x, squared=False),
        "EMD": lambda y, x: auction(y, x).value,
        "Sinkhorn": lambda y, x: sinkhorn(y, x, blur=settings.blur, scaling=settings.scaling),
        "DCD": lambda y, x: dcd(y, x, alpha=200, n_lambda=0.5, form="released"),
    }
    return functions[name]


def learned(name: str, seed: int) -> nn.Module:
    """The learned loss of that name with the weights of a seed; the caller's random numbers stay as they were."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return PCLoss() if name == "PCLoss" else CALoss(**ABLATIONS.get(name, {}))


def method(settings: Settings, run: Run, device: torch.device) -> Method:
    (name,) = run.configuration
    if name in CLOSED_FORMS:
        return _free(settings, run.seed, closed_form(settings, name), device)
    if name == PRE_TRAINED:
        frozen = learned(FULL, run.seed)
        frozen.load_state_dict(pre_trained(settings, run.seed))
        return _free(settings, run.seed, frozen.to(device).requires_grad_(False), device)
    return _by_turns(settings, name, run.seed, device)


@lru_cache(maxsize=8)
def pre_trained(settings: Settings, seed: int) -> dict[str, Any]:
    """The weights of CALoss after it was trained, for as many steps, against free clouds of other shapes."""
    cpu = torch.device("cpu")
    trained = _by_turns(settings, FULL, seed, cpu)
    fit(
        trained,
        shapes(settings, OTHER_SHAPES).clouds,
        batch_size=settings.batch_size,
        steps=settings.steps,
        seed=seed,
        progress=False,
        fabric=Fabric(accelerator="cpu", devices=1),
    )
    return {name: value.clone() for name, value in trained.modules["loss"].state_dict().items()}


def start(settings: Settings, seed: int) -> PointTable:
    """Where the points of each shape start: uniform in the box, the same for every loss."""
    return PointTable.uniform(settings.batch_size, settings.n_points, seed=seed)


def _free(
    settings: Settings, seed: int, loss: Callable[[Tensor, Tensor], Tensor], device: torch.device
) -> FreeClouds:
    table = start(settings, seed).to(device)
    optimizer = torch.optim.Adam(table.parameters(), lr=settings.rate)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=settings.steps)
    return FreeClouds(table, loss, optimizer, scheduler)


def _by_turns(settings: Settings, name: str, seed: int, device: torch.device) -> LearnedLoss:
    loss = learned(name, seed).to(device)
    rate = settings.pcloss_rate if name == "PCLoss" else settings.own_rate
    task: Any = _free(settings, seed, loss, device)
    return LearnedLoss(task, loss, torch.optim.Adam(loss.parameters(), lr=rate))
