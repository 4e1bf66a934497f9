"""SnowflakeNet: completion by points that split, each step in agreement with the steps before."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib._checks import check_positive
from pcl_lib.models._completion.attention import PointTransformer, ResidualMLP, SkipTransformer
from pcl_lib.models._completion.merge import merge
from pcl_lib.models._input_checks import check_batch, check_widths
from pcl_lib.models._mlp import MLP
from pcl_lib.models._set_abstraction import spread_points
from pcl_lib.neighbors import knn
from pcl_lib.neighbors.building_blocks import take


class SnowflakeNet(nn.Module):
    r"""Completion by snowflake point deconvolution: a coarse cloud, whose points split again and again.

    A code of the partial cloud by two levels of nearest-neighbour features with a point transformer; n_seeds points
    from the code; `n_merged` points of these and the input together. Then each deconvolution s gives every point
    up[s] children and moves them, bounded by a tanh:

    .. math:: y_{ic} = x_i + \frac{1}{\text{radius}^s} \tanh m(K_{ic})

    Shapes: partial (B, N, 3), any N, to 1 + len(up) clouds (B, n, 3), n in `stages` = (n_seeds, n_merged * up[0],
    n_merged * up[0] * up[1], ...). The children of point i are points up * i to up * i + up - 1 of the next cloud.
    Sizes: the defaults are the paper's for PCN, `stages` (256, 512, 2048, 16384). All layers but the code scale with
    `width`. Small: ``SnowflakeNet(64, 32, 128, (1, 4), width=32, centres=(64, 16), k=8)``, `stages` (32, 128, 512).
    Unlike the release, which samples centres from the first point on, the result does not depend on the order of the
    points (ties apart): sampling starts at the point farthest from the mean. A cloud with fewer points than
    `centres` keeps them all.
    Gradient: to the input too, with neighbours and chosen points held fixed. Cost: one search per level and step, and
    O(B n k width) memory for the n points that a step splits. Initialisation: torch's defaults.
    Errors: `ValueError` for anything that is not a batch of clouds, fewer than n_merged points together with the
    seeds, sizes that do not fit.
    Reference: xiang2021snowflakenet.

    >>> from pcl_lib.models import parameter_count
    >>> network = SnowflakeNet()
    >>> network.stages, parameter_count(network)
    ((256, 512, 2048, 16384), 19317612)
    """

    def __init__(
        self,
        code_dim: int = 512,
        n_seeds: int = 256,
        n_merged: int = 512,
        up: Sequence[int] = (1, 4, 8),
        *,
        width: int = 128,
        centres: Sequence[int] = (512, 128),
        k: int = 16,
        radius: float = 1.0,
    ) -> None:
        super().__init__()
        check_widths((code_dim, n_seeds, n_merged, width), "code_dim, n_seeds, n_merged and width")
        check_widths(up, "up")
        if width % 4:
            raise ValueError(f"width must be a multiple of 4, received {width}")
        check_positive("radius", radius, "length")
        self.n_merged = n_merged
        self.stages = (n_seeds, *(n_merged * math.prod(up[: s + 1]) for s in range(len(up))))
        self.encoder = NeighbourEncoder(code_dim, centres, width=width, k=k)
        self.seeds = SeedGenerator(code_dim, n_seeds, width=width)
        self.split = nn.ModuleList(
            PointDeconvolution(code_dim, factor, width=width, k=k, bound=radius**-s)
            for s, factor in enumerate(up)
        )

    def forward(self, partial: Float[Tensor, "b n 3"]) -> tuple[Float[Tensor, "b _ 3"], ...]:
        check_batch(partial, self, 3)
        code = self.encoder(partial)
        seeds = self.seeds(code).to(partial.dtype)
        clouds = [seeds]
        cloud, features = merge(seeds, partial, self.n_merged), None
        for step in self.split:
            cloud, features = step(cloud, code, features)
            clouds.append(cloud)
        return tuple(clouds)


class NeighbourEncoder(nn.Module):
    """Code of a cloud: features of the k nearest points of ever fewer centres, each level with a point transformer.

    Shapes: x (B, N, 3), any N, to (B, code_dim). Invariant to the order of the points (ties apart).
    Reference: xiang2021snowflakenet, qi2017pointnet2.

    >>> NeighbourEncoder(32, (64, 16), width=16)(torch.rand(2, 100, 3)).shape
    torch.Size([2, 32])
    """

    def __init__(
        self, code_dim: int = 512, centres: Sequence[int] = (512, 128), *, width: int = 128, k: int = 16
    ) -> None:
        super().__init__()
        check_widths(centres, "centres")
        self.centres, self.k = tuple(centres), k
        self.pool, self.attend = nn.ModuleList(), nn.ModuleList()
        features = 3
        for wide in (width * 2**level for level in range(len(centres))):
            self.pool.append(MLP(3 + features, (wide // 2, wide), norm=False, end="linear"))
            self.attend.append(PointTransformer(wide, width // 2, k=k))
            features = wide
        self.last = MLP(3 + features, (2 * features, code_dim), norm=False, end="linear")

    def forward(self, x: Float[Tensor, "b n 3"]) -> Float[Tensor, "b k"]:
        features = x
        for n, pool, attend in zip(self.centres, self.pool, self.attend, strict=True):
            centres = take(x, spread_points(x, min(n, x.shape[1]))[..., None])[:, :, 0]
            index = knn(centres.detach(), x.detach(), min(self.k, x.shape[1])).index
            local = torch.cat((take(x, index) - centres[:, :, None], take(features, index)), -1)
            x, features = centres, attend(centres, pool(local).max(2).values)
        return self.last(torch.cat((x, features), -1)).max(1).values


class SeedGenerator(nn.Module):
    """A coarse cloud from a code: n places with weights of their own, seen twice more beside the code.

    Shapes: code (B, code_dim) to (B, n, 3). Reference: xiang2021snowflakenet.

    >>> SeedGenerator(32, 20, width=16)(torch.rand(2, 32)).shape
    torch.Size([2, 20, 3])
    """

    def __init__(self, code_dim: int = 512, n: int = 256, *, width: int = 128) -> None:
        super().__init__()
        self.places = nn.ConvTranspose1d(code_dim, width, n)
        self.first = ResidualMLP(width + code_dim, width, width)
        self.second = ResidualMLP(width, width // 2, width)
        self.third = ResidualMLP(width + code_dim, width, width)
        self.points = MLP(width, (width // 2, 3), norm=False, end="linear")

    def forward(self, code: Float[Tensor, "b k"]) -> Float[Tensor, "b n 3"]:
        places = self.places(code[..., None]).mT
        beside = code[:, None].expand(-1, places.shape[1], -1)
        features = self.second(self.first(torch.cat((places, beside), -1)))
        return self.points(self.third(torch.cat((features, beside), -1)))


class PointDeconvolution(nn.Module):
    r"""Snowflake point deconvolution (SPD): each point splits into `up` children, moved by at most `bound` per axis.

    .. math::
        H = \mathrm{skip}(x;\; K, Q), \qquad K'_{ic} = r([S_c H_i;\; H_i]), \qquad
        y_{ic} = x_i + \text{bound} \cdot \tanh m(K'_{ic})

    Q are features of the points, of their maximum and of the code; K are those that moved the same points in the step
    before (Q in the first step); S_c is the same for every point: child c of all points starts the same way.

    Shapes: x (B, N, 3), code (B, code_dim), K (B, N, width) or None, to points (B, up * N, 3) and their
    K' (B, up * N, width); the children of point i are up * i to up * i + up - 1. Equivariant to the order of the
    points (ties apart). Reference: xiang2021snowflakenet.

    >>> split = PointDeconvolution(32, 4, width=16)
    >>> points, features = split(torch.rand(2, 50, 3), torch.rand(2, 32), None)
    >>> points.shape, features.shape
    (torch.Size([2, 200, 3]), torch.Size([2, 200, 16]))
    """

    def __init__(
        self, code_dim: int = 512, up: int = 2, *, width: int = 128, k: int = 16, bound: float = 1.0
    ) -> None:
        super().__init__()
        self.up, self.bound = up, bound
        self.points = MLP(3, (width // 2, width), norm=False, end="linear")
        self.query = MLP(2 * width + code_dim, (2 * width, width), norm=False, end="linear")
        self.skip = SkipTransformer(width, width // 2, k=k)
        self.narrow = MLP(width, (width // 2, width // 4), norm=False, end="linear")
        self.divide = nn.ConvTranspose1d(width // 4, width, up, up, bias=False)
        self.join = ResidualMLP(2 * width, width, width)
        self.move = MLP(width, (width // 2, 3), norm=False, end="linear")

    def forward(
        self,
        x: Float[Tensor, "b n 3"],
        code: Float[Tensor, "b k"],
        before: Float[Tensor, "b n c"] | None,
    ) -> tuple[Float[Tensor, "b m 3"], Float[Tensor, "b m c"]]:
        own = self.points(x)
        shared = torch.cat((own.max(1).values, code), -1)[:, None].expand(-1, x.shape[1], -1)
        query = self.query(torch.cat((own, shared), -1))
        h = self.skip(x, query if before is None else before, query)
        children = self.divide(self.narrow(h).mT).mT
        features = self.join(torch.cat((children, h.repeat_interleave(self.up, 1)), -1))
        move = self.bound * torch.tanh(self.move(features.relu()))
        return x.repeat_interleave(self.up, 1) + move, features
