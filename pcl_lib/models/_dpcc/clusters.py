"""Which points belong to which, and what that says of the density: counts and mean distances."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from pcl_lib.neighbors import knn, nearest


class Clusters(NamedTuple):
    """Of M centres among N points: `counts` (M,), the points of each cluster; `index` (M, k), the nearest points of
    each centre, and `own` (M, k), which of these belong to its cluster."""

    counts: Int64[Tensor, "m"]
    index: Int64[Tensor, "m k"]  # type: ignore[assignment]  # shadows tuple.index, which nobody wants here
    own: Bool[Tensor, "m k"]


def clusters(
    centres: Float[Tensor, "m 3"],
    points: Float[Tensor, "n 3"],
    k: int,
    kept: Int64[Tensor, "m"] | None = None,
) -> Clusters:
    """Each point belongs to its nearest centre; beside it, the min(k, N) nearest points of each centre.

    `kept` are the rows of the centres where they are points themselves: each is then of its own cluster, copies of
    it or not. Without gradient. Cost: two searches.

    >>> line = torch.tensor([[0.0, 0, 0], [1, 0, 0], [9, 0, 0]])
    >>> found = clusters(line[[0, 2]], line, 2)
    >>> found.counts.tolist(), found.index.tolist(), found.own.tolist()
    ([2, 1], [[0, 1], [2, 1]], [[True, True], [True, False]])
    """
    centres, points = centres.detach(), points.detach()
    own = torch.arange(len(centres), device=points.device)
    member = nearest(points, centres).index
    if kept is not None:
        member = member.index_copy(0, kept, own)
    index = knn(centres, points, min(k, len(points))).index
    counts = torch.zeros_like(own).index_add(0, member, torch.ones_like(member))
    return Clusters(counts, index, member[index] == own[:, None])


def mean_distances(
    centres: Float[Tensor, "m 3"],
    points: Float[Tensor, "n 3"],
    found: Clusters,
    counts: Float[Tensor, "m"] | None = None,
) -> Float[Tensor, "m"]:
    r"""How far the points of a cluster are from its centre: the sum over those that were found, by the count.

    .. math:: \bar d_m = \frac{1}{n_m} \sum_{j \in N_k(m),\ j \text{ of cluster } m} \lVert x_j - c_m \rVert

    Only the k nearest are in the sum, while the count is of all: too small for a cluster of more than k points, as
    released. `counts`: in the place of those found, for example a decoder's own, which are no integers.

    Shape: (M,). Unit: length. Gradient: to centres, points and `counts`, with the neighbours held fixed.
    Reference: he2022dpcc.

    >>> line = torch.tensor([[0.0, 0, 0], [1, 0, 0], [9, 0, 0]])
    >>> mean_distances(line[[0, 2]], line, clusters(line[[0, 2]], line, 2)).tolist()
    [0.5, 0.0]
    """
    offset = rows(points, found.index) - centres[:, None]
    # Of a cluster without points the sum is 0, whatever it is divided by.
    count = found.counts.clamp_min(1).to(points.dtype) if counts is None else counts
    return (torch.linalg.vector_norm(offset, dim=-1) * found.own).sum(1) / count


def rows(x: Float[Tensor, "n c"], index: Int64[Tensor, "*m"]) -> Float[Tensor, "*m c"]:
    """`x[index]`, whose gradient on a CPU is several times as fast."""
    return x.index_select(0, index.reshape(-1)).reshape(*index.shape, x.shape[1])
