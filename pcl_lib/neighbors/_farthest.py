"""Farthest-point sampling."""

from __future__ import annotations

from functools import lru_cache
from operator import index as whole
from types import ModuleType
from typing import SupportsIndex

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from pcl_lib._checks import check_cloud, check_option, in_transform
from pcl_lib.neighbors import _triton as triton
from pcl_lib.neighbors._threads import on_threads, workers

BACKENDS = ("auto", "triton", "buckets", "dense")
# Up to here the squares are summed in one order by every engine. Buckets of more dimensions would spare nothing.
MAX_DIM = 10


@torch.no_grad()
def farthest_points(
    x: Float[Tensor, "*b n d"], m: SupportsIndex, *, start: SupportsIndex = 0, backend: str = "auto"
) -> Int64[Tensor, "*b m"]:
    r"""Index of `m` points of `x`, each the farthest from those chosen before it.

    .. math:: i_1 = \text{start}, \qquad i_{t+1} = \arg\max_i \min_{s \le t} \lVert x_i - x_{i_s} \rVert

    - `m`: how many, from 1 to N;
    - `start`: index of the first;
    - `backend`: "buckets" (CPU, D up to 10, compiled by numba) passes over points too far from the new one; "triton"
      (float32 on CUDA, D up to 3, up to 131,072 points) takes all steps in one launch; "dense" compares with all.
      "auto" takes the one of the device where it can run, else dense. All choose the same points, to the last bit.

    Shapes: x (N, D) or (B, N, D). Deterministic: of equally far points the first is taken. No point is
    chosen twice; copies of chosen points come last. The prefix of a longer run is the shorter run. A greedy
    2-approximation of the best m centres. Distances are compared as the number type of x rounds their squares, summed
    axis after axis.
    Cost: O(N m D) time at most, with buckets about O(N log m) on a curve or a surface; O(N D) memory; a core for each
    cloud of a batch. The first call in a process loads numba (a second), the first on a machine compiles (five).
    Errors: `ValueError` for anything that is not a cloud, m not in 1..N, start not in 0..N-1, clouds that are not for
    the backend named, or "buckets" without numba; `RuntimeError` if "triton" is named and cannot run.
    Reference: eldar1997fps.

    >>> import torch
    >>> farthest_points(torch.tensor([[0.0], [1.0], [5.0], [2.5]]), 3).tolist()
    [0, 2, 3]
    """
    check_cloud(x)
    n = x.shape[-2]
    check_option("backend", backend, BACKENDS)
    if backend == "triton":
        triton.check_farthest(x)
    m = _integer("m", m, 1, n, f"an integer from 1 to the {n} points of x {tuple(x.shape)}")
    start = _integer("start", start, 0, n - 1, f"the index of one of the {n} points of x, an integer")
    clouds = x if x.ndim == 3 else x[None]
    if backend in ("auto", "triton") and triton.serves_farthest(x):
        index = triton.farthest(clouds, m, start)
        return index if x.ndim == 3 else index[0]
    refused = None if backend == "dense" else _not_by_buckets(clouds)
    if backend == "buckets" and refused is not None:
        raise ValueError(f'backend="buckets" {refused}; use backend="auto"')
    by = _by_comparing_all if backend == "dense" or refused is not None else _by_buckets
    index = by(clouds, m, start)
    return index if x.ndim == 3 else index[0]


def _not_by_buckets(clouds: Tensor) -> str | None:
    """Why buckets cannot answer for clouds (B, N, D); None where they can."""
    if clouds.device.type != "cpu":
        return f"runs on the CPU, received clouds on {clouds.device}"
    if clouds.shape[-1] > MAX_DIM:
        return f"takes at most D = {MAX_DIM}, received D = {clouds.shape[-1]}"
    if in_transform():
        return "cannot see into the transforms of torch.func and forward-mode gradients"
    if _buckets() is None:
        return "needs numba, which is missing or does not know this version of numpy"
    return None


@lru_cache
def _buckets() -> ModuleType | None:
    """The compiled engine; loaded when it is first needed, for numba takes its time."""
    try:
        from pcl_lib.neighbors import _farthest_buckets
    except ImportError:
        return None
    return _farthest_buckets


def _by_buckets(clouds: Tensor, m: int, start: int) -> Tensor:
    engine = _buckets()
    assert engine is not None
    points = clouds.detach().contiguous().numpy()
    threads = min(len(points), workers(len(points) * points.shape[1]))
    parts = np.array_split(points, threads) if threads > 1 else [points]
    found = on_threads(lambda part: engine.choose(part, m, start), parts, threads)
    return torch.from_numpy(np.concatenate(found))


def _by_comparing_all(clouds: Tensor, m: int, start: int) -> Tensor:
    """Index (B, m) for clouds (B, N, D) on any device: a row of distances to all points in each step."""
    axes = clouds.mT.contiguous()  # (B, D, N): sums over D run along rows
    rows = torch.arange(len(clouds), device=clouds.device)
    index = torch.empty((len(clouds), m), dtype=torch.int64, device=clouds.device)
    index[:, 0] = start
    gap = torch.full((axes.shape[0], axes.shape[2]), torch.inf, dtype=clouds.dtype, device=clouds.device)
    for t in range(1, m):
        centre = axes[rows, :, index[:, t - 1]]
        torch.minimum(gap, _sum((axes - centre[..., None]).square_()), out=gap)
        gap[rows, index[:, t - 1]] = -1  # never again, not even where all others are copies of chosen points
        index[:, t] = gap.argmax(-1)
    return index


def _sum(squares: Tensor) -> Tensor:
    """Sum (B, N) of (B, D, N) over D, which may be spoilt. torch's own sum changes its order from D = 5 on, with N."""
    if squares.shape[1] > MAX_DIM:
        return squares.sum(1)
    total, *others = squares.unbind(1)
    for square in others:
        total += square
    return total


def _integer(name: str, value: object, low: int, high: int, what: str) -> int:
    """`value` as an int, numpy's integers included; `ValueError` for a bool, a fraction or a value out of range."""
    try:
        number = low - 1 if isinstance(value, bool | Tensor) else whole(value)  # type: ignore[arg-type]
    except TypeError:
        number = low - 1
    if not low <= number <= high:
        raise ValueError(f"{name} must be {what}, received {value!r}")
    return number
