"""What the Chamfer family shares: a term of each nearest pair, reduced over each direction, then combined."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor

from pcl_lib.distances.chamfer import COMBINATIONS, REDUCTIONS
from pcl_lib.distances.directions import check_option, combine_directions
from pcl_lib.neighbors import nearest, nearest_each_way


def over_pairs(
    x: Tensor, y: Tensor, terms: Callable[[Tensor], Tensor], reduction: str, combine: str, backend: str
) -> Tensor:
    """Value (*b,) of `terms`, which turns squared nearest distances (*b, N) into what is averaged or added."""
    check_option("reduction", reduction, REDUCTIONS)
    check_option("combine", combine, COMBINATIONS)
    if combine in ("forward", "backward"):
        one_way = nearest(*((x, y) if combine == "forward" else (y, x)), backend=backend)
        return _reduce(terms(one_way.sq_dist), reduction)
    there, back = (_reduce(terms(way.sq_dist), reduction) for way in nearest_each_way(x, y, backend=backend))
    return combine_directions(there, back, combine)


def _reduce(terms: Tensor, reduction: str) -> Tensor:
    return terms.mean(-1) if reduction == "mean" else terms.sum(-1)


def check_positive(name: str, value: float) -> None:
    """Raise `ValueError` unless a parameter is a positive, finite number."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be positive and finite, received {value!r}")
