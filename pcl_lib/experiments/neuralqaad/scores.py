"""What whole clouds that were made of shapes are worth, in lengths of the frame that the networks see."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from scipy.spatial import cKDTree
from torch import Tensor

_PLACES = 1024  # compared with all made points at once


class Followed(NamedTuple):
    """`point` (N,): for each place of the shapes the made point that follows it best, over all of them. `place` (M,):
    for each made point the place that it follows best."""

    point: Int64[Tensor, "n"]
    place: Int64[Tensor, "m"]


def follow(made: Float[Tensor, "t m 3"], truth: Float[Tensor, "t n 3"]) -> Followed:
    """Point i of every made cloud is one point, folded to each shape: which place of the surface it stands for.

    By the squared distance, summed over the shapes. No matching is needed, and none of a training is used. Cost:
    O(M N T) time.
    """
    points, places = (clouds.transpose(0, 1).flatten(1) for clouds in (made, truth))
    length = points.square().sum(1)
    nearest = torch.full((len(points),), torch.inf)
    place = torch.zeros(len(points), dtype=torch.int64)
    found = []
    for first, some in zip(range(0, len(places), _PLACES), places.split(_PLACES), strict=True):
        distance = length + some.square().sum(1)[:, None] - 2 * some @ points.T
        found.append(distance.argmin(1))
        best = distance.min(0)
        closer = best.values < nearest
        nearest = torch.where(closer, best.values, nearest)
        place = torch.where(closer, first + best.indices, place)
    return Followed(torch.cat(found), place)


def place_errors(
    made: Float[Tensor, "t m 3"], truth: Float[Tensor, "t n 3"], followed: Followed
) -> Float[Tensor, "t n"]:
    """The error to the true place: from each place of a shape to the made point that follows it."""
    return (made[:, followed.point] - truth).norm(dim=-1)


def point_errors(
    made: Float[Tensor, "t m 3"], truth: Float[Tensor, "t n 3"], followed: Followed
) -> Float[Tensor, "t m"]:
    """From each made point to the place that it follows: the colour of a reconstruction."""
    return (made - truth[:, followed.place]).norm(dim=-1)


class Seams(NamedTuple):
    """Of places: the `error` (T, N), the distance to the nearest made point, and `between` (T, N), whether the two
    nearest made points belong to two patches."""

    error: Float[Tensor, "t n"]
    between: Bool[Tensor, "t n"]


def seams(made: Float[Tensor, "t m 3"], truth: Float[Tensor, "t n 3"], patch: Int64[Tensor, "m"]) -> Seams:
    """How well patches are glued: where the two nearest made points are of two patches, and how far they are."""
    errors, between = [], []
    for cloud, places in zip(made.numpy(), truth.numpy(), strict=True):
        distance, index = cKDTree(cloud).query(places, k=2)
        errors.append(distance[:, 0])
        of = patch.numpy()[index]
        between.append(of[:, 0] != of[:, 1])
    return Seams(torch.from_numpy(np.stack(errors)).float(), torch.from_numpy(np.stack(between)))


def linear_code(truth: Float[Tensor, "s n 3"], length: int) -> Float[Tensor, "s n 3"]:
    """What a linear code of so many numbers makes of shapes whose places correspond: the best such code, by PCA."""
    flat = truth.flatten(1).double()
    mean = flat.mean(0)
    _, _, axes = torch.linalg.svd(flat - mean, full_matrices=False)
    kept = axes[:length]
    return (mean + (flat - mean) @ kept.T @ kept).reshape(truth.shape).to(truth.dtype)
