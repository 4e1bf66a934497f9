"""Triangle meshes as the files give them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pcl_lib.data.readers._errors import parsing, read_error


class Mesh(NamedTuple):
    """Vertices (V, 3) float64 and triangles (F, 3) int64, in the order of the file.

    ``normals`` and ``colors`` (V, 3) are those of the vertices, as the file stores them, or None.
    ``dropped`` is how many vertices ``drop_bad=True`` left out.
    """

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray | None = None
    colors: np.ndarray | None = None
    dropped: int = 0


def fan(polygons: Iterable[Sequence[int] | np.ndarray]) -> np.ndarray:
    """Triangles (F, 3) of polygons: (p0, p1, p2), (p0, p2, p3), ... (exact for convex ones).

    Faces of one or two corners, by which some programs write loose points and lines, make no triangle.

    >>> fan([[0, 1, 2, 3], [0, 1]]).tolist()
    [[0, 1, 2], [0, 2, 3]]
    """
    if isinstance(polygons, np.ndarray) and polygons.ndim == 2 and polygons.shape[1] == 3:
        return polygons.astype(np.int64)
    triangles = []
    for polygon in polygons:
        if len(polygon) < 1:
            raise ValueError("a face without corners")
        triangles += [(polygon[0], b, c) for b, c in itertools.pairwise(polygon[1:])]
    return np.array(triangles, dtype=np.int64).reshape(-1, 3)


def check_mesh(
    path: str | Path,
    vertices: np.ndarray,
    faces: np.ndarray,
    *,
    normals: np.ndarray | None = None,
    colors: np.ndarray | None = None,
    drop_bad: bool = False,
) -> Mesh:
    """A ``Mesh`` with finite (in float32) vertices and faces that name existing ones, or a ``ReadError``.

    ``drop_bad`` leaves out vertices that are not finite and the faces that use them.
    """
    if vertices.ndim != 2 or vertices.shape[1] != 3 or len(vertices) == 0:
        raise read_error(
            path, f"the vertices have shape {vertices.shape}", expected="at least one vertex x y z"
        )
    with parsing(path, "numbers as coordinates"):
        vertices = vertices.astype(np.float64)
    if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
        worst = faces.min() if faces.min() < 0 else faces.max()
        raise read_error(
            path,
            f"a face names vertex {worst} of {len(vertices)}",
            expected="faces between existing vertices",
        )
    good = (np.abs(vertices) <= np.finfo(np.float32).max).all(axis=1)
    if good.all():
        return Mesh(vertices, faces, normals, colors)
    bad = np.flatnonzero(~good)
    if not drop_bad:
        raise read_error(
            path,
            f"{len(bad)} of {len(vertices)} vertices are NaN or infinite, the first is vertex {bad[0]}",
            expected="finite float32 coordinates",
            fix="read_mesh(path, drop_bad=True) leaves them and their faces out; or fetch the file again",
        )
    if not good.any():
        raise read_error(path, f"all {len(vertices)} vertices are NaN or infinite", expected="a finite one")
    number = np.cumsum(good) - 1
    return Mesh(
        vertices[good],
        number[faces[good[faces].all(axis=1)]],
        None if normals is None else normals[good],
        None if colors is None else colors[good],
        len(bad),
    )
