"""The Chamfer distance, every convention of it."""

from __future__ import annotations

from functools import partial

from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import check_option, in_transform
from pcl_lib.distances._length import length, length_with_gradient_scale
from pcl_lib.distances._nearest_terms import REDUCTIONS, over_pairs
from pcl_lib.distances._point_weights import PerPoint, Weighing, one_by_one
from pcl_lib.distances._squared_chamfer import squares_each_way
from pcl_lib.neighbors.building_blocks import Lengths, given


def chamfer(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    squared: bool = True,
    reduction: str = "mean",
    combine: str = "sum",
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    weights_x: PerPoint | None = None,
    weights_y: PerPoint | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""Chamfer distance between two clouds, one value for each pair of the batch.

    .. math:: \frac1N \sum_i \min_j \lVert x_i - y_j \rVert^2 + \frac1M \sum_j \min_i \lVert x_i - y_j \rVert^2

    That is the default. The options span the conventions in use (`CHAMFER_CONVENTIONS` names them):

    - `squared`: squared lengths, or lengths (the "L1" Chamfer of the completion literature);
    - `reduction`: "mean" or "sum" over the points of a direction;
    - `combine`: "sum" or "mean" of the two directions, their "max" (the augmented Chamfer), or one direction
      alone: "forward" x -> y, "backward" y -> x;
    - `lengths_x`, `lengths_y` (B,): how many points of each cloud count, in a padded batch (`pad_clouds`). Value and
      gradient are those of each pair alone; padding may hold anything and has gradient 0;
    - `weights_x` (N,) or (B, N), `weights_y`: how much each point counts, at least 0 and not all 0: a direction is
      sum w_i d_i / sum w_i with "mean", sum w_i d_i with "sum". A point of weight 0 can still be found by others.
      The weights may have a gradient too;
    - `backend`: of the search, as in `nearest`.

    Convention card. Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); result () or (B,). Unit: length squared
    (length with squared=False), in [0, inf). Symmetric, except one direction alone. Not a metric: the triangle
    inequality fails. Zero iff both clouds are the same set of points (one direction: iff it lies inside the other).
    Translation and rotation invariant; scales with the square of the scale (linearly with squared=False).
    Gradient: exact wherever nearest neighbours are unique; squared=False has gradient 0 at coincident points. Works
    under `torch.func` and forward AD. Clouds in float16 or bfloat16 are computed in float32, and so is the result.
    Cost: `nearest` each way: O((N + M) log(N + M)) time by kd-tree, O(N M D) dense or KeOps; O(N + M) memory;
    with lengths one pair after the other.
    Errors: `ValueError` for an unknown option, clouds that do not pair, lengths or weights that do not fit.
    Reference: fan2017psgn.

    >>> import torch
    >>> x, y = torch.tensor([[0.0, 0.0], [2.0, 0.0]]), torch.tensor([[0.5, 0.0], [3.0, 0.0]])
    >>> chamfer(x, y).item(), chamfer(x, y, reduction="sum").item()
    (1.25, 2.5)
    >>> chamfer(x, y, squared=False, combine="forward").item()
    0.75
    >>> chamfer(x, y, squared=False, combine="forward", weights_x=[3.0, 1.0]).item()
    0.625
    """
    plain = lengths_x is lengths_y is weights_x is weights_y is None and not in_transform()
    if squared and plain and combine in ("sum", "mean"):
        check_option("reduction", reduction, REDUCTIONS)
        return squares_each_way(x, y, reduction, combine, backend)
    weighing = Weighing(weights_x, weights_y)
    if given(lengths_x, lengths_y):
        options = partial(chamfer, squared=squared, reduction=reduction, combine=combine, backend=backend)

        def alone(a: Tensor, b: Tensor, own: Weighing) -> Tensor:
            return options(a, b, weights_x=own.x, weights_y=own.y)

        return one_by_one(alone, x, y, (lengths_x, lengths_y), weighing)
    terms, with_gradient_scale = (
        (_square, _square_with_gradient_scale) if squared else (length, length_with_gradient_scale)
    )
    return over_pairs(x, y, terms, reduction, combine, backend, with_gradient_scale, weighing=weighing)


def _square(sq_dist: Tensor) -> Tensor:
    return sq_dist


def _square_with_gradient_scale(sq_dist: Tensor) -> tuple[Tensor, Tensor]:
    return sq_dist, sq_dist.new_full((), 2.0).expand_as(sq_dist)
