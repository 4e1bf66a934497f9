"""Why CALoss leaves the points of a completion network's last stage together: small trainings."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from pcl_lib.data import stack, synthetic, view_pairs
from pcl_lib.distances import chamfer
from pcl_lib.losses import CALoss
from pcl_lib.models import PCN, PointTable
from pcl_lib.neighbors import farthest_points
from pcl_lib.trainers import FreeClouds, LearnedLoss, Method, ShapeCompletion, fit

GROUP = 16  # points that PCN makes of one coarse point
OWN_RATE = 3e-3  # of CALoss


class Traced(NamedTuple):
    """By step: norms of the `early` and the `last` stage's gradient in the network's weights, `spread` of a group."""

    early: Tensor
    last: Tensor
    spread: Tensor


def spread(points: Tensor, size: int = GROUP) -> float:
    """Root mean square distance of points (B, N, 3) from the mean of their group of `size`, which follow each other."""
    groups = points.detach().unflatten(1, (-1, size))
    return float((groups - groups.mean(2, keepdim=True)).square().sum(-1).mean().sqrt())


def lengths(made: Tensor, truth: Tensor) -> Tensor:
    """The mean of both Chamfer means of lengths."""
    return chamfer(made, truth, squared=False, combine="mean")


def freed(*, learned: bool, shapes: int = 4, steps: int = 300) -> tuple[float, float]:
    """The spread of free points that begin almost together, sixteen in each place, and where they come to rest.

    They follow CALoss if `learned`, else the Chamfer distance of lengths.
    """
    whole = torch.stack([synthetic.sample("chair", 256, seed=s).points for s in range(shapes)])
    coarse = whole.take_along_dim(farthest_points(whole, 256 // GROUP)[..., None], 1)
    drawn = torch.randn(whole.shape, generator=torch.Generator().manual_seed(0))
    start = coarse.repeat_interleave(GROUP, 1) + 0.001 * drawn
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        table, own = PointTable(start), CALoss()
        optimizer = torch.optim.Adam(table.parameters(), lr=0.01)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        task = FreeClouds(table, own if learned else lengths, optimizer, schedule)
        method: Method = task
        if learned:
            method = LearnedLoss(task, own, torch.optim.Adam(own.parameters(), lr=OWN_RATE))
        fit(method, whole, batch_size=shapes, steps=steps, seed=0, progress=False)
    return spread(start), spread(table.points)


def small_pcn(weight: float = 1.0, extent: float = 0.05, *, steps: int = 150) -> Traced:
    """A PCN of 256 points completes 32 chairs, its last stage under CALoss with a weight.

    - `extent`: half the side of the square from which the points of a coarse point are made.
    """
    whole = stack(synthetic.dataset(["chair"], 32, n_points=512))
    seen = view_pairs(whole, views=1, n_partial=128, n_complete=256)
    found: list[tuple[float, float, float]] = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = PCN(64, 16, points=((32, 64), (64,)), widths=(128,), fold=(64, 64), extent=extent)
        own = CALoss()

        def staged(stages: tuple[Tensor, ...], _: Tensor, truth: Tensor, __: int) -> Tensor:
            early, last = lengths(stages[0], truth), weight * own(stages[1], truth)
            found.append((_norm(early, model), _norm(last, model), spread(stages[1])))
            return early + last

        task = ShapeCompletion(model, staged, torch.optim.Adam(model.parameters(), lr=3e-3))
        method = LearnedLoss(task, own, torch.optim.Adam(own.parameters(), lr=OWN_RATE))
        data = TensorDataset(seen.partial, seen.complete)
        fit(method, data, batch_size=8, steps=steps, seed=0, progress=False)
    return Traced(*torch.tensor(found).T)


def _norm(loss: Tensor, network: nn.Module) -> float:
    """Of the gradient of the mean loss in the weights of a network."""
    slopes = torch.autograd.grad(
        loss.mean(), list(network.parameters()), retain_graph=True, allow_unused=True
    )
    return float(torch.cat([slope.flatten() for slope in slopes if slope is not None]).norm())


def at_the_end(values: Tensor) -> float:
    """Median of the last twenty steps."""
    return float(values[-20:].median())
