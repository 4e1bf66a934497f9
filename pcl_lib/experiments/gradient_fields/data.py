"""The clouds of the experiments on gradient fields: to train on, to be given, to be held against.

All are independent draws on the shape itself. What is given and what it is held against share no point: a model that is
judged by the points that it was given beats the oracle.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib.data import Cloud, airplanes, check_disjoint, digits, disjoint_draws, stack, synthetic
from pcl_lib.experiments.gradient_fields.settings import FieldSettings
from pcl_lib.experiments.runner.experiment import Origin

# Shapes are numbered by seeds; those of the test begin here.
TEST_SEEDS = 1_000_000
DRAW_SEED, DENSE_SEED = 1, 2  # of the points of test digits, apart from those of training digits


class FieldData(NamedTuple):
    """`pool` (S, P, D) of the training shapes; of the test shapes the points `given` (T, M, D), the `reference`
    (T, N, D), and `again` (T, N, D), other draws as many: the oracle's. `labels`: a class for each test shape."""

    pool: Float[Tensor, "s p d"]
    given: Float[Tensor, "t m d"]
    reference: Float[Tensor, "t n d"]
    again: Float[Tensor, "t k d"]
    labels: tuple[str, ...]
    name: str
    checksum: str


def shapes(settings: FieldSettings) -> FieldData:
    """The clouds of the settings, drawn or read once per process.

    Errors: `ValueError` for more shapes than there are, or parts that share points; `ReadError` if PCL_DATA names no
    folder with the airplanes.
    """
    s = settings
    most = max(s.row(configuration).given for configuration in s.configurations)
    return _shapes(s.data, s.family, s.train_shapes, s.test_shapes, s.pool, most, s.n_points)


@lru_cache(maxsize=2)
def _shapes(
    data: str, family: str, train_shapes: int, test_shapes: int, pool: int, given: int, made: int
) -> FieldData:
    if data == "airplanes":
        training, tests = airplanes(split="train"), airplanes(split="test")
        name = "ModelNet40 airplanes"
    elif data == "digits":
        training = [digits.sample(i, pool, seed=0) for i in digits.indices("train")[:train_shapes]]
        tests = [
            digits.sample(i, given + 2 * made, seed=DRAW_SEED) for i in digits.indices("test")[:test_shapes]
        ]
        name = "digits of scikit-learn, independent points of their contours"
    else:
        training = [synthetic.sample(family, pool, seed=seed) for seed in range(train_shapes)]
        tests = [
            synthetic.sample(family, given + 2 * made, seed=TEST_SEEDS + seed) for seed in range(test_shapes)
        ]
        name = f"synthetic {family}s, independent points of their surfaces"
    for what, found, wanted in (("train", training, train_shapes), ("test", tests, test_shapes)):
        if len(found) < wanted:
            raise ValueError(
                f"{what}_shapes must be at most the {len(found)} there are of {data}, received {wanted}"
            )
    draws = [_parts(cloud, given, made) for cloud in tests[:test_shapes]]
    pools = stack(training[:train_shapes], pool)
    inputs, references, others = (torch.stack(part) for part in zip(*draws, strict=True))
    digest = hashlib.sha256()
    for part in (pools, inputs, references, others):
        digest.update(part.numpy().tobytes())
    labels = tuple(cloud.category or data for cloud in tests[:test_shapes])
    return FieldData(pools, inputs, references, others, labels, name, digest.hexdigest())


def _parts(cloud: Cloud, given: int, made: int) -> tuple[Tensor, Tensor, Tensor]:
    """Points that are given, the reference, and the oracle's draw, which share none.

    A cloud that holds no third part, such as an airplane of 2,048 points, has the given points for the oracle. Its
    points are dealt at random: they may be stored in an order.
    """
    if len(cloud) >= given + 2 * made:
        found = disjoint_draws(cloud, given, 2 * made)
        reference, again = found.reference.points.split(made)
        check_disjoint(reference, again)
        return found.input.points, reference, again
    found = disjoint_draws(cloud, given, made, seed=0)
    return found.input.points, found.reference.points, found.input.points


def dense(settings: FieldSettings, count: int, n_points: int) -> Float[Tensor, "t n d"]:
    """Many points of each of the first test shapes, whose exact field is as good as that of the shape itself.

    Errors: `ValueError` for airplanes, of which there are but 2,048 points.
    """
    if settings.data == "airplanes":
        raise ValueError("data must be digits or families, whose shapes are known, received 'airplanes'")
    if settings.data == "digits":
        clouds = [digits.sample(i, n_points, seed=DENSE_SEED) for i in digits.indices("test")[:count]]
    else:
        # The same stream as that of the parts, but further on: the draws of a seed are those of a shorter cloud first.
        skip = sum(part.shape[1] for part in (shapes(settings).given,)) + 2 * settings.n_points
        clouds = [
            synthetic.sample(settings.family, skip + n_points, seed=TEST_SEEDS + seed)
            for seed in range(count)
        ]
    return torch.stack([cloud.points[-n_points:] for cloud in clouds])


def origin(settings: FieldSettings) -> Origin:
    return Origin(shapes(settings).name, shapes(settings).checksum)


def training(settings: FieldSettings, device: torch.device) -> Tensor:
    return shapes(settings).pool.to(device)
