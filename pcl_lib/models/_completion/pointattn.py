"""PointAttN: completion by attention between all points, without neighbourhoods."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pcl_lib.models._completion.attention import AttentionBlock
from pcl_lib.models._completion.merge import merge
from pcl_lib.models._input_checks import check_batch, check_widths
from pcl_lib.models._set_abstraction import spread_points
from pcl_lib.neighbors.building_blocks import take


class PointAttN(nn.Module):
    r"""Completion in three steps by attention: a coarse cloud from a code, refined twice beside the input.

    An encoder of three levels keeps ever fewer points by farthest-point sampling; at each, the points kept look at
    all points of the level before (GDP), then at each other (SFA). The maximum over the last is the code; from it
    come n_coarse points. They are merged with the input, `n_merged` points of both are kept, and two generators
    multiply these by `up`: every point gets so many moves, found by attention between all points.

    .. math:: y_{ri} = x_i + m\bigl( e(x_i), f_{ri} \bigr), \qquad r = 1, \dots, \text{up}

    Shapes: partial (B, N, 3), any N, to three clouds (B, n, 3), n in `stages` = (n_coarse, n_merged * up[0],
    n_merged * up[0] * up[1]). Child r of point i is point r * (number of points) + i of the next cloud.
    Sizes: the defaults are the release for PCN, `stages` (256, 2048, 16384); up=(1, 4) is that for Completion3D. All
    layers scale with `width`, the code has 8 * width channels. Small:
    ``PointAttN(32, 128, (1, 4), width=8, heads=2, centres=(32, 16, 8))``, with the stages (32, 128, 512).
    Unlike the release, which samples from the first point on, the result does not depend on the order of the points
    (ties apart): the encoder starts at the point farthest from the mean, the merge at the first coarse point. And N is
    free: `centres` are numbers of points (2,048 / 4, 8, 16), of which a smaller cloud keeps all.
    Gradient: to the input too, with the chosen points held fixed. Cost: attention between n_merged * up[0] points,
    O(n^2 width). Initialisation: torch's defaults. Errors: `ValueError` for anything that is not a batch of clouds,
    fewer than n_merged points together with the coarse ones, sizes that do not fit.
    Reference: wang2024pointattn.

    >>> from pcl_lib.models import parameter_count
    >>> network = PointAttN()
    >>> network.stages, parameter_count(network)
    ((256, 2048, 16384), 36662793)
    """

    def __init__(
        self,
        n_coarse: int = 256,
        n_merged: int = 512,
        up: Sequence[int] = (4, 8),
        *,
        width: int = 64,
        heads: int = 4,
        centres: Sequence[int] = (512, 256, 128),
    ) -> None:
        super().__init__()
        check_widths((n_coarse, n_merged, width, heads), "n_coarse, n_merged, width and heads")
        if n_coarse % 2:
            raise ValueError(f"n_coarse must be even, received {n_coarse}: the seeds come in pairs")
        if len(up) != 2 or len(centres) != 3:
            raise ValueError(
                f"up must be two factors and centres three numbers of points, received {up!r} and {centres!r}"
            )
        check_widths(up, "up")
        check_widths(centres, "centres")
        self.n_merged = n_merged
        self.stages = (n_coarse, n_merged * up[0], n_merged * up[0] * up[1])
        self.encoder = AttentionEncoder(centres, width=width, heads=heads)
        self.seeds = SeedAttention(n_coarse, width=width, heads=heads)
        self.refine = nn.ModuleList(Refinement(factor, width=width, heads=heads) for factor in up)

    def forward(self, partial: Float[Tensor, "b n 3"]) -> tuple[Float[Tensor, "b _ 3"], ...]:
        check_batch(partial, self, 3)
        code = self.encoder(partial)
        coarse = self.seeds(code).to(partial.dtype)
        clouds = [coarse]
        cloud = merge(coarse, partial, self.n_merged)
        for step in self.refine:
            cloud = step(cloud, code)
            clouds.append(cloud)
        return tuple(clouds)


class AttentionEncoder(nn.Module):
    """Code of a cloud: at each level fewer points that attend to all before (GDP), then to each other (SFA).

    Shapes: x (B, N, 3), any N, to (B, 8 * width). Invariant to the order of the points (ties apart).
    Reference: wang2024pointattn.

    >>> AttentionEncoder((32, 16, 8), width=8)(torch.rand(2, 100, 3)).shape
    torch.Size([2, 64])
    """

    def __init__(self, centres: Sequence[int] = (512, 256, 128), *, width: int = 64, heads: int = 4) -> None:
        super().__init__()
        self.centres = tuple(centres)
        self.points = nn.Sequential(nn.Linear(3, width), nn.GELU(), nn.Linear(width, width))
        wide = [width * 2**level for level in range(len(centres))]
        of = {"feedforward": 16 * width, "heads": heads}
        self.perceive = nn.ModuleList(AttentionBlock(w, w, **of) for w in wide)
        self.augment = nn.ModuleList(AttentionBlock(2 * w, 2 * w, **of) for w in wide)

    def forward(self, x: Float[Tensor, "b n 3"]) -> Float[Tensor, "b k"]:
        features = self.points(x)
        for centres, perceive, augment in zip(self.centres, self.perceive, self.augment, strict=True):
            chosen = spread_points(x, min(centres, x.shape[1]))[..., None]
            x, kept = take(x, chosen)[:, :, 0], take(features, chosen)[:, :, 0]
            kept = torch.cat((kept, perceive(kept, features)), -1)
            features = augment(kept, kept)
        return features.max(1).values


class SeedAttention(nn.Module):
    """A coarse cloud from a code: n / 2 places with weights of their own, which attend to each other, two points each.

    Shapes: code (B, 8 * width) to (B, n, 3), the pair of place i is i and n / 2 + i. Reference: wang2024pointattn.

    >>> SeedAttention(32, width=8)(torch.rand(2, 64)).shape
    torch.Size([2, 32, 3])
    """

    def __init__(self, n: int = 256, *, width: int = 64, heads: int = 4) -> None:
        super().__init__()
        code = 8 * width
        self.adjust = nn.Linear(code, code)
        self.places = nn.ConvTranspose1d(code, width, n // 2)
        self.widen = nn.Linear(width, code)
        self.attend = nn.ModuleList(
            AttentionBlock(code, code, feedforward=16 * width, heads=heads) for _ in range(3)
        )
        self.points = nn.Sequential(nn.Linear(code // 2, width), nn.GELU(), nn.Linear(width, 3))

    def forward(self, code: Float[Tensor, "b k"]) -> Float[Tensor, "b n 3"]:
        gelu = nn.functional.gelu
        features = gelu(self.places(gelu(self.adjust(code))[..., None])).mT
        features = gelu(self.widen(features))
        for attend in self.attend:
            features = attend(features, features)
        return self.points(split_channels(features, 2))


class Refinement(nn.Module):
    """A cloud multiplied: each point gets `up` moves, from its place, the code and attention between all points.

    Shapes: x (B, N, 3), code (B, 8 * width), to (B, up * N, 3); child r of point i is point r * N + i.
    Reference: wang2024pointattn.

    >>> Refinement(4, width=8)(torch.rand(2, 50, 3), torch.rand(2, 64)).shape
    torch.Size([2, 200, 3])
    """

    def __init__(self, up: int, *, width: int = 64, heads: int = 4) -> None:
        super().__init__()
        self.up = up
        code, made = 8 * width, 2 * width
        of = {"feedforward": 16 * width, "heads": heads}
        self.points = nn.Sequential(nn.Linear(3, width), nn.GELU(), nn.Linear(width, made))
        self.code = nn.Sequential(nn.Linear(code, code // 2), nn.GELU(), nn.Linear(code // 2, made))
        self.attend = nn.ModuleList(
            AttentionBlock(a, b, **of) for a, b in ((2 * made, code), (code, code), (code, up * made))
        )
        self.split = nn.Linear(up * made, up * made)
        self.move = nn.Sequential(
            nn.Linear(2 * made, made), nn.Linear(made, width), nn.GELU(), nn.Linear(width, 3)
        )

    def forward(self, x: Float[Tensor, "b n 3"], code: Float[Tensor, "b k"]) -> Float[Tensor, "b m 3"]:
        place = self.points(x)
        features = torch.cat((place, self.code(code)[:, None].expand_as(place)), -1)
        for attend in self.attend:
            features = attend(features, features)
        children = split_channels(self.split(features), self.up)
        move = self.move(torch.cat((children, place.repeat(1, self.up, 1)), -1))
        return x.repeat(1, self.up, 1) + move


def split_channels(features: Float[Tensor, "b n c"], parts: int) -> Float[Tensor, "b m d"]:
    """Each row cut into `parts` rows, which take turns in its channels; part r of row i is row r * N + i.

    >>> split_channels(torch.tensor([[[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0]]]), 2)[0].tolist()
    [[0.0, 2.0], [4.0, 6.0], [1.0, 3.0], [5.0, 7.0]]
    """
    return features.unflatten(-1, (-1, parts)).permute(0, 3, 1, 2).flatten(1, 2)
