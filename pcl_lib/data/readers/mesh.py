"""Triangle meshes as the files give them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pcl_lib.data.readers.errors import parsing, read_error


class Mesh(NamedTuple):
    """Vertices (V, 3) float64 and triangles (F, 3) int64, in the order of the file."""

    vertices: np.ndarray
    faces: np.ndarray


def fan(polygons: Iterable[Sequence[int] | np.ndarray]) -> np.ndarray:
    """Triangles (F, 3) of polygons: (p0, p1, p2), (p0, p2, p3), ... (exact for convex ones).

    >>> fan([[0, 1, 2, 3]]).tolist()
    [[0, 1, 2], [0, 2, 3]]
    """
    triangles = []
    for polygon in polygons:
        if len(polygon) < 3:
            raise ValueError(f"a face with {len(polygon)} corners")
        triangles += [(polygon[0], b, c) for b, c in itertools.pairwise(polygon[1:])]
    return np.array(triangles, dtype=np.int64).reshape(-1, 3)


def check_mesh(path: str | Path, vertices: np.ndarray, faces: np.ndarray) -> Mesh:
    """A ``Mesh`` with finite (in float32) vertices and faces that name existing ones, or a ``ReadError``."""
    if vertices.ndim != 2 or vertices.shape[1] != 3 or len(vertices) == 0:
        raise read_error(
            path, f"the vertices have shape {vertices.shape}", expected="at least one vertex x y z"
        )
    with parsing(path, "numbers as coordinates"):
        vertices = vertices.astype(np.float64)
    bad = np.flatnonzero(~(np.abs(vertices) <= np.finfo(np.float32).max).all(axis=1))
    if len(bad):
        raise read_error(
            path,
            f"{len(bad)} of {len(vertices)} vertices are NaN or infinite, the first is vertex {bad[0]}",
            expected="finite float32 coordinates",
        )
    if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
        worst = faces.min() if faces.min() < 0 else faces.max()
        raise read_error(
            path,
            f"a face names vertex {worst} of {len(vertices)}",
            expected="faces between existing vertices",
        )
    return Mesh(vertices, faces)
