"""The truncated Chamfer distance."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import check_positive
from pcl_lib.distances._length import length, length_with_gradient_scale
from pcl_lib.distances._nearest_terms import over_pairs
from pcl_lib.distances._point_weights import PerPoint, Weighing
from pcl_lib.neighbors.building_blocks import Lengths


def truncated_cd(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    threshold: float = 0.2,
    squared: bool = False,
    reduction: str = "mean",
    combine: str = "sum",
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    weights_x: PerPoint | None = None,
    weights_y: PerPoint | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""Chamfer distance in which no pair counts more than a threshold t.

    .. math:: \frac1N \sum_i \min(d_i, t) + \frac1M \sum_j \min(d_j, t)

    - `threshold`: t, a length. The table that reports this loss prints t = 0.2 alone, without a formula or code:
      lengths are this library's reading;
    - `squared`: True takes min(d, t)^2;
    - `reduction`, `combine`: as in `chamfer`;
    - `lengths_x`, `lengths_y`, `weights_x`, `weights_y`: points that count, and how much, as in `chamfer`;
    - `backend`: of the search, as in `nearest`.

    Convention card. Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); result () or (B,). Unit: length (length
    squared with squared=True), in [0, 2 t] by default. Symmetric, except one direction alone. Not a metric. Zero
    iff both clouds are the same set. Gradient: that of `chamfer` for pairs nearer than t, 0 for the others and at
    coincident points. Cost: `nearest` each way. Errors: `ValueError` for a threshold that is not positive, an
    unknown option or clouds that do not pair. Reference: lin2024landau.

    >>> import torch
    >>> x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.1], [5.0]])
    >>> truncated_cd(x, y, combine="forward").item()
    0.15
    """
    check_positive("threshold", threshold)

    def terms(sq_dist: Tensor) -> Tensor:
        cut = sq_dist.clamp(max=threshold**2)
        return cut if squared else length(cut)

    def with_gradient_scale(sq_dist: Tensor) -> tuple[Tensor, Tensor]:
        near = sq_dist <= threshold**2
        if squared:
            return terms(sq_dist), 2.0 * near
        d, gradient_scale = length_with_gradient_scale(sq_dist)
        return d.clamp(max=threshold), gradient_scale * near

    return over_pairs(
        x,
        y,
        terms,
        reduction,
        combine,
        backend,
        with_gradient_scale,
        lengths=(lengths_x, lengths_y),
        weighing=Weighing(weights_x, weights_y),
    )
