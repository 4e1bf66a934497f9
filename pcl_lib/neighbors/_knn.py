"""The k nearest neighbours of each point of one cloud in another."""

from __future__ import annotations

import math
from typing import NamedTuple, SupportsIndex

from jaxtyping import Float, Int64
from torch import Tensor

from pcl_lib._checks import as_pair, check_integer, if_transposed
from pcl_lib.neighbors._backends import choose
from pcl_lib.neighbors._find import find
from pcl_lib.neighbors._lengths import Lengths, cut, each_alone, given, padded
from pcl_lib.neighbors._pairs import pair_squares


class Neighbors(NamedTuple):
    """`sq_dist` (*b, N, k) ascending, length squared, `index` (*b, N, k) into y, and the `backend` that ran."""

    sq_dist: Float[Tensor, "*b n k"]
    index: Int64[Tensor, "*b n k"]  # type: ignore[assignment]  # shadows tuple.index, which nobody wants here
    backend: str


def knn(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    k: SupportsIndex,
    *,
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    backend: str = "auto",
) -> Neighbors:
    r"""The k points of `y` nearest to each point of `x`, nearest first (up to rounding).

    .. math:: d_{i1} \le \dots \le d_{ik}, \qquad d_{il} = \lVert x_i - y_{j_l(i)} \rVert^2

    - `k`: from 1 to M;
    - `lengths_x`, `lengths_y`: as in `nearest`; a cloud of y with fewer than k points fills its rows up with inf and
      -1;
    - `backend`: as in `nearest`; "triton" for k = 1 alone.

    Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D). Unit: length squared, in [0, inf). With y = x each point finds
    itself first, or a copy of itself. Differentiable as `nearest` is, and half precision as there.
    Cost: kd-tree O((N + M) log M + N k log k) time, O(N k) memory; dense and KeOps O(N M D) time, O(N k) memory.
    Errors: as `nearest`; `ValueError` when k is not in 1..M. Reference: charlier2021keops.

    >>> import torch
    >>> line = torch.tensor([[0.0], [1.0], [3.0]])
    >>> knn(line, line, 2).sq_dist.tolist()
    [[0.0, 1.0], [0.0, 1.0], [0.0, 4.0]]
    """
    if given(lengths_x, lengths_y):
        clouds = cut(x, lengths_x, "x"), cut(y, lengths_y, "y")
        most = check_integer("k", k, 1, y.shape[1])
        alone = each_alone(lambda a, b: knn(a, b, min(most, len(b)), backend=backend), *clouds)
        shape = x.shape[1], most
        sq_dist = padded([one.sq_dist for one in alone], shape, math.inf)
        return Neighbors(sq_dist, padded([one.index for one in alone], shape, -1), alone[0].backend)
    x, y = as_pair(x, y)
    m = y.shape[-2]
    k = check_integer("k", k, 1, m, f"the {m} points of y {tuple(y.shape)}", if_transposed(y, "y"))
    used = choose(x, y, backend, k)
    xb, yb = (x, y) if x.ndim == 3 else (x[None], y[None])
    index = find(xb, yb, k, used)
    sq_dist = pair_squares(xb, yb, index)
    return Neighbors(sq_dist, index, used) if x.ndim == 3 else Neighbors(sq_dist[0], index[0], used)
