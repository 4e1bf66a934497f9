"""Down-sampling: a third of the points stay, with features of the points that go."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from torch import Tensor, nn

from pcl_lib.models._dpcc.clusters import clusters, mean_distances, rows
from pcl_lib.models._dpcc.layers import TwoLayers
from pcl_lib.neighbors import farthest_points


class Level(NamedTuple):
    """A level of the encoder: its `points` (N, 3); of each point that stays, its cluster's `counts` and
    `mean_distances` (M,)."""

    points: Float[Tensor, "n 3"]
    counts: Float[Tensor, "m"]
    mean_distances: Float[Tensor, "m"]


class ClusterAttention(nn.Module):
    r"""Vector attention of a point that stays to its nearest points, of which only those of its cluster count.

    .. math:: a_{mj} = \mathrm{softmax}_j\, \tfrac{1}{\sqrt h}\, g(q_m - k_j + \delta_{mj}), \qquad
              f_m = x_m + W \sum_j a_{mj} \odot (v_j + \delta_{mj}), \qquad \delta_{mj} = p(c_m - y_j)

    The softmax runs over the neighbours in each of the h channels by itself. Reference: he2022dpcc, zhao2021point.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, hidden)
        self.key = nn.Linear(width, hidden)
        self.value = nn.Linear(width, hidden)
        self.place = TwoLayers(3, hidden, hidden)
        self.weigh = TwoLayers(hidden, hidden, hidden)
        self.end = nn.Linear(hidden, width)
        self.scale = hidden**-0.5

    def forward(
        self,
        features: Float[Tensor, "n c"],
        kept: Int64[Tensor, "m"],
        index: Int64[Tensor, "m k"],
        own: Bool[Tensor, "m k"],
        offset: Float[Tensor, "m k 3"],
    ) -> Float[Tensor, "m c"]:
        """`offset` is from the points that stay to their neighbours."""
        mine = rows(features, kept)
        place = self.place(-offset)
        weights = self.weigh(self.query(mine)[:, None] - rows(self.key(features), index) + place) * self.scale
        mixed = masked_softmax(weights, own) * (rows(self.value(features), index) + place)
        return mine + self.end(mixed.sum(1))


class PositionEmbedding(nn.Module):
    """Where the points of a cluster lie: direction and distance to each, embedded, in a weighted sum.

    Reference: he2022dpcc.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.embed = TwoLayers(4, hidden, width)
        self.weigh = TwoLayers(width, hidden, width)

    def forward(self, offset: Float[Tensor, "m k 3"], own: Bool[Tensor, "m k"]) -> Float[Tensor, "m c"]:
        distance = torch.linalg.vector_norm(offset, dim=-1, keepdim=True)
        embedded = self.embed(torch.cat((F.normalize(offset, dim=-1), distance), -1))
        return (masked_softmax(self.weigh(embedded), own) * embedded).sum(1)


class Downsample(nn.Module):
    """One layer of the encoder: round(N rate) farthest points stay, and take up what their clusters were like.

    What stays are the farthest points from the first point on. Every point belongs to its nearest of these. Three
    parts tell of a cluster: an attention to the features, an embedding of places, an embedding of the count; joined,
    beside the features that the point came with. The neighbours are the min(k, N) nearest points, for each call anew.

    - `embeddings`: which of "position" and "density" there are, beside the attention.

    Shapes: points (N, 3), features (N, width), to those of (M, ..), and the `Level`. Cost: three searches and
    O(M k hidden) memory. Reference: he2022dpcc.

    >>> from pcl_lib.models import parameter_count
    >>> parameter_count(Downsample(8, 64, rate=1 / 3, k=16, embeddings=("position", "density")))
    18480
    """

    def __init__(self, width: int, hidden: int, *, rate: float, k: int, embeddings: Collection[str]) -> None:
        super().__init__()
        self.rate, self.k = rate, k
        self.start = nn.Linear(width, width)
        self.attend = ClusterAttention(width, hidden)
        self.position = PositionEmbedding(width, hidden) if "position" in embeddings else None
        self.density = TwoLayers(1, hidden, width) if "density" in embeddings else None
        self.join = nn.Linear(width * (1 + len(embeddings)), width)

    def forward(
        self, points: Float[Tensor, "n 3"], features: Float[Tensor, "n c"]
    ) -> tuple[Float[Tensor, "m 3"], Float[Tensor, "m c"], Level]:
        kept = farthest_points(points, stays(len(points), self.rate))
        centres = points[kept]
        found = clusters(centres, points, self.k, kept)
        offset = rows(points, found.index) - centres[:, None]
        counts = found.counts.to(points.dtype)
        parts = [self.attend(self.start(features), kept, found.index, found.own, offset)]
        if self.position is not None:
            parts.append(self.position(offset, found.own))
        if self.density is not None:
            parts.append(self.density(counts[:, None]))
        made = rows(features, kept) + self.join(torch.cat(parts, -1))
        return centres, made, Level(points, counts, mean_distances(centres, points, found))


def stays(n: int, rate: float) -> int:
    """How many of n points stay.

    >>> [stays(n, 1 / 3) for n in (2048, 683, 228)]
    [683, 228, 76]
    """
    return round(n * rate)


def masked_softmax(weights: Float[Tensor, "m k c"], own: Bool[Tensor, "m k"]) -> Float[Tensor, "m k c"]:
    """Softmax over the neighbours, in each channel, of those in the own cluster.

    A finite number in the place of minus infinity: where copies of a point crowd out all others there may be no
    neighbour of the own cluster, and all then count alike.
    """
    return weights.masked_fill(~own[..., None], torch.finfo(weights.dtype).min).softmax(1)
