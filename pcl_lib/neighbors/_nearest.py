"""Nearest neighbour of each point of one cloud in another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from jaxtyping import Float, Int64
from torch import Tensor

from pcl_lib._checks import as_pair
from pcl_lib.neighbors._backends import choose
from pcl_lib.neighbors._find import find, find_each_way
from pcl_lib.neighbors._lengths import Lengths, cut, each_alone, given, padded
from pcl_lib.neighbors._pairs import pair_squares


class Nearest(NamedTuple):
    """`sq_dist` (*b, N) length squared, `index` (*b, N) into y, and the `backend` that ran."""

    sq_dist: Float[Tensor, "*b n"]
    index: Int64[Tensor, "*b n"]  # type: ignore[assignment]  # shadows tuple.index, which nobody wants here
    backend: str


def nearest(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    backend: str = "auto",
) -> Nearest:
    r"""Nearest point of `y` to each point of `x`.

    .. math:: j(i) = \arg\min_j \lVert x_i - y_j \rVert^2, \qquad d_i = \lVert x_i - y_{j(i)} \rVert^2

    - `lengths_x`, `lengths_y` (B,): how many points of each cloud count, from 1 up, where a batch holds clouds of
      different sizes (`pad_clouds`). Padding may hold anything and is never found; beyond the length of x, `sq_dist` is
      inf and `index` -1;
    - `backend`: "kdtree", "triton" (CUDA, float32, D up to 3), "keops", "dense", or "auto", which picks one of them for
      these clouds.

    Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D). Unit: length squared, in [0, inf). Not symmetric.
    `sq_dist` is differentiable twice with respect to both clouds; the index is held fixed, which is exact wherever
    the nearest point is unique. Of several equally near points any one may be returned.
    Clouds in float16 or bfloat16 are computed in float32, and so is the result.
    Cost: kd-tree O((N + M) log M) time for surfaces and volumes in low dimension (many copies of one point
    degrade it towards N M), O(N + M) memory; Triton, dense and KeOps O(N M D) time, bounded memory. With lengths one
    pair after the other.
    Errors: `ValueError` for anything that is not a pair of finite clouds of one kind, lengths that do not fit, or
    clouds that are not for the backend named; `RuntimeError` if "keops" or "triton" is named and cannot run.
    Reference: charlier2021keops.

    >>> import torch
    >>> x, y = torch.tensor([[0.0, 0.0], [2.0, 0.0]]), torch.tensor([[0.5, 0.0], [3.0, 0.0]])
    >>> found = nearest(x, y)
    >>> found.sq_dist.tolist(), found.index.tolist(), found.backend
    ([0.25, 1.0], [0, 1], 'kdtree')
    >>> nearest(x[None], y[None], lengths_y=[1]).index.tolist()
    [[0, 0]]
    """
    if given(lengths_x, lengths_y):
        clouds = cut(x, lengths_x, "x"), cut(y, lengths_y, "y")
        return _joined(each_alone(partial(nearest, backend=backend), *clouds), x.shape[1])
    x, y = as_pair(x, y)
    used = choose(x, y, backend)
    xb, yb = (x, y) if x.ndim == 3 else (x[None], y[None])
    index = find(xb, yb, 1, used)
    sq_dist = pair_squares(xb, yb, index)[..., 0]
    index = index[..., 0]
    return Nearest(sq_dist, index, used) if x.ndim == 3 else Nearest(sq_dist[0], index[0], used)


def nearest_each_way(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    backend: str = "auto",
) -> tuple[Nearest, Nearest]:
    """`nearest(x, y)` and `nearest(y, x)`, sharing the checks and the work: what the distances are made of.

    - `lengths_x`, `lengths_y`, `backend`: as in `nearest`.

    Shapes, unit, gradient, cost and errors: as `nearest`, once in each direction.

    >>> import torch
    >>> forward, backward = nearest_each_way(torch.tensor([[0.0], [3.0]]), torch.tensor([[1.0]]))
    >>> forward.sq_dist.tolist(), backward.sq_dist.tolist()
    ([1.0, 4.0], [1.0])
    """
    if given(lengths_x, lengths_y):
        clouds = cut(x, lengths_x, "x"), cut(y, lengths_y, "y")
        ways = zip(*each_alone(partial(nearest_each_way, backend=backend), *clouds), strict=True)
        forward, backward = (_joined(way, n) for way, n in zip(ways, (x.shape[1], y.shape[1]), strict=True))
        return forward, backward
    x, y = as_pair(x, y)
    used = choose(x, y, backend)
    xb, yb = (x, y) if x.ndim == 3 else (x[None], y[None])
    to_y, to_x = find_each_way(xb, yb, used)
    sq_forward, sq_backward = pair_squares(xb, yb, to_y), pair_squares(yb, xb, to_x)
    at = (..., 0) if x.ndim == 3 else (0, ..., 0)
    return Nearest(sq_forward[at], to_y[at], used), Nearest(sq_backward[at], to_x[at], used)


def _joined(found: Sequence[Nearest], n: int) -> Nearest:
    sq_dist = padded([one.sq_dist for one in found], (n,), math.inf)
    return Nearest(sq_dist, padded([one.index for one in found], (n,), -1), found[0].backend)
