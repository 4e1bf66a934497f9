"""Synthetic families: as many shapes as you like, of known surface, for every reader and every seed.

Nine families of different topology and thinness. Z is up and each object faces +X. Every mesh is a
union of closed surfaces with outward normals, moved so that its bounding box is centred at the origin
and scaled so that the longest side of the box is 2: all points lie in [-1, 1]^3. The tenth family, `figures`,
is of another kind: its shapes correspond point by point and are of any resolution.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import torch
import trimesh
from torch import Tensor
from tqdm import tqdm

from pcl_lib._checks import check_integer, check_option, check_positive
from pcl_lib._seeded import seeded
from pcl_lib.data import _sampling as sampling
from pcl_lib.data._cloud import Cloud
from pcl_lib.data._shapes import airplane, cap, car, chair, lamp, table, vessels
from pcl_lib.data.figures import figures
from pcl_lib.data.transforms import unit_sphere

__all__ = ["FAMILIES", "blob", "dataset", "figures", "mesh", "parts", "sample", "two_samples"]

_BUILDERS = {
    "airplane": (airplane.build, airplane.PARTS),
    "chair": (chair.build, chair.PARTS),
    "table": (table.build, table.PARTS),
    "lamp": (lamp.build, lamp.PARTS),
    "car": (car.build, car.PARTS),
    "mug": (vessels.mug, vessels.MUG_PARTS),
    "bottle": (vessels.bottle, vessels.BOTTLE_PARTS),
    "cap": (cap.build, cap.PARTS),
    "vase": (vessels.vase, vessels.VASE_PARTS),
}
FAMILIES: tuple[str, ...] = tuple(_BUILDERS)


def _known(family: str) -> None:
    check_option("family", family, FAMILIES)


def _generator(family: str, seed: int, stream: int) -> np.random.Generator:
    """Independent streams per family, seed and use (0: the shape, 1: the points on it)."""
    seed = check_integer("seed", seed, 0)
    return np.random.default_rng([seed, zlib.crc32(family.encode()), stream])


def _solids(family: str, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """vertices (V, 3) in the box frame, faces (F, 3), part index of each face (F,)."""
    build, names = _BUILDERS[family]
    vertices, faces, labels, offset = [], [], [], 0
    for name, solid in build(_generator(family, seed, 0)):
        vertices.append(solid.vertices)
        faces.append(solid.faces + offset)
        labels.append(np.full(len(solid.faces), names.index(name)))
        offset += len(solid.vertices)
    v = np.concatenate(vertices)
    low, high = v.min(0), v.max(0)
    return (v - (low + high) / 2) * (2 / (high - low).max()), np.concatenate(faces), np.concatenate(labels)


def parts(family: str) -> tuple[str, ...]:
    """The names of a family's parts; ``Cloud.labels`` of its samples index into them.

    Errors: ValueError for an unknown family.

    >>> parts("chair")
    ('seat', 'back', 'leg', 'arm')
    """
    _known(family)
    return _BUILDERS[family][1]


def mesh(family: str, *, seed: int) -> trimesh.Trimesh:
    """One object as triangles: closed parts with outward normals, box centred, longest side 2.

    Errors: ValueError for an unknown family or a negative seed.

    >>> m = mesh("mug", seed=0)
    >>> bool(m.is_watertight), round(float(m.extents.max()), 6)
    (True, 2.0)
    """
    _known(family)
    vertices, faces, _ = _solids(family, seed)
    return trimesh.Trimesh(vertices, faces, process=False)


def sample(family: str, n_points: int = 2048, *, seed: int) -> Cloud:
    """One object as a cloud: points uniform by area, outward normals, part labels.

    The shape depends on ``seed`` alone, the points are independent draws, and the first m of them are what
    ``n_points=m`` gives, to the byte. Where parts meet, a
    little of one surface lies inside the other (a leg in its seat) and is sampled like the rest.

    Shapes: points (N, 3) in [-1, 1]^3, normals (N, 3), labels (N,) indexing ``parts(family)``.
    Cost: O(F + N log F) for F faces, a few thousand; about 2 ms for 2,048 points.
    Errors: ValueError for an unknown family, n_points < 1 or a negative seed.

    >>> chair = sample("chair", 512, seed=3)
    >>> chair
    Cloud(name='chair-3', points=(512, 3), category='chair', normals, labels)
    >>> bool(chair.points.abs().max() <= 1)
    True
    """
    _known(family)
    vertices, faces, labels = _solids(family, seed)
    draws = sampling.draw(vertices, faces, n_points, _generator(family, seed, 1))
    return Cloud(
        points=torch.from_numpy(sampling.place(vertices, faces, draws)).float(),
        normals=torch.from_numpy(sampling.face_normals(vertices, faces)[draws.face]).float(),
        labels=torch.from_numpy(labels[draws.face]),
        name=f"{family}-{seed}",
        category=family,
    )


def two_samples(family: str, n_points: int = 2048, *, seed: int) -> tuple[Tensor, Tensor]:
    """Two independent samples of one surface, in one frame: what no distance between samples can tell apart.

    The two halves of ``sample(family, 2 * n_points, seed=seed)``, normalised together by `transforms.unit_sphere`:
    normalised each by itself they would lie in two frames, and their distance would be too large.

    Shapes: two tensors (N, 3). Errors: as `sample`.

    >>> x, y = two_samples("chair", 512, seed=0)
    >>> x.shape, round(torch.cat([x, y]).norm(dim=-1).max().item(), 6)
    (torch.Size([512, 3]), 1.0)
    """
    n_points = check_integer("n_points", n_points, 1)
    both = unit_sphere(sample(family, 2 * n_points, seed=seed).points).points
    return both[:n_points], both[n_points:]


def blob(n_points: int = 256, dims: int = 2, *, seed: int, std: float = 0.1) -> Tensor:
    """Points of a Gaussian around the origin: a start that knows nothing of the shape to be learnt.

    Shape: (N, dims) float32, the standard deviation ``std`` along each axis.
    Errors: ValueError for a number below 1, a negative seed, or a ``std`` that is not positive.

    >>> blob(4, seed=0).shape
    torch.Size([4, 2])
    """
    n_points, dims = check_integer("n_points", n_points, 1), check_integer("dims", dims, 1)
    check_positive("std", std)
    return std * torch.randn(n_points, dims, generator=seeded(check_integer("seed", seed, 0)))


def dataset(
    families: Sequence[str] = FAMILIES,
    per_family: int = 10,
    n_points: int = 2048,
    *,
    seed: int = 0,
    progress: bool = False,
) -> list[Cloud]:
    """``per_family`` clouds of each family, in the order of ``families``.

    Shape i of a family has the seed ``1_000_000 * seed + i``: a larger data set with the same seed
    starts with the same shapes, and different seeds share none. Every fifth shape is of the "test"
    split, the others "train". ``progress=True`` shows a bar.

    Cost: about 2 ms per cloud of 2,048 points.
    Errors: ValueError for an unknown family, a single string instead of a list, per_family outside
    1 .. 1,000,000, n_points < 1 or a negative seed.

    >>> clouds = dataset(["mug", "chair"], per_family=5, n_points=64)
    >>> [c.name for c in clouds if c.split == "test"]
    ['mug-4', 'chair-4']
    """
    if isinstance(families, str):
        raise ValueError(
            f'families must be a list of names, received the string {families!r}; write ["{families}"]'
        )
    for family in families:
        _known(family)
    check_integer("per_family", per_family, 1, 1_000_000, of="1,000,000")
    jobs = [(family, i) for family in families for i in range(per_family)]
    clouds = []
    for family, i in tqdm(jobs, disable=not progress, desc="shapes"):
        c = sample(family, n_points, seed=1_000_000 * seed + i)
        split = "test" if i % 5 == 4 else "train"
        clouds.append(Cloud(c.points, c.normals, None, c.labels, c.name, c.category, split))
    return clouds
