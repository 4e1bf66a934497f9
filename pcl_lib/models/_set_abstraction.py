"""Set abstraction: a cloud becomes fewer points, each with features of its neighbourhood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from pcl_lib._checks import check_integer, check_positive
from pcl_lib.models._mlp import MLP
from pcl_lib.neighbors import farthest_points, knn
from pcl_lib.neighbors.building_blocks import take


class Scale(NamedTuple):
    """One neighbourhood size: at most `neighbors` points within `radius`, through an MLP of `widths`."""

    radius: float
    neighbors: int
    widths: tuple[int, ...]


class AbstractionStage(NamedTuple):
    """One set abstraction: the number of `centres`, and one `Scale` (single-scale) or several (multi-scale)."""

    centres: int
    scales: tuple[Scale, ...]


class SetAbstraction(nn.Module):
    r"""Centres of a cloud by farthest-point sampling, and for each the maximum over its neighbours of an MLP.

    .. math:: f'_c = \max_{j \in N(c)} h\bigl( x_j - x_c,\; f_j \bigr)

    N(c) are the nearest points, at most `Scale.neighbors` of them, that lie within `Scale.radius`; a ball with fewer
    points is filled up with its nearest, which does not change the maximum. With several scales the features are
    joined. `norm` and `slope` are those of the MLPs; `centres`, in a call, takes the place of the stage's number of
    centres.

    Shapes: x (B, N, dim), features (B, N, C) or None where C = 0, to centres (B, M, dim) and features (B, M, sum of
    last widths), M = min(centres, N): a cloud with fewer points keeps them all.
    Unlike the released code, which samples from the first point on and keeps the first points found in a ball, the
    result does not depend on the order of the points: sampling starts at the point farthest from the mean.
    Gradient: to x and features, with the neighbourhoods held fixed.
    Cost: O(N M) for the centres, one nearest-neighbour search, O(M neighbors) rows through each MLP.
    Reference: qi2017pointnet2.

    >>> stage = SetAbstraction(AbstractionStage(16, (Scale(0.2, 8, (32, 64)),)))
    >>> centres, features = stage(torch.rand(2, 100, 3))
    >>> centres.shape, features.shape
    (torch.Size([2, 16, 3]), torch.Size([2, 16, 64]))
    """

    def __init__(
        self,
        stage: AbstractionStage,
        features: int = 0,
        *,
        dim: int = 3,
        norm: bool = True,
        slope: float = 0.0,
    ) -> None:
        super().__init__()
        _check_stage(stage)
        self.stage = stage
        self.mlps = nn.ModuleList(
            MLP(dim + features, scale.widths, norm=norm, slope=slope) for scale in stage.scales
        )
        self.width = sum(scale.widths[-1] for scale in stage.scales)

    def forward(
        self,
        x: Float[Tensor, "b n d"],
        features: Float[Tensor, "b n c"] | None = None,
        *,
        centres: int | None = None,
    ) -> tuple[Float[Tensor, "b m d"], Float[Tensor, "b m f"]]:
        n = x.shape[1]
        chosen = spread_points(x, min(centres or self.stage.centres, n))
        middle = take(x, chosen[..., None])[:, :, 0]
        found = knn(middle.detach(), x.detach(), min(n, max(s.neighbors for s in self.stage.scales)))
        pooled = []
        for scale, mlp in zip(self.stage.scales, self.mlps, strict=True):
            index = found.index[..., : scale.neighbors]
            near = found.sq_dist[..., : scale.neighbors] <= scale.radius**2
            index = index.where(near, index[..., :1])
            local = take(x, index) - middle[:, :, None]
            if features is not None:
                local = torch.cat((local, take(features, index)), -1)
            pooled.append(mlp(local).max(2).values)
        return middle, torch.cat(pooled, -1)


def spread_points(x: Float[Tensor, "b n d"], m: int) -> Int64[Tensor, "b m"]:
    """Index of `m` points by farthest-point sampling that starts at the point farthest from the mean.

    Whatever the order of the points, the same points are chosen (ties apart).

    >>> spread_points(torch.tensor([[[0.0], [1.0], [2.5], [9.0]]]), 3).tolist()
    [[3, 0, 2]]
    """
    x = x.detach()
    start = (x - x.mean(1, keepdim=True)).square().sum(-1).argmax(-1)
    # farthest_points starts each cloud at one and the same place: bring the start there by a swap.
    order = torch.arange(x.shape[1], device=x.device).repeat(x.shape[0], 1)
    rows = torch.arange(x.shape[0], device=x.device)
    order[rows, start] = 0
    order[:, 0] = start
    swapped = farthest_points(take(x, order[..., None])[:, :, 0], m)
    return order.gather(1, swapped)


def build_stages(stages: Sequence[AbstractionStage], dim: int) -> tuple[nn.ModuleList, int]:
    """The set abstractions of a network, one after the other, and the width of the last features."""
    if len(stages) == 0:
        raise ValueError("stages must hold at least one set abstraction, received none")
    modules = nn.ModuleList()
    width = 0
    for stage in stages:
        module = SetAbstraction(stage, width, dim=dim)
        modules.append(module)
        width = module.width
    return modules, width


def _check_stage(stage: AbstractionStage) -> None:
    check_integer("the centres of a stage", stage.centres, 1)
    if len(stage.scales) == 0:
        raise ValueError("a stage must have at least one scale, received none")
    for scale in stage.scales:
        check_positive("the radius of a scale", scale.radius, "length")
        check_integer("the neighbors of a scale", scale.neighbors, 1)
