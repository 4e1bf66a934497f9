"""Farthest-point sampling."""

from __future__ import annotations

from operator import index as whole
from typing import SupportsIndex

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from pcl_lib._checks import check_cloud
from pcl_lib.neighbors import _triton as triton


@torch.no_grad()
def farthest_points(
    x: Float[Tensor, "*b n d"], m: SupportsIndex, *, start: SupportsIndex = 0, backend: str = "auto"
) -> Int64[Tensor, "*b m"]:
    r"""Index of `m` points of `x`, each the farthest from those chosen before it.

    .. math:: i_1 = \text{start}, \qquad i_{t+1} = \arg\max_i \min_{s \le t} \lVert x_i - x_{i_s} \rVert

    - `m`: how many, from 1 to N;
    - `start`: index of the first;
    - `backend`: "dense", "triton" (float32 on CUDA, D up to 3, up to 131,072 points: all steps in one launch), or
      "auto", which takes Triton where it can run; the points chosen are the same. Each step needs one row of
      distances, for which neither a tree nor KeOps helps.

    Shapes: x (N, D) or (B, N, D). Deterministic: of equally far points the first is taken. No point is
    chosen twice; copies of chosen points come last. The prefix of a longer run is the shorter run. A greedy
    2-approximation of the best m centres.
    Cost: O(N m D) time, O(N D) memory.
    Errors: `ValueError` for anything that is not a cloud, m not in 1..N, start not in 0..N-1. Reference: eldar1997fps.

    >>> import torch
    >>> farthest_points(torch.tensor([[0.0], [1.0], [5.0], [2.5]]), 3).tolist()
    [0, 2, 3]
    """
    check_cloud(x)
    n = x.shape[-2]
    if backend not in ("auto", "triton", "dense"):
        raise ValueError(
            f'farthest_points runs with backend "auto", "triton" or "dense", received {backend!r}'
        )
    if backend == "triton":
        triton.check_farthest(x)
    m = _integer("m", m, 1, n, f"an integer from 1 to the {n} points of x {tuple(x.shape)}")
    start = _integer("start", start, 0, n - 1, f"the index of one of the {n} points of x, an integer")
    if backend != "dense" and triton.serves_farthest(x):
        index = triton.farthest(x if x.ndim == 3 else x[None], m, start)
        return index if x.ndim == 3 else index[0]
    axes = (x if x.ndim == 3 else x[None]).mT.contiguous()  # (B, D, N): sums over D run along rows
    rows = torch.arange(axes.shape[0], device=x.device)
    index = torch.empty((axes.shape[0], m), dtype=torch.int64, device=x.device)
    index[:, 0] = start
    gap = torch.full((axes.shape[0], n), torch.inf, dtype=x.dtype, device=x.device)
    for t in range(1, m):
        centre = axes[rows, :, index[:, t - 1]]
        torch.minimum(gap, (axes - centre[..., None]).square_().sum(1), out=gap)
        gap[rows, index[:, t - 1]] = -1  # never again, not even where all others are copies of chosen points
        index[:, t] = gap.argmax(-1)
    return index if x.ndim == 3 else index[0]


def _integer(name: str, value: object, low: int, high: int, what: str) -> int:
    """`value` as an int, numpy's integers included; `ValueError` for a bool, a fraction or a value out of range."""
    try:
        number = low - 1 if isinstance(value, bool | Tensor) else whole(value)  # type: ignore[arg-type]
    except TypeError:
        number = low - 1
    if not low <= number <= high:
        raise ValueError(f"{name} must be {what}, received {value!r}")
    return number
