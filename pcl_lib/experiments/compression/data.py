"""The clouds of the experiments of D-PCC: patches to train on, patches held out, and whole clouds to be compressed."""

from __future__ import annotations

import hashlib
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from pcl_lib.data import Patches, dense_shape, street, synthetic, uneven, uneven_cubes, views
from pcl_lib.data.readers import ict_faces
from pcl_lib.experiments.compression.settings import SETS, CodecSettings, RateSettings
from pcl_lib.experiments.runner.experiment import Origin
from pcl_lib.neighbors import nearest

# First seeds of the shapes of each kind, far enough apart that no shape is of two kinds.
TRAINED_ON, HELD_OUT, TESTED = 910_000, 920_000, 930_000
STREET_EDGE = 12.0
RANGE_NOISE = 0.02
PROTOCOLS = ("half", "gradient", "far", "even")


class Whole(NamedTuple):
    """A cloud to be compressed, with the normals of its surface; the longest side of its box is 2."""

    set: str
    points: Float[Tensor, "n 3"]
    normals: Float[Tensor, "n 3"]


def scan(settings: CodecSettings, seed: int) -> tuple[Float[Tensor, "n 3"], Float[Tensor, "n 3"]]:
    """One turn of a scanner in a street, and the normals of what it hit."""
    scene = street.street(seed=seed)
    hits = views.spinning_lidar(
        scene, azimuth_steps=settings.azimuth_steps, range_noise=RANGE_NOISE, seed=seed
    )
    normals = torch.from_numpy(np.asarray(scene.face_normals)[hits.face.numpy()])
    return hits.points.float(), normals.float()


def shape(settings: CodecSettings, seed: int, i: int) -> Float[Tensor, "n 3"]:
    """The i-th of the synthetic shapes, one in five the vertices of a mesh, as in the release."""
    family = synthetic.FAMILIES[i % len(synthetic.FAMILIES)]
    return dense_shape(family, settings.family_points, seed=seed + i, by="vertices" if i % 5 == 4 else "area")


def patches_of(settings: CodecSettings, name: str, seed: int, shapes: int, count: int) -> list[Tensor]:
    """So many cubes of clouds of a set, drawn from all that they give."""
    cubes = partial(uneven_cubes, seed=seed, fewest=settings.fewest, most=settings.most)
    if name == "streets":
        clouds = [scan(settings, seed + i)[0] for i in range(shapes)]
        found = cubes(clouds, edge=STREET_EDGE, protocols=("even",))
    elif name == "faces":
        found = cubes([face.points for face in ict_faces(shapes, settings.face_points, seed=seed)])
    else:
        found = cubes([shape(settings, seed, i) for i in range(shapes)])
    if len(found) < count:
        raise ValueError(
            f"shapes must be enough for {count} patches of {name}, received {shapes}, which have {len(found)}"
        )
    drawn = torch.randperm(len(found), generator=torch.Generator().manual_seed(seed))[:count]
    return [found[row] for row in drawn.tolist()]


@lru_cache(maxsize=2)
def trained_on(settings: CodecSettings) -> Patches:
    """What all networks are trained on. Errors: `ReadError` without the faces' file."""
    found = [
        patches_of(settings, name, TRAINED_ON, settings.shapes, settings.patches) for name in settings.sets
    ]
    return Patches([patch for patches in found for patch in patches])


@lru_cache(maxsize=2)
def held_out(settings: CodecSettings) -> tuple[Tensor, ...]:
    """Patches of other clouds, as many of each set."""
    shapes = max(1, -(-settings.held * settings.shapes // settings.patches))
    found = [patches_of(settings, name, HELD_OUT, shapes, settings.held) for name in settings.sets]
    return tuple(patch for patches in found for patch in patches)


@lru_cache(maxsize=2)
def whole_clouds(settings: RateSettings) -> tuple[Whole, ...]:
    """What is compressed: `tested` clouds of each set."""
    found = []
    for name in settings.sets:
        for i in range(settings.tested):
            if name == "streets":
                found.append(Whole(name, *scan(settings, TESTED + i)))
                continue
            if name == "faces":
                cloud = ict_faces(i + 1, 2 * settings.test_points, seed=TESTED)[i]
            else:
                family = synthetic.FAMILIES[i * len(synthetic.FAMILIES) // settings.tested]
                cloud = synthetic.sample(family, 2 * settings.test_points, seed=TESTED + i)
            assert cloud.normals is not None
            rows = _uneven_rows(cloud.points, PROTOCOLS[i % len(PROTOCOLS)], i, settings.test_points)
            found.append(Whole(name, cloud.points[rows], cloud.normals[rows]))
    return tuple(each._replace(points=_in_frame(each.points)) for each in found)


def _uneven_rows(points: Tensor, protocol: str, i: int, most: int) -> Tensor:
    """The rows of the points that stay where a cloud is made uneven, at most so many."""
    rng = np.random.default_rng([TESTED, i])
    rows = nearest(uneven(points, protocol, rng=rng), points).index
    if len(rows) <= most:
        return rows
    return rows[np.sort(rng.choice(len(rows), most, replace=False))]


def _in_frame(points: Float[Tensor, "n 3"]) -> Float[Tensor, "n 3"]:
    low, high = points.amin(0), points.amax(0)
    return (points - (low + high) / 2) * (2 / float((high - low).max()))


def origin(settings: CodecSettings) -> Origin:
    digest = hashlib.sha256()
    clouds = [*trained_on(settings).clouds, *held_out(settings)]
    if isinstance(settings, RateSettings):
        clouds += [part for whole in whole_clouds(settings) for part in (whole.points, whole.normals)]
    for cloud in clouds:
        digest.update(cloud.numpy().tobytes())
    names = dict(zip(SETS, ("faces of the ICT model", "synthetic shapes", "street scans"), strict=True))
    return Origin(", ".join(names[name] for name in settings.sets), digest.hexdigest())


def training(settings: CodecSettings, device: torch.device) -> Patches:
    return Patches([patch.to(device) for patch in trained_on(settings).clouds])
