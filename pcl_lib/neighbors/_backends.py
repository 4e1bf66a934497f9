"""The `auto` rule, and the one place that calls a backend's search."""

from __future__ import annotations

import math

from torch import Tensor

from pcl_lib.neighbors import _dense as dense
from pcl_lib.neighbors import _kdtree as kdtree
from pcl_lib.neighbors import _keops as keops
from pcl_lib.neighbors import _triton as triton

BACKENDS = ("auto", "triton", "keops", "kdtree", "dense")

# A kd-tree visits more of its leaves the higher the dimension. On Gaussian samples, the hardest case, comparing with
# every point takes over between D = 8 (512 points) and D = 13 (8,192 points).
KDTREE_MAX_DIM = 10
# Below this many point pairs in a batch on a GPU, dense matrices are small enough that KeOps' calls cost more.
KEOPS_MIN_PAIRS = 2_000 * 2_000

_ENGINES = {"dense": dense, "kdtree": kdtree, "keops": keops, "triton": triton}


def choose(x: Tensor, y: Tensor, backend: str = "auto", k: int | None = 1) -> str:
    """Name the backend that will answer for clouds `x` (.., N, D) and `y` (.., M, D), and `k` neighbours of each point;
    None for all in a ball.

    The rule of `"auto"`: on a CPU, `"kdtree"` up to D = 10 and `"dense"` beyond. On a GPU, `"triton"` for the one
    nearest point in float32 and up to D = 3; else `"keops"` from 4 million pairs B * N * M up; each of them if it can
    run (a first, tiny search came out right); `"dense"` otherwise. Without a word: the result says which. A backend
    asked for by name is used or refused, never replaced.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(map(repr, BACKENDS))}, received {backend!r}")
    if backend == "auto":
        if x.device.type == "cpu":
            return "kdtree" if x.shape[-1] <= KDTREE_MAX_DIM else "dense"
        if triton.serves(x, k):
            return "triton"
        large = math.prod(x.shape[:-1]) * y.shape[-2] >= KEOPS_MIN_PAIRS
        return "keops" if large and keops.available(x.device) else "dense"
    if backend == "kdtree":
        kdtree.check(x)
    if backend == "keops":
        keops.check(x.device)
    if backend == "triton":
        triton.check(x, k)
    return backend


def search(x: Tensor, y: Tensor, k: int, backend: str) -> Tensor:
    """Index (B, N, k) of the k nearest points of `y` (B, M, D) to each point of `x` (B, N, D), nearest first."""
    return _ENGINES[backend].search(x, y, k)


def search_any(x: Tensor, y: Tensor, k: int, backend: str) -> Tensor:
    """As `search`, for a k that comes from the data and changes from call to call."""
    engine = _ENGINES[backend]
    return engine.search_any(x, y, k) if engine is keops else engine.search(x, y, k)


def search_each_way(x: Tensor, y: Tensor, backend: str) -> tuple[Tensor, Tensor]:
    """Index (B, N, 1) of the nearest point of `y` to each of `x`, and (B, M, 1) of `x` to each of `y`."""
    return _ENGINES[backend].search_each_way(x, y)


def count_within(x: Tensor, y: Tensor, sq_radius: float, backend: str) -> Tensor:
    """Number (B, N) of points of `y` within the squared radius of each point of `x`, up to rounding at the rim."""
    return _ENGINES[backend].count_within(x, y, sq_radius)


def two_cheapest(
    x: Tensor, y: Tensor, price: Tensor, squared: bool, backend: str
) -> tuple[Tensor, Tensor, Tensor]:
    """For each point of `x` (N, D): index (N,) of the point of `y` (M, D) with the least distance plus price (M,), that
    least cost, and the second least. `backend`: "dense" or "keops"; no tree looks for prices."""
    return {"dense": dense, "keops": keops}[backend].two_cheapest(x, y, price, squared)
