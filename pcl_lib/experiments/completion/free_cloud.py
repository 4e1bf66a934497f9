"""Points without a network that slide down a loss towards a digit: where they end, and what outliers do to them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from pcl_lib._seeded import seeded
from pcl_lib.neighbors import nearest

Loss = Callable[[Tensor, Tensor], Tensor]

STRAYED = 0.2  # a point that ends farther than this from the digit has left it


@dataclass(frozen=True)
class Ended:
    """Where a free cloud ended: its points, and what became of them."""

    points: Tensor  # (N, 2)
    serve: float  # per cent of them that are some true point's nearest neighbour
    crowd: int  # the most of them that share one true point
    lured: float  # per cent of them that left the digit


def far_outside(seed: int, k: int = 8) -> Tensor:
    """`k` outliers on a ring between 2.5 and 3 around a digit of radius one, (k, 2)."""
    angle, radius = torch.rand(2, k, generator=seeded(100 + seed))
    angle, radius = 2 * math.pi * angle, 2.5 + 0.5 * radius
    return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)


def settle(
    loss: Loss,
    digit: Tensor,
    *,
    seed: int,
    outliers: bool = False,
    divided_by: float = 1.0,
    steps: int = 300,
    rate: float = 0.02,
) -> Ended:
    """As many points as the digit has slide down `loss(points, truth)`, each step a little shorter.

    They start spread over the square [-1, 1]. The gradient is divided by `divided_by`: by the gradient weight of a
    loss at zero, and losses of different scale take the same step.

    >>> from pcl_lib.data import digits
    >>> from pcl_lib.distances import chamfer
    >>> end = settle(chamfer, digits.example("3", 64).points, seed=0, steps=20)
    >>> end.points.shape, 0 < end.serve <= 100
    (torch.Size([64, 2]), True)
    """
    truth = torch.cat([digit, far_outside(seed).to(digit)]) if outliers else digit
    n = len(digit)
    points = 2 * torch.rand(n, 2, generator=seeded(seed)) - 1
    for step in range(steps):
        points.requires_grad_(True)
        (gradient,) = torch.autograd.grad(loss(points, truth), points)
        points = points.detach() - rate * (1 - step / steps) * n / divided_by * gradient
    to_digit = nearest(points, digit)
    return Ended(
        points,
        100 * nearest(digit, points).index.unique().numel() / n,
        int(torch.bincount(to_digit.index).max()),
        100 * (to_digit.sq_dist.sqrt() > STRAYED).float().mean().item(),
    )


def settle_each(
    loss: Loss, digit: Tensor, *, seeds: Iterable[int], divided_by: float = 1.0
) -> dict[bool, list[Ended]]:
    """`settle` from each seed, without outliers and with them."""
    return {
        outliers: [settle(loss, digit, seed=seed, outliers=outliers, divided_by=divided_by) for seed in seeds]
        for outliers in (False, True)
    }
