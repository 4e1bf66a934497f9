"""The Chamfer distance, every convention of it."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from pcl_lib.distances.directions import check_option, length, length_with_pull
from pcl_lib.distances.per_pair import REDUCTIONS, over_pairs
from pcl_lib.distances.squares import squares_each_way


def chamfer(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    squared: bool = True,
    reduction: str = "mean",
    combine: str = "sum",
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""Chamfer distance between two clouds, one value for each pair of the batch.

    .. math:: \frac1N \sum_i \min_j \lVert x_i - y_j \rVert^2 + \frac1M \sum_j \min_i \lVert x_i - y_j \rVert^2

    That is the default. The options span the conventions in use (`CHAMFER_CONVENTIONS` names them):

    - `squared`: squared lengths, or lengths (the "L1" Chamfer of the completion literature);
    - `reduction`: "mean" or "sum" over the points of a direction;
    - `combine`: "sum" or "mean" of the two directions, their "max" (the augmented Chamfer), or one direction
      alone: "forward" x -> y, "backward" y -> x.

    Convention card. Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); result () or (B,). Unit: length squared
    (length with squared=False), in [0, inf). Symmetric, except one direction alone. Not a metric: the triangle
    inequality fails. Zero iff both clouds are the same set of points (one direction: iff it lies inside the other).
    Translation and rotation invariant; scales with the square of the scale (linearly with squared=False).
    Gradient: exact wherever nearest neighbours are unique; squared=False has gradient 0 at coincident points.
    Cost: `nearest` each way: O((N + M) log(N + M)) time by kd-tree, O(N M D) dense or KeOps; O(N + M) memory.
    Errors: `ValueError` for an unknown option or clouds that do not pair. Reference: fan2017psgn.

    >>> import torch
    >>> x, y = torch.tensor([[0.0, 0.0], [2.0, 0.0]]), torch.tensor([[0.5, 0.0], [3.0, 0.0]])
    >>> chamfer(x, y).item(), chamfer(x, y, reduction="sum").item()
    (1.25, 2.5)
    >>> chamfer(x, y, squared=False, combine="forward").item()
    0.75
    """
    if squared and combine in ("sum", "mean"):
        check_option("reduction", reduction, REDUCTIONS)
        return squares_each_way(x, y, reduction, combine, backend)
    if squared:
        return over_pairs(x, y, lambda sq_dist: sq_dist, reduction, combine, backend)
    return over_pairs(x, y, length, reduction, combine, backend, length_with_pull)
