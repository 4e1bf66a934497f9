"""The Hausdorff distance."""

from __future__ import annotations

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import check_option
from pcl_lib.distances._length import length
from pcl_lib.distances._point_weights import one_by_one
from pcl_lib.neighbors import nearest, nearest_each_way
from pcl_lib.neighbors.building_blocks import Lengths, given

COMBINATIONS = ("max", "forward", "backward")


def hausdorff(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    combine: str = "max",
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""Hausdorff distance between two clouds: how far the worst point is from the other cloud.

    .. math:: \max\left( \max_i \min_j \lVert x_i - y_j \rVert, \; \max_j \min_i \lVert x_i - y_j \rVert \right)

    - `combine`: "max" of both directions, or one alone: "forward" x -> y, "backward" y -> x;
    - `lengths_x`, `lengths_y`: points that count, as in `chamfer`; weights would change nothing of a largest distance;
    - `backend`: of the search, as in `nearest`.

    Convention card. Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); result () or (B,). Unit: length, not
    squared, in [0, inf). Symmetric and a metric on sets of points (one direction alone: neither). Zero iff both
    clouds are the same set. Gradient: through the worst pair only; 0 at coincident points.
    Cost: `nearest` each way. Errors: `ValueError` for an unknown option or clouds that do not pair.
    Reference: huang2023caloss (whose released code reports the half sum of both squared directions instead).

    >>> import torch
    >>> x, y = torch.tensor([[0.0, 0.0], [1.0, 0.0]]), torch.tensor([[0.6, 0.0], [3.0, 0.0]])
    >>> hausdorff(x, y).item(), round(hausdorff(x, y, combine="forward").item(), 6)
    (2.0, 0.6)
    """
    check_option("combine", combine, COMBINATIONS)
    if given(lengths_x, lengths_y):
        alone = partial(hausdorff, combine=combine, backend=backend)
        return one_by_one(lambda a, b, _: alone(a, b), x, y, (lengths_x, lengths_y))
    if combine == "max":
        forward, backward = (way.sq_dist.amax(-1) for way in nearest_each_way(x, y, backend=backend))
        return length(torch.maximum(forward, backward))
    one_way = nearest(*((x, y) if combine == "forward" else (y, x)), backend=backend)
    return length(one_way.sq_dist.amax(-1))
