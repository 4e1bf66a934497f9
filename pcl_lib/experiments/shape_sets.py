"""The clouds of an experiment: training and held-out, with a name and a checksum."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from pcl_lib.data import airplanes, stack, synthetic


class ShapeSet(NamedTuple):
    """`train` (S, N, 3), `test` (T, N, 3), the `name` of the data set and the SHA-256 `checksum` of both tensors."""

    train: Float[Tensor, "s n d"]
    test: Float[Tensor, "t n d"]
    name: str
    checksum: str


@lru_cache(maxsize=2)
def load_shapes(
    data: str, families: tuple[str, ...], train_shapes: int, test_shapes: int, n_points: int
) -> ShapeSet:
    """Clouds of n_points points each: "airplanes" of ModelNet40, or synthetic "families" in equal numbers.

    The airplanes are the first of either official split, in the unit ball. Families have other seeds for training
    than for testing, and lie in [-1, 1]^3. Read or made once per process.

    Errors: `ValueError` for other data, for no or uneven families, for more airplanes than there are; `ReadError` if
    PCL_DATA names no folder with the airplanes.

    >>> load_shapes("families", ("chair", "mug"), 4, 2, 64).name
    'synthetic families chair, mug'
    """
    if data == "families":
        kinds = len(families)
        if not kinds or train_shapes % kinds or test_shapes % kinds:
            raise ValueError(
                f"families must be named, and train_shapes and test_shapes be multiples of their number, received "
                f"{families} with {train_shapes} and {test_shapes}"
            )
        train, test = (
            stack(synthetic.dataset(families, count // kinds, n_points, seed=seed))
            for seed, count in enumerate((train_shapes, test_shapes))
        )
        name = f"synthetic families {', '.join(families)}"
    elif data == "airplanes":
        train, test = (
            stack(_first(split, count, n_points))
            for split, count in (("train", train_shapes), ("test", test_shapes))
        )
        name = "ModelNet40 airplanes"
    else:
        raise ValueError(f'data must be "airplanes" or "families", received {data!r}')
    digest = hashlib.sha256(train.numpy().tobytes() + test.numpy().tobytes())
    return ShapeSet(train, test, name, digest.hexdigest())


def _first(split: str, count: int, n_points: int) -> Sequence:
    clouds = airplanes(split=split, n_points=n_points)
    if count > len(clouds):
        raise ValueError(
            f"there are {len(clouds)} airplanes in the split {split!r}, received a wish for {count}"
        )
    return clouds[:count]
