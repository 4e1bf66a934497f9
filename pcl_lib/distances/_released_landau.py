"""The weighted loss that the code of the Landau Chamfer distance computes, which is not that of its paper."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib.distances._nearest_terms import over_pairs
from pcl_lib.distances._point_weights import PerPoint, Weighing
from pcl_lib.neighbors.building_blocks import Lengths

RELEASED_FLOOR = 1e-9


def released_landau_cd(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    reduction: str = "sum",
    combine: str = "mean",
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    weights_x: PerPoint | None = None,
    weights_y: PerPoint | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""The released Landau loss. `weighted_chamfer(x, y, weight="landau")` is the one of the paper.

    .. math:: \frac12 \left( \sum_i e^{-(d_i + e^{-d_i})/2} (1 - e^{-d_i}) + \sum_j \ldots \right)

    It differs from the paper in three ways: 1 - exp(-d) in place of d, no 1/sqrt(2 pi), and half of both sums in
    place of both means. Distances are roots of at least 1e-9, as in the code. The gradient weight is 0.6065 at
    d = 0 and changes sign at d = -log(2 - sqrt 3) = 1.317: farther pairs are pushed apart.

    - `reduction`, `combine`: as in `chamfer`; combine="forward" is the released one-sided loss;
    - `lengths_x`, `lengths_y`, `weights_x`, `weights_y`: points that count, and how much, as in `chamfer`;
    - `backend`: of the search, as in `nearest`.

    Convention card. Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); result () or (B,). No unit; distances
    count in the units of the clouds. At least 0, grows with the number of points. Symmetric, except one direction
    alone. Not a metric. For equal clouds (N + M) 1e-5 at most. Gradient: 0 for pairs nearer than 3.2e-5, else exact.
    Cost: `nearest` each way. Errors: `ValueError` for an unknown option or clouds that do not pair.
    Reference: lin2024landau.

    >>> import torch
    >>> round(released_landau_cd(torch.tensor([[0.0]]), torch.tensor([[1.0]])).item(), 4)
    0.319
    """

    return over_pairs(
        x,
        y,
        _terms,
        reduction,
        combine,
        backend,
        _with_gradient_scale,
        lengths=(lengths_x, lengths_y),
        weighing=Weighing(weights_x, weights_y),
    )


def _terms(sq_dist: Tensor) -> Tensor:
    d = sq_dist.clamp(min=RELEASED_FLOOR).sqrt()
    fall = torch.exp(-d)
    return torch.exp(-(d + fall) / 2) * (1 - fall)


def _with_gradient_scale(sq_dist: Tensor) -> tuple[Tensor, Tensor]:
    d = sq_dist.clamp(min=RELEASED_FLOOR).sqrt()
    fall = torch.exp(-d)
    density, rest = torch.exp(-0.5 * (d + fall)), 1 - fall
    slope = density * (fall - 0.5 * (rest * rest))
    return density * rest, slope * d.reciprocal() * (sq_dist >= RELEASED_FLOOR)
