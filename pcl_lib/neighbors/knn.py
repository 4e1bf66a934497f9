"""The k nearest neighbours of each point of one cloud in another."""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Float, Int64
from torch import Tensor

from pcl_lib._checks import check_pair
from pcl_lib.neighbors.backends import choose, search
from pcl_lib.neighbors.pairs import pair_squares


class Neighbors(NamedTuple):
    """`sq_dist` (*b, N, k) ascending, length squared, `index` (*b, N, k) into y, and the `backend` that ran."""

    sq_dist: Float[Tensor, "*b n k"]
    index: Int64[Tensor, "*b n k"]  # type: ignore[assignment]  # shadows tuple.index, which nobody wants here
    backend: str


def knn(
    x: Float[Tensor, "*b n d"], y: Float[Tensor, "*b m d"], k: int, *, backend: str = "auto"
) -> Neighbors:
    r"""The k points of `y` nearest to each point of `x`, nearest first (up to rounding).

    .. math:: d_{i1} \le \dots \le d_{ik}, \qquad d_{il} = \lVert x_i - y_{j_l(i)} \rVert^2

    Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D), 1 <= k <= M. Unit: length squared, in [0, inf). With
    y = x each point finds itself first. Differentiable as `nearest` is.
    Cost: kd-tree O((N + M) log M + N k log k) time, O(N k) memory; dense and KeOps O(N M D) time, O(N k) memory.
    Errors: as `nearest`; `ValueError` when k is not in 1..M. Reference: charlier2021keops.

    >>> import torch
    >>> line = torch.tensor([[0.0], [1.0], [3.0]])
    >>> knn(line, line, 2).sq_dist.tolist()
    [[0.0, 1.0], [0.0, 1.0], [0.0, 4.0]]
    """
    check_pair(x, y)
    m = y.shape[-2]
    if not isinstance(k, int) or not 1 <= k <= m:
        raise ValueError(
            f"k must be an integer from 1 to the {m} points of y {tuple(y.shape)}, received {k!r}"
        )
    used = choose(x, y, backend)
    xb, yb = (x, y) if x.ndim == 3 else (x[None], y[None])
    index = search(xb.detach(), yb.detach(), k, used)
    sq_dist = pair_squares(xb, yb, index)
    return Neighbors(sq_dist, index, used) if x.ndim == 3 else Neighbors(sq_dist[0], index[0], used)
