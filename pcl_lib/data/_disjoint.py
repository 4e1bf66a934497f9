"""What a model sees of a shape and what it is judged by: two parts of one sample that share no point."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from pcl_lib._checks import check_integer, check_pair
from pcl_lib._seeded import Seed, seeded
from pcl_lib.data._cloud import Cloud

# Two independent draws of float32 on a curve may fall on one point: about 1 in 100,000 does on a digit.
ALLOWED = 0.01


class Draws(NamedTuple):
    """input: what the model is given; reference: other points of the same shape, which its answer is held against."""

    input: Cloud
    reference: Cloud


def disjoint_draws(
    cloud: Cloud, n_input: int, n_reference: int | None = None, *, seed: Seed | None = None
) -> Draws:
    """The first ``n_input`` points of a cloud as input and the next ``n_reference`` (by default as many) as reference.

    Of independent points, as `digits.sample` and `synthetic.sample` make them, the two parts are two independent
    samples of one shape in one frame: their distance is the oracle, and a model that is judged by its own input
    would beat it. A ``seed`` deals the points at random first: so must be done with a cloud whose order means
    something, such as that of farthest points.

    Cost: O(N log N). Errors: ValueError for fewer points than both parts need, and where the parts share points
    (`check_disjoint`), as those of a cloud with repeated points do. Reference: cai2020shapegf.

    >>> from pcl_lib.data import synthetic
    >>> chair = synthetic.sample("chair", 512 + 2048, seed=0)
    >>> [len(part) for part in disjoint_draws(chair, 512, 2048)]
    [512, 2048]
    """
    n_reference = n_input if n_reference is None else n_reference
    check_integer("n_input", n_input, 1)
    check_integer("n_reference", n_reference, 1)
    if n_input + n_reference > len(cloud):
        raise ValueError(
            f"cloud must have at least n_input + n_reference = {n_input + n_reference} points, received "
            f"{len(cloud)}; draw more, or take smaller parts"
        )
    order = torch.arange(len(cloud), device="cpu")
    if seed is not None:
        order = torch.randperm(len(cloud), generator=seeded(seed), device="cpu")
    order = order.to(cloud.points.device)
    draws = Draws(cloud.select(order[:n_input]), cloud.select(order[n_input : n_input + n_reference]))
    check_disjoint(draws.input.points, draws.reference.points)
    return draws


def check_disjoint(x: Tensor, y: Tensor) -> None:
    """Raise `ValueError` if more than 1 % of the points of ``y`` are points of ``x``: a reference that was the input.

    Shapes: clouds (N, D) and (M, D), or batches of as many clouds, each pair by itself. A single point in common may
    be chance: on a curve there are few float32 to fall on. Cost: O((N + M) log(N + M)) for each pair.
    Errors: ValueError also for clouds that do not pair.

    >>> check_disjoint(torch.zeros(1, 2), torch.ones(1, 2))
    >>> check_disjoint(torch.zeros(1, 2), torch.zeros(1, 2))
    Traceback (most recent call last):
    ValueError: y must hold other points than x, received 1 of 1 points of y in x (pair 0); ...
    """
    check_pair(x, y)
    pairs = zip(*(t.detach().cpu().reshape(-1, *t.shape[-2:]).numpy() for t in (x, y)), strict=True)
    for i, (a, b) in enumerate(pairs):
        shared = int(np.isin(_rows(b), _rows(a)).sum())
        if shared > ALLOWED * len(b):
            raise ValueError(
                f"y must hold other points than x, received {shared} of {len(b)} points of y in x (pair {i}); "
                "a model judged by the points that it was given beats the oracle: draw the reference anew"
            )


def _rows(points: np.ndarray) -> np.ndarray:
    """Each point as one item that compares as a whole; + 0.0 makes of -0.0 what equals it."""
    rows = np.ascontiguousarray(points + 0.0)
    return rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1]))).ravel()
