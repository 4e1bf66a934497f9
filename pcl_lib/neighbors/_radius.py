"""All points of one cloud within a radius of each point of another."""

from __future__ import annotations

import math
from functools import partial
from typing import NamedTuple, SupportsIndex

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from pcl_lib._checks import as_pair, check_integer, check_positive, in_transform
from pcl_lib.neighbors._backends import choose, count_within, search_any
from pcl_lib.neighbors._lengths import Lengths, cut, each_alone, given, padded
from pcl_lib.neighbors._pairs import pair_squares


class Ball(NamedTuple):
    """Neighbours in a ball, nearest first, K columns = the fullest ball (or `max_neighbors`).

    `sq_dist` (*b, N, K) length squared, padded with inf; `index` (*b, N, K) into y, padded with -1;
    `count` (*b, N) how many entries of each row are neighbours; the `backend` that ran.
    """

    sq_dist: Float[Tensor, "*b n k"]
    index: Int64[Tensor, "*b n k"]  # type: ignore[assignment]  # shadows tuple.index, which nobody wants here
    count: Int64[Tensor, "*b n"]  # type: ignore[assignment]  # the same
    backend: str


def radius(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    r: float,
    *,
    max_neighbors: SupportsIndex | None = None,
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    backend: str = "auto",
) -> Ball:
    r"""Points of `y` in the closed ball of radius `r` around each point of `x`.

    .. math:: \{ j : \lVert x_i - y_j \rVert^2 \le r^2 \}

    - `r`: positive, a length;
    - `max_neighbors`: keep only so many of each ball, the nearest ones; None keeps all;
    - `lengths_x`, `lengths_y`: as in `nearest`; beyond the length of x the count is 0;
    - `backend`: as in `nearest`, but for "triton", which looks for one neighbour.

    Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D). `sq_dist` is differentiable as in `nearest`, and half
    precision as there; padding has no gradient.
    Cost: a count of each ball, then the K nearest: kd-tree O((N + M) log M + N K log K) time; dense and KeOps
    O(N M D) time; O(N K) memory. Errors: as `nearest`; `ValueError` for r or `max_neighbors` that is not positive, and
    under `torch.func`, where the size of the fullest ball is not known.

    >>> import torch
    >>> line = torch.tensor([[0.0], [1.0], [3.0]])
    >>> ball = radius(line, line, 1.0)
    >>> ball.index.tolist(), ball.count.tolist()
    ([[0, 1], [1, 0], [2, -1]], [2, 2, 1])
    """
    check_positive("r", r, "length")
    if max_neighbors is not None:
        max_neighbors = check_integer("max_neighbors", max_neighbors, 1)
    if given(lengths_x, lengths_y):
        clouds = cut(x, lengths_x, "x"), cut(y, lengths_y, "y")
        alone = each_alone(partial(radius, r=r, max_neighbors=max_neighbors, backend=backend), *clouds)
        n, k = x.shape[1], max(one.index.shape[1] for one in alone)
        return Ball(
            padded([one.sq_dist for one in alone], (n, k), math.inf),
            padded([one.index for one in alone], (n, k), -1),
            padded([one.count for one in alone], (n,), 0),
            alone[0].backend,
        )
    x, y = as_pair(x, y)
    used = choose(x, y, backend, None)
    xb, yb = (x, y) if x.ndim == 3 else (x[None], y[None])
    sq_radius = r * r
    # Engines round differently: count a hair beyond the sphere, so that no point on it is missed; `inside` decides.
    reach = sq_radius * (1 + 16 * torch.finfo(x.dtype).eps)
    if in_transform():
        raise ValueError(
            "radius does not run under torch.func, where the size of the fullest ball is not known; use knn"
        )
    k = int(count_within(xb.detach(), yb.detach(), reach, used).max())
    if max_neighbors is not None:
        k = min(k, max_neighbors)
    none = torch.empty((*xb.shape[:2], 0), dtype=torch.int64, device=x.device)
    index = search_any(xb.detach(), yb.detach(), k, used) if k else none
    sq_dist = pair_squares(xb, yb, index)
    inside = sq_dist.detach() <= sq_radius
    k = int(inside.sum(-1).max())  # the hair may have brought a column of padding only
    sq_dist, index, inside = sq_dist[..., :k], index[..., :k], inside[..., :k]
    sq_dist = sq_dist.where(inside, sq_dist.new_tensor(math.inf))
    index = index.where(inside, index.new_tensor(-1))
    count = inside.sum(-1)
    return Ball(sq_dist, index, count, used) if x.ndim == 3 else Ball(sq_dist[0], index[0], count[0], used)
