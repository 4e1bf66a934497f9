"""The clouds of the experiments of NeuralQAAD: the set to be compressed, and the places that its points are of.

All of a set is in one frame, one shift and one scale for every cloud: a cloud normalised on its own would hide how the
sizes differ, and could not be decompressed.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from pcl_lib.data import consistent_clouds
from pcl_lib.experiments.neuralqaad.settings import TRUE, QaadSettings, Row
from pcl_lib.experiments.runner.experiment import Origin, Run

CLOUD_SEED = 0
AGAIN_SEED = 1_000_000  # of other samples of the same shapes, apart from those of the set itself


class QaadSet(NamedTuple):
    """`clouds` (S, N, 3) as they are given; `truth` (S, N, 3), the same shapes at the same N places in one order.

    `places` (S, N): the place of each row of a cloud, None where each cloud has places of its own. `unit`: the length
    of 1 in the source's unit; `deviation`: mean distance of the places to those of the mean shape.
    """

    clouds: Float[Tensor, "s n 3"]
    truth: Float[Tensor, "s n 3"]
    places: Int64[Tensor, "s n"] | None
    unit: float
    deviation: float


@lru_cache(maxsize=8)
def _load(name: str, mode: str, shapes: int, points: int) -> QaadSet:
    found = consistent_clouds(name, shapes, points, mode=mode, seed=CLOUD_SEED)
    if found.places is None:
        truth = consistent_clouds(name, shapes, points, mode="shared", seed=CLOUD_SEED).clouds
    else:
        truth = found.clouds.gather(1, found.places.argsort(1)[..., None].expand(-1, -1, 3))
    deviation = float((truth - truth.mean(0)).norm(dim=-1).mean())
    return QaadSet(found.clouds, truth, found.places, float(found.scale), deviation)


def load(settings: QaadSettings, name: str) -> QaadSet:
    """A set of the settings, made or read once per process. Errors: `ReadError` without the faces' file."""
    return _load(name, settings.mode, settings.shapes, settings.cloud_points)


def given(settings: QaadSettings, row: Row) -> QaadSet:
    """What a row is trained on: the set, or for the true correspondence the same places of each shape."""
    of = load(settings, row.set)
    if row.method == TRUE and of.places is None:
        return of._replace(
            clouds=of.truth, places=torch.arange(settings.cloud_points).expand(settings.shapes, -1)
        )
    return of


def again(settings: QaadSettings, row: Row, seed: int) -> Float[Tensor, "s n 3"]:
    """Other points of the same surfaces: what lies between two samples of a shape, no method can undercut by much."""
    return _again(row.set, settings.shapes, settings.cloud_points, AGAIN_SEED + seed)


@lru_cache(maxsize=2)
def _again(name: str, shapes: int, points: int, seed: int) -> Tensor:
    clouds: Tensor = consistent_clouds(name, shapes, points, mode="independent", seed=seed).clouds
    return clouds


def first_shape(settings: QaadSettings, run: Run) -> int:
    """The training shape that the input cloud of a run begins as."""
    generator = torch.Generator().manual_seed(run.seed)
    return int(torch.randint(settings.shapes, (), generator=generator))


def evaluated_rows(settings: QaadSettings, count: int) -> Int64[Tensor, "t"]:
    """The clouds that are measured, evenly spread over the set."""
    return torch.arange(count) * settings.shapes // count


def origin(settings: QaadSettings) -> Origin:
    digest = hashlib.sha256()
    for name in settings.sets:
        for part in (load(settings, name).clouds, load(settings, name).truth):
            digest.update(part.numpy().tobytes())
    names = {"faces": "faces of the ICT model", "figures": "synthetic figures"}
    return Origin(
        f"{' and '.join(names[name] for name in settings.sets)}, {settings.mode}", digest.hexdigest()
    )


def training(settings: QaadSettings, device: torch.device) -> Tensor:
    """The numbers of the clouds: each run takes them from the set of its own."""
    return torch.arange(settings.shapes, device=device)
