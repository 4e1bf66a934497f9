"""MCD and HD, the two columns of the tables of PCLoss and CALoss.

Lengths of padded clouds as in `pcl_lib.distances.chamfer`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import as_pair
from pcl_lib.neighbors import farthest_points, nearest_each_way
from pcl_lib.neighbors.building_blocks import Lengths, cut, each_alone, given

SIZES = (4, 8, 16, 32, 64)
CENTRES = 128
GLOBAL_WEIGHT = 0.1
TABLE_SCALE = 100.0  # the tables print both values × 100


Both = tuple[Lengths | None, Lengths | None]


@torch.no_grad()
def mcd(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    sizes: Sequence[int] = SIZES,
    centres: int = CENTRES,
    batch_max: bool = False,
    scale: float = 1.0,
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""Multi-scale Chamfer distance (MCD) of PCLoss and CALoss: Chamfer of small neighbourhoods, and of the whole.

    .. math:: \frac1{|K|} \sum_{k \in K} L_k + 0.1 \max\left( \frac1N \sum_i \min_j \lVert x_i - y_j \rVert^2,
              \; \frac1M \sum_j \min_i \lVert x_i - y_j \rVert^2 \right)

    :math:`L_k` is `local_chamfer`. All distances are squared, and their unit is length squared. The released code
    shuffles the points, so its centres, hence its value, change from run to run; here they start at point 0 of each
    cloud.

    - `sizes`: the k of the sum, numbers of points of a neighbourhood, one or more;
    - `centres`: how many neighbourhoods of each cloud, around its farthest points;
    - `batch_max`: the released code takes the means of the last term over a batch of 16 before their maximum, so its
      value depends on the batch. True follows it (every pair of the batch then gets the same last term); else each
      pair stands alone;
    - `scale`: what the value is multiplied by; CALoss tables show the mean over shapes × 100: `scale=100.0`;
    - `lengths_x`, `lengths_y`, `backend`: as in `pcl_lib.distances.chamfer`.

    Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D), each of at least max(centres, *sizes) points; result () or
    (B,), in [0, inf). Symmetric; zero on itself; not a metric. Invariant to translation and rotation, not to the
    order of the points (up to another choice of centres); scales with the square of the scale. No gradient.
    Of equally near points the first counts, so the value is the same on every device. Cost: O(centres (N log N +
    sum k^2 D)) time; O(centres D (N + max k^2)) memory, whatever the batch.
    Errors: `ValueError` for clouds that do not pair or are too small, or no sizes. Reference: huang2023caloss.

    >>> import torch
    >>> x = torch.linspace(0, 1, 9, dtype=torch.float64)[:, None]
    >>> mcd(x, x + 1, sizes=(2, 4), centres=4, scale=100.0).item()
    39.479
    """
    lengths = lengths_x, lengths_y
    neighbourhoods = _local(x, y, sizes, centres, lengths)
    ways = list(_ways(x, y, lengths, backend, torch.mean))
    if batch_max:
        ways = [way.mean().expand_as(way) for way in ways]
    return scale * (neighbourhoods.mean(-1) + GLOBAL_WEIGHT * torch.maximum(*ways))


@torch.no_grad()
def local_chamfer(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    k: int,
    *,
    centres: int = CENTRES,
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
) -> Float[Tensor, "*b"]:
    r"""Mean Chamfer distance of neighbourhoods of k points: one scale of `mcd`.

    .. math:: L_k = \frac1{|C|} \sum_{c \in C} \max\left( \frac1k \sum_{p \in X_c} \min_{q \in Y_c}
              \lVert p - q \rVert^2, \; \frac1k \sum_{q \in Y_c} \min_{p \in X_c} \lVert p - q \rVert^2 \right)

    C holds farthest points of both clouds, X_c and Y_c the k points of either cloud nearest to c.

    - `k`: points of a neighbourhood, from 1 to the points of the smaller cloud;
    - `centres`: farthest points of each cloud, so that C holds twice as many;
    - `lengths_x`, `lengths_y`: as in `pcl_lib.distances.chamfer`.

    Shapes, unit, properties and errors: as `mcd`. Reference: huang2023caloss.

    >>> import torch
    >>> x = torch.linspace(0, 1, 9, dtype=torch.float64)[:, None]
    >>> local_chamfer(x, x + 1, 2, centres=4).item()
    0.375
    """
    return _local(x, y, (k,), centres, (lengths_x, lengths_y))[..., 0]


@torch.no_grad()
def half_sum_hausdorff(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    scale: float = 1.0,
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""The "HD" of PCLoss and CALoss: half the sum of both one-sided Hausdorff distances, squared.

    .. math:: \tfrac12 \left( \max_i \min_j \lVert x_i - y_j \rVert^2 + \max_j \min_i \lVert x_i - y_j \rVert^2 \right)

    Not the Hausdorff distance, which is the larger of the two and a length: see `pcl_lib.distances.hausdorff`.
    CALoss tables show the mean over shapes × 100: `scale=100.0`.

    - `scale`: what the value is multiplied by;
    - `lengths_x`, `lengths_y`, `backend`: as in `pcl_lib.distances.chamfer`.

    Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); result () or (B,). Unit: length squared, in [0, inf).
    Symmetric; zero iff both clouds are the same set; not a metric. Invariant to rigid motion and order. No gradient.
    Cost: `nearest` each way. Errors: `ValueError` for clouds that do not pair. Reference: huang2023caloss.

    >>> import torch
    >>> x, y = torch.tensor([[0.0, 0.0], [1.0, 0.0]]), torch.tensor([[0.0, 0.0], [3.0, 0.0]])
    >>> half_sum_hausdorff(x, y).item(), half_sum_hausdorff(x, y, scale=100.0).item()
    (2.5, 250.0)
    """
    forward, backward = _ways(x, y, (lengths_x, lengths_y), backend, torch.amax)
    return scale * (forward + backward) / 2


def _ways(
    x: Tensor, y: Tensor, lengths: Both, backend: str, reduce: Callable[..., Tensor]
) -> tuple[Tensor, Tensor]:
    """The squared distances of each direction, reduced to one number (*b,)."""
    if given(*lengths):
        clouds = cut(x, lengths[0], "x"), cut(y, lengths[1], "y")
        pairs = each_alone(lambda a, b: _ways(a, b, (None, None), backend, reduce), *clouds)
        forward, backward = (torch.stack(way) for way in zip(*pairs, strict=True))
    else:
        forward, backward = (reduce(way.sq_dist, -1) for way in nearest_each_way(x, y, backend=backend))
    return forward, backward


def _local(x: Tensor, y: Tensor, sizes: Sequence[int], centres: int, lengths: Both = (None, None)) -> Tensor:
    """`local_chamfer` (*b, K) for each of the K sizes."""
    if given(*lengths):
        clouds = cut(x, lengths[0], "x"), cut(y, lengths[1], "y")
        return torch.stack(each_alone(lambda a, b: _local(a, b, sizes, centres), *clouds))
    x, y = as_pair(x, y)
    if len(sizes) == 0:
        raise ValueError(
            "sizes must name at least one neighbourhood size, received none; the papers' are SIZES"
        )
    points = min(x.shape[-2], y.shape[-2])
    if min(*sizes, centres) < 1 or max(*sizes, centres) > points:
        raise ValueError(
            f"sizes and centres must be from 1 to the number of points, received sizes {tuple(sizes)} and "
            f"{centres} centres for x {tuple(x.shape)} and y {tuple(y.shape)}; lower them, or take larger clouds"
        )
    from_x, from_y = (farthest_points(cloud, centres) for cloud in (x, y))
    if x.ndim == 2:
        return _compare(x, y, from_x, from_y, sizes)
    # One pair after the other: the memory of one pair, whatever the batch.
    pairs = zip(x, y, from_x, from_y, strict=True)
    return torch.stack([_compare(a, b, i, j, sizes) for a, b, i, j in pairs])


def _compare(x: Tensor, y: Tensor, from_x: Tensor, from_y: Tensor, sizes: Sequence[int]) -> Tensor:
    """Values (K,) for one pair of clouds (N, D), (M, D) and the centres chosen from each."""
    middle = torch.cat([x[from_x], y[from_y]])
    # The k nearest are the first k of the nearest `largest`: one search serves every size.
    largest = max(sizes)
    around_x, around_y = (cloud[_nearest_in_order(middle, cloud, largest)] for cloud in (x, y))
    values = []
    for k in sizes:
        sq_dist = (around_x[:, :k, None] - around_y[:, None, :k]).square_().sum(-1)
        forward, backward = sq_dist.amin(2).mean(-1), sq_dist.amin(1).mean(-1)
        values.append(torch.maximum(forward, backward).mean())
    return torch.stack(values)


def _nearest_in_order(centres: Tensor, cloud: Tensor, k: int) -> Tensor:
    """Index (C, k) of the nearest points; of equally near ones the first, so that every device agrees."""
    sq_dist = (centres[:, None] - cloud).square_().sum(-1)
    return sq_dist.sort(stable=True).indices[:, :k]
