"""``.off`` meshes of ModelNet, also with the header glued to the counts (``OFF490 518 0``).

Read here and not with trimesh, which takes an ``.off`` that ends early for one with fewer faces.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pcl_lib.data.readers.errors import parsing, read_error
from pcl_lib.data.readers.mesh import Mesh, check_mesh, fan
from pcl_lib.data.readers.text import data_lines

EXPECTED = "an .off mesh (OFF, then the numbers of vertices and faces, then one of each per line)"


def read_off(path: str | Path) -> Mesh:
    """Vertices and triangles of an ``.off``, in the file's order; polygons are cut into fans, no colours.

    Cost: O(bytes). Errors: ReadError; also when the numbers of lines and of elements differ.
    """
    lines = data_lines(path, EXPECTED)
    with parsing(path, EXPECTED):
        if not lines[0].startswith("OFF"):
            raise read_error(path, f"it starts with {lines[0][:12]!r}", expected=EXPECTED)
        glued = lines[0].removeprefix("OFF").split()
        counts = glued or lines[1].split()
        n_vertices, n_faces = int(counts[0]), int(counts[1])
        body = lines[1:] if glued else lines[2:]
        if min(n_vertices, n_faces) < 0 or n_vertices + n_faces != len(body):
            raise read_error(
                path,
                f"the header promises {n_vertices} vertices and {n_faces} faces, {len(body)} lines follow it",
                expected=EXPECTED,
            )
        if n_vertices == 0:
            raise read_error(path, "it has no vertices", expected=EXPECTED)
        vertices = np.loadtxt(body[:n_vertices], usecols=(0, 1, 2), ndmin=2)
        faces = _faces(body[n_vertices:])
    return check_mesh(path, vertices, faces)


def _faces(lines: list[str]) -> np.ndarray:
    if lines and all(line.startswith(("3 ", "3\t")) for line in lines):  # the usual case, parsed at C speed
        return np.loadtxt(lines, dtype=np.int64, usecols=(1, 2, 3), ndmin=2)
    polygons = []
    for line in lines:
        size, *corners = line.split()
        if len(corners) < int(size):
            raise ValueError(f"the face {line!r} is cut short")
        polygons.append([int(corner) for corner in corners[: int(size)]])
    return fan(polygons)
