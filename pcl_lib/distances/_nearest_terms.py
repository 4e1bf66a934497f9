"""What the Chamfer family shares: a term of each nearest pair, reduced over each direction, then combined."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from pcl_lib._checks import as_pair, check_option, check_positive
from pcl_lib.distances._both_directions import Partners, Weights, add_up, each_direction, each_way, weigh
from pcl_lib.distances._point_weights import Weighing, one_by_one, shares, wants_gradient
from pcl_lib.neighbors import nearest
from pcl_lib.neighbors.building_blocks import Lengths, given

__all__ = ["COMBINATIONS", "REDUCTIONS", "Terms", "TermsWithGradientScale", "check_positive", "over_pairs"]

REDUCTIONS = ("mean", "sum")
COMBINATIONS = ("sum", "mean", "max", "forward", "backward")

Terms = Callable[[Tensor], Tensor]
# Terms, and the gradient scale of each: its derivative by the distance, over the distance, as in `each_way`.
TermsWithGradientScale = Callable[[Tensor], tuple[Tensor, Tensor]]


def over_pairs(
    x: Tensor,
    y: Tensor,
    terms: Terms,
    reduction: str,
    combine: str,
    backend: str,
    with_gradient_scale: TermsWithGradientScale | None = None,
    *,
    lengths: tuple[Lengths | None, Lengths | None] = (None, None),
    weighing: Weighing | None = None,
) -> Tensor:
    """Value (*b,) of `terms`, which turns squared nearest distances (*b, N) into what is averaged or added.

    `with_gradient_scale` gives the same terms and their gradient in closed form, which is sooner.
    """
    check_option("reduction", reduction, REDUCTIONS)
    check_option("combine", combine, COMBINATIONS)
    if given(*lengths):

        def alone(a: Tensor, b: Tensor, own: Weighing) -> Tensor:
            return over_pairs(a, b, terms, reduction, combine, backend, with_gradient_scale, weighing=own)

        return one_by_one(alone, x, y, lengths, weighing or Weighing())

    x, y = as_pair(x, y)
    weights: Weights = shares(x, y, reduction, weighing)
    if combine in ("forward", "backward"):
        ahead = combine == "forward"
        one_way = nearest(*((x, y) if ahead else (y, x)), backend=backend)
        return _total(terms(one_way.sq_dist), weights[0 if ahead else 1])
    if combine == "mean":
        weights = 0.5 * weights[0], 0.5 * weights[1]

    def formula(sq_dist: Tensor, partners: Partners) -> Tensor:
        # One direction at a time: the terms may be a function of the user's own, of all distances of a cloud.
        forward, backward = (
            _total(terms(part), weight)
            for part, weight in zip(each_direction(sq_dist, partners), weights, strict=True)
        )
        return torch.maximum(forward, backward) if combine == "max" else forward + backward

    if with_gradient_scale is None or combine == "max" or wants_gradient(weights):
        return each_way(x, y, formula, None, backend)

    def closed(sq_dist: Tensor, partners: Partners) -> tuple[Tensor, Tensor]:
        found, gradient_scale = with_gradient_scale(sq_dist)
        return add_up(found, partners, weights), weigh(gradient_scale, partners, weights)

    return each_way(x, y, formula, closed, backend)


def _total(terms: Tensor, weight: float | Tensor) -> Tensor:
    return (terms * weight).sum(-1) if isinstance(weight, Tensor) else terms.sum(-1) * weight
