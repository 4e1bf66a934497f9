"""Nearest neighbour of each point of one cloud in another."""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Float, Int64
from torch import Tensor

from pcl_lib._checks import check_pair
from pcl_lib.neighbors.backends import choose, search, search_each_way
from pcl_lib.neighbors.pairs import pair_squares


class Nearest(NamedTuple):
    """`sq_dist` (*b, N) length squared, `index` (*b, N) into y, and the `backend` that ran."""

    sq_dist: Float[Tensor, "*b n"]
    index: Int64[Tensor, "*b n"]  # type: ignore[assignment]  # shadows tuple.index, which nobody wants here
    backend: str


def nearest(x: Float[Tensor, "*b n d"], y: Float[Tensor, "*b m d"], *, backend: str = "auto") -> Nearest:
    r"""Nearest point of `y` to each point of `x`.

    .. math:: j(i) = \arg\min_j \lVert x_i - y_j \rVert^2, \qquad d_i = \lVert x_i - y_{j(i)} \rVert^2

    Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D). Unit: length squared, in [0, inf). Not symmetric.
    `sq_dist` is differentiable twice with respect to both clouds; the index is held fixed, which is exact wherever
    the nearest point is unique. Of several equally near points any one may be returned.
    Cost: kd-tree O((N + M) log M) time for surfaces and volumes in low dimension (many copies of one point
    degrade it towards N M), O(N + M) memory; dense and KeOps O(N M D) time, bounded memory.
    Errors: `ValueError` for anything that is not a pair of finite clouds of one kind; `RuntimeError` if
    `backend="keops"` cannot run. Reference: charlier2021keops.

    >>> import torch
    >>> x, y = torch.tensor([[0.0, 0.0], [2.0, 0.0]]), torch.tensor([[0.5, 0.0], [3.0, 0.0]])
    >>> found = nearest(x, y)
    >>> found.sq_dist.tolist(), found.index.tolist(), found.backend
    ([0.25, 1.0], [0, 1], 'kdtree')
    """
    check_pair(x, y)
    used = choose(x, y, backend)
    xb, yb = (x, y) if x.ndim == 3 else (x[None], y[None])
    index = search(xb.detach(), yb.detach(), 1, used)
    sq_dist = pair_squares(xb, yb, index)[..., 0]
    index = index[..., 0]
    return Nearest(sq_dist, index, used) if x.ndim == 3 else Nearest(sq_dist[0], index[0], used)


def nearest_each_way(
    x: Float[Tensor, "*b n d"], y: Float[Tensor, "*b m d"], *, backend: str = "auto"
) -> tuple[Nearest, Nearest]:
    """`nearest(x, y)` and `nearest(y, x)`, sharing the checks and the work: what the distances are made of.

    >>> import torch
    >>> there, back = nearest_each_way(torch.tensor([[0.0], [3.0]]), torch.tensor([[1.0]]))
    >>> there.sq_dist.tolist(), back.sq_dist.tolist()
    ([1.0, 4.0], [1.0])
    """
    check_pair(x, y)
    used = choose(x, y, backend)
    xb, yb = (x, y) if x.ndim == 3 else (x[None], y[None])
    there, back = search_each_way(xb.detach(), yb.detach(), used)
    sq_there, sq_back = pair_squares(xb, yb, there), pair_squares(yb, xb, back)
    cut = (..., 0) if x.ndim == 3 else (0, ..., 0)
    return Nearest(sq_there[cut], there[cut], used), Nearest(sq_back[cut], back[cut], used)
