"""What the Chamfer family shares: a term of each nearest pair, reduced over each direction, then combined."""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor

from pcl_lib._checks import check_pair
from pcl_lib.distances.directions import check_option, combine_directions
from pcl_lib.distances.each_way import Partners, add_up, each_way, weigh
from pcl_lib.neighbors import nearest, nearest_each_way

REDUCTIONS = ("mean", "sum")
COMBINATIONS = ("sum", "mean", "max", "forward", "backward")

Terms = Callable[[Tensor], Tensor]
# Terms, and the pull of each: its derivative by the distance over the distance, as in `each_way`.
TermsWithPull = Callable[[Tensor], tuple[Tensor, Tensor]]


def over_pairs(
    x: Tensor,
    y: Tensor,
    terms: Terms,
    reduction: str,
    combine: str,
    backend: str,
    with_pull: TermsWithPull | None = None,
) -> Tensor:
    """Value (*b,) of `terms`, which turns squared nearest distances (*b, N) into what is averaged or added.

    `with_pull` gives the same terms and their gradient in closed form, which is sooner.
    """
    check_option("reduction", reduction, REDUCTIONS)
    check_option("combine", combine, COMBINATIONS)

    if combine in ("forward", "backward"):
        one_way = nearest(*((x, y) if combine == "forward" else (y, x)), backend=backend)
        return _reduce(terms(one_way.sq_dist), reduction)
    if with_pull is None or combine == "max":
        ways = nearest_each_way(x, y, backend=backend)
        there, back = (_reduce(terms(way.sq_dist), reduction) for way in ways)
        return combine_directions(there, back, combine)

    check_pair(x, y)
    half = 0.5 if combine == "mean" else 1.0
    weights = (half / x.shape[-2], half / y.shape[-2]) if reduction == "mean" else (half, half)

    def formula(sq_dist: Tensor, partners: Partners) -> Tensor:
        return add_up(terms(sq_dist), partners, weights)

    def closed(sq_dist: Tensor, partners: Partners) -> tuple[Tensor, Tensor]:
        found, pull = with_pull(sq_dist)
        return add_up(found, partners, weights), weigh(pull, partners, weights)

    return each_way(x, y, formula, closed, backend)


def _reduce(terms: Tensor, reduction: str) -> Tensor:
    return terms.mean(-1) if reduction == "mean" else terms.sum(-1)


def check_positive(name: str, value: float) -> None:
    """Raise `ValueError` unless a parameter is a positive, finite number."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be positive and finite, received {value!r}")
