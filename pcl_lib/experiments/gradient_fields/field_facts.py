"""Numbers of the exact field that ShapeGF's claims on fields are judged by; no verdicts, no drawing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from scipy.optimize import linprog
from torch import Tensor

from pcl_lib.distances import displacement
from pcl_lib.experiments.gradient_fields.levels import STEPS, exact_field, quality
from pcl_lib.models import annealed_langevin, langevin_start, noise_levels
from pcl_lib.neighbors import nearest


def places(count: int, dims: int, *, seed: int = 0) -> Float[Tensor, "n d"]:
    """Points of the box that the sampler starts from."""
    return langevin_start("uniform", (count, dims), seed=seed)


def from_truth(points: Float[Tensor, "n d"], dense: Float[Tensor, "m d"]) -> Float[Tensor, "n"]:
    """Distances to the nearest of many points of a shape: to the shape, up to their spacing."""
    return nearest(points, dense).sq_dist.clamp(min=0).sqrt()


def smoothed_distance(
    cloud: Float[Tensor, "n d"], dense: Float[Tensor, "m d"], sigma: float, *, seed: int = 0
) -> float:
    """Mean distance of draws of Q_sigma from the shape."""
    noise = torch.randn(cloud.shape, generator=torch.Generator().manual_seed(seed))
    return float(from_truth(cloud + sigma * noise, dense).mean())


def in_hull(points: Float[Tensor, "n d"], cloud: Float[Tensor, "m d"]) -> int:
    """How many of the points are means of the cloud's with weights that are not negative, by a linear programme each.

    >>> corners = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> in_hull(torch.tensor([[0.2, 0.2], [0.9, 0.9]]), corners)
    1
    """
    # In the frame of each point, and with the sums of the weights as a further row: the programme asks for 0 and 1.
    found = 0
    for point in points.double():
        sides = torch.cat([(cloud.double() - point).T, torch.ones(1, len(cloud), dtype=torch.float64)])
        goal = np.append(np.zeros(cloud.shape[1]), 1.0)
        programme = linprog(
            np.zeros(len(cloud)), A_eq=sides.numpy(), b_eq=goal, bounds=(0, None), method="highs"
        )
        found += programme.status == 0
    return found


def angles(points: Float[Tensor, "n d"], cloud: Float[Tensor, "m d"], sigma: float) -> tuple[float, float]:
    """Median angles, in degrees, of the field with the direction to the mean of the cloud and to its nearest point."""
    step = displacement(points, cloud, sigma)
    to_nearest = cloud[nearest(points, cloud).index] - points
    pairs = (cloud.mean(0) - points, to_nearest)
    cosines = [torch.cosine_similarity(step, each, dim=-1).clamp(-1, 1) for each in pairs]
    first, second = (float(torch.rad2deg(cosine.acos()).median()) for cosine in cosines)
    return first, second


def distance_error(
    points: Float[Tensor, "n d"], cloud: Float[Tensor, "m d"], dense: Float[Tensor, "k d"], sigma: float
) -> float:
    """Median of how far the length of the displacement is from the distance to the shape, as a share of that."""
    truth = from_truth(points, dense)
    return float(((displacement(points, cloud, sigma).norm(dim=-1) - truth).abs() / truth).median())


def grid(cells: int, dims: int, *, half_width: float = 1.5) -> Float[Tensor, "n d"]:
    """The middles of so many cells along each axis of the box."""
    axis = half_width * (2 * (torch.arange(cells) + 0.5) / cells - 1)
    return torch.cartesian_prod(*[axis] * dims)


def unsupervised(cloud: Float[Tensor, "m d"], sigma: float, *, cells: int = 32) -> Bool[Tensor, "n"]:
    """Which places of a grid lie beyond three sigma of the cloud: noise of sigma hardly ever puts a point there."""
    return from_truth(grid(cells, cloud.shape[1]), cloud) > 3 * sigma


def both_orders(
    cloud: Float[Tensor, "m d"], truth: Float[Tensor, "n d"], *, seeds: Sequence[int] = (0, 1, 2)
) -> dict[bool, list[float]]:
    """Squared distance of the drawn points to the truth, by whether noise comes first, for each seed."""
    found: dict[bool, list[float]] = {True: [], False: []}
    for seed in seeds:
        start = langevin_start("uniform", tuple(truth.shape), seed=seed)
        for first, values in found.items():
            made = annealed_langevin(
                exact_field(cloud), start, noise_levels(), noise_first=first, seed=seed + 1_000_000
            ).points
            values.append(quality(made, truth).to_truth)
    return found


def misplaced_mass(
    cloud: Float[Tensor, "m d"],
    labels: Tensor,
    levels: Sequence[float],
    *,
    seeds: Sequence[int] = range(6),
) -> list[float]:
    """For each seed the share of drawn points that lie on another part of the shape than they should: half the sum of
    the differences of the parts' shares, drawn by the exact field in 100 steps."""
    parts = int(labels.max()) + 1
    wanted = torch.bincount(labels, minlength=parts) / len(labels)
    found = []
    for seed in seeds:
        start = langevin_start("uniform", tuple(cloud.shape), seed=seed)
        steps = STEPS // len(levels)
        made = annealed_langevin(exact_field(cloud), start, levels, steps=steps, seed=seed + 1_000_000).points
        shares = torch.bincount(labels[nearest(made, cloud).index], minlength=parts) / len(made)
        found.append(float((shares - wanted).abs().sum() / 2))
    return found


def false_surface(
    cloud: Float[Tensor, "m d"],
    dense: Float[Tensor, "k d"],
    *,
    sigma: float = 0.01,
    delta: float = 0.05,
    cells: int = 32,
) -> float:
    """The share of the box where the field is shorter than delta and the shape further away than twice that."""
    where = grid(cells, cloud.shape[1])
    short = displacement(where, cloud, sigma).norm(dim=-1) < delta
    return float((short & (from_truth(where, dense) > 2 * delta)).float().mean())
