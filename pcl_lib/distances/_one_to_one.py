"""What the distances by matching share: the value of a matching, and work on several cores."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int64
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from torch import Tensor

from pcl_lib._fork import cores
from pcl_lib.distances._length import length
from pcl_lib.neighbors.building_blocks import pair_squares

REDUCTIONS = ("mean", "sum")

Task = TypeVar("Task")
Done = TypeVar("Done")


class Matched(NamedTuple):
    """`value` (*b,) of a matching, and `matching` (*b, N): the point y_matching[i] is the partner of x_i."""

    value: Float[Tensor, "*b"]
    matching: Int64[Tensor, "*b n"]


def matched_value(x: Tensor, y: Tensor, matching: Tensor, squared: bool, reduction: str) -> Tensor:
    """Mean or sum (*b,) over the matched pairs of their length or its square, differentiable in both clouds."""
    (xb, yb), size = unit_clouds(*((x, y) if x.ndim == 3 else (x[None], y[None])))
    index = matching if x.ndim == 3 else matching[None]
    terms = pair_squares(xb, yb, index[..., None])[..., 0]
    if not squared:
        terms = length(terms)
    total = restore(terms.mean(-1) if reduction == "mean" else terms.sum(-1), size, squared)
    return total if x.ndim == 3 else total[0]


def best_matching(x: np.ndarray, y: np.ndarray, squared: bool) -> np.ndarray:
    """The cheapest one-to-one matching (N,) of x (N, D) and y (N, D), exactly."""
    # Float64 whatever the clouds are: the solver works in it, and would make a second matrix.
    return linear_sum_assignment(cdist(x, y, "sqeuclidean" if squared else "euclidean"))[1]


def unit_clouds(x: Tensor, y: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor]:
    """Both clouds (*b, N, D) over their size (*b,), a power of two near their common extent, and that size.

    Division by a power of two is exact, and leaves all that depends on shape alone as it was. It keeps squares of very
    small lengths from underflow, those of very large ones from overflow, and serves solvers with absolute tolerances.
    """
    low = torch.minimum(x.detach().amin(-2), y.detach().amin(-2))
    high = torch.maximum(x.detach().amax(-2), y.detach().amax(-2))
    extent = (high - low).amax(-1)
    # Not to the very end of the range, where division and multiplication again would lose digits.
    least = torch.finfo(x.dtype).tiny
    exponent = torch.frexp(extent.clamp(min=least).where(extent > 0, 1.0)).exponent
    size = torch.ldexp(torch.ones_like(extent), exponent)
    return (x / size[..., None, None], y / size[..., None, None]), size


def restore(value: Tensor, size: Tensor, squared: bool) -> Tensor:
    """A value of `unit_clouds`, a length or its square, in the units of the clouds as they were."""
    return value * size * size if squared else value * size


def unit_arrays(x: Tensor, y: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The clouds (B, N, D) and (B, M, D) on the CPU in float64, each pair at unit size, as the solvers want them."""
    (x, y), _ = unit_clouds(x.detach().double(), y.detach().double())
    return arrays(x), arrays(y)


def arrays(clouds: Tensor) -> np.ndarray:
    """The clouds (B, N, D) on the CPU in float64, as the solvers want them."""
    batch = clouds.detach() if clouds.ndim == 3 else clouds.detach()[None]
    return batch.cpu().double().numpy()


def on_each_core(function: Callable[[Task], Done], tasks: Iterable[Task]) -> list[Done]:
    """`function` of each task, in order, by one thread a core: scipy's solver lets go of the interpreter lock."""
    work = list(tasks)
    workers = min(len(work), cores())
    if workers <= 1:
        return [function(task) for task in work]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, work))
