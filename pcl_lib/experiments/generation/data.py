"""Shapes to learn and shapes to be measured by, all as independent points that no two parts share."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib.data import Cloud, digits, stack, synthetic
from pcl_lib.data.transforms import bounding_box
from pcl_lib.experiments.generation.settings import Settings
from pcl_lib.experiments.runner.experiment import Origin


class Sets(NamedTuple):
    """Clouds of a generation experiment.

    - `pool` (S, P, D): what models are trained with.
    - `train` (S, 2, N, D): two more draws of each training shape; `test` (T, 2, N, D): two draws of each test shape, of
      which the first is the reference. Each cloud in its box, longest side 2.
    - `name` of the data set, and the SHA-256 `checksum` of all three.
    """

    pool: Float[Tensor, "s p d"]
    train: Float[Tensor, "s 2 n d"]
    test: Float[Tensor, "t 2 n d"]
    name: str
    checksum: str


@lru_cache(maxsize=2)
def sets(settings: Settings) -> Sets:
    """The data of the settings, drawn once per process. Errors: `ValueError` for more digits than there are."""
    s = settings
    make = _digits if s.data == "digits" else _families
    train = make(s, "train", s.train_shapes, s.pool + 2 * s.n_points)
    test = make(s, "test", s.test_shapes, 2 * s.n_points)
    pool, two = train.split((s.pool, 2 * s.n_points), 1)
    parts = pool, _boxed(two), _boxed(test)
    name = "scikit-learn digits" if s.data == "digits" else f"synthetic families {', '.join(s.families)}"
    digest = hashlib.sha256(b"".join(part.contiguous().numpy().tobytes() for part in parts))
    return Sets(*parts, f"{name}, independent points", digest.hexdigest())


def origin(settings: Settings) -> Origin:
    return Origin(sets(settings).name, sets(settings).checksum)


def training(settings: Settings, device: torch.device) -> Tensor:
    return sets(settings).pool.to(device)


def boxed(clouds: Float[Tensor, "b n d"]) -> Float[Tensor, "b n d"]:
    """Each cloud in its own box, longest side 2: what ShapeGF does before it measures."""
    return bounding_box(clouds).points


def _boxed(pairs: Tensor) -> Tensor:
    """Two draws of each shape (S, 2, N, D) from (S, 2 N, D)."""
    return boxed(pairs.reshape(2 * len(pairs), -1, pairs.shape[-1])).unflatten(0, (-1, 2))


def _digits(_settings: Settings, split: str, count: int, points: int) -> Tensor:
    found = digits.indices(split)
    if count > len(found):
        raise ValueError(f"there are {len(found)} digits in the split {split!r}, received a wish for {count}")
    return stack([digits.sample(index, points, seed=0) for index in found[:count]])


def _families(settings: Settings, split: str, count: int, points: int) -> Tensor:
    first = 0 if split == "train" else settings.train_shapes
    kinds = settings.families
    clouds: list[Cloud] = [
        synthetic.sample(kinds[k % len(kinds)], points, seed=k) for k in range(first, first + count)
    ]
    return stack(clouds)
