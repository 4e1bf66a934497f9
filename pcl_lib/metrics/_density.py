"""Whether points lie as densely as they should: D-PCC's density metric, and PU-GAN's uniformity.

Lengths of padded clouds as in `pcl_lib.distances.chamfer`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib._checks import as_cloud, as_pair, check_integer, check_positive
from pcl_lib.neighbors import farthest_points, knn, nearest_each_way, radius
from pcl_lib.neighbors.building_blocks import Lengths, cut, each_alone, given

RADIUS = 0.15
MOST_NEIGHBOURS = 100
DISTANCE_WEIGHT = 1e-4
PERCENTAGES = (0.004, 0.006, 0.008, 0.010, 0.012)
FEWEST_IN_DISK = 5


@torch.no_grad()
def density_difference(
    x: Float[Tensor, "*b n d"],
    y: Float[Tensor, "*b m d"],
    *,
    ball: float = RADIUS,
    max_neighbors: int = MOST_NEIGHBOURS,
    distance_weight: float = DISTANCE_WEIGHT,
    lengths_x: Lengths | None = None,
    lengths_y: Lengths | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b"]:
    r"""D-PCC's density metric: how much the number of neighbours of a point differs from that of its counterpart.

    .. math:: \frac1N \sum_i \left( \frac{|c_{j(i)} - c_i|}{c_{j(i)}} + w \frac{|m_{j(i)} - m_i|}{m_{j(i)}} \right)
              + \text{the same from } y \text{ to } x

    c_i counts the points of the own cloud in a ball around x_i, itself included; m_i is their mean distance, itself
    counted with 0; j(i) is the nearest point of the other cloud. Defaults, and the 1e-8 added to each c_j(i) and
    m_j(i), above the bar and below, are the released code's, for patches in the [-1, 1] box.

    - `ball`: the radius, a length; the rim of the ball belongs to it;
    - `max_neighbors`: the most points that are counted in a ball, the nearest ones;
    - `distance_weight`: w;
    - `lengths_x`, `lengths_y`, `backend`: as in `pcl_lib.distances.chamfer`.

    Shapes: x (N, D) or (B, N, D), y (M, D) or (B, M, D); result () or (B,). No unit, in [0, inf). Symmetric; near
    0 on itself (1e-8, by the 1e-8 above, but for points alone in their ball, whose second term is w), and for many
    other pairs: it compares densities, not places. Invariant to rigid motion, not to scale. No gradient. Where only
    j(i) is alone in its ball, its m is 0 and the second term of the order of 1e8 w: so the released code, and the
    reason to choose `ball` large enough.
    Cost: `knn` with k = `max_neighbors` within each cloud, `nearest` each way.
    Errors: `ValueError` for clouds that do not pair, a radius that is not positive, or max_neighbors < 1.
    Reference: he2022dpcc.

    >>> import torch
    >>> x = torch.tensor([[0.0], [0.1], [1.0], [1.1]])
    >>> density_difference(x, x[:3], distance_weight=0.0).item()
    0.6667
    """
    check_positive("ball", ball, "length")
    max_neighbors = check_integer("max_neighbors", max_neighbors, 1)
    if given(lengths_x, lengths_y):
        clouds = cut(x, lengths_x, "x"), cut(y, lengths_y, "y")
        options = partial(
            density_difference,
            ball=ball,
            max_neighbors=max_neighbors,
            distance_weight=distance_weight,
            backend=backend,
        )
        return torch.stack(each_alone(options, *clouds))
    x, y = as_pair(x, y)
    forward, backward = nearest_each_way(x, y, backend=backend)
    here = _local_density(x, ball, max_neighbors, backend)
    other = _local_density(y, ball, max_neighbors, backend)
    in_count, in_distance = (
        _relative(a, b.gather(-1, forward.index)) + _relative(b, a.gather(-1, backward.index))
        for a, b in zip(here, other, strict=True)
    )
    return in_count + distance_weight * in_distance


@torch.no_grad()
def uniformity(
    x: Float[Tensor, "*b n d"],
    *,
    area: float,
    percentages: Sequence[float] = PERCENTAGES,
    seeds: int | None = None,
    lengths: Lengths | None = None,
    backend: str = "auto",
) -> Float[Tensor, "*b p"]:
    r"""PU-GAN's uniformity: how unevenly points fill disks of a surface. Lower is better.

    .. math:: U_p = \frac1{|S|} \sum_{s \in S} \frac{(n_s - \hat n)^2}{\hat n} \cdot
              \frac1{n_s} \sum_{k \in s} \frac{(d_k - \hat d_s)^2}{\hat d_s},
              \qquad \hat n = pN, \quad \hat d_s = \sqrt{\frac{2 \pi r^2}{\sqrt3 \, n_s}}

    for each share p of the surface. A disk s of area p times `area`, hence of radius r = sqrt(p area / pi), holds
    n_s points; d_k is the distance of point k to its nearest other point in the disk, and :math:`\hat d_s` what it
    would be in a hexagonal packing. The first factor sees uneven numbers, the second clutter. Disks of fewer than 5
    points are left out, as in PU-GAN's evaluation code. That code takes 1,000 geodesic disks of the mesh; here a disk
    is a Euclidean ball around a farthest point, which is the same where the surface is flat on the scale of r. So
    values rank clouds of one surface; they are not those of its tables.

    - `area`: of the surface of the cloud, a length squared;
    - `percentages`: the shares p, between 0 and 1; by default those of PU-GAN's loss. Choose them with p N well above
      5: where no disk holds 5 points the value is 0;
    - `seeds`: how many farthest points get a disk; None is 5 % of the points, as in PU-GAN's loss;
    - `lengths`, `backend`: as `lengths_x`, `backend` in `pcl_lib.distances.chamfer`.

    Shapes: x (N, D) or (B, N, D); result (P,) or (B, P), one value for each percentage. Unit: length, in [0, inf),
    zero iff all disks hold the expected number or are perfectly even. Invariant to rigid motion; the order of the
    points only decides where sampling starts. No gradient.
    Cost: sampling, and `radius` around each seed. Errors: `ValueError` for anything that is not a cloud, an area or
    percentage out of range, or seeds not in 1..N. Reference: li2019pugan.

    >>> import torch
    >>> axis = torch.arange(16, dtype=torch.float64)
    >>> grid = torch.cartesian_prod(axis, axis) / 16
    >>> uniformity(grid, area=1.0, percentages=(0.05, 0.1)).tolist()
    [0.0163, 0.0874]
    """
    check_positive("area", area, "length squared")
    if len(percentages) == 0 or not all(0 < p < 1 for p in percentages):
        raise ValueError(
            f"percentages must be shares of the surface between 0 and 1, received {tuple(percentages)}"
        )
    if given(lengths):
        alone = partial(uniformity, area=area, percentages=percentages, seeds=seeds, backend=backend)
        return torch.stack([alone(cloud) for cloud in cut(x, lengths)])
    x = as_cloud(x)
    n = x.shape[-2]
    chosen = farthest_points(x, max(1, n // 20) if seeds is None else seeds)
    clouds, index = (x, chosen) if x.ndim == 3 else (x[None], chosen[None])
    rows = [
        torch.stack([_unevenness(cloud, cloud[i], p, area, backend) for p in percentages])
        for cloud, i in zip(clouds, index, strict=True)
    ]
    return torch.stack(rows) if x.ndim == 3 else rows[0]


def _unevenness(cloud: Tensor, centres: Tensor, share: float, area: float, backend: str) -> Tensor:
    """Value () of one cloud (N, D) for disks of one size around the centres (S, D)."""
    r = math.sqrt(share * area / math.pi)
    expected = share * len(cloud)
    ball = radius(centres, cloud, r, backend=backend)
    values = []
    for index, count in zip(ball.index, ball.count.tolist(), strict=True):
        if count < FEWEST_IN_DISK:
            continue
        disk = cloud[index[:count]]
        spacing = knn(disk, disk, 2, backend=backend).sq_dist[:, 1].sqrt()
        ideal = math.sqrt(2 * math.pi * r**2 / (math.sqrt(3) * count))
        values.append((count - expected) ** 2 / expected * ((spacing - ideal).square() / ideal).mean())
    return torch.stack(values).mean() if values else cloud.new_zeros(())


def _local_density(x: Tensor, ball: float, most: int, backend: str) -> tuple[Tensor, Tensor]:
    """Number (*b, N) of points around each point, and their mean distance (*b, N)."""
    dist = knn(x, x, min(most, x.shape[-2]), backend=backend).sq_dist.sqrt()
    inside = dist <= ball
    count = inside.sum(-1).to(x.dtype)
    return count, (dist * inside).sum(-1) / count


def _relative(own: Tensor, counterpart: Tensor) -> Tensor:
    counterpart = counterpart + 1e-8
    return ((counterpart - own).abs() / counterpart).mean(-1)
