"""Human-like figures: a consistent family of high resolution, whose points correspond across shapes.

All figures are one surface in different poses and builds. They are sampled at one fixed set of places on that
surface, so point i is the same place (the tip of the nose, say) in each of them, at any resolution.
"""

from __future__ import annotations

import zlib

import numpy as np
import torch
import trimesh

from pcl_lib._checks import check_integer
from pcl_lib.data import _sampling as sampling
from pcl_lib.data._cloud import Cloud
from pcl_lib.data._figure_body import Body, body
from pcl_lib.data._figure_pose import draw_build, draw_pose, posed, rotations

_KEY = zlib.crc32(b"figure")
_SCALE = 2 / 1.8  # the average body, 1.8 high at rest, becomes 2


def _vertices(shared: Body, index: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng([seed, _KEY, index])
    build = draw_build(rng, shared.names)
    v = posed(shared, build, rotations(draw_pose(rng), shared.names))
    return _SCALE * (v - (v.min(0) + v.max(0)) / 2)


def mesh(index: int, *, seed: int = 0) -> trimesh.Trimesh:
    """Figure ``index`` of family ``seed`` as triangles: watertight, the same faces for all figures.

    Errors: ValueError for a negative index or seed.

    >>> a, b = mesh(0), mesh(1)
    >>> bool((a.faces == b.faces).all()), a.is_watertight
    (True, True)
    """
    _check(1, 1, seed)
    check_integer("index", index, 0)
    shared = body()
    return trimesh.Trimesh(_vertices(shared, index, seed), shared.faces, process=False)


def figures(n_shapes: int, n_points: int = 2048, *, seed: int = 0) -> list[Cloud]:
    """``n_shapes`` figures of ``n_points`` corresponding points, up to millions.

    Poses (walking, running, arms raised, sitting, ...) and builds (height, girth, limbs) are drawn from
    ``seed``. The places on the surface are the same for every seed and uniform by area on the average body
    at rest; the first m of n points are those of ``n_points=m``. Z is up, figures face +X; each is
    centred by its bounding box; the scale is common: the average body is 2 high. Every fifth figure is of the
    "test" split. A larger set with the same seed starts with the same figures.

    Shapes: points, normals (N, 3); labels (N,): the bone that moves the point most.
    Cost: 0.4 s once per process for the shared body, then 10 ms and 0.25 microseconds per point for each figure.
    Errors: ValueError for n_shapes < 1, n_points < 1 or a negative seed.

    >>> a, b = figures(2, 500)
    >>> a
    Cloud(name='figure-0-0', points=(500, 3), category='figure', split='train', normals, labels)
    >>> bool((a.labels == b.labels).all())
    True
    """
    _check(n_shapes, n_points, seed)
    shared = body()
    draws = sampling.draw(shared.vertices, shared.faces, n_points, np.random.default_rng(_KEY))
    corner = shared.faces[draws.face, draws.barycentric.argmax(-1)]
    labels = torch.from_numpy(shared.weights.argmax(-1)[corner])
    clouds = []
    for i in range(n_shapes):
        v = _vertices(shared, i, seed)
        clouds.append(
            Cloud(
                points=torch.from_numpy(sampling.place(v, shared.faces, draws)).float(),
                normals=torch.from_numpy(sampling.face_normals(v, shared.faces)[draws.face]).float(),
                labels=labels,
                name=f"figure-{seed}-{i}",
                category="figure",
                split="test" if i % 5 == 4 else "train",
            )
        )
    return clouds


def bones() -> tuple[str, ...]:
    """The names that ``Cloud.labels`` of figures index into.

    >>> len(bones()), bones()[0]
    (17, 'pelvis')
    """
    return body().names


def _check(n_shapes: int, n_points: int, seed: int) -> None:
    check_integer("n_shapes", n_shapes, 1)
    check_integer("n_points", n_points, 1)
    check_integer("seed", seed, 0)
