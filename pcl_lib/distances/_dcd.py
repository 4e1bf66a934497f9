"""The density-aware Chamfer distance, DCD."""

from __future__ import annotations

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import as_pair, check_not_negative, check_option, check_positive
from pcl_lib.distances._both_directions import Partners, add_up, each_way, weigh
from pcl_lib.distances._length import length, off_zero
from pcl_lib.distances._point_weights import PerPoint, Weighing, one_by_one, shares, wants_gradient
from pcl_lib.neighbors.building_blocks import Lengths, given

FORMS = ("paper", "released", "released non_reg")


def dcd(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    alpha: float = 40.0,
    n_lambda: float = 1.0,
    form: str = "paper",
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    weights_x: PerPoint | None = None,
    weights_y: PerPoint | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""Density-aware Chamfer distance: a match counts less the more points share its partner.

    .. math:: \frac12 \left( \frac1N \sum_i \left(1 - n_{j(i)}^{-\lambda} e^{-\alpha d_i} \right)
              + \frac1M \sum_j \left(1 - n_{i(j)}^{-\lambda} e^{-\alpha d_j} \right) \right)

    where n of a point counts the points that chose it as their nearest; the counts carry no gradient.

    - `alpha`: positive, per length (per length squared as released);
    - `n_lambda`: the exponent lambda of n, at least 0; the paper has 1;
    - `form`: "paper"; "released", the published code: the squared distance in the exponent, (n^lambda + 1e-6) in place
      of n^lambda, and each match multiplied by the ratio of the sizes, N/M in the direction x -> y, M/N in the other;
      "released non_reg" raises these ratios to at least 1. For clouds of different sizes and lambda below 1 both
      released forms may be negative;
    - `lengths_x`, `lengths_y`, `weights_x`, `weights_y`: as in `chamfer`, the weights in both means; n and the ratios
      count points, whatever their weight;
    - `backend`: of the search, as in `nearest`.

    Convention card. Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); result () or (B,). No unit, in [0, 1];
    the released forms are only bounded by 1. Symmetric. Not a metric. Zero iff both clouds are the same set and, for
    lambda above 0, every nearest match is one to one. Gradient: through the distances; 0 at coincident points;
    vanishes where alpha d is large. Cost: `nearest` each way. Errors: `ValueError` for alpha that is not positive,
    negative n_lambda, an unknown form or clouds that do not pair. Reference: wu2021dcd.

    >>> import torch
    >>> x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [9.0]])
    >>> dcd(x, y).item()  # both points of x share one partner, met by one of them; one point of y is far away
    0.625
    """
    check_option("form", form, FORMS)
    check_positive("alpha", alpha)
    check_not_negative("n_lambda", n_lambda)
    weighing = Weighing(weights_x, weights_y)
    if given(lengths_x, lengths_y):

        def alone(a: Tensor, b: Tensor, own: Weighing) -> Tensor:
            options = partial(dcd, alpha=alpha, n_lambda=n_lambda, form=form, backend=backend)
            return options(a, b, weights_x=own.x, weights_y=own.y)

        return one_by_one(alone, x, y, (lengths_x, lengths_y), weighing)

    x, y = as_pair(x, y)
    n, m = x.shape[-2], y.shape[-2]
    ratios = {"paper": (1.0, 1.0), "released": (n / m, m / n)}.get(form, (max(1.0, n / m), max(1.0, m / n)))
    in_x, in_y = shares(x, y, "mean", weighing)
    weights = 0.5 * in_x, 0.5 * in_y

    def worth(partners: Partners, like: Tensor) -> Tensor:
        crowds = torch.cat(
            [_crowd(index, size, like) for index, size in zip(partners, (m, n), strict=True)], -1
        )
        if n_lambda != 1:
            crowds = crowds**n_lambda
        return crowds.reciprocal() if form == "paper" else weigh(1 / (crowds + 1e-6), partners, ratios)

    def formula(sq_dist: Tensor, partners: Partners) -> Tensor:
        reach = length(sq_dist) if form == "paper" else sq_dist
        return add_up(1 - torch.exp(-alpha * reach) * worth(partners, sq_dist), partners, weights)

    def with_gradient_scale(sq_dist: Tensor, partners: Partners) -> tuple[Tensor, Tensor]:
        d = sq_dist.sqrt()
        reach = d if form == "paper" else sq_dist
        shares = torch.exp(-alpha * reach) * worth(partners, sq_dist)
        gradient_scale = shares * (alpha * off_zero(d).reciprocal() if form == "paper" else 2 * alpha)
        return add_up(1 - shares, partners, weights), weigh(gradient_scale, partners, weights)

    return each_way(x, y, formula, None if wants_gradient(weights) else with_gradient_scale, backend)


def _crowd(index: Tensor, size: int, like: Tensor) -> Tensor:
    """How many points share the partner of each point (*b, N), among `size` partners."""
    ones = like.new_ones(()).expand(index.shape)
    chosen = like.new_zeros((*index.shape[:-1], size)).scatter_add(-1, index, ones)
    return chosen.gather(-1, index)
