"""The hyperbolic Chamfer distance, HyperCD."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import check_option, check_positive
from pcl_lib.distances._length import length, off_zero
from pcl_lib.distances._nearest_terms import over_pairs
from pcl_lib.distances._point_weights import PerPoint, Weighing
from pcl_lib.neighbors.building_blocks import Lengths

FORMS = ("paper", "released")
RELEASED_FLOOR = 1 + 1e-5


def hyper_cd(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    alpha: float = 1.0,
    form: str = "paper",
    reduction: str = "mean",
    combine: str = "sum",
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    weights_x: PerPoint | None = None,
    weights_y: PerPoint | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""Chamfer distance with each nearest distance d measured as arccosh(1 + alpha d^2).

    .. math:: \frac1N \sum_i \operatorname{arccosh}(1 + \alpha d_i^2)
              + \frac1M \sum_j \operatorname{arccosh}(1 + \alpha d_j^2)

    Evaluated as 2 arcsinh(d sqrt(alpha / 2)), the same number without the loss of digits near d = 0: close pairs
    keep their value and a gradient of norm near sqrt(2 alpha).

    - `alpha`: positive, per length squared;
    - `form`: "paper", or "released", which clamps the argument of arccosh from below at 1 + 1e-5, as the published code
      does: pairs nearer than 3.2e-3 (for alpha = 1) then have no gradient;
    - `reduction`, `combine`: as in `chamfer`;
    - `lengths_x`, `lengths_y`, `weights_x`, `weights_y`: points that count, and how much, as in `chamfer`;
    - `backend`: of the search, as in `nearest`.

    Convention card. Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); result () or (B,). No unit, in [0, inf);
    alpha is per length squared. Symmetric, except one direction alone. Not a metric. Zero iff both clouds are the
    same set (form="released": never below 0.00447 a direction). Gradient: exact where nearest neighbours are
    unique, 0 at coincident points, as is the second derivative. Cost: `nearest` each way. Errors: `ValueError` for
    alpha that is not positive, an unknown option or clouds that do not pair. Reference: lin2023hypercd.

    >>> import torch
    >>> x, y = torch.tensor([[0.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    >>> round(hyper_cd(x, y).item(), 4)  # 2 arccosh(2)
    2.6339
    """
    check_option("form", form, FORMS)
    check_positive("alpha", alpha)

    def terms(sq_dist: Tensor) -> Tensor:
        if form == "released":
            return torch.acosh((1 + alpha * sq_dist).clamp(min=RELEASED_FLOOR))
        return 2 * torch.asinh(length(sq_dist) * math.sqrt(alpha / 2))

    def with_gradient_scale(sq_dist: Tensor) -> tuple[Tensor, Tensor]:
        # The same number: arccosh(1 + u) = log(1 + u + sqrt(u (u + 2))).
        u = alpha * sq_dist
        root = u.sqrt() * (u + 2).sqrt()
        return torch.log1p(u + root), 2 * alpha / off_zero(root)

    return over_pairs(
        x,
        y,
        terms,
        reduction,
        combine,
        backend,
        with_gradient_scale if form == "paper" else None,
        lengths=(lengths_x, lengths_y),
        weighing=Weighing(weights_x, weights_y),
    )


def hyper_cd_gradient_weight(d: Float[Tensor, "*s"], alpha: float = 1.0) -> Float[Tensor, "*s"]:
    r"""Derivative of arccosh(1 + alpha d^2) by the distance d: how strongly HyperCD pulls a pair together.

    .. math:: z^{(H)}(d) = \frac{2\alpha}{\sqrt{2\alpha + \alpha^2 d^2}}

    The printed form 2 alpha d / sqrt((1 + alpha d^2)^2 - 1) is 0/0 at d = 0; this one gives its limit,
    sqrt(2 alpha). Shapes: d and result (*s). Falls with d. Errors: `ValueError` for alpha that is not positive.
    Reference: lin2024landau.

    >>> import torch
    >>> hyper_cd_gradient_weight(torch.tensor([0.0, 1.0])).tolist()
    [1.4142, 1.1547]
    """
    check_positive("alpha", alpha)
    return 2 * alpha / (2 * alpha + (alpha * d).square()).sqrt()
