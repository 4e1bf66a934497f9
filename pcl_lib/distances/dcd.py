"""The density-aware Chamfer distance, DCD."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib.distances.directions import check_option, length
from pcl_lib.distances.per_pair import check_positive
from pcl_lib.neighbors import Nearest, nearest_each_way

FORMS = ("paper", "released", "released non_reg")


def dcd(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    alpha: float = 40.0,
    n_lambda: float = 1.0,
    form: str = "paper",
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""Density-aware Chamfer distance: a match counts less the more points share its partner.

    .. math:: \frac12 \left( \frac1N \sum_i \left(1 - n_{j(i)}^{-\lambda} e^{-\alpha d_i} \right)
              + \frac1M \sum_j \left(1 - n_{i(j)}^{-\lambda} e^{-\alpha d_j} \right) \right)

    where n of a point counts the points that chose it as their nearest; the counts carry no gradient. The paper has
    lambda = 1. form="released" is the published code: the squared distance in the exponent, (n^lambda + 1e-6) in
    place of n^lambda, and each match multiplied by the ratio of the sizes, N/M in the direction x -> y and M/N in
    the other; "released non_reg" raises these ratios to at least 1. For clouds of different sizes and lambda below
    1 both released forms may be negative.

    Convention card. Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); result () or (B,). No unit, in [0, 1];
    the released forms are only bounded by 1. alpha is per length (per length squared as released). Symmetric. Not a
    metric. Zero iff both clouds are the same set and every nearest match is one to one. Gradient: through the
    distances; 0 at coincident points; vanishes where alpha d is large. Cost: `nearest` each way. Errors:
    `ValueError` for alpha that is not positive, negative n_lambda, an unknown form or clouds that do not pair.
    Reference: wu2021dcd.

    >>> import torch
    >>> x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.0], [9.0]])
    >>> dcd(x, y).item()  # both points of x share one partner, met by one of them; one point of y is far away
    0.625
    """
    check_option("form", form, FORMS)
    check_positive("alpha", alpha)
    if not (math.isfinite(n_lambda) and n_lambda >= 0):
        raise ValueError(f"n_lambda must be a finite number of at least 0, received {n_lambda!r}")
    there, back = nearest_each_way(x, y, backend=backend)
    sizes = x.shape[-2], y.shape[-2]
    return (
        _one_way(there, *sizes, alpha, n_lambda, form) + _one_way(back, *sizes[::-1], alpha, n_lambda, form)
    ) / 2


def _one_way(found: Nearest, n: int, m: int, alpha: float, n_lambda: float, form: str) -> Tensor:
    ones = torch.ones_like(found.sq_dist, requires_grad=False)
    chosen = ones.new_zeros((*ones.shape[:-1], m)).scatter_add(-1, found.index, ones)
    crowd = chosen.gather(-1, found.index) ** n_lambda
    if form == "paper":
        return (1 - torch.exp(-alpha * length(found.sq_dist)) / crowd).mean(-1)
    ratio = n / m if form == "released" else max(1.0, n / m)
    return (1 - torch.exp(-alpha * found.sq_dist) * ratio / (crowd + 1e-6)).mean(-1)
