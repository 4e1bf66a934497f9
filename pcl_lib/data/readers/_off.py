"""``.off`` meshes of ModelNet, also with the header glued to the counts (``OFF490 518 0``), COFF and NOFF.

Read here and not with trimesh, which takes an ``.off`` that ends early for one with fewer faces.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from pcl_lib.data.readers._columns import eight_bit, meaning
from pcl_lib.data.readers._errors import parsing, read_error
from pcl_lib.data.readers._mesh import Mesh, check_mesh, fan
from pcl_lib.data.readers._text import data_lines

EXPECTED = "an .off mesh (OFF, then the numbers of vertices and faces, then one of each per line)"


def read_off(path: str | Path, *, drop_bad: bool = False) -> Mesh:
    """Vertices and triangles of an ``.off``, in the file's order; polygons are cut into fans.

    The header may say what else a vertex has, in this order: N normals, C colours (r g b or r g b a, whole
    from 0 to 255 or in [0, 1]), ST a place in a texture. Normals and colours are kept, also the colours that
    programs write under a plain OFF; textures and the colours of faces are left out.

    Cost: O(bytes). Errors: ReadError; also when the numbers of lines and of elements differ.
    """
    lines = data_lines(path, EXPECTED)
    with parsing(path, EXPECTED):
        match = re.match(r"(?P<texture>ST)?(?P<colors>C)?(?P<normals>N)?(?P<more>4?n?)OFF", lines[0])
        if match is None:
            raise read_error(path, f"it starts with {lines[0][:12]!r}", expected=EXPECTED)
        glued = lines[0][match.end() :].split()
        if match["more"] or "BINARY" in glued:
            raise read_error(
                path, f"it is {lines[0][:20]!r}", expected="text, and vertices in 3-D", fix="convert the file"
            )
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
        vertices, normals, colors = _vertices(body[:n_vertices], match)
        faces = _faces(body[n_vertices:])
    return check_mesh(path, vertices, faces, normals=normals, colors=colors, drop_bad=drop_bad)


def _vertices(
    lines: list[str], header: re.Match[str]
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Coordinates, normals and colours of the lines of vertices."""
    width = min(len(line.split()) for line in lines)
    table = np.loadtxt(lines, usecols=range(max(width, 3)), ndmin=2)
    start = 6 if header["normals"] else 3
    normals = table[:, 3:6] if header["normals"] else None
    rest = table[:, start : width - 2 if header["texture"] else width]
    if (header["normals"] and width < 6) or (header["colors"] and rest.shape[1] not in (3, 4)):
        raise ValueError(f"{width} numbers a vertex, as {lines[0]!r}, do not go with {header[0]}")
    told = header["colors"] or (rest.shape[1] in (3, 4) and meaning(rest[:, :3]) == "colors")
    return table[:, :3], normals, eight_bit(rest[:, :3]) if told else None


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
